"""The Polish firms (UCI 365): one statement a firm, made of its ratios, as canonical events.

The borrower is the firm; the source has 64 ratios and the logarithm of total assets, so every line
is a ratio times a line known before. Real nulls stay missing. Never read: attr27, whose nulls give
the outcome away, and the outcome itself. The year before is known by its sales alone (attr21).
docs/reference/public-data.md lists what is assumed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from lab.convert import tables
from lab.convert.canonical import Author, Label
from lab.convert.figures import figure, known, less, product, received
from lab.convert.tables import Row
from services.contracts.borrower import BorrowerRegisteredV1
from services.contracts.statement import StatementReceivedV1

AUTHOR = Author(source="polish-firms/filings", zone=ZoneInfo("Europe/Warsaw"))
CURRENCY = "PLN"
PERIOD_END = date(2012, 12, 31)
YEAR_BEFORE = date(2011, 12, 31)
FAILED_BY = date(2013, 12, 31)
# States that need a signal for some weeks are reached by a second close.
DAYS_LATER = timedelta(days=30)
REGISTERED_HOUR, BEFORE_HOUR, RECEIVED_HOUR = 6, 8, 9
DAYS_A_YEAR = Decimal(365)


@dataclass(slots=True, kw_only=True)
class Polish:
    """Converts the table; `counts` has the number of duplicate rows."""

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[bytes]:
        """Yield the events in time order."""
        day = received(PERIOD_END)
        firms = list(self._firms())
        self.counts["borrowers"] = len(firms)
        for borrower, _ in firms:
            yield _registered(borrower, day)
        for borrower, row in firms:
            before = _sales_before(row)
            if before is not None:
                self.counts["years_before"] += 1
                yield _statement(borrower, {"revenue": before}, end=YEAR_BEFORE, hour=BEFORE_HOUR)
        for borrower, row in firms:
            self.counts["statements"] += 1
            yield _statement(borrower, lines_of(row), end=PERIOD_END, hour=RECEIVED_HOUR)
        if firms:
            yield from AUTHOR.closes(day, DAYS_LATER)

    def labels(self) -> Iterator[Label]:
        """Yield a firm and the last day by which it failed."""
        for borrower, row in self._firms():
            yield Label(borrower, FAILED_BY if row["class"] == "1" else None)

    def _firms(self) -> Iterator[tuple[str, Row]]:
        """Yield the rows that are no exact copy of one before, numbered by their place."""
        seen: set[tuple[str, ...]] = set()
        self.counts["exact_copies_left_out"] = 0
        for number, row in enumerate(
            tables.rows(self.folder, names=("polish_5year.parquet", "5year.csv")), start=1
        ):
            content = tuple(row.values())
            if content in seen:
                self.counts["exact_copies_left_out"] += 1
                continue
            seen.add(content)
            yield f"PL-{number:05}", row


def lines_of(row: Row) -> dict[str, Decimal | None]:
    """Return the statement's lines in thousands, ``None`` where the ratio is missing."""

    def ratio(number: int) -> Decimal | None:
        return figure(row, f"attr{number}")

    size = ratio(29)
    assets = None if size is None else Decimal(10) ** size
    sales = product(ratio(36), assets)
    liabilities = product(ratio(2), assets)
    current_liabilities = product(ratio(51), assets)
    net_income = product(ratio(1), assets)
    before_tax = product(ratio(18), assets)
    equity = product(ratio(10), assets)
    daily_sales = None if sales is None else sales / DAYS_A_YEAR
    return {
        "total_assets": assets,
        "revenue": sales,
        "cogs": less(sales, product(ratio(56), sales)),
        # What the source calls EBIT (attr7) is profit before tax again.
        "ebit": product(ratio(39), sales),
        "profit_before_tax": before_tax,
        "net_income": net_income,
        "interest_expense": _cost(less(product(ratio(11), assets), before_tax)),
        "depreciation_amortisation": _cost(less(product(ratio(26), liabilities), net_income)),
        "current_assets": product(ratio(50), liabilities),
        "inventory": product(ratio(20), daily_sales),
        "receivables": product(ratio(44), daily_sales),
        "cash": less(liabilities, product(ratio(30), sales)),
        "current_liabilities": current_liabilities,
        "long_term_debt": product(ratio(59), equity),
        # From one ratio: attr2 contradicts attr10 in 30 % of the firms.
        "total_liabilities": less(assets, equity),
        "retained_earnings": product(ratio(6), assets),
        "equity": equity,
    }


def _cost(difference: Decimal | None) -> Decimal | None:
    """Return a cost that is the difference of two ratios, not below zero for rounding."""
    return None if difference is None else max(Decimal(0), difference)


def _sales_before(row: Row) -> Decimal | None:
    sales, growth = lines_of(row)["revenue"], figure(row, "attr21")
    return sales / growth if sales is not None and growth else None


def _registered(borrower: str, day: date) -> bytes:
    data = BorrowerRegisteredV1(segment="SME", reporting_currency=CURRENCY, country="PL")
    at = AUTHOR.moment(day, hour=REGISTERED_HOUR)
    return AUTHOR.write(data, id=f"firm:{borrower}", subject=borrower, at=at)


def _statement(borrower: str, lines: dict[str, Decimal | None], *, end: date, hour: int) -> bytes:
    day = received(PERIOD_END)
    data = StatementReceivedV1(
        statement_id=f"{borrower}:{end.year}",
        period_end=end,
        period_months=12,
        received_date=day,
        currency=CURRENCY,
        unit_multiplier=1_000,
        **known(lines),
    )
    at = AUTHOR.moment(day, hour=hour)
    return AUTHOR.write(data, id=f"statement:{borrower}:{end.year}", subject=borrower, at=at)
