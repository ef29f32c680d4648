"""Events of loans: terms, schedules, drawdowns, repayments, promises, disputes."""

from collections.abc import Callable
from typing import Any, Final

from services.contracts.fields import EventData
from services.contracts.loan import (
    InstalmentV1,
    LoanBookedV1,
    LoanClosedV1,
    LoanDisbursedV1,
    ScheduleChangedV1,
    SchedulePublishedV1,
)
from services.contracts.repayment import (
    ClaimDisputedV1,
    PromiseMadeV1,
    RepaymentFailedV1,
    RepaymentPostedV1,
    RepaymentReversedV1,
)
from services.scoring.adapters.wire.values import (
    Head,
    Undecodable,
    codes_of,
    day_or_zero,
    minor_units,
    optional_day,
    optional_micro_units,
    optional_minor_units,
    word_code,
)
from services.scoring.domain.events import loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

LOAN_TYPES: Final = codes_of(vocabulary.LOAN_TYPES)
REPAYMENT_TYPES: Final = codes_of(vocabulary.REPAYMENT_TYPES)
CONVENTIONS: Final = codes_of(vocabulary.DPD_CONVENTIONS)
CHANNELS: Final = codes_of(vocabulary.REPAYMENT_CHANNELS)
ALLOCATIONS: Final = codes_of(vocabulary.ALLOCATION_RULES)
FAILURES: Final = codes_of(vocabulary.FAILURE_REASONS)
CLOSING_REASONS: Final = codes_of(vocabulary.CLOSING_REASONS)
DISPUTE_STATUSES: Final = codes_of(vocabulary.DISPUTE_STATUSES)


def loan_booked(head: Head, data: LoanBookedV1) -> loans.LoanBooked:
    """Returns the event."""
    currency = data.currency
    return loans.LoanBooked(
        *head,
        loan_id=data.loan_id,
        facility_id=data.facility_id or None,
        loan_type=word_code(LOAN_TYPES, data.type, "type"),
        currency=currency,
        principal_minor=minor_units(data.principal, currency, "principal"),
        limit_minor=optional_minor_units(data.limit_amount, currency, "limit_amount"),
        drawing_power_minor=optional_minor_units(data.drawing_power, currency, "drawing_power"),
        start_day=data.start_date.toordinal(),
        maturity_day=optional_day(data.maturity_date),
        repayment_type=word_code(
            REPAYMENT_TYPES, data.repayment_type or "UNKNOWN", "repayment_type"
        ),
        rate_micro=optional_micro_units(data.rate, "rate"),
        purpose_code=data.purpose_code or "",
        barred_purposes=data.barred_purposes or [],
        contractual_grace_days=data.contractual_grace_days or 0,
        dpd_convention=word_code(CONVENTIONS, data.dpd_convention or "EXCLUSIVE", "dpd_convention"),
        holiday_calendar=data.holiday_calendar or "",
        origination_officer_id=data.origination_officer_id or None,
        collection_officer_id=data.collection_officer_id or None,
        review_due_day=optional_day(data.review_due_date),
        routing_share_micro=optional_micro_units(data.routing_share, "routing_share"),
    )


class _Columns:
    """Instalments as parallel lists, ordered by due day and number."""

    __slots__ = ("days", "fees", "interest", "principal")

    def __init__(self, instalments: list[InstalmentV1], currency: str) -> None:
        rows = sorted(instalments, key=lambda row: (row.due_date, row.instalment_no))
        self.days = [row.due_date.toordinal() for row in rows]
        self.principal = [minor_units(r.due_principal, currency, "due_principal") for r in rows]
        self.interest = [minor_units(r.due_interest, currency, "due_interest") for r in rows]
        self.fees = [minor_units(r.due_fees, currency, "due_fees") for r in rows]
        if min(self.principal + self.interest + self.fees, default=0) < 0:
            raise Undecodable("instalments: a due amount is negative; amounts due are zero or more")


def schedule_published(head: Head, data: SchedulePublishedV1) -> loans.SchedulePublished:
    """Returns the event."""
    columns = _Columns(data.instalments, data.currency)
    return loans.SchedulePublished(
        *head,
        loan_id=data.loan_id,
        schedule_version=data.schedule_version,
        currency=data.currency,
        due_days=columns.days,
        due_principal_minor=columns.principal,
        due_interest_minor=columns.interest,
        due_fees_minor=columns.fees,
    )


