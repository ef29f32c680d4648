"""Calendar arithmetic on ordinals of business dates: weekdays and calendar months.

Monday to Friday count as business days; the bank's holidays come later as data in the log and only
ever lengthen a wait. Must stay true: pure integer arithmetic, no clock, no time zone.
"""

from datetime import date
from typing import Final

SATURDAY: Final = 5
DAYS_A_WEEK: Final = 7


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
    """Return the same day of the month so many calendar months later, or that month's last day."""
    start = date.fromordinal(day)
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    length = (first_of_next - date(year, month + 1, 1)).days
    return date(year, month + 1, min(start.day, length)).toordinal()


def is_month_end(day: int) -> bool:
    """Return whether the next day begins a month."""
    return date.fromordinal(day + 1).day == 1
