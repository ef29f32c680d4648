"""The US firm years: one yearly statement a firm and year, as canonical events.

The borrower is the firm. The source has 18 lines in millions of dollars and the fiscal year only;
docs/reference/public-data.md lists what is assumed. No cash, no interest, no cash flow: what needs
them must come out as unmeasurable, so nothing is put in their place. The market value is a price
signal and is left out; so is everything about the outcome.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from lab.convert import tables
from lab.convert.canonical import Author, Label
from lab.convert.figures import figure, known, less, received, whole
from lab.convert.tables import Row
from services.contracts.borrower import BorrowerRegisteredV1
from services.contracts.statement import StatementReceivedV1

AUTHOR = Author(source="us-firms/filings", zone=ZoneInfo("Europe/Berlin"))
CURRENCY = "USD"
# States that need a signal for some weeks are reached by a second close.
DAYS_LATER = timedelta(days=30)
REGISTERED_HOUR, RECEIVED_HOUR = 6, 9
LINES = {
    "revenue": "total_revenue",
    "cogs": "cost_of_goods_sold",
    "gross_profit": "gross_profit",
    "depreciation_amortisation": "depreciation_and_amortization",
    "ebit": "ebit",
    "net_income": "net_income",
    "receivables": "total_receivables",
    "inventory": "inventory",
    "current_assets": "current_assets",
    "total_assets": "total_assets",
    "current_liabilities": "total_current_liabilities",
    "long_term_debt": "total_long_term_debt",
    "total_liabilities": "total_liabilities",
    "retained_earnings": "retained_earnings",
}


@dataclass(slots=True, kw_only=True)
class UsFirms:
    """One run over the firm years; days are closed only where statements arrive."""

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[bytes]:
        """Yield the events in time order."""
        years: dict[int, list[Row]] = defaultdict(list)
        for row in tables.rows(self.folder, names=_names("firm_years")):
            years[whole(row, "fyear")].append(row)
        seen: set[str] = set()
        for year in sorted(years):
            rows = sorted(years[year], key=_firm)
            day = received(_period_end(year))
            for row in rows:
                if _firm(row) not in seen:
                    seen.add(_firm(row))
                    yield self._registered(row, day)
            for row in rows:
                yield self._statement(row, year=year, day=day)
            yield from AUTHOR.closes(day, DAYS_LATER)

    def labels(self) -> Iterator[Label]:
        """Yield a firm and the last day by which it failed: the end of the year after `fail_fy`."""
        for row in tables.rows(self.folder, names=_names("labels")):
            failed = figure(row, "fail_fy") if whole(row, "label") else None
            yield Label(
                row["borrower_id"], None if failed is None else date(int(failed) + 1, 12, 31)
            )

    def _registered(self, row: Row, day: date) -> bytes:
        self.counts["borrowers"] += 1
        data = BorrowerRegisteredV1(segment="CORPORATE", reporting_currency=CURRENCY, country="US")
        at = AUTHOR.moment(day, hour=REGISTERED_HOUR)
        return AUTHOR.write(data, id=f"firm:{_firm(row)}", subject=_borrower(row), at=at)

    def _statement(self, row: Row, *, year: int, day: date) -> bytes:
        self.counts["statements"] += 1
        lines: dict[str, Decimal | None] = {
            ours: figure(row, theirs) for ours, theirs in LINES.items()
        }
        lines["equity"] = less(lines["total_assets"], lines["total_liabilities"])
        data = StatementReceivedV1(
            statement_id=f"{_borrower(row)}:{year}",
            period_end=_period_end(year),
            period_months=12,
            received_date=day,
            currency=CURRENCY,
            unit_multiplier=1_000_000,
            accounting_standard="US-GAAP",
            **known(lines),
        )
        at = AUTHOR.moment(day, hour=RECEIVED_HOUR)
        return AUTHOR.write(
            data, id=f"statement:{_firm(row)}:{year}", subject=_borrower(row), at=at
        )


def _period_end(year: int) -> date:
    return date(year + 1, 1, 1) - timedelta(days=1)


def _firm(row: Row) -> str:
    return row["firm_id"]


def _borrower(row: Row) -> str:
    return f"US-{row['firm_id']}"


def _names(table: str) -> tuple[str, ...]:
    return (f"us_{table}.parquet", f"us_{table}.csv")
