"""Arrears on other days than today, derived from the instalments and payments kept.

Called by the indicators that look back (R-04, R-13) or inside a loan (R-09, R-15). Because it is
derived and never stored, a reversal or a payment dated back changes history by itself.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.arrears import days_past_due, exposure, facility_use, reported_arrears
from services.scoring.domain.arrears.instalments import (
    OPEN,
    counted_until,
    counting_days,
    first_open,
    interest_unpaid_of,
    paid_by,
    schedule_at,
    settle_days,
    tolerated,
)
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.primitives.dates import last_day_of
from services.scoring.domain.primitives.vocabulary import GUARANTEE
from services.scoring.domain.rulebook.rulebook import Rules, Tolerance

DAYS_A_MONTH_LATE: Final = 30
ALL_DAYS: Final = 4_000_000


def worst_days(loan: Loan, start: int, end: int, tolerance: Tolerance) -> int:
    """Return the loan's most days past due on any day from `start` to `end`."""
    worst = 0
    first, end = start, counted_until(loan, end)
    for past in loan.past:
        if past.until_day > first:
            schedule = schedule_at(loan, first)
            worst = max(worst, _worst_on(schedule, first, min(end, past.until_day - 1), tolerance))
            first = past.until_day
    if first <= end:
        worst = max(worst, _worst_on(loan, first, end, tolerance))
    return worst


def _worst_on(schedule: Loan, start: int, end: int, tolerance: Tolerance) -> int:
    """Return the worst count under one schedule: each instalment's on its last open day.

    While an instalment is the oldest open one its count grows, so its worst day in the window is
    the last day before it was settled. If it was not the oldest, an older one counted more.
    """
    days = counting_days(schedule)
    reached = bisect_right(days, end)
    worst = 0
    for index, settled in enumerate(settle_days(schedule, 0, reached, tolerance)):
        last_open = end if settled == OPEN else min(end, settled - 1)
        if last_open >= start:
            worst = max(worst, last_open - days[index])
    return worst


def oldest_unpaid_interest_day(loan: Loan, day: int, tolerance: Tolerance) -> int | None:
    """Return the due day of the oldest instalment whose interest is open at the end of the day."""
    if counted_until(loan, day) != day:
        return None
    days = counting_days(loan)
    reached = bisect_right(days, day)
    paid = paid_by(loan, day)
    for index in range(first_open(loan, paid, tolerance), reached):
        if interest_unpaid_of(loan, index, paid) > tolerated(loan, index, tolerance):
            return days[index]
    return None


def at_month_ends(borrower: Borrower, as_of: int, count: int, rules: Rules) -> tuple[int, int]:
    """Return, over the last `count` month-ends, how many were in material arrears and the months
    late added up (days past due in whole months, each begun one counted).
    """
    newest = borrower.counters.newest_full_month(as_of)
    material, months_late = reported_arrears.at_month_ends(borrower, newest, count)
    known_from = _known_from(borrower)
    for month in range(newest - count + 1, newest + 1):
        day = last_day_of(month)
        if day < known_from:
            continue
        if not exposure.total_past_due(borrower, day):
            continue
        material += exposure.is_material(borrower, day, rules)
        days = _counted_days(borrower, day, rules.tolerance)
        months_late += -(-days // DAYS_A_MONTH_LATE)
    return material, months_late


def _known_from(borrower: Borrower) -> int:
    """Return the first day on which anything could be past due; before it no month need be read."""
    first = ALL_DAYS
    for loan in borrower.loans:
        if loan.past:
            return 0
        if loan.due_days:
            first = min(first, loan.due_days[0])
    for line in borrower.facilities:
        if line.drawn.reported:
            first = min(first, line.drawn.first_day)
    return first


def _counted_days(borrower: Borrower, day: int, tolerance: Tolerance) -> int:
    """Return the worst days past due that are counted here, not stated by a card system."""
    worst = 0
    for loan in borrower.loans:
        worst = max(worst, days_past_due.loan_days(loan, day, tolerance))
    for line in borrower.facilities:
        if not line.late_days:
            worst = max(worst, days_past_due.line_days(line, day, tolerance))
    return worst


def loans_outstanding(borrower: Borrower, day: int) -> list[tuple[Loan, int]]:
    """Return the loans with what is outstanding on each; lines count by what is drawn."""
    return [
        (loan, exposure.loan_exposure(loan, day))
        for loan in borrower.loans
        if loan.principal_minor and loan.loan_type != GUARANTEE
    ]


def lines_outstanding(borrower: Borrower, day: int) -> list[tuple[Facility, int]]:
    """Return the lines with what is drawn on each."""
    return [(line, facility_use.drawn_on(line, day) or 0) for line in borrower.facilities]
