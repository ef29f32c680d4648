"""Account-flow family: money that moves on the borrower's accounts and lines.

`category` is what most account indicators live from; UNKNOWN is allowed and counted, because a
high share of it makes those indicators unmeasurable instead of wrong.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.contracts import bounds
from services.contracts.fields import (
    BusinessDate,
    Country,
    Currency,
    EffectiveDate,
    EventData,
    Identifier,
    IsoDate,
    Money,
    NonNegativeMoney,
    PositiveMoney,
    ReportedDate,
    Share,
    Text,
)

Months = Annotated[int, Meta(ge=0, le=bounds.GREATEST_MONTHS)]
AccountChannel = Literal["TRANSFER", "CARD", "CASH", "CHEQUE", "DIRECT_DEBIT", "POS"]
FlowCategory = Literal[
    "SALES_RECEIPT",
    "CUSTOMER_RECEIPT",
    "POS_SETTLEMENT",
    "EXPORT_PROCEEDS",
    "SALARY_IN",
    "RENT_IN",
    "LOAN_IN_OWN",
    "LOAN_IN_OTHER",
    "CAPITAL_IN",
    "RELATED_IN",
    "OWN_TRANSFER",
    "REFUND",
    "SUPPLIER_OUT",
    "PAYROLL_OUT",
    "TAX_OUT",
    "SOCIAL_OUT",
    "UTILITY_OUT",
    "RENT_OUT",
    "DEBT_SERVICE_OWN",
    "DEBT_SERVICE_OTHER",
    "RELATED_OUT",
    "SECURITIES_OUT",
    "PROPERTY_OUT",
    "CASH_OUT",
    "GAMBLING_OUT",
    "FEE",
    "INTEREST",
    "PENALTY_INTEREST",
    "REVERSAL",
    "UNKNOWN",
]
CounterpartyType = Literal[
    "CUSTOMER",
    "SUPPLIER",
    "RELATED",
    "LENDER",
    "TAX",
    "EMPLOYEE",
    "OWN",
    "BROKER",
    "REAL_ESTATE",
    "GAMBLING",
    "CRYPTO",
    "OTHER",
]


class AccountTransactedV1(EventData, frozen=True, kw_only=True):
    """One booking on an account."""

    account_id: Identifier  #: The account.
    direction: Literal["CREDIT", "DEBIT"]  #: CREDIT is money in.
    amount: PositiveMoney  #: Always positive; the direction is a field of its own.
    currency: Currency  #: Currency of every amount here.
    category: FlowCategory  #: What the booking is about.
    value_date: BusinessDate  #: The day as of which it counts.
    channel: AccountChannel  #: How.
    facility_id: Identifier | UnsetType = UNSET  #: The line behind the account.
    category_confidence: Share | UnsetType = (
        UNSET  #: How sure the categoriser was, 0 to 1. Below 0.8 no habit is learnt.
    )
    counterparty_id: Identifier | UnsetType = UNSET  #: The other side (hashed is fine).
    counterparty_name_hash: Identifier | UnsetType = UNSET  #: Keyed hash of its name.
    counterparty_country: Country | UnsetType = UNSET  #: Its country.
    counterparty_type: CounterpartyType | UnsetType = UNSET  #: What it is to the borrower.
    balance_after: Money | UnsetType = UNSET  #: The account's balance after the booking.
    purpose_text: Text | UnsetType = UNSET  #: Purpose line, without personal data.
    expected_cycle_key: Identifier | UnsetType = UNSET  #: Recurring payment it belongs to.


class AccountBalanceClosedV1(EventData, frozen=True, kw_only=True):
    """The end-of-day balance of an account."""

    account_id: Identifier  #: The account.
    balance_date: BusinessDate  #: The day that was closed.
    eod_balance: Money  #: Booked balance; negative is overdrawn.
    available_balance: Money | UnsetType = UNSET  #: What could be spent.
    currency: Currency  #: Currency of the balances.


class AccountItemReturnedV1(EventData, frozen=True, kw_only=True):
    """A cheque, direct debit or transfer was returned unpaid."""

    account_id: Identifier  #: The account.
    amount: PositiveMoney  #: The amount of the item.
    currency: Currency  #: Currency of the amount.
    return_reason: Literal[
        "INSUFFICIENT_FUNDS", "ACCOUNT_CLOSED", "DISPUTED", "TECHNICAL", "OTHER"
    ]  #: Why it was returned.
    is_outgoing: bool  #: True: the borrower failed to pay; false: somebody failed to pay it.
    value_date: BusinessDate  #: The day of the return.
    original_txn_id: Identifier | UnsetType = UNSET  #: The booking that it takes back.


class AccountBlockedV1(EventData, frozen=True, kw_only=True):
    """An account was blocked, seized or released."""

    account_id: Identifier  #: The account.
    block_kind: Literal["SEIZURE", "LEGAL", "FRAUD", "CUSTOMER", "RELEASED"]  #: What happened.
    effective_date: ReportedDate  #: Since when.
    block_amount: NonNegativeMoney | UnsetType = UNSET  #: Amount blocked; left out: everything.
    currency: Currency | UnsetType = UNSET  #: Currency of the amount.
    authority: Text | UnsetType = UNSET  #: Who ordered it.


class FacilityBalanceClosedV1(EventData, frozen=True, kw_only=True):
    """The end-of-day use of a line."""

    facility_id: Identifier  #: The facility.
    balance_date: BusinessDate  #: The day that was closed.
    limit_amount: NonNegativeMoney  #: The limit in force.
    drawn_amount: Money  #: What is drawn; negative is a credit balance.
    currency: Currency  #: Currency of every amount here.
    drawing_power: NonNegativeMoney | UnsetType = UNSET  #: Borrowing base.
    undrawn_usable: NonNegativeMoney | UnsetType = UNSET  #: What could still be drawn.
    interest_debited: NonNegativeMoney | UnsetType = UNSET  #: Interest charged that day.
    account_id: Identifier | UnsetType = UNSET  #: The account on which the line is used.
    loan_id: Identifier | UnsetType = UNSET  #: The loan under which the line is booked.
    months_past_due: Months | UnsetType = UNSET  #: Months past due by the card system's own count.


class LimitChangedV1(EventData, frozen=True, kw_only=True):
    """The limit of a line was changed."""

    facility_id: Identifier  #: The facility.
    limit_amount: NonNegativeMoney  #: The new limit.
    currency: Currency  #: Currency of every amount here.
    effective_date: EffectiveDate  #: From when.
    drawing_power: NonNegativeMoney | UnsetType = UNSET  #: The new drawing power.
    is_temporary: bool | UnsetType = UNSET  #: A temporary excess, not a new limit.
    end_date: IsoDate | UnsetType = UNSET  #: When a temporary limit ends.
