"""Loan family: what was lent, on which terms, and what is due when.

A schedule event always carries all instalments of its version, settled ones included, so that the
fold never has to guess which instalments of an older version still count.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.contracts import bounds
from services.contracts.fields import (
    BusinessDate,
    Currency,
    Deadline,
    EffectiveDate,
    EventData,
    Identifier,
    IsoDate,
    NonNegativeMoney,
    PositiveMoney,
    Ratio,
    Share,
    WireObject,
)

RepaymentType = Literal["ANNUITY", "LINEAR", "BULLET", "INTEREST_ONLY"]
DpdConvention = Literal["EXCLUSIVE", "INCLUSIVE_DAY_END"]
ConcessionKind = Literal[
    "MORATORIUM",
    "EXTENSION",
    "RATE_CUT",
    "INTEREST_ONLY",
    "CAPITALISATION",
    "WRITE_OFF",
    "OTHER",
]
ChangeReason = Literal["CONTRACTUAL_OPTION", "CONCESSION", "COMMERCIAL", "ERROR", "STATUTORY"]
InstalmentNo = Annotated[int, Meta(ge=0, le=bounds.GREATEST_INSTALMENT_NO)]
ScheduleVersion = Annotated[int, Meta(ge=0, le=bounds.GREATEST_SCHEDULE_VERSION)]
GraceDays = Annotated[int, Meta(ge=0, le=bounds.GREATEST_GRACE_DAYS)]
Purposes = Annotated[list[Identifier], Meta(max_length=bounds.MOST_PURPOSES)]


class LoanBookedV1(EventData, frozen=True, kw_only=True):
    """A loan or line exists, with its terms; a later one for the same loan replaces the terms."""

    loan_id: Identifier  #: The loan.
    type: Literal[
        "TERM", "REVOLVING", "OVERDRAFT", "CARD", "GUARANTEE"
    ]  #: Kind; a letter of credit: GUARANTEE.
    currency: Currency  #: Currency of every amount of this loan.
    principal: NonNegativeMoney  #: Amount lent; 0 for lines.
    limit_amount: NonNegativeMoney | UnsetType = UNSET  #: Limit of a line.
    drawing_power: NonNegativeMoney | UnsetType = UNSET  #: Borrowing base.
    facility_id: Identifier | UnsetType = UNSET  #: The facility to which the loan belongs.
    start_date: IsoDate  #: First day of the contract.
    maturity_date: IsoDate | UnsetType = UNSET  #: Last day; left out when open.
    repayment_type: RepaymentType | UnsetType = UNSET  #: How it is paid back.
    rate: Ratio | UnsetType = UNSET  #: Nominal interest a year, 0.0725 is 7.25 %.
    purpose_code: Identifier | UnsetType = UNSET  #: What the money is for.
    barred_purposes: Purposes | UnsetType = UNSET  #: What it may not be spent on.
    contractual_grace_days: GraceDays | UnsetType = UNSET  #: Days after the due date still in time.
    dpd_convention: DpdConvention | UnsetType = UNSET  #: How days past due are counted.
    holiday_calendar: Identifier | UnsetType = UNSET  #: Calendar that moves due dates.
    origination_officer_id: Identifier | UnsetType = UNSET  #: Who granted it.
    collection_officer_id: Identifier | UnsetType = UNSET  #: Who collects it.
    review_due_date: Deadline | UnsetType = UNSET  #: When the next review is due.
    routing_share: Share | UnsetType = UNSET  #: Share of turnover due through our accounts.


class InstalmentV1(WireObject, frozen=True, kw_only=True):
    """One instalment of a schedule."""

    instalment_no: InstalmentNo  #: Number in the schedule.
    due_date: IsoDate  #: The contractual due date.
    due_principal: NonNegativeMoney  #: Principal due.
    due_interest: NonNegativeMoney  #: Interest due.
    due_fees: NonNegativeMoney  #: Fees due.


Instalments = Annotated[list[InstalmentV1], Meta(min_length=1, max_length=bounds.MOST_INSTALMENTS)]


class SchedulePublishedV1(EventData, frozen=True, kw_only=True):
    """The first schedule of a loan, or the same one sent again."""

    loan_id: Identifier  #: The loan.
    schedule_version: ScheduleVersion  #: Counts up; the highest is in force.
    currency: Currency  #: Currency of the instalments.
    instalments: Instalments  #: All instalments of this version.


class ScheduleChangedV1(EventData, frozen=True, kw_only=True):
    """A new version of a schedule, and why it changed: a concession is a warning sign."""

    loan_id: Identifier  #: The loan.
    schedule_version: ScheduleVersion  #: Counts up; the highest is in force.
    currency: Currency  #: Currency of the instalments.
    instalments: Instalments  #: All instalments of the new version, settled ones included.
    change_reason: ChangeReason  #: Why; STATUTORY: a law moved the instalments.
    concession_kind: ConcessionKind | UnsetType = UNSET  #: What was conceded.
    npv_loss_ratio: Ratio | UnsetType = UNSET  #: Loss of present value, 0.01 is 1 %.
    effective_date: EffectiveDate  #: From when.


class LoanDisbursedV1(EventData, frozen=True, kw_only=True):
    """Money was paid out under a loan."""

    loan_id: Identifier  #: The loan.
    disbursed_amount: PositiveMoney  #: What was paid out.
    currency: Currency  #: Currency of the amount.
    value_date: BusinessDate  #: When it took effect.
    purpose_code: Identifier  #: What the money is for.
    payee_account_id: Identifier  #: Where it went (hashed is fine).


class LoanClosedV1(EventData, frozen=True, kw_only=True):
    """A loan ended; or, after it was written off, what became of the claim."""

    loan_id: Identifier  #: The loan.
    closed_date: BusinessDate  #: When.
    reason: Literal["REPAID", "REFINANCED", "SOLD", "WRITTEN_OFF", "CANCELLED"]  #: Why.
    successor: Identifier | UnsetType = UNSET  #: The loan that took its place, where refinanced.
    claim: NonNegativeMoney | UnsetType = (
        UNSET  #: What is still claimed, or the claim that is sold.
    )
    price: NonNegativeMoney | UnsetType = UNSET  #: What the buyer of the claim paid.
    currency: Currency | UnsetType = UNSET  #: Currency of claim and price.
