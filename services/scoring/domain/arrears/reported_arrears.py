"""Months past due as the card system itself counts them, for lines that have no instalments.

Called by the fold (records), by days past due and by the repayment indicators. A card has no
schedule that we know, and a least payment is not ours to invent, so the system's own count is what
there is. A line whose system counts is past due by that count alone: a bill above the limit is an
excess (A-05), not arrears. What was last stated goes on until the next statement; it does not grow
by itself.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Facility
from services.scoring.domain.primitives.dates import last_day_of

DAYS_A_MONTH: Final = 30


def record(facility: Facility, day: int, months: int) -> bool:
    """Take in the count for a day, replacing an earlier one; return whether the day's count moved.

    The first count of a line moves it: from then on the line counts by what is stated.
    """
    is_news = not facility.late_days or months_on(facility, day) != months
    index = bisect_left(facility.late_days, day)
    if index < len(facility.late_days) and facility.late_days[index] == day:
        facility.late_months[index] = months
        return is_news
    facility.late_days.insert(index, day)
    facility.late_months.insert(index, months)
    return is_news


def are_known(borrower: Borrower) -> bool:
    """Return whether the system of any line has stated its months past due."""
    return any(facility.late_days for facility in borrower.facilities)


def months_on(facility: Facility, day: int) -> int:
    """Return the count in force at the end of the day, 0 before the first one."""
    index = bisect_right(facility.late_days, day)
    return facility.late_months[index - 1] if index else 0


def days_on(facility: Facility, day: int) -> int:
    """Return the count in days of 30 a month, so that it compares with counted days."""
    return DAYS_A_MONTH * months_on(facility, day)


def worst_days(borrower: Borrower, start: int, end: int) -> int:
    """Return the most days stated for any line between two days, both included."""
    worst = 0
    for facility in borrower.facilities:
        if facility.late_days:
            worst = max(worst, days_on(facility, start))
            first, last = (
                bisect_left(facility.late_days, start),
                bisect_right(facility.late_days, end),
            )
            worst = max(
                [worst, *(DAYS_A_MONTH * late for late in facility.late_months[first:last])]
            )
    return worst


def at_month_ends(borrower: Borrower, newest: int, count: int) -> tuple[int, int]:
    """Return how many of the last `count` month-ends any line was late, and the months added up.

    Several lines: the latest of them counts, as the oldest debt does elsewhere.
    """
    lines = [facility for facility in borrower.facilities if facility.late_days]
    if not lines:
        return 0, 0
    late, months = 0, 0
    for month in range(newest - count + 1, newest + 1):
        worst = max((months_on(line, last_day_of(month)) for line in lines), default=0)
        late += worst > 0
        months += worst
    return late, months


def forget_before(facility: Facility, day: int) -> None:
    """Drop the counts before `day`, but for the one in force on it."""
    gone = max(0, bisect_right(facility.late_days, day) - 1)
    del facility.late_days[:gone], facility.late_months[:gone]
