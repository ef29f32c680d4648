"""The events that move a borrower, already decoded: plain integers, no JSON, no Decimal.

`adapters/wire.py` makes them from canonical CloudEvents; `fold` applies them. Money is in minor
units of the event's own `currency`; days are `date.toordinal()`; words are the numbers of
`vocabulary`. An absent optional amount, day or code is ``None``.

Must stay true: `time` of the CloudEvent is the booking moment (`at_us`, and `day` in the bank's
time zone), when something took effect economically stands in its own field. Events of one borrower
are folded in log order, whatever their dates say.
"""

from dataclasses import dataclass
from typing import Final

EVERYBODY: Final = "*"


@dataclass(slots=True)
class Event:
    """What every event carries.

    Args:
        source: The emitting system; with `id` the identity of the event.
        id: Unique within `source`.
        borrower_id: Whom it is about; `EVERYBODY` for control events.
        at_us: Booking moment in microseconds since 1970-01-01 UTC.
        day: Business date of that moment in the bank's time zone.
        corrects_id: `id` of the event of the same source that this one corrects.
        correction_kind: A code of `vocabulary.CORRECTION_KINDS`.
    """

    source: str
    id: str
    borrower_id: str
    at_us: int
    day: int
    corrects_id: str | None
    correction_kind: int


@dataclass(slots=True)
class BorrowerRegistered(Event):
    """The borrower's reference data; a later one replaces what it carries."""

    segment: int
    reporting_currency: str
    country: str
    industry_code: str
    legal_form: str
    start_day: int | None
    group_id: str | None
    status: str
    origination_pd_micro: int | None
    rating: str
    officer_id: str | None
    branch_id: str | None
    account_ids: list[str]
    current_pd_micro: int | None = None


@dataclass(slots=True)
class LoanBooked(Event):
    """A loan or line exists from `start_day`; a later one for the same id replaces its terms."""

    loan_id: str
    facility_id: str | None
    loan_type: int
    currency: str
    principal_minor: int
    limit_minor: int | None
    drawing_power_minor: int | None
    start_day: int
    maturity_day: int | None
    repayment_type: int
    rate_micro: int | None
    purpose_code: str
    barred_purposes: list[str]
    contractual_grace_days: int
    dpd_convention: int
    holiday_calendar: str
    origination_officer_id: str | None
    collection_officer_id: str | None
    review_due_day: int | None
    routing_share_micro: int | None


@dataclass(slots=True)
class SchedulePublished(Event):
    """All instalments of one version of a loan's schedule, settled ones included.

    The lists are parallel and in order of due day.
    """

    loan_id: str
    schedule_version: int
    currency: str
    due_days: list[int]
    due_principal_minor: list[int]
    due_interest_minor: list[int]
    due_fees_minor: list[int]


@dataclass(slots=True)
class ScheduleChanged(SchedulePublished):
    """A new version of a schedule, with the reason for it."""

    effective_day: int
    change_reason: str
    concession_kind: str
    npv_loss_micro: int | None


@dataclass(slots=True)
class RepaymentPosted(Event):
    """Money received for a loan; it counts from `value_day`."""

    loan_id: str
    paid_minor: int
    currency: str
    value_day: int
    channel: int
    payer_account_id: str | None
    payer_is_third_party: bool
    outstanding_principal_minor: int | None
    accrued_interest_minor: int | None
    technical_flag: bool
    dispute_flag: bool
    allocation_rule: int | None = None


@dataclass(slots=True)
class RepaymentFailed(Event):
    """An attempt to collect that brought nothing."""

    loan_id: str
    amount_minor: int
    currency: str
    value_day: int
    failure_reason: int


@dataclass(slots=True)
class RepaymentReversed(Event):
    """A posted repayment is taken back: as if the money had never come.

    `corrects_id` names the repayment. `paid_minor` may be less than it (a partial chargeback).
    """

    loan_id: str
    paid_minor: int
    currency: str
    value_day: int


@dataclass(slots=True)
class AccountTransacted(Event):
    """One flow on an account.

    With `correction_kind` reversal the data repeats the flow that is withdrawn (same account,
    direction, category, amount, value date, counterparty); it is removed from every window. What is
    to be amended or back-dated is reversed, and the right transaction follows as one of its own.
    """

    account_id: str
    direction: int
    amount_minor: int
    currency: str
    category: int
    value_day: int
    channel: int
    facility_id: str | None
    counterparty_id: str | None
    counterparty_type: int
    balance_after_minor: int | None
    expected_cycle_key: str | None


@dataclass(slots=True)
class AccountBalanceClosed(Event):
    """The end-of-day balance of one account on `balance_day`."""

    account_id: str
    balance_day: int
    eod_minor: int
    available_minor: int | None
    currency: str


@dataclass(slots=True)
class AccountItemReturned(Event):
    """A payment that came back. Outgoing: the borrower's own item; else one of its customers'."""

    account_id: str
    amount_minor: int
    currency: str
    return_reason: int
    is_outgoing: bool
    value_day: int


@dataclass(slots=True)
class FacilityBalanceClosed(Event):
    """The end-of-day use of one line on `balance_day`."""

    facility_id: str
    loan_id: str | None
    account_id: str | None
    balance_day: int
    limit_minor: int
    drawn_minor: int
    drawing_power_minor: int | None
    undrawn_usable_minor: int | None
    interest_debited_minor: int
    currency: str
    months_past_due: int | None = None


@dataclass(slots=True)
class StatementReceived(Event):
    """One set of financial statements.

    `lines` follows `vocabulary.STATEMENT_LINES`, in minor units after the unit multiplier
    (`shares_outstanding` is a count); a missing line is ``None``, never zero.
    """

    statement_id: str
    period_end_day: int
    period_months: int
    received_day: int
    currency: str
    basis: int
    is_consolidated: bool
    accounting_standard: str
    contractual_due_day: int | None
    auditor_id: str | None
    opinion: int
    going_concern_doubt: bool
    auditor_changed: bool
    restates_statement_id: str | None
    accounting_policy_changed: bool
    fiscal_year_changed: bool
    lines: list[int | None]


@dataclass(slots=True)
class DayClosed(Event):
    """The bank's business day `closed_day` is over; written to every partition."""

    closed_day: int


@dataclass(slots=True)
class RulebookActivated(Event):
    """From the next day boundary on another rulebook decides; written to every partition.

    `digest` is ``sha256:`` and the SHA-256 of the document, so that another text under the same
    name and version is found.
    """

    name: str
    version: str
    digest: str
    effective_day: int


@dataclass(slots=True)
class CalendarPublished(Event):
    """The days off of a calendar from `from_day` up to before `to_day`, in every partition."""

    calendar: str
    from_day: int
    to_day: int
    holidays: list[int]


@dataclass(slots=True)
class FxPublished(Event):
    """Rates of one day; the lists are parallel, the rates scaled as `rates.SCALE` says."""

    rate_day: int
    base_currency: str
    currencies: list[str]
    rates: list[int]