def schedule_changed(head: Head, data: ScheduleChangedV1) -> loans.ScheduleChanged:
    """Returns the event."""
    columns = _Columns(data.instalments, data.currency)
    return loans.ScheduleChanged(
        *head,
        loan_id=data.loan_id,
        schedule_version=data.schedule_version,
        currency=data.currency,
        due_days=columns.days,
        due_principal_minor=columns.principal,
        due_interest_minor=columns.interest,
        due_fees_minor=columns.fees,
        effective_day=data.effective_date.toordinal(),
        change_reason=data.change_reason,
        concession_kind=data.concession_kind or "",
        npv_loss_micro=optional_micro_units(data.npv_loss_ratio, "npv_loss_ratio"),
    )


def loan_disbursed(head: Head, data: LoanDisbursedV1) -> loans.LoanDisbursed:
    """Returns the event."""
    return loans.LoanDisbursed(
        *head,
        loan_id=data.loan_id,
        drawn_minor=minor_units(data.disbursed_amount, data.currency, "disbursed_amount"),
        currency=data.currency,
        value_day=data.value_date.toordinal(),
        payee_account_id=data.payee_account_id,
    )


def loan_closed(head: Head, data: LoanClosedV1) -> loans.LoanClosed:
    """Returns the event."""
    word_code(CLOSING_REASONS, data.reason, "reason")
    return loans.LoanClosed(
        *head,
        loan_id=data.loan_id,
        closed_day=data.closed_date.toordinal(),
        reason=data.reason,
        successor=data.successor or "",
        claim_micro=optional_micro_units(data.claim, "claim"),
        price_micro=optional_micro_units(data.price, "price"),
    )


def repayment_posted(head: Head, data: RepaymentPostedV1) -> loans.RepaymentPosted:
    """Returns the event."""
    currency = data.currency
    return loans.RepaymentPosted(
        *head,
        loan_id=data.loan_id,
        paid_minor=minor_units(data.paid_amount, currency, "paid_amount"),
        currency=currency,
        value_day=data.value_date.toordinal(),
        channel=word_code(CHANNELS, data.channel, "channel"),
        payer_account_id=data.payer_account_id or None,
        payer_is_third_party=data.payer_is_third_party or False,
        outstanding_principal_minor=optional_minor_units(
            data.outstanding_principal, currency, "outstanding_principal"
        ),
        accrued_interest_minor=optional_minor_units(
            data.accrued_interest, currency, "accrued_interest"
        ),
        technical_flag=data.technical_flag or False,
        dispute_flag=data.dispute_flag or False,
        allocation_rule=(
            word_code(ALLOCATIONS, data.allocation_rule, "allocation_rule")
            if data.allocation_rule
            else None
        ),
    )


def repayment_failed(head: Head, data: RepaymentFailedV1) -> loans.RepaymentFailed:
    """Returns the event."""
    return loans.RepaymentFailed(
        *head,
        loan_id=data.loan_id,
        amount_minor=minor_units(data.amount, data.currency, "amount"),
        currency=data.currency,
        value_day=data.value_date.toordinal(),
        failure_reason=word_code(FAILURES, data.failure_reason, "failure_reason"),
    )


def repayment_reversed(head: Head, data: RepaymentReversedV1) -> loans.RepaymentReversed:
    """Returns the event."""
    return loans.RepaymentReversed(
        *head,
        loan_id=data.loan_id,
        paid_minor=minor_units(data.paid_amount, data.currency, "paid_amount"),
        currency=data.currency,
        value_day=data.value_date.toordinal(),
    )


def promise_made(head: Head, data: PromiseMadeV1) -> loans.PromiseMade:
    """Returns the event."""
    return loans.PromiseMade(
        *head,
        loan_id=data.loan_id,
        promised_minor=minor_units(data.promise_amount, data.currency, "promise_amount"),
        currency=data.currency,
        promise_day=data.promise_date.toordinal(),
        made_day=data.made_date.toordinal(),
    )


def claim_disputed(head: Head, data: ClaimDisputedV1) -> loans.ClaimDisputed:
    """Returns the event."""
    return loans.ClaimDisputed(
        *head,
        dispute_id=data.dispute_id,
        loan_id=data.loan_id,
        disputed_minor=minor_units(data.disputed_amount, data.currency, "disputed_amount"),
        currency=data.currency,
        due_day=day_or_zero(data.due_date),
        raised_day=data.raised_date.toordinal(),
        status=word_code(DISPUTE_STATUSES, data.status, "status"),
    )


TO_DOMAIN: Final[dict[type[EventData], Callable[[Head, Any], Event]]] = {
    LoanBookedV1: loan_booked,
    SchedulePublishedV1: schedule_published,
    ScheduleChangedV1: schedule_changed,
    LoanDisbursedV1: loan_disbursed,
    LoanClosedV1: loan_closed,
    RepaymentPostedV1: repayment_posted,
    RepaymentFailedV1: repayment_failed,
    RepaymentReversedV1: repayment_reversed,
    PromiseMadeV1: promise_made,
    ClaimDisputedV1: claim_disputed,
}
