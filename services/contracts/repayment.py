"""Repayment family: what was paid, what failed, what came back, what was promised."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.fields import (
    Bool,
    Currency,
    EventData,
    Identifier,
    IsoDate,
    Money,
    NonNegativeMoney,
    PositiveMoney,
    Text,
)

RepaymentChannel = Literal[
    "DEBIT", "TRANSFER", "CASH", "SETOFF", "COLLATERAL", "REFINANCE", "GUARANTOR"
]
AllocationRule = Literal["FEES_INTEREST_PRINCIPAL", "INTEREST_PRINCIPAL_FEES", "PRINCIPAL_FIRST"]
InstalmentNo = Annotated[int, Field(strict=True, ge=0, le=100_000)]


class RepaymentPosted(EventData):
    """A repayment was booked on a loan."""

    TYPE: ClassVar[str] = "repayment.posted.v1"

    loan_id: Identifier  # The loan.
    paid_amount: PositiveMoney  # What was paid.
    currency: Currency  # Currency of every amount here.
    value_date: IsoDate  # The day as of which the money counts.
    channel: RepaymentChannel  # How it was paid.
    facility_id: Identifier | None = None  # The facility of the loan.
    instalment_no: InstalmentNo | None = None  # The instalment it was meant for.
    paid_principal: NonNegativeMoney | None = None  # Part allocated to principal.
    paid_interest: NonNegativeMoney | None = None  # Part allocated to interest.
    paid_fees: NonNegativeMoney | None = None  # Part allocated to fees.
    allocation_rule: AllocationRule | None = None  # How it was spread inside one instalment.
    payer_account_id: Identifier | None = None  # The paying account (hashed is fine).
    payer_is_third_party: Bool | None = None  # Paid by somebody else than the borrower.
    outstanding_principal: NonNegativeMoney | None = None  # Principal left afterwards.
    accrued_interest: Money | None = None  # Interest accrued and not yet due.
    technical_flag: Bool | None = None  # Late for a technical reason at the bank.
    dispute_flag: Bool | None = None  # The claim is disputed.
    flag_reason: Text | None = None  # Why a flag is set.


class RepaymentFailed(EventData):
    """A collection attempt failed."""

    TYPE: ClassVar[str] = "repayment.failed.v1"

    loan_id: Identifier  # The loan.
    amount: PositiveMoney  # What should have been collected.
    currency: Currency  # Currency of the amount.
    value_date: IsoDate  # The day of the attempt.
    failure_reason: Literal[
        "INSUFFICIENT_FUNDS", "ACCOUNT_CLOSED", "MANDATE_CANCELLED", "TECHNICAL"
    ]  # Why it failed.
    instalment_no: InstalmentNo | None = None  # The instalment it was meant for.
    attempt_no: Annotated[int, Field(strict=True, ge=1, le=1_000)] | None = None  # Which attempt.
    channel: RepaymentChannel | None = None  # How it was tried.


class RepaymentReversed(EventData):
    """A booked repayment did not come after all; `correctsid` names it."""

    TYPE: ClassVar[str] = "repayment.reversed.v1"
    CORRECTION: ClassVar[str | None] = "reversal"

    loan_id: Identifier  # The loan.
    paid_amount: PositiveMoney  # The amount of the repayment that is taken back.
    currency: Currency  # Currency of the amount.
    value_date: IsoDate  # The day of the reversal.
    reason: Literal["CHARGEBACK", "RETURNED", "ERROR", "OTHER"]  # Why.


class PromiseMade(EventData):
    """The borrower promised to pay."""

    TYPE: ClassVar[str] = "promise.made.v1"

    loan_id: Identifier  # The loan.
    promise_amount: PositiveMoney  # What was promised.
    currency: Currency  # Currency of the amount.
    promise_date: IsoDate  # By when.
    made_date: IsoDate  # When the promise was given.
    contact_id: Identifier | None = None  # The contact at which it was given.


class ClaimDisputed(EventData):
    """A part of what is due under a loan is formally disputed, or the dispute is settled."""

    TYPE: ClassVar[str] = "claim.disputed.v1"

    dispute_id: Identifier  # The dispute.
    loan_id: Identifier  # The loan.
    disputed_amount: PositiveMoney  # What is disputed; must not be more than what is due.
    currency: Currency  # Currency of the amount.
    due_date: IsoDate | None = None  # The instalment concerned; the oldest unpaid when left out.
    raised_date: IsoDate  # Since when it is disputed.
    status: Literal["OPEN", "UPHELD", "REJECTED", "WITHDRAWN"]  # Where it stands.
    settled_date: IsoDate | None = None  # When it was settled.
    note: Text | None = None  # A remark; keep personal data out.
