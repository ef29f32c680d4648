"""Calculates with ordinals of business dates: weekdays, and months as running numbers.

Monday to Friday count as business days; holidays are data in the log and only ever lengthen a wait.
A month is `year x 12 + month - 1`, wherever monthly sums are kept. Must stay true: pure integer
arithmetic, no clock, no time zone.
"""

from datetime import date
from typing import Final

SATURDAY: Final = 5
DAYS_A_WEEK: Final = 7
MONTHS_A_YEAR: Final = 12
SHORTEST_MONTH: Final = 28


def is_business_day(day: int) -> bool:
    """Return whether the ordinal falls on Monday to Friday."""
    return (day + 6) % DAYS_A_WEEK < SATURDAY


def next_business_day(day: int) -> int:
    """Return the first business day after the day."""
    following = day + 1
    while not is_business_day(following):
        following += 1
    return following


def business_days_after(start: int, end: int) -> int:
    """Return how many business days lie in ``(start, end]``; 0 when end is not after start."""
    if end <= start:
        return 0
    weeks, rest = divmod(end - start, DAYS_A_WEEK)
    return weeks * SATURDAY + sum(is_business_day(start + step) for step in range(1, rest + 1))


def plus_months(day: int, months: int) -> int:
    """Return the same day of the month some calendar months later, or that month's last day."""
    start = date.fromordinal(day)
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    length = (first_of_next - date(year, month + 1, 1)).days
    return date(year, month + 1, min(start.day, length)).toordinal()


def is_month_end(day: int) -> bool:
    """Return whether the next day begins a month."""
    return date.fromordinal(day + 1).day == 1


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


def months_sum(first_month: int, sums: list[int], months: range) -> int:
    """Return the sum of months that follow each other."""
    start = max(0, months.start - first_month)
    return sum(sums[start : max(start, months.stop - first_month)])
