"""Derives how arrears were extinguished, and what of it the borrower's cash has not equalled yet.

Arrears that were refinanced, capitalised, written off, sold, forgiven or paid by somebody else
count as not paid for every test of a cure until payments equal them (EBA/GL/2016/07 paragraph 73).
Called by `regimes.life_cycle` for the few borrowers with a default or a concession. Must stay true:
it follows from schedules and payments alone, so the order of arrival leaves no trace; without a
rate an amount counts unconverted, never as nothing.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.arrears.instalments import (
    counting_days,
    due_before,
    first_open,
    paid_by,
    schedule_at,
)
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan, PastSchedule
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.rulebook.rulebook import Tolerance

# An own loan or draw so many days before or after a payment that it covers is its source.
DRAW_DAYS: Final = 5
# Day, whether it is no cash, amount: cash of a day proves nothing that was extinguished on it.
Row = tuple[int, int, int]


def unproven(borrower: Borrower, since: int, day: int) -> int:
    """Return what was extinguished without cash from a day on and not equalled by cash since."""
    left = unproven_of_loans(borrower, borrower.loans, since, day)
    return left + sum(unproven_of_line(line, day) for line in borrower.facilities)


def unproven_of_loans(borrower: Borrower, loans: list[Loan], since: int, day: int) -> int:
    """Return the same of some loans."""
    rows: list[Row] = []
    for loan in loans:
        for row_day, order, minor in _rows_of(loan, since, day):
            rows.append((row_day, order, _converted(borrower, loan, minor, row_day)))
    left = 0
    for _, _, minor in sorted(rows):
        left = max(0, left + minor)
    return left


def _converted(borrower: Borrower, loan: Loan, minor: int, day: int) -> int:
    currency = borrower.profile.reporting_currency
    if loan.currency == currency or borrower.rates is None:
        return minor
    return borrower.rates.converted(minor, loan.currency, currency, day) or minor


def _rows_of(loan: Loan, since: int, day: int) -> list[Row]:
    rows = _of_payments(loan, since, day)
    for past in loan.past:
        if past.extinction and since <= past.until_day <= day:
            rows.append((past.until_day, 1, moved(loan, past)))
    if loan.ends and since <= loan.ends[0].unpaid_through <= day:
        through = loan.ends[0].unpaid_through
        rows.append((through, 1, owed_through(loan, through)))
    return rows


def _of_payments(loan: Loan, since: int, day: int) -> list[Row]:
    """Return what each payment proved or extinguished: an instalment counts once it is due."""
    rows, non_cash = [], {*loan.non_cash[::2]}
    until = day if loan.closed_day is None else min(day, loan.closed_day)
    before = list(accumulate(loan.paid_minor, initial=0))
    for index, paid_day in enumerate(loan.paid_days):
        if not since <= paid_day <= day:
            continue
        minor = loan.paid_minor[index]
        if loan.paid_keys[index] not in non_cash:
            rows.append((paid_day, 0, -minor))
            continue
        # On the day on which a schedule replaced another one, the payment may belong to either.
        shares = [
            _share_due(*_schedule_of(loan, on, until), before[index], minor)
            for on in (paid_day - 1, paid_day)
        ]
        rows.append((paid_day, 1, max(shares)))
    return rows


def _share_due(schedule: Loan, last: int, received: int, minor: int) -> int:
    """Return what of a payment, after what was received before it, pays what fell due by a day."""
    covered = schedule.carried_minor + received
    return max(0, min(covered + minor, due_before(schedule, last + 1)) - covered)


def _schedule_of(loan: Loan, day: int, until: int) -> tuple[Loan, int]:
    """Return the schedule of the day and the last day on which its instalments fell due."""
    for past in loan.past:
        if day < past.until_day:
            return schedule_at(loan, day), min(until, past.until_day - 1)
    return loan, until


def moved(loan: Loan, past: PastSchedule) -> int:
    """Return what was past due under a schedule at its end and is not under the one after it.

    All of it where the oldest debt is younger than it was.
    """
    day = past.until_day
    old, following = schedule_at(loan, day - 1), schedule_at(loan, day)
    was_open = due_before(old, day) - paid_by(old, day)
    is_open = max(0, due_before(following, day) - paid_by(following, day))
    if not is_open or _oldest_open(following, day) > _oldest_open(old, day):
        return max(0, was_open)
    return max(0, was_open - is_open)


def _oldest_open(schedule: Loan, day: int) -> int:
    """Return the due day of the oldest instalment that is not paid in full, else the day."""
    index = bisect_right(schedule.due_cum, paid_by(schedule, day))
    days = counting_days(schedule)
    return days[index] if index < len(days) else day


def owed_through(loan: Loan, day: int) -> int:
    """Return what is due through the day and not paid by then."""
    schedule = schedule_at(loan, day) if loan.past else loan
    if not counting_days(schedule) or counting_days(schedule)[0] > day:
        return 0
    return max(0, due_before(schedule, day + 1) - paid_by(schedule, day))


def unproven_of_line(line: Facility, day: int) -> int:
    """Return what is drawn above the limit that was in force before it was raised.

    It is proven once it stayed repaid for as long as a draw counts as the source of a payment.
    """
    if line.proven_minor < 0:
        return 0
    drawn = daily_values.window(line.drawn, day - DRAW_DAYS, day)
    return max(0, max(drawn, default=0) - line.proven_minor)


def late_minor(loan: Loan, index: int) -> int:
    """Return what of a payment went into instalments that were past due on its day."""
    day = loan.paid_days[index]
    schedule = schedule_at(loan, day) if loan.past else loan
    covered = schedule.carried_minor + sum(loan.paid_minor[:index])
    due = due_before(schedule, day)
    return max(0, min(covered + loan.paid_minor[index], due) - covered)


def latest_excess(line: Facility, day: int) -> int:
    """Return the limit that was exceeded on one of the days before a day, else -1."""
    for earlier in range(day - 1, day - DRAW_DAYS - 1, -1):
        if facility_use.excess_on(line, earlier):
            return facility_use.allowed_on(line, earlier) or 0
    return -1


def payments_near(loan: Loan, day: int, within: int) -> range:
    """Return the positions of the payments within some days of a day."""
    return range(
        bisect_left(loan.paid_days, day - within), bisect_right(loan.paid_days, day + within)
    )


def days_late_before(loan: Loan, index: int) -> int:
    """Return how old the oldest open instalment was when a payment came, before it."""
    day = loan.paid_days[index]
    schedule = schedule_at(loan, day) if loan.past else loan
    covered = schedule.carried_minor + sum(loan.paid_minor[:index])
    oldest, days = first_open(schedule, covered, Tolerance()), counting_days(schedule)
    return max(0, day - days[oldest]) if oldest < len(days) else 0
