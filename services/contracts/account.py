"""Account-flow family: money that moves on the borrower's accounts and lines.

`category` is what most account indicators live from; UNKNOWN is allowed and counted, because a
high share of it makes those indicators unmeasurable instead of wrong.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.fields import (
    Bool,
    Country,
    Currency,
    EventData,
    Identifier,
    IsoDate,
    Money,
    NonNegativeMoney,
    PositiveMoney,
    Share,
    Text,
)

Months = Annotated[int, Field(strict=True, ge=0, le=1_000)]
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


class AccountTransacted(EventData):
    """One booking on an account."""

    TYPE: ClassVar[str] = "account.transacted.v1"

    account_id: Identifier  # The account.
    direction: Literal["CREDIT", "DEBIT"]  # CREDIT is money in.
    amount: PositiveMoney  # Always positive; the direction says which way.
    currency: Currency  # Currency of every amount here.
    category: FlowCategory  # What the booking is about.
    value_date: IsoDate  # The day as of which it counts.
    channel: Literal["TRANSFER", "CARD", "CASH", "CHEQUE", "DIRECT_DEBIT", "POS"]  # How.
    facility_id: Identifier | None = None  # The line behind the account.
    category_confidence: Share | None = None  # How sure the categoriser was, 0 to 1.
    counterparty_id: Identifier | None = None  # The other side (hashed is fine).
    counterparty_name_hash: Identifier | None = None  # Keyed hash of its name; never the name.
    counterparty_country: Country | None = None  # Its country.
    counterparty_type: CounterpartyType | None = None  # What it is to the borrower.
    balance_after: Money | None = None  # The account's balance after the booking.
    purpose_text: Text | None = None  # Purpose line; keep personal data out.
    expected_cycle_key: Identifier | None = None  # Recurring payment it belongs to.


class AccountBalanceClosed(EventData):
    """The end-of-day balance of an account."""

    TYPE: ClassVar[str] = "account.balance-closed.v1"

    account_id: Identifier  # The account.
    balance_date: IsoDate  # The day that was closed.
    eod_balance: Money  # Booked balance; negative is overdrawn.
    available_balance: Money | None = None  # What could be spent.
    currency: Currency  # Currency of the balances.


class AccountItemReturned(EventData):
    """A cheque, direct debit or transfer was returned unpaid."""

    TYPE: ClassVar[str] = "account.item-returned.v1"

    account_id: Identifier  # The account.
    amount: PositiveMoney  # The amount of the item.
    currency: Currency  # Currency of the amount.
    return_reason: Literal[
        "INSUFFICIENT_FUNDS", "ACCOUNT_CLOSED", "DISPUTED", "TECHNICAL", "OTHER"
    ]  # Why it was returned.
    is_outgoing: Bool  # True: the borrower failed to pay; false: somebody failed to pay it.
    value_date: IsoDate  # The day of the return.
    original_txn_id: Identifier | None = None  # The booking that it takes back.


class AccountBlocked(EventData):
    """An account was blocked, seized or released."""

    TYPE: ClassVar[str] = "account.blocked.v1"

    account_id: Identifier  # The account.
    block_kind: Literal["SEIZURE", "LEGAL", "FRAUD", "CUSTOMER", "RELEASED"]  # What happened.
    effective_date: IsoDate  # Since when.
    block_amount: NonNegativeMoney | None = None  # Amount blocked; left out: everything.
    currency: Currency | None = None  # Currency of the amount.
    authority: Text | None = None  # Who ordered it.


class FacilityBalanceClosed(EventData):
    """The end-of-day use of a line."""

    TYPE: ClassVar[str] = "facility.balance-closed.v1"

    facility_id: Identifier  # The facility.
    balance_date: IsoDate  # The day that was closed.
    limit_amount: NonNegativeMoney  # The limit in force.
    drawn_amount: Money  # What is drawn; negative is a credit balance.
    currency: Currency  # Currency of every amount here.
    drawing_power: NonNegativeMoney | None = None  # What may be drawn, from stock and receivables.
    undrawn_usable: NonNegativeMoney | None = None  # What could still be drawn.
    interest_debited: NonNegativeMoney | None = None  # Interest charged to the line that day.
    account_id: Identifier | None = None  # The account on which the line is used.
    loan_id: Identifier | None = None  # The loan under which the line is booked.
    months_past_due: Months | None = None  # Months past due by the card system's own count.


class LimitChanged(EventData):
    """The limit of a line was changed."""

    TYPE: ClassVar[str] = "limit.changed.v1"

    facility_id: Identifier  # The facility.
    limit_amount: NonNegativeMoney  # The new limit.
    currency: Currency  # Currency of every amount here.
    effective_date: IsoDate  # From when.
    drawing_power: NonNegativeMoney | None = None  # The new drawing power.
    is_temporary: Bool | None = None  # A temporary excess, not a new limit.
    end_date: IsoDate | None = None  # When a temporary limit ends.
