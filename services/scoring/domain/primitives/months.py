"""Calendar months as one running number: `year x 12 + month - 1`.

Used wherever the facts keep monthly sums. Pure integer arithmetic on ordinals of days.
"""

from datetime import date
from typing import Final

MONTHS_A_YEAR: Final = 12


def month_of(day: int) -> int:
    """Return the number of the month in which the day falls."""
    when = date.fromordinal(day)
    return when.year * MONTHS_A_YEAR + when.month - 1


def first_day_of(month: int) -> int:
    """Return the ordinal of the month's first day."""
    return date(month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1).toordinal()


def last_day_of(month: int) -> int:
    """Return the ordinal of the month's last day."""
    return first_day_of(month + 1) - 1


def last_full_month(as_of: int) -> int:
    """Return the newest month that is over at the end of the day `as_of`."""
    return month_of(as_of + 1) - 1


def full_months(first: int, last: int) -> int:
    """Return how many calendar months are over on the day `last` since the day `first`."""
    began, now = date.fromordinal(first), date.fromordinal(last)
    months = month_of(last) - month_of(first)
    return months - 1 if now.day < began.day else months


def add_to_month(first_month: int, sums: list[int], month: int, amount: int) -> None:
    """Add to one month of a list that begins at `first_month`, growing it as needed.

    The list never ends in a zero, so what is added and taken back leaves no trace.
    """
    index = month - first_month
    while len(sums) <= index:
        sums.append(0)
    sums[index] += amount
    while sums and not sums[-1]:
        sums.pop()


def month_sum(first_month: int, sums: list[int], month: int) -> int:
    """Return the sum of one month, 0 outside the list."""
    index = month - first_month
    return sums[index] if 0 <= index < len(sums) else 0
