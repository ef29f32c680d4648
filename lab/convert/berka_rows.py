"""The rows of the Berka tables with their types, from either form of the files.

Parquet has ISO dates; the original files have `YYMMDD`. Some transactions of the Parquet slice
have the number -1 instead of one of their own; they get an id from their fields.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from lab.convert import tables
from lab.convert.canonical import cents
from lab.convert.tables import Row

CREDIT = "PRIJEM"
NO_NUMBER = "-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BerkaAccount:
    """An account, which is our borrower."""

    account_id: str
    district_id: str
    opened: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BerkaLoan:
    """A loan; the table's status column is the outcome and is deliberately not read."""

    loan_id: str
    account_id: str
    granted: date
    amount: Decimal
    months: int
    payment: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A booking, with the balance that the source printed after it."""

    number: str
    account_id: str
    day: date
    is_credit: bool
    operation: str
    symbol: str
    amount: Decimal
    balance: Decimal

    @property
    def signed(self) -> Decimal:
        """Return the amount as it changes the balance."""
        return self.amount if self.is_credit else -self.amount


def accounts(folder: Path) -> list[BerkaAccount]:
    """Return all accounts."""
    return [
        BerkaAccount(
            account_id=_whole(row["account_id"]),
            district_id=_whole(row["district_id"]),
            opened=_date(row["date"]),
        )
        for row in tables.rows(folder, names=_names("account"))
    ]


def loans(folder: Path) -> list[BerkaLoan]:
    """Return all loans."""
    return [
        BerkaLoan(
            loan_id=_whole(row["loan_id"]),
            account_id=_whole(row["account_id"]),
            granted=_date(row["date"]),
            amount=cents(row["amount"]),
            months=int(row["duration"]),
            payment=cents(row["payments"]),
        )
        for row in tables.rows(folder, names=_names("loan"))
    ]


def transactions(folder: Path) -> Iterator[Transaction]:
    """Yield all transactions in the order of the file."""
    for row in tables.rows(folder, names=_names("trans")):
        yield _transaction(row)


def _transaction(row: Row) -> Transaction:
    return Transaction(
        number=_whole(row["trans_id"]),
        account_id=_whole(row["account_id"]),
        day=_date(row["date"]),
        is_credit=row["type"] == CREDIT,
        operation=row["operation"],
        symbol=row["k_symbol"],
        amount=cents(row["amount"]),
        balance=cents(row["balance"]),
    )


def _names(table: str) -> tuple[str, ...]:
    return (f"berka_{table}.parquet", f"{table}.parquet", f"{table}.csv", f"{table}.asc")


def _whole(text: str) -> str:
    return str(int(float(text)))


def _date(text: str) -> date:
    if len(text) == 6 and text.isdigit():
        return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))
    return date.fromisoformat(text[:10])
