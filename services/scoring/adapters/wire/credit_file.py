"""Events of the credit file: profile, statements, covenants, collateral, links, findings."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from msgspec import UNSET

from services.contracts.borrower import (
    BorrowerRegisteredV1,
    DependantLinkedV1,
    ExternalDelinquencyReportedV1,
    GroupLinkedV1,
    RelatedPartiesDeclaredV1,
    RelatedStateChangedV1,
)
from services.contracts.collateral import CollateralValuedV1, GuarantorLinkedV1
from services.contracts.currencies import decimals_of
from services.contracts.fields import EventData
from services.contracts.officer import FindingRaisedV1, InspectionRecordedV1, OverrideApprovedV1
from services.contracts.statement import (
    CovenantCertifiedV1,
    ForecastReceivedV1,
    StatementDueV1,
    StatementReceivedV1,
)
from services.scoring.adapters.wire.values import (
    NOT_STATED,
    Head,
    Undecodable,
    codes_of,
    day_or_zero,
    micro_units,
    micro_units_or_not_stated,
    minor_units,
    optional_day,
    optional_micro_units,
    reported_day,
    scaled,
    word_code,
)
from services.scoring.domain.borrower import risk
from services.scoring.domain.borrower.decisions import NO_STATE
from services.scoring.domain.events import credit_file
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

SEGMENTS: Final = codes_of(vocabulary.SEGMENTS)
BASES: Final = codes_of(vocabulary.STATEMENT_BASES)
OPINIONS: Final = codes_of(vocabulary.OPINIONS)
METRICS: Final = codes_of(vocabulary.FORECAST_METRICS)
COLLATERAL_KINDS: Final = codes_of(vocabulary.COLLATERAL_KINDS)
LINK_KINDS: Final = codes_of(vocabulary.LINK_KINDS)
REPORT_KINDS: Final = codes_of(vocabulary.REPORT_KINDS)
SEVERITIES: Final = codes_of(vocabulary.FINDING_SEVERITIES)
OUTCOMES: Final = codes_of(vocabulary.INSPECTION_OUTCOMES)
OVERRIDE_KINDS: Final = codes_of(vocabulary.OVERRIDE_KINDS)
UTP_TRIGGERS: Final = codes_of(vocabulary.UTP_TRIGGERS)
STATES: Final = codes_of(risk.STATE_NAMES)
FLAGS: Final = {name: 1 << bit for bit, name in enumerate(risk.FLAG_NAMES)}
USAGES: Final = {"COMMERCIAL": 0, "RESIDENTIAL": 1}
COVENANT_KINDS: Final = {"MIN": 0, "MAX": 1}
FINDING_STATUSES: Final = {"OPEN": 0, "SETTLED": 1}

MONEY_LINES: Final = vocabulary.STATEMENT_LINES[:-1]
FINEST_DECIMALS: Final = 4
POWERS: Final = (1, 10, 100, 1_000, 10_000)
_money_lines = attrgetter(*MONEY_LINES)


def borrower_registered(head: Head, data: BorrowerRegisteredV1) -> credit_file.BorrowerRegistered:
    """Returns the event."""
    return credit_file.BorrowerRegistered(
        *head,
        segment=word_code(SEGMENTS, data.segment, "segment"),
        reporting_currency=data.reporting_currency,
        country=data.country,
        industry_code=data.industry_code or "",
        legal_form=data.legal_form or "",
        start_day=optional_day(data.start_date),
        group_id=data.group_id or None,
        status=data.status or "",
        origination_pd_micro=optional_micro_units(data.origination_pd, "origination_pd"),
        rating=data.rating or "",
        officer_id=data.officer_id or None,
        branch_id=data.branch_id or None,
        account_ids=data.account_ids or [],
        current_pd_micro=optional_micro_units(data.current_pd, "current_pd"),
    )


def statement_received(head: Head, data: StatementReceivedV1) -> credit_file.StatementReceived:
    """Returns the event, its figures multiplied by the unit multiplier."""
    return credit_file.StatementReceived(
        *head,
        statement_id=data.statement_id,
        period_end_day=data.period_end.toordinal(),
        period_months=data.period_months,
        received_day=data.received_date.toordinal(),
        currency=data.currency,
        basis=word_code(BASES, data.basis or "UNKNOWN", "basis"),
        is_consolidated=data.consolidated or False,
        accounting_standard=data.accounting_standard or "",
        contractual_due_day=optional_day(data.contractual_due_date),
        auditor_id=data.auditor_id or None,
        opinion=word_code(OPINIONS, data.opinion or "UNKNOWN", "opinion"),
        going_concern_doubt=data.going_concern_doubt or False,
        auditor_changed=data.auditor_changed or False,
        restates_statement_id=data.restates_statement_id or None,
        accounting_policy_changed=data.accounting_policy_changed or False,
        fiscal_year_changed=data.fiscal_year_changed or False,
        lines=_lines(data),
    )


def _lines(data: StatementReceivedV1) -> list[int | None]:
    # Four decimals of a figure in millions are whole cents; what is finer than a cent is cut off.
    multiplier = data.unit_multiplier or 1
    power = POWERS[FINEST_DECIMALS - decimals_of(data.currency)]
    lines: list[int | None] = [
        None if text is UNSET else scaled(text, FINEST_DECIMALS, name) * multiplier // power
        for name, text in zip(MONEY_LINES, _money_lines(data), strict=True)
    ]
    shares = data.shares_outstanding
    lines.append(None if shares is UNSET else shares)
    return lines


def statement_due(head: Head, data: StatementDueV1) -> credit_file.StatementDue:
    """Returns the event."""
    return credit_file.StatementDue(
        *head,
        due_day=data.due_date.toordinal(),
        period_end_day=data.period_end.toordinal(),
        period_months=data.period_months,
        basis=word_code(BASES, data.basis or "UNKNOWN", "basis"),
    )


def forecast_received(head: Head, data: ForecastReceivedV1) -> credit_file.ForecastReceived:
    """Returns the event."""
    return credit_file.ForecastReceived(
        *head,
        metric=word_code(METRICS, data.metric, "metric"),
        period_end_day=data.period_end.toordinal(),
        period_months=data.period_months,
        forecast_minor=minor_units(data.value, data.currency, "value"),
        currency=data.currency,
        received_day=data.received_date.toordinal(),
    )


def covenant_certified(head: Head, data: CovenantCertifiedV1) -> credit_file.CovenantCertified:
    """Returns the event."""
    return credit_file.CovenantCertified(
        *head,
        covenant_id=data.covenant_id,
        metric=data.metric,
        is_ceiling=word_code(COVENANT_KINDS, data.kind, "kind") == 1,
        limit_micro=micro_units(data.limit, "limit"),
        actual_micro=micro_units(data.actual, "actual"),
        test_day=reported_day(data.test_date, head),
        certificate_day=data.certificate_date.toordinal(),
        cure_until=day_or_zero(data.cure_until),
        is_waiver_asked=data.waiver_requested or False,
        next_due_day=day_or_zero(data.next_certificate_due_date),
    )


def collateral_valued(head: Head, data: CollateralValuedV1) -> credit_file.CollateralValued:
    """Returns the event; property whose use is not stated is commercial, the stricter kind."""
    return credit_file.CollateralValued(
        *head,
        collateral_id=data.collateral_id,
        loan_ids=data.loan_ids,
        kind=word_code(COLLATERAL_KINDS, data.type, "type"),
        is_residential=word_code(USAGES, data.usage or "COMMERCIAL", "usage") == 1,
        value_minor=minor_units(data.value, data.currency, "value"),
        currency=data.currency,
        valued_day=reported_day(data.valuation_date, head),
        haircut_micro=optional_micro_units(data.haircut, "haircut") or 0,
        limit_micro=micro_units_or_not_stated(data.loan_to_value_limit, "loan_to_value_limit"),
        registered_until=day_or_zero(data.registration_expiry_date),
        insured_until=day_or_zero(data.insurance_expiry_date),
        permitted_until=day_or_zero(data.permit_expiry_date),
        is_double_pledged=data.is_double_pledged or False,
        is_released=data.is_released or False,
    )


def guarantor_linked(head: Head, data: GuarantorLinkedV1) -> credit_file.GuarantorLinked:
    """Returns the event."""
    return credit_file.GuarantorLinked(
        *head,
        guarantor_id=data.guarantor_borrower_id,
        covered_minor=minor_units(data.coverage_amount, data.currency, "coverage_amount"),
        currency=data.currency,
        from_day=data.effective_date.toordinal(),
        until=day_or_zero(data.end_date),
        loan_ids=data.loan_ids or [],
    )


def group_linked(head: Head, data: GroupLinkedV1) -> credit_file.GroupLinked:
    """Returns the event."""
    return credit_file.GroupLinked(
        *head,
        linked_id=data.linked_borrower_id,
        kind=word_code(LINK_KINDS, data.kind, "kind"),
        strength_micro=micro_units_or_not_stated(data.strength, "strength"),
        from_day=data.effective_date.toordinal(),
        until=day_or_zero(data.end_date),
    )


def dependant_linked(head: Head, data: DependantLinkedV1) -> credit_file.DependantLinked:
    """Returns the event."""
    return credit_file.DependantLinked(
        *head,
        dependant_id=data.dependant_borrower_id,
        kind=word_code(LINK_KINDS, data.kind, "kind"),
    )


def related_state_changed(
    head: Head, data: RelatedStateChangedV1
) -> credit_file.RelatedStateChanged:
    """Returns the event; one that has travelled further than one link is refused."""
    hops: int = data.hops
    if hops != 1:
        raise Undecodable(f"hops: {hops}; a linked borrower's state travels one link only")
    return credit_file.RelatedStateChanged(
        *head,
        related_id=data.related_borrower_id,
        state=word_code(STATES, data.state, "state"),
        since=data.changed_date.toordinal(),
    )


def related_parties_declared(
    head: Head, data: RelatedPartiesDeclaredV1
) -> credit_file.RelatedPartiesDeclared:
    """Returns the event."""
    names = [party.counterparty_id for party in data.related_parties]
    return credit_file.RelatedPartiesDeclared(*head, counterparty_ids=names)


def external_delinquency_reported(
    head: Head, data: ExternalDelinquencyReportedV1
) -> credit_file.ExternalDelinquencyReported:
    """Returns the event; an amount needs its currency."""
    amount = NOT_STATED
    if data.amount:
        if not data.currency:
            raise Undecodable("currency: missing; an amount needs one")
        amount = minor_units(data.amount, data.currency, "amount")
    return credit_file.ExternalDelinquencyReported(
        *head,
        reporter=data.reporter,
        kind=word_code(REPORT_KINDS, data.kind, "kind"),
        report_day=reported_day(data.report_date, head),
        days_past_due=NOT_STATED if data.days_past_due is UNSET else data.days_past_due,
        amount_minor=amount,
        currency=data.currency or "",
    )


def finding_raised(head: Head, data: FindingRaisedV1) -> credit_file.FindingRaised:
    """Returns the event."""
    return credit_file.FindingRaised(
        *head,
        finding_id=data.finding_id,
        code=data.code,
        severity=word_code(SEVERITIES, data.severity, "severity"),
        raised_day=reported_day(data.raised_date, head),
        is_settled=word_code(FINDING_STATUSES, data.status, "status") == 1,
    )


def inspection_recorded(head: Head, data: InspectionRecordedV1) -> credit_file.InspectionRecorded:
    """Returns the event."""
    return credit_file.InspectionRecorded(
        *head,
        inspection_day=reported_day(data.inspection_date, head),
        outcome=word_code(OUTCOMES, data.outcome, "outcome"),
        next_due_day=day_or_zero(data.next_due_date),
    )


def override_approved(head: Head, data: OverrideApprovedV1) -> credit_file.OverrideApproved:
    """Returns the event; a point of the score is a hundredth of it."""
    points = optional_micro_units(data.score_points, "score_points") or 0
    if points % 100:
        raise Undecodable("score_points: finer than a ten-thousandth of a point; round it first")
    if data.trigger:
        word_code(UTP_TRIGGERS, data.trigger, "trigger")
    return credit_file.OverrideApproved(
        *head,
        override_id=data.override_id,
        kind=word_code(OVERRIDE_KINDS, data.kind, "kind"),
        state=word_code(STATES, data.state, "state") if data.state else NO_STATE,
        reason=data.reason,
        proposed_by=data.proposed_by,
        approved_by=data.approved_by,
        effective_day=data.effective_date.toordinal(),
        expires_day=optional_day(data.expires_date),
        loan_id=data.loan_id or "",
        points_micro=points // 100,
        flags=word_code(FLAGS, data.flag, "flag") if data.flag else 0,
        trigger=data.trigger or "",
    )


TO_DOMAIN: Final[dict[type[EventData], Callable[[Head, Any], Event]]] = {
    BorrowerRegisteredV1: borrower_registered,
    StatementReceivedV1: statement_received,
    StatementDueV1: statement_due,
    ForecastReceivedV1: forecast_received,
    CovenantCertifiedV1: covenant_certified,
    CollateralValuedV1: collateral_valued,
    GuarantorLinkedV1: guarantor_linked,
    GroupLinkedV1: group_linked,
    DependantLinkedV1: dependant_linked,
    RelatedStateChangedV1: related_state_changed,
    RelatedPartiesDeclaredV1: related_parties_declared,
    ExternalDelinquencyReportedV1: external_delinquency_reported,
    FindingRaisedV1: finding_raised,
    InspectionRecordedV1: inspection_recorded,
    OverrideApprovedV1: override_approved,
}
