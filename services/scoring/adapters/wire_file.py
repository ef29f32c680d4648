"""Readers of the events that change the credit file; see `wire`."""

from collections.abc import Callable
from datetime import date
from typing import Final

import msgspec

from services.scoring.adapters import wire_file_data
from services.scoring.adapters.wire_values import (
    Head,
    Undecodable,
    codes_of,
    micro_units,
    minor_units,
    optional_minor_units,
    word_code,
)
from services.scoring.domain.borrower import risk
from services.scoring.domain.events import accounts, control, credit_file
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

COLLATERAL_KINDS: Final = codes_of(vocabulary.COLLATERAL_KINDS)
LINK_KINDS: Final = codes_of(vocabulary.LINK_KINDS)
REPORT_KINDS: Final = codes_of(vocabulary.REPORT_KINDS)
SEVERITIES: Final = codes_of(vocabulary.FINDING_SEVERITIES)
OUTCOMES: Final = codes_of(vocabulary.INSPECTION_OUTCOMES)
BASES: Final = codes_of(vocabulary.STATEMENT_BASES)
STATES: Final = codes_of(risk.STATE_NAMES)
USAGES: Final = {"COMMERCIAL": 0, "RESIDENTIAL": 1}
COVENANT_KINDS: Final = {"MIN": 0, "MAX": 1}
FINDING_STATUSES: Final = {"OPEN": 0, "SETTLED": 1}
NOT_STATED: Final = -1

_valued: Final = msgspec.json.Decoder(wire_file_data.CollateralValuedData)
_certified: Final = msgspec.json.Decoder(wire_file_data.CovenantCertifiedData)
_due: Final = msgspec.json.Decoder(wire_file_data.StatementDueData)
_guarantor: Final = msgspec.json.Decoder(wire_file_data.GuarantorLinkedData)
_group: Final = msgspec.json.Decoder(wire_file_data.GroupLinkedData)
_dependant: Final = msgspec.json.Decoder(wire_file_data.DependantLinkedData)
_related: Final = msgspec.json.Decoder(wire_file_data.RelatedStateChangedData)
_parties: Final = msgspec.json.Decoder(wire_file_data.RelatedPartiesDeclaredData)
_report: Final = msgspec.json.Decoder(wire_file_data.ExternalDelinquencyReportedData)
_finding: Final = msgspec.json.Decoder(wire_file_data.FindingRaisedData)
_limit: Final = msgspec.json.Decoder(wire_file_data.LimitChangedData)
_stress: Final = msgspec.json.Decoder(wire_file_data.SectorStressPublishedData)
_inspection: Final = msgspec.json.Decoder(wire_file_data.InspectionRecordedData)


def collateral_valued(head: Head, raw: msgspec.Raw) -> credit_file.CollateralValued:
    """Return the event; property whose use is not stated is commercial, the stricter kind."""
    data = _valued.decode(raw)
    return credit_file.CollateralValued(
        *head,
        collateral_id=data.collateral_id,
        loan_ids=data.loan_ids,
        kind=word_code(COLLATERAL_KINDS, data.type, "type"),
        is_residential=word_code(USAGES, data.usage or "COMMERCIAL", "usage") == 1,
        value_minor=minor_units(data.value, data.currency, "value"),
        currency=data.currency,
        valued_day=data.valuation_date.toordinal(),
        haircut_micro=micro_units(data.haircut, "haircut") or 0,
        limit_micro=_micro(data.loan_to_value_limit, "loan_to_value_limit"),
        registered_until=_day(data.registration_expiry_date),
        insured_until=_day(data.insurance_expiry_date),
        permitted_until=_day(data.permit_expiry_date),
        is_double_pledged=data.is_double_pledged or False,
        is_released=data.is_released or False,
    )


def _day(day: date | None) -> int:
    return 0 if day is None else day.toordinal()


def _micro(text: str | None, field: str) -> int:
    found = micro_units(text, field)
    return NOT_STATED if found is None else found


def covenant_certified(head: Head, raw: msgspec.Raw) -> credit_file.CovenantCertified:
    """Return the event."""
    data = _certified.decode(raw)
    return credit_file.CovenantCertified(
        *head,
        covenant_id=data.covenant_id,
        metric=data.metric,
        is_ceiling=word_code(COVENANT_KINDS, data.kind, "kind") == 1,
        limit_micro=micro_units(data.limit, "limit") or 0,
        actual_micro=micro_units(data.actual, "actual") or 0,
        test_day=data.test_date.toordinal(),
        certificate_day=data.certificate_date.toordinal(),
        cure_until=_day(data.cure_until),
        is_waiver_asked=data.waiver_requested or False,
        next_due_day=_day(data.next_certificate_due_date),
    )


def statement_due(head: Head, raw: msgspec.Raw) -> credit_file.StatementDue:
    """Return the event."""
    data = _due.decode(raw)
    return credit_file.StatementDue(
        *head,
        due_day=data.due_date.toordinal(),
        period_end_day=data.period_end.toordinal(),
        period_months=data.period_months,
        basis=word_code(BASES, data.basis or "UNKNOWN", "basis"),
    )


