"""The shape of each event's `data` as scoring reads it: only the fields that it uses.

Decoding with these types is what makes an event cheap: unknown fields are skipped without being
built. `services/contracts` holds the full models; a contract test keeps the names equal.
"""

from datetime import date

import msgspec

from services.scoring.domain.primitives.vocabulary import STATEMENT_LINES


class Data(msgspec.Struct, gc=False):
    """Base of all; holds no cycles, so the collector need not look at it."""


class BorrowerRegisteredData(Data):
    """`borrower.registered`."""

    segment: str
    reporting_currency: str
    country: str
    industry_code: str | None = None
    legal_form: str | None = None
    start_date: date | None = None
    group_id: str | None = None
    status: str | None = None
    origination_pd: str | None = None
    rating: str | None = None
    officer_id: str | None = None
    branch_id: str | None = None
    account_ids: list[str] | None = None
    current_pd: str | None = None


class LoanBookedData(Data):
    """`loan.booked`."""

    loan_id: str
    type: str
    currency: str
    principal: str
    start_date: date
    facility_id: str | None = None
    limit_amount: str | None = None
    drawing_power: str | None = None
    maturity_date: date | None = None
    repayment_type: str | None = None
    rate: str | None = None
    purpose_code: str | None = None
    barred_purposes: list[str] | None = None
    contractual_grace_days: int | None = None
    dpd_convention: str | None = None
    holiday_calendar: str | None = None
    origination_officer_id: str | None = None
    collection_officer_id: str | None = None
    review_due_date: date | None = None
    routing_share: str | None = None


class InstalmentData(Data):
    """One row of a schedule."""

    due_date: date
    due_principal: str
    due_interest: str
    due_fees: str
    instalment_no: int


class SchedulePublishedData(Data):
    """`schedule.published`."""

    loan_id: str
    schedule_version: int
    currency: str
    instalments: list[InstalmentData]


class ScheduleChangedData(Data):
    """`schedule.changed`."""

    loan_id: str
    schedule_version: int
    currency: str
    instalments: list[InstalmentData]
    change_reason: str
    effective_date: date | None = None
    concession_kind: str | None = None
    npv_loss_ratio: str | None = None


class RepaymentPostedData(Data):
    """`repayment.posted`."""

    loan_id: str
    paid_amount: str
    currency: str
    value_date: date
    channel: str
    payer_account_id: str | None = None
    payer_is_third_party: bool | None = None
    outstanding_principal: str | None = None
    accrued_interest: str | None = None
    technical_flag: bool | None = None
    dispute_flag: bool | None = None
    allocation_rule: str | None = None


class RepaymentFailedData(Data):
    """`repayment.failed`."""

    loan_id: str
    amount: str
    currency: str
    value_date: date
    failure_reason: str


class RepaymentReversedData(Data):
    """`repayment.reversed`."""

    loan_id: str
    paid_amount: str
    currency: str
    value_date: date


class AccountTransactedData(Data):
    """`account.transacted`."""

    account_id: str
    direction: str
    amount: str
    currency: str
    category: str
    value_date: date
    channel: str
    facility_id: str | None = None
    counterparty_id: str | None = None
    counterparty_type: str | None = None
    balance_after: str | None = None
    expected_cycle_key: str | None = None


class AccountBalanceClosedData(Data):
    """`account.balance-closed`."""

    account_id: str
    balance_date: date
    eod_balance: str
    currency: str
    available_balance: str | None = None


class AccountItemReturnedData(Data):
    """`account.item-returned`."""

    account_id: str
    amount: str
    currency: str
    return_reason: str
    is_outgoing: bool
    value_date: date


class FacilityBalanceClosedData(Data):
    """`facility.balance-closed`."""

    facility_id: str
    balance_date: date
    limit_amount: str
    drawn_amount: str
    currency: str
    drawing_power: str | None = None
    undrawn_usable: str | None = None
    interest_debited: str | None = None
    account_id: str | None = None
    loan_id: str | None = None
    months_past_due: int | None = None


class LoanDisbursedData(Data):
    """`loan.disbursed`."""

    loan_id: str
    disbursed_amount: str
    currency: str
    value_date: date
    payee_account_id: str


class PromiseMadeData(Data):
    """`promise.made`."""

    loan_id: str
    promise_amount: str
    currency: str
    promise_date: date
    made_date: date


class AccountBlockedData(Data):
    """`account.blocked`."""

    account_id: str
    block_kind: str
    effective_date: date


class ForecastReceivedData(Data):
    """`forecast.received`."""

    metric: str
    period_end: date
    period_months: int
    value: str
    currency: str
    received_date: date


StatementLines = msgspec.defstruct(
    "StatementLines",
    [
        (name, int | None if name == "shares_outstanding" else str | None, None)
        for name in STATEMENT_LINES
    ],
    bases=(Data,),
    gc=False,
    namespace={"__doc__": "The figures of `statement.received`, absent where not reported."},
)


class StatementMeta(Data):
    """`statement.received` without its figures; those are read from the same bytes."""

    statement_id: str
    period_end: date
    period_months: int
    received_date: date
    currency: str
    unit_multiplier: int | None = None
    basis: str | None = None
    consolidated: bool | None = None
    accounting_standard: str | None = None
    contractual_due_date: date | None = None
    auditor_id: str | None = None
    opinion: str | None = None
    going_concern_doubt: bool | None = None
    auditor_changed: bool | None = None
    restates_statement_id: str | None = None
    accounting_policy_changed: bool | None = None
    fiscal_year_changed: bool | None = None


class DayClosedData(Data):
    """`day.closed`."""

    closed_date: date


class CalendarPublishedData(Data):
    """`calendar.published`."""

    calendar: str
    from_date: date
    to_date: date
    holidays: list[date]


class FxRateData(Data):
    """One rate of `fx.published`."""

    currency: str
    rate: str


class FxPublishedData(Data):
    """`fx.published`."""

    rate_date: date
    base_currency: str
    rates: list[FxRateData]


class RulebookActivatedData(Data):
    """`rulebook.activated`."""

    name: str
    version: str
    digest: str
    effective_date: date
