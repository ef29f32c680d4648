"""Adds up daily sums so that any window costs two searches.

A `Series` has running totals, so a window is a difference. Flows come almost always on the newest
day, which is one addition; a late one shifts the totals after it. Amounts add up, so the order of
arrival leaves no trace: a day whose sum returns to zero disappears.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Series:
    """Daily sums, sparse: ``cum[i]`` sums all kept days up to and including ``days[i]``."""

    days: list[int] = field(default_factory=list)
    cum: list[int] = field(default_factory=list)


def add(series: Series, day: int, amount: int) -> None:
    """Add an amount (negative: take it away) to the sum of a day."""
    days, cum = series.days, series.cum
    if not days or day > days[-1]:
        if amount:
            cum.append((cum[-1] if cum else 0) + amount)
            days.append(day)
        return
    if not amount:
        return
    index = bisect_left(days, day)
    if days[index] != day:
        days.insert(index, day)
        cum.insert(index, cum[index - 1] if index else 0)
    for later in range(index, len(cum)):
        cum[later] += amount
    if cum[index] == (cum[index - 1] if index else 0):
        del days[index], cum[index]


def put(series: Series, day: int, amount: int) -> None:
    """Make the sum of a day exactly this amount."""
    add(series, day, amount - total(series, day, day))


def total(series: Series, first_day: int, last_day: int) -> int:
    """Return the sum of the days from `first_day` to `last_day`, both included."""
    days, cum = series.days, series.cum
    if not days:
        return 0
    before = bisect_left(days, first_day)
    upto = len(days) if days[-1] <= last_day else bisect_right(days, last_day)
    if upto <= before:
        return 0
    return cum[upto - 1] - (cum[before - 1] if before else 0)


def active_days(series: Series, first_day: int, last_day: int) -> list[int]:
    """Return the days in the window that have any sum."""
    days = series.days
    return days[bisect_left(days, first_day) : bisect_right(days, last_day)]


def forget_before(series: Series, day: int) -> None:
    """Drop the days before `day`."""
    days = series.days
    if not days or days[0] >= day:
        return
    keep = bisect_left(days, day)
    base = series.cum[keep - 1]
    series.days = days[keep:]
    series.cum = [total_ - base for total_ in series.cum[keep:]]
