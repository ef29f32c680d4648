"""Moves due dates by the business-day calendar of a contract, from a day off to the next day on.

Published in the log, kept in the context, applied to loans that name one. Saturdays and Sundays are
days off besides the published holidays; the contractual due date is stored with the moved one
(domain 4.4 rule 13 and reading 19).
"""

from bisect import bisect_left

from services.scoring.domain.borrower.borrower import LOANS_PART, Borrower, Loan
from services.scoring.domain.events.control import CalendarPublished
from services.scoring.domain.primitives.dates import is_business_day

# Days off by calendar, ascending.
Calendars = dict[str, tuple[int, ...]]


def published(known: Calendars, event: CalendarPublished) -> Calendars:
    """Return the calendars after a publication, which replaces its span of dates."""
    outside = [
        day for day in known.get(event.calendar, ()) if not event.from_day <= day < event.to_day
    ]
    within = [day for day in event.holidays if event.from_day <= day < event.to_day]
    return {**known, event.calendar: tuple(sorted({*outside, *within}))}


def moved_days(ascending: list[int], holidays: tuple[int, ...]) -> list[int]:
    """Return for each day itself, or the next one that is no day off.

    Costs the days and the days off between them: a row of days off is walked once.
    """
    moved: list[int] = []
    end, end_moved = 0, 0
    for day in reversed(ascending):
        open_day = day
        while open_day != end and (not is_business_day(open_day) or _is_in(open_day, holidays)):
            open_day += 1
        end, end_moved = day, end_moved if open_day == end else open_day
        moved.append(end_moved)
    moved.reverse()
    return moved


def _is_in(day: int, holidays: tuple[int, ...]) -> bool:
    index = bisect_left(holidays, day)
    return index < len(holidays) and holidays[index] == day


def move_due_days(borrower: Borrower, calendars: Calendars) -> bool:
    """Move the due days of loans that name a calendar; return whether any moved otherwise."""
    changed = False
    for loan in borrower.loans:
        if loan.holiday_calendar and _move(loan, calendars.get(loan.holiday_calendar)):
            changed = True
            borrower.changed |= LOANS_PART
    return changed


def _move(loan: Loan, holidays: tuple[int, ...] | None) -> bool:
    moved: list[int] = []
    if holidays is not None:
        moved = moved_days(loan.due_days, holidays)
        if moved == loan.due_days:
            moved = []
    if moved == loan.effective_days:
        return False
    loan.effective_days = moved
    return True
