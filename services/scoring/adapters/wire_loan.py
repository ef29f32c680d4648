"""Readers of loan and repayment events; see `wire`."""

from typing import Final

import msgspec

from services.scoring.adapters import wire_data
from services.scoring.adapters.wire_values import (
    Head,
    Undecodable,
    codes_of,
    micro_units,
    minor_units,
    optional_day,
    optional_minor_units,
    word_code,
)
from services.scoring.domain.events import loans
from services.scoring.domain.primitives import vocabulary

LOAN_TYPES: Final = codes_of(vocabulary.LOAN_TYPES)
REPAYMENT_TYPES: Final = codes_of(vocabulary.REPAYMENT_TYPES)
CONVENTIONS: Final = codes_of(vocabulary.DPD_CONVENTIONS)
CHANNELS: Final = codes_of(vocabulary.REPAYMENT_CHANNELS)
ALLOCATIONS: Final = codes_of(vocabulary.ALLOCATION_RULES)
FAILURES: Final = codes_of(vocabulary.FAILURE_REASONS)

_booked: Final = msgspec.json.Decoder(wire_data.LoanBookedData)
_published: Final = msgspec.json.Decoder(wire_data.SchedulePublishedData)
_changed: Final = msgspec.json.Decoder(wire_data.ScheduleChangedData)
_posted: Final = msgspec.json.Decoder(wire_data.RepaymentPostedData)
_failed: Final = msgspec.json.Decoder(wire_data.RepaymentFailedData)
_reversed: Final = msgspec.json.Decoder(wire_data.RepaymentReversedData)


def loan_booked(head: Head, raw: msgspec.Raw) -> loans.LoanBooked:
    """Return the event."""
    data = _booked.decode(raw)
    currency = data.currency
    return loans.LoanBooked(
        *head,
        loan_id=data.loan_id,
        facility_id=data.facility_id,
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
        rate_micro=micro_units(data.rate, "rate"),
        purpose_code=data.purpose_code or "",
        barred_purposes=data.barred_purposes or [],
        contractual_grace_days=data.contractual_grace_days or 0,
        dpd_convention=word_code(CONVENTIONS, data.dpd_convention or "EXCLUSIVE", "dpd_convention"),
        holiday_calendar=data.holiday_calendar or "",
        origination_officer_id=data.origination_officer_id,
        collection_officer_id=data.collection_officer_id,
        review_due_day=optional_day(data.review_due_date),
        routing_share_micro=micro_units(data.routing_share, "routing_share"),
    )


class Rows:
    """Instalments as parallel lists in order of due day; equal due days stay in given order."""

    __slots__ = ("days", "fees", "interest", "principal")

    def __init__(self, rows: list[wire_data.InstalmentData], currency: str) -> None:
        """Read the rows of one schedule."""
        ordered = sorted(rows, key=lambda row: (row.due_date, row.instalment_no))
        self.days = [row.due_date.toordinal() for row in ordered]
        self.principal = [minor_units(r.due_principal, currency, "due_principal") for r in ordered]
        self.interest = [minor_units(r.due_interest, currency, "due_interest") for r in ordered]
        self.fees = [minor_units(r.due_fees, currency, "due_fees") for r in ordered]
        if min(self.principal + self.interest + self.fees, default=0) < 0:
            raise Undecodable("instalments: a due amount is negative; amounts due are zero or more")


def schedule_published(head: Head, raw: msgspec.Raw) -> loans.SchedulePublished:
    """Return the event."""
    data = _published.decode(raw)
    rows = Rows(data.instalments, data.currency)
    return loans.SchedulePublished(
        *head,
        loan_id=data.loan_id,
        schedule_version=data.schedule_version,
        currency=data.currency,
        due_days=rows.days,
        due_principal_minor=rows.principal,
        due_interest_minor=rows.interest,
        due_fees_minor=rows.fees,
    )


def schedule_changed(head: Head, raw: msgspec.Raw) -> loans.ScheduleChanged:
    """Return the event; without an effective date it takes effect when it was booked."""
    data = _changed.decode(raw)
    rows = Rows(data.instalments, data.currency)
    effective = data.effective_date
    return loans.ScheduleChanged(
        *head,
        loan_id=data.loan_id,
        schedule_version=data.schedule_version,
        currency=data.currency,
        due_days=rows.days,
        due_principal_minor=rows.principal,
        due_interest_minor=rows.interest,
        due_fees_minor=rows.fees,
        effective_day=head.day if effective is None else effective.toordinal(),
        change_reason=data.change_reason,
        concession_kind=data.concession_kind or "",
        npv_loss_micro=micro_units(data.npv_loss_ratio, "npv_loss_ratio"),
    )


def repayment_posted(head: Head, raw: msgspec.Raw) -> loans.RepaymentPosted:
    """Return the event."""
    data = _posted.decode(raw)
    currency = data.currency
    return loans.RepaymentPosted(
        *head,
        loan_id=data.loan_id,
        paid_minor=minor_units(data.paid_amount, currency, "paid_amount"),
        currency=currency,
        value_day=data.value_date.toordinal(),
        channel=word_code(CHANNELS, data.channel, "channel"),
        payer_account_id=data.payer_account_id,
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
            None
            if data.allocation_rule is None
            else word_code(ALLOCATIONS, data.allocation_rule, "allocation_rule")
        ),
    )


def repayment_failed(head: Head, raw: msgspec.Raw) -> loans.RepaymentFailed:
    """Return the event."""
    data = _failed.decode(raw)
    return loans.RepaymentFailed(
        *head,
        loan_id=data.loan_id,
        amount_minor=minor_units(data.amount, data.currency, "amount"),
        currency=data.currency,
        value_day=data.value_date.toordinal(),
        failure_reason=word_code(FAILURES, data.failure_reason, "failure_reason"),
    )


def repayment_reversed(head: Head, raw: msgspec.Raw) -> loans.RepaymentReversed:
    """Return the event; one that does not say what it reverses cannot be read."""
    if head.corrects_id is None:
        raise Undecodable("correctsid: missing; a reversal names the repayment it takes back")
    data = _reversed.decode(raw)
    return loans.RepaymentReversed(
        *head,
        loan_id=data.loan_id,
        paid_minor=minor_units(data.paid_amount, data.currency, "paid_amount"),
        currency=data.currency,
        value_day=data.value_date.toordinal(),
    )
