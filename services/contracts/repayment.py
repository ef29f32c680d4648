"""Repayment family: what was paid, what failed, what came back, what was promised."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.contracts import bounds
from services.contracts.fields import (
    BusinessDate,
    Currency,
    Deadline,
    EventData,
    Identifier,
    IsoDate,
    Money,
    NonNegativeMoney,
    PositiveMoney,
    ReportedDate,
    Text,
)
from services.contracts.loan import InstalmentNo

RepaymentChannel = Literal[
    "DEBIT", "TRANSFER", "CASH", "SETOFF", "COLLATERAL", "REFINANCE", "GUARANTOR", "INSURER"
]
AllocationRule = Literal["FEES_INTEREST_PRINCIPAL", "INTEREST_PRINCIPAL_FEES", "PRINCIPAL_FIRST"]


class RepaymentPostedV1(EventData, frozen=True, kw_only=True):
    """A repayment was booked on a loan."""

    loan_id: Identifier  #: The loan.
    paid_amount: PositiveMoney  #: What was paid.
    currency: Currency  #: Currency of every amount here.
    value_date: BusinessDate  #: The day as of which the money counts.
    channel: RepaymentChannel  #: How it was paid.
    facility_id: Identifier | UnsetType = UNSET  #: The facility of the loan.
    instalment_no: InstalmentNo | UnsetType = UNSET  #: The instalment it was meant for.
    paid_principal: NonNegativeMoney | UnsetType = UNSET  #: Part allocated to principal.
    paid_interest: NonNegativeMoney | UnsetType = UNSET  #: Part allocated to interest.
    paid_fees: NonNegativeMoney | UnsetType = UNSET  #: Part allocated to fees.
    allocation_rule: AllocationRule | UnsetType = UNSET  #: How it was spread inside one instalment.
    payer_account_id: Identifier | UnsetType = UNSET  #: The paying account (hashed is fine).
    payer_is_third_party: bool | UnsetType = UNSET  #: Paid by somebody else than the borrower.
    outstanding_principal: NonNegativeMoney | UnsetType = UNSET  #: Principal left afterwards.
    accrued_interest: Money | UnsetType = UNSET  #: Interest accrued and not yet due.
    technical_flag: bool | UnsetType = UNSET  #: Late for a technical reason at the bank.
    dispute_flag: bool | UnsetType = UNSET  #: The claim is disputed.
    flag_reason: Text | UnsetType = UNSET  #: Why a flag is set.


class RepaymentFailedV1(EventData, frozen=True, kw_only=True):
    """A collection attempt failed."""

    loan_id: Identifier  #: The loan.
    amount: PositiveMoney  #: What should have been collected.
    currency: Currency  #: Currency of the amount.
    value_date: BusinessDate  #: The day of the attempt.
    failure_reason: Literal[
        "INSUFFICIENT_FUNDS", "ACCOUNT_CLOSED", "MANDATE_CANCELLED", "TECHNICAL"
    ]  #: Why it failed.
    instalment_no: InstalmentNo | UnsetType = UNSET  #: The instalment it was meant for.
    attempt_no: Annotated[int, Meta(ge=1, le=bounds.GREATEST_ATTEMPT_NO)] | UnsetType = (
        UNSET  #: Which attempt.
    )
    channel: RepaymentChannel | UnsetType = UNSET  #: How it was tried.


class RepaymentReversedV1(EventData, frozen=True, kw_only=True):
    """A booked repayment is taken back; `correctsid` names it."""

    loan_id: Identifier  #: The loan.
    paid_amount: PositiveMoney  #: The amount of the repayment that is taken back.
    currency: Currency  #: Currency of the amount.
    value_date: BusinessDate  #: The day of the reversal.
    reason: Literal["CHARGEBACK", "RETURNED", "ERROR", "OTHER"]  #: Why.


class PromiseMadeV1(EventData, frozen=True, kw_only=True):
    """The borrower promised to pay."""

    loan_id: Identifier  #: The loan.
    promise_amount: PositiveMoney  #: What was promised.
    currency: Currency  #: Currency of the amount.
    promise_date: Deadline  #: By when.
    made_date: ReportedDate  #: When the promise was given.
    contact_id: Identifier | UnsetType = UNSET  #: The contact at which it was given.


class ClaimDisputedV1(EventData, frozen=True, kw_only=True):
    """A part of what is due under a loan is formally disputed, or the dispute is settled."""

    dispute_id: Identifier  #: The dispute.
    loan_id: Identifier  #: The loan.
    disputed_amount: PositiveMoney  #: What is disputed; must not be more than what is due.
    currency: Currency  #: Currency of the amount.
    due_date: IsoDate | UnsetType = UNSET  #: The instalment; left out: the oldest unpaid.
    raised_date: ReportedDate  #: Since when it is disputed.
    status: Literal["OPEN", "UPHELD", "REJECTED", "WITHDRAWN"]  #: Its status.
    settled_date: ReportedDate | UnsetType = UNSET  #: When it was settled.
    note: Text | UnsetType = UNSET  #: A remark, without personal data.
