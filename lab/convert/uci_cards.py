"""The card holders of Taiwan (UCI 350): six month ends a card, as canonical events.

The borrower is the card holder with one card. The source has limit, bill, payment and months past
due a month. It has no due date and no least payment, and none is made up: the months past due are
the card system's own statement, on the line's balance. Sex, education, marriage and age are never
read, nor is the outcome. docs/reference/public-data.md lists what is assumed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from lab.convert import tables
from lab.convert.canonical import Author, Label, cents, plain
from lab.convert.figures import figure, whole
from lab.convert.tables import Row
from services.contracts.account import FacilityBalanceClosedV1
from services.contracts.borrower import BorrowerRegisteredV1
from services.contracts.loan import LoanBookedV1
from services.contracts.repayment import RepaymentPostedV1

AUTHOR = Author(source="uci-cards/card-system", zone=ZoneInfo("Asia/Taipei"))
CURRENCY = "TWD"
OPENED = date(2005, 4, 1)
DEFAULTED_BY = date(2005, 10, 31)
OPENING_HOUR, CARD_HOUR, PAID_HOUR, BILLED_HOUR = 6, 7, 12, 22
# Month end, and what the source calls its months past due, its bill and its payment.
MONTHS = (
    (date(2005, 4, 30), "pay_6", "bill_amt6", "pay_amt6"),
    (date(2005, 5, 31), "pay_5", "bill_amt5", "pay_amt5"),
    (date(2005, 6, 30), "pay_4", "bill_amt4", "pay_amt4"),
    (date(2005, 7, 31), "pay_3", "bill_amt3", "pay_amt3"),
    (date(2005, 8, 31), "pay_2", "bill_amt2", "pay_amt2"),
    (date(2005, 9, 30), "pay_0", "bill_amt1", "pay_amt1"),
)


@dataclass(slots=True, kw_only=True)
class UciCards:
    """One run over the table; days are closed only at the month ends that the source has."""

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[bytes]:
        """Yield the events in time order."""
        rows = list(tables.rows(self.folder, names=("uci_credit_card.parquet",)))
        self.counts["borrowers"] = len(rows)
        for row in rows:
            yield _registered(row)
        for row in rows:
            yield _card(row)
        for end, late, bill, paid in MONTHS:
            for row in rows:
                amount = cents(row[paid])
                if amount > 0:
                    self.counts["repayments"] += 1
                    yield _repaid(row, amount, end)
            for row in rows:
                self.counts["balances"] += 1
                yield _billed(row, cents(row[bill]), max(0, whole(row, late)), end)
            yield AUTHOR.close(end)

    def labels(self) -> Iterator[Label]:
        """Yield a card holder and the last day of the month in which the card defaulted."""
        for row in tables.rows(self.folder, names=("uci_labels.parquet",)):
            yield Label(row["borrower_id"], DEFAULTED_BY if whole(row, "label") else None)


def _registered(row: Row) -> bytes:
    data = BorrowerRegisteredV1(segment="RETAIL", reporting_currency=CURRENCY, country="TW")
    at = AUTHOR.moment(OPENED, hour=OPENING_HOUR)
    return AUTHOR.write(data, id=f"holder:{_number(row)}", subject=_borrower(row), at=at)


def _card(row: Row) -> bytes:
    data = LoanBookedV1(
        loan_id=_card_id(row),
        facility_id=_card_id(row),
        type="CARD",
        currency=CURRENCY,
        principal="0",
        limit_amount=plain(_limit(row)),
        start_date=OPENED,
    )
    at = AUTHOR.moment(OPENED, hour=CARD_HOUR)
    return AUTHOR.write(data, id=f"card:{_number(row)}", subject=_borrower(row), at=at)


def _repaid(row: Row, amount: Decimal, end: date) -> bytes:
    data = RepaymentPostedV1(
        loan_id=_card_id(row),
        facility_id=_card_id(row),
        paid_amount=plain(amount),
        currency=CURRENCY,
        value_date=end,
        channel="TRANSFER",
    )
    at = AUTHOR.moment(end, hour=PAID_HOUR)
    return AUTHOR.write(data, id=f"paid:{_number(row)}:{end}", subject=_borrower(row), at=at)


def _billed(row: Row, bill: Decimal, months_late: int, end: date) -> bytes:
    data = FacilityBalanceClosedV1(
        facility_id=_card_id(row),
        loan_id=_card_id(row),
        balance_date=end,
        limit_amount=plain(_limit(row)),
        drawn_amount=plain(bill),
        currency=CURRENCY,
        months_past_due=months_late,
    )
    at = AUTHOR.moment(end, hour=BILLED_HOUR)
    return AUTHOR.write(data, id=f"bill:{_number(row)}:{end}", subject=_borrower(row), at=at)


def _limit(row: Row) -> Decimal:
    return cents(str(figure(row, "limit_bal") or 0))


def _number(row: Row) -> str:
    return f"{whole(row, 'borrower_id'):05}"


def _borrower(row: Row) -> str:
    return f"UCI-{_number(row)}"


def _card_id(row: Row) -> str:
    return f"UCI-CARD-{_number(row)}"
