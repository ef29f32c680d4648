"""Events of loans: terms, schedules, drawdowns, repayments, promises and disputes; see `event`."""

from dataclasses import dataclass

from services.scoring.domain.events.event import Event


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
class LoanDisbursed(Event):
    """Money was paid out under a loan, to an account of the borrower's or of somebody else."""

    loan_id: str
    drawn_minor: int
    currency: str
    value_day: int
    payee_account_id: str


@dataclass(slots=True)
class LoanClosed(Event):
    """A loan ended on `closed_day`, for a reason of `vocabulary.CLOSING_REASONS`.

    `claim_micro` is what is still claimed or was sold, `price_micro` what the buyer paid, in
    millionths of the currency; None where it was not stated.
    """

    loan_id: str
    closed_day: int
    reason: str
    successor: str = ""
    claim_micro: int | None = None
    price_micro: int | None = None


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
class PromiseMade(Event):
    """The borrower promised on ``made_day`` to pay an amount by ``promise_day``."""

    loan_id: str
    promised_minor: int
    currency: str
    promise_day: int
    made_day: int


@dataclass(slots=True)
class ClaimDisputed(Event):
    """A part of what is due under a loan is formally disputed, or the dispute is settled.

    `due_day` names the instalment, 0 for the oldest ones; `status` is a code of
    `vocabulary.DISPUTE_STATUSES`.
    """

    dispute_id: str
    loan_id: str
    disputed_minor: int
    currency: str
    due_day: int
    raised_day: int
    status: int
