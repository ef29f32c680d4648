"""Converts amounts of money at the exchange rate of a day; has the decimals of currencies.

Must stay true: exact integers with one rounding; a day uses its own rate or the last one published
before it (the earliest known for days before that); an unknown currency is no amount, never one to
one. The core has its own table of decimals because it imports nothing; a test compares it with the
contracts'.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.primitives.measurement import rounded_quotient

WITHOUT_DECIMALS: Final = frozenset(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"),
        *("VND", "VUV", "XAF", "XOF", "XPF"),
    )
)
WITH_THREE: Final = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
WITH_FOUR: Final = frozenset(("CLF", "UYW"))
# Rates are integers: units of the base for one unit of the currency, times this.
SCALE: Final = 10_000_000_000


def decimals_of(currency: str) -> int:
    """Return the decimals of the currency's amounts; 2 for all that are not listed."""
    if currency in WITHOUT_DECIMALS:
        return 0
    if currency in WITH_THREE:
        return 3
    return 4 if currency in WITH_FOUR else 2


@dataclass(slots=True)
class RateSeries:
    """The rates of one currency by day, ascending."""

    days: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Rates:
    """All rates known at a place of the log, by base currency and currency; never changed."""

    by_base: dict[str, dict[str, RateSeries]] = field(default_factory=dict)

    def converted(self, minor: int, source: str, target: str, day: int) -> int | None:
        """Return an amount in the minor units of another currency; None without a rate."""
        if source == target or not minor:
            return minor
        for base, table in self.by_base.items():
            bought, sold = _rate(base, table, source, day), _rate(base, table, target, day)
            if bought and sold:
                shift = decimals_of(target) - decimals_of(source)
                above, below = minor * bought, sold
                if shift >= 0:
                    above *= 10**shift
                else:
                    below *= 10**-shift
                return rounded_quotient(above, below)
        return None


def _rate(base: str, table: dict[str, RateSeries], currency: str, day: int) -> int | None:
    if currency == base:
        return SCALE
    series = table.get(currency)
    if series is None:
        return None
    return series.values[max(0, bisect_right(series.days, day) - 1)]


def with_published(
    known: Rates | None, base_currency: str, rate_day: int, quotes: dict[str, int]
) -> Rates:
    """Return the rates after a publication; a rate of a day already known is replaced.

    ``quotes`` are units of the base for one unit of each currency, times `SCALE`.
    """
    tables = {} if known is None else dict(known.by_base)
    table = dict(tables.get(base_currency, {}))
    for currency, value in quotes.items():
        before = table.get(currency, RateSeries())
        days, values = list(before.days), list(before.values)
        index = bisect_left(days, rate_day)
        if index < len(days) and days[index] == rate_day:
            values[index] = value
        else:
            days.insert(index, rate_day)
            values.insert(index, value)
        table[currency] = RateSeries(days, values)
    tables[base_currency] = table
    return Rates(tables)
