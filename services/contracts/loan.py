"""Loan family: what was lent, on which terms, and what is due when.

A schedule event always carries all instalments of its version, settled ones included, so that the
fold never has to guess which instalments of an older version still count.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.fields import (
    Count,
    Currency,
    EventData,
    Identifier,
    IsoDate,
    NonNegativeMoney,
    PositiveMoney,
    Ratio,
    Share,
    WireModel,
)


class LoanBooked(EventData):
    """A loan or line exists, with its terms; a later one for the same loan replaces the terms."""

    TYPE: ClassVar[str] = "loan.booked.v1"

    loan_id: Identifier  # The loan.
    type: Literal["TERM", "REVOLVING", "OVERDRAFT", "CARD", "GUARANTEE"]  # Kind of loan.
    currency: Currency  # Currency of every amount of this loan.
    principal: NonNegativeMoney  # Amount lent; 0 for lines.
    limit_amount: NonNegativeMoney | None = None  # Limit of a line.
    drawing_power: NonNegativeMoney | None = None  # What may be drawn, from stock and receivables.
    facility_id: Identifier | None = None  # The facility to which the loan belongs.
    start_date: IsoDate  # First day of the contract.
    maturity_date: IsoDate | None = None  # Last day; left out when open.
    repayment_type: Literal["ANNUITY", "LINEAR", "BULLET", "INTEREST_ONLY"] | None = (
        None  # How it is paid back.
    )
    rate: Ratio | None = None  # Nominal interest a year, 0.0725 is 7.25 %.
    purpose_code: Identifier | None = None  # What the money is for.
    barred_purposes: Annotated[list[Identifier], Field(max_length=100)] | None = (
        None  # What it may not be spent on.
    )
    contractual_grace_days: Annotated[int, Field(strict=True, ge=0, le=366)] | None = (
        None  # Days after the due date on which payment is still in time by contract.
    )
    dpd_convention: Literal["EXCLUSIVE", "INCLUSIVE_DAY_END"] | None = (
        None  # How the regime of this loan counts days past due.
    )
    holiday_calendar: Identifier | None = None  # Calendar that moves due dates; none: no move.
    origination_officer_id: Identifier | None = None  # Who granted it.
    collection_officer_id: Identifier | None = None  # Who collects it.
    review_due_date: IsoDate | None = None  # When the next review is due.
    routing_share: Share | None = None  # Share of turnover to be routed through our accounts.


class Instalment(WireModel):
    """One instalment of a schedule."""

    instalment_no: Annotated[int, Field(strict=True, ge=0, le=100_000)]  # Number in the schedule.
    due_date: IsoDate  # The contractual due date.
    due_principal: NonNegativeMoney  # Principal due.
    due_interest: NonNegativeMoney  # Interest due.
    due_fees: NonNegativeMoney  # Fees due.


Instalments = Annotated[list[Instalment], Field(min_length=1, max_length=2_000)]


class SchedulePublished(EventData):
    """The first schedule of a loan, or the same one sent again."""

    TYPE: ClassVar[str] = "schedule.published.v1"

    loan_id: Identifier  # The loan.
    schedule_version: Count  # Counts up; the highest is in force.
    currency: Currency  # Currency of the instalments.
    instalments: Instalments  # All instalments of this version.


class ScheduleChanged(EventData):
    """A new version of a schedule, and why it changed: a concession is a warning sign."""

    TYPE: ClassVar[str] = "schedule.changed.v1"

    loan_id: Identifier  # The loan.
    schedule_version: Count  # Counts up; the highest is in force.
    currency: Currency  # Currency of the instalments.
    instalments: Instalments  # All instalments of the new version, settled ones included.
    change_reason: Literal["CONTRACTUAL_OPTION", "CONCESSION", "COMMERCIAL", "ERROR"]  # Why.
    concession_kind: (
        Literal["MORATORIUM", "EXTENSION", "RATE_CUT", "INTEREST_ONLY", "WRITE_OFF", "OTHER"] | None
    ) = None  # What was conceded; required for a concession.
    npv_loss_ratio: Ratio | None = None  # Loss of present value through the change, 0.01 is 1 %.
    effective_date: IsoDate  # From when.


class LoanDisbursed(EventData):
    """Money was paid out under a loan."""

    TYPE: ClassVar[str] = "loan.disbursed.v1"

    loan_id: Identifier  # The loan.
    disbursed_amount: PositiveMoney  # What was paid out.
    currency: Currency  # Currency of the amount.
    value_date: IsoDate  # When it took effect.
    purpose_code: Identifier  # What the money is for.
    payee_account_id: Identifier  # Where it went (hashed is fine).


class LoanClosed(EventData):
    """A loan ended."""

    TYPE: ClassVar[str] = "loan.closed.v1"

    loan_id: Identifier  # The loan.
    closed_date: IsoDate  # When.
    reason: Literal["REPAID", "REFINANCED", "SOLD", "WRITTEN_OFF", "CANCELLED"]  # Why.