def guarantor_linked(head: Head, raw: msgspec.Raw) -> credit_file.GuarantorLinked:
    """Return the event."""
    data = _guarantor.decode(raw)
    return credit_file.GuarantorLinked(
        *head,
        guarantor_id=data.guarantor_borrower_id,
        covered_minor=minor_units(data.coverage_amount, data.currency, "coverage_amount"),
        currency=data.currency,
        from_day=data.effective_date.toordinal(),
        until=_day(data.end_date),
        loan_ids=data.loan_ids or [],
    )


def group_linked(head: Head, raw: msgspec.Raw) -> credit_file.GroupLinked:
    """Return the event."""
    data = _group.decode(raw)
    return credit_file.GroupLinked(
        *head,
        linked_id=data.linked_borrower_id,
        kind=word_code(LINK_KINDS, data.kind, "kind"),
        strength_micro=_micro(data.strength, "strength"),
        from_day=data.effective_date.toordinal(),
        until=_day(data.end_date),
    )


def dependant_linked(head: Head, raw: msgspec.Raw) -> credit_file.DependantLinked:
    """Return the event."""
    data = _dependant.decode(raw)
    return credit_file.DependantLinked(
        *head,
        dependant_id=data.dependant_borrower_id,
        kind=word_code(LINK_KINDS, data.kind, "kind"),
    )


def related_state_changed(head: Head, raw: msgspec.Raw) -> credit_file.RelatedStateChanged:
    """Return the event; news that has travelled further than one link is refused."""
    data = _related.decode(raw)
    if data.hops != 1:
        raise Undecodable(f"hops: {data.hops}; a linked borrower's state travels one link only")
    return credit_file.RelatedStateChanged(
        *head,
        related_id=data.related_borrower_id,
        state=word_code(STATES, data.state, "state"),
        since=data.changed_date.toordinal(),
    )


def related_parties_declared(head: Head, raw: msgspec.Raw) -> credit_file.RelatedPartiesDeclared:
    """Return the event."""
    data = _parties.decode(raw)
    names = [one.counterparty_id for one in data.related_parties]
    return credit_file.RelatedPartiesDeclared(*head, counterparty_ids=names)


def external_delinquency_reported(
    head: Head, raw: msgspec.Raw
) -> credit_file.ExternalDelinquencyReported:
    """Return the event; an amount needs its currency."""
    data = _report.decode(raw)
    amount = NOT_STATED
    if data.amount is not None:
        if data.currency is None:
            raise Undecodable("currency: missing; an amount needs one")
        amount = minor_units(data.amount, data.currency, "amount")
    days = data.days_past_due
    return credit_file.ExternalDelinquencyReported(
        *head,
        reporter=data.reporter,
        kind=word_code(REPORT_KINDS, data.kind, "kind"),
        report_day=data.report_date.toordinal(),
        days_past_due=NOT_STATED if days is None else days,
        amount_minor=amount,
        currency=data.currency or "",
    )


def finding_raised(head: Head, raw: msgspec.Raw) -> credit_file.FindingRaised:
    """Return the event."""
    data = _finding.decode(raw)
    return credit_file.FindingRaised(
        *head,
        finding_id=data.finding_id,
        code=data.code,
        severity=word_code(SEVERITIES, data.severity, "severity"),
        raised_day=data.raised_date.toordinal(),
        is_settled=word_code(FINDING_STATUSES, data.status, "status") == 1,
    )


def inspection_recorded(head: Head, raw: msgspec.Raw) -> credit_file.InspectionRecorded:
    """Return the event."""
    data = _inspection.decode(raw)
    return credit_file.InspectionRecorded(
        *head,
        inspection_day=data.inspection_date.toordinal(),
        outcome=word_code(OUTCOMES, data.outcome, "outcome"),
        next_due_day=_day(data.next_due_date),
    )


def limit_changed(head: Head, raw: msgspec.Raw) -> accounts.LimitChanged:
    """Return the event; only a temporary limit ends."""
    data = _limit.decode(raw)
    return accounts.LimitChanged(
        *head,
        facility_id=data.facility_id,
        limit_minor=minor_units(data.limit_amount, data.currency, "limit_amount"),
        power_minor=optional_minor_units(data.drawing_power, data.currency, "drawing_power"),
        currency=data.currency,
        effective_day=data.effective_date.toordinal(),
        until=_day(data.end_date) if data.is_temporary else 0,
    )


def sector_stress_published(head: Head, raw: msgspec.Raw) -> control.SectorStressPublished:
    """Return the event."""
    data = _stress.decode(raw)
    return control.SectorStressPublished(
        *head,
        measured_day=data.measured_date.toordinal(),
        z_micro={one.industry_code: micro_units(one.z, "z") or 0 for one in data.sectors},
    )


READERS: Final[dict[str, Callable[[Head, msgspec.Raw], Event]]] = {
    "collateral.valued.v1": collateral_valued,
    "covenant.certified.v1": covenant_certified,
    "statement.due.v1": statement_due,
    "guarantor.linked.v1": guarantor_linked,
    "group.linked.v1": group_linked,
    "dependant.linked.v1": dependant_linked,
    "related-state.changed.v1": related_state_changed,
    "related-parties.declared.v1": related_parties_declared,
    "external-delinquency.reported.v1": external_delinquency_reported,
    "finding.raised.v1": finding_raised,
    "inspection.recorded.v1": inspection_recorded,
    "limit.changed.v1": limit_changed,
    "sector-stress.published.v1": sector_stress_published,
}
