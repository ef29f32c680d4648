"""Operational days past due: how old is the oldest debt of a loan and of a borrower.

Called by the fold (the counter that every assessment shows), by the repayment indicators and by the
regimes that count their own way.

Two figures are told apart (domain 4.4 rule 19): days late run from the contractual due day and
excuse nothing; days in arrears run from the due day as moved by a holiday, leave out what is
disputed or technical, and begin when contractual grace is over. Rules and indicators go by days in
arrears, regimes by the same without grace.

Boundary: an instalment counts from its due day on; EXCLUSIVE counts 0 on the due day itself and 1
at the close of the next, INCLUSIVE_DAY_END one more whenever something is unpaid at day end. State
rules and indicators always count EXCLUSIVE (domain readings 11 and 12).
"""

from dataclasses import dataclass

from services.scoring.domain.arrears import facility_use, reported_arrears
from services.scoring.domain.arrears.exclusions import counted_past_due, first_counted
from services.scoring.domain.arrears.instalments import (
    counting_days,
    due_before,
    first_open,
    paid_by,
    schedule_at,
)
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.primitives.vocabulary import EXCLUSIVE
from services.scoring.domain.rulebook.rulebook import Tolerance


@dataclass(slots=True)
class Ages:
    """How old the oldest debt of a loan is, in the three ways in which people ask.

    Args:
        late: Days since its contractual due day, nothing excused: "days late".
        counted: Days since its due day as moved by holidays, without what is excused; 0 on the due
            day itself, -1 where nothing is open.
        in_arrears: The same, 0 while contractual grace lasts: "days in arrears".
    """

    late: int = 0
    counted: int = -1
    in_arrears: int = 0


def ages(loan: Loan, day: int, tolerance: Tolerance) -> Ages:
    """Return the loan's age of arrears at the end of the day."""
    schedule = _counting_schedule(loan, day)
    if schedule is None:
        return Ages()
    paid, days = paid_by(schedule, day), counting_days(schedule)
    oldest = first_open(schedule, paid, tolerance)
    if oldest == len(days) or schedule.due_days[oldest] > day:
        return Ages()
    late = day - schedule.due_days[oldest]
    if schedule.excuses:
        oldest = first_counted(schedule, paid, day, tolerance)
    if oldest == len(days) or days[oldest] > day:
        return Ages(late)
    elapsed = day - days[oldest]
    return Ages(late, elapsed, elapsed if elapsed > loan.grace_days else 0)


def _counting_schedule(loan: Loan, day: int) -> Loan | None:
    """Return the loan with the schedule of the day, None where nothing can be due."""
    if loan.closed_day is not None and loan.closed_day <= day:
        return None
    schedule = schedule_at(loan, day) if loan.past else loan
    if not schedule.due_days or schedule.due_days[0] > day:
        return None
    return schedule


def oldest_unpaid_day(loan: Loan, day: int, tolerance: Tolerance) -> int | None:
    """Return the due day of the oldest instalment open at the end of the day, if it is reached."""
    schedule = _counting_schedule(loan, day)
    if schedule is None:
        return None
    index = first_counted(schedule, paid_by(schedule, day), day, tolerance)
    days = counting_days(schedule)
    return days[index] if index < len(days) and days[index] <= day else None


def past_due(loan: Loan, day: int, *, with_disputed: bool = False) -> int:
    """Return what is past due at the end of the day: due before it, not paid, not excused."""
    schedule = _counting_schedule(loan, day)
    if schedule is None:
        return 0
    if schedule.excuses:
        paid = paid_by(schedule, day)
        return counted_past_due(schedule, paid, day, with_disputed=with_disputed)
    due = due_before(schedule, day)
    return max(0, due - paid_by(schedule, day)) if due else 0


def loan_days(loan: Loan, day: int, tolerance: Tolerance, convention: int = EXCLUSIVE) -> int:
    """Return the loan's days past due at the end of the day, 0 when nothing is open."""
    oldest = oldest_unpaid_day(loan, day, tolerance)
    if oldest is None or (loan.grace_days and day - oldest <= loan.grace_days):
        return 0
    return counted(oldest, day, convention)


def counted(due_day: int, day: int, convention: int = EXCLUSIVE) -> int:
    """Return the days from a due day that is unpaid at the end of `day`, by convention."""
    elapsed = day - due_day
    return elapsed if convention == EXCLUSIVE else elapsed + 1


def borrower_ages(borrower: Borrower, day: int, tolerance: Tolerance) -> Ages:
    """Return the worst of each age over the borrower's loans and lines."""
    worst = Ages()
    for loan in borrower.loans:
        if loan.due_days:
            found = ages(loan, day, tolerance)
            if found.counted >= 0 or found.late:
                worst.late = max(worst.late, found.late)
                worst.counted = max(worst.counted, found.counted)
                worst.in_arrears = max(worst.in_arrears, found.in_arrears)
    for facility in borrower.facilities:
        days = line_days(facility, day, tolerance)
        if days:
            worst.late = max(worst.late, days)
            worst.counted = max(worst.counted, days)
            worst.in_arrears = max(worst.in_arrears, days)
    return worst


def line_days(facility: Facility, day: int, tolerance: Tolerance) -> int:
    """Return the days since a line went over its limit without coming back (domain 4.4 rule 8).

    Where the line's system counts months past due itself, that count is the answer.
    """
    if facility.late_days:
        return reported_arrears.days_on(facility, day)
    allowed = tolerance.minor(facility.currency, 0)
    since = facility_use.excess_since(facility, day, allowed)
    return 0 if since is None else day - since
