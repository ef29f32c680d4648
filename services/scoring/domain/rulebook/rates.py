"""Exchange rates from the log, and amounts in the currency in which a borrower is measured.

Published per day against a base currency, kept in the context. Must stay true: a day uses its own
rate or the last one published before it (the earliest known for days before that), exact integers
with one rounding; an unknown currency is no amount, never one to one.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.events.control import FxPublished
from services.scoring.domain.primitives.currency import decimals_of
from services.scoring.domain.primitives.measurement import rounded_quotient

# Rates are integers: units of the base for one unit of the currency, times this.
SCALE: Final = 10_000_000_000


@dataclass(slots=True)
class Series:
    """The rates of one currency by day, ascending."""

    days: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Rates:
    """All rates known at a place of the log, by base currency and currency; never changed."""

    by_base: dict[str, dict[str, Series]] = field(default_factory=dict)

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


def _rate(base: str, table: dict[str, Series], currency: str, day: int) -> int | None:
    if currency == base:
        return SCALE
    series = table.get(currency)
    if series is None:
        return None
    return series.values[max(0, bisect_right(series.days, day) - 1)]


def published(known: Rates | None, event: FxPublished) -> Rates:
    """Return the rates after a publication; one for a day already known replaces it."""
    tables = {} if known is None else dict(known.by_base)
    table = dict(tables.get(event.base_currency, {}))
    for currency, value in zip(event.currencies, event.rates, strict=True):
        before = table.get(currency, Series())
        days, values = list(before.days), list(before.values)
        place = bisect_left(days, event.rate_day)
        if place < len(days) and days[place] == event.rate_day:
            values[place] = value
        else:
            days.insert(place, event.rate_day)
            values.insert(place, value)
        table[currency] = Series(days, values)
    tables[event.base_currency] = table
    return Rates(tables)
