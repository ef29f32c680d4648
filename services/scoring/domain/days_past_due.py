"""Operational days past due: how old is the oldest debt of a loan and of a borrower.

Called by the fold (the counter that every assessment shows), by the repayment indicators and by the
regimes that count their own way.

Boundary: an instalment counts from its due day on; EXCLUSIVE counts 0 on the due day itself and 1
at the close of the next, INCLUSIVE_DAY_END one more whenever something is unpaid at day end. State
rules and indicators always count EXCLUSIVE (domain readings 11 and 12).
"""

from services.scoring.domain import facility_use, stated_arrears
from services.scoring.domain.facts import Borrower, Facility, Loan
from services.scoring.domain.instalments import (
    counting_days,
    decimals,
    first_open,
    paid_by,
    schedule_at,
)
from services.scoring.domain.rulebook import Tolerance
from services.scoring.domain.vocabulary import EXCLUSIVE


def oldest_unpaid_day(loan: Loan, day: int, tolerance: Tolerance) -> int | None:
    """Return the due day of the oldest instalment open at the end of the day, if it is reached."""
    if loan.closed_day is not None and loan.closed_day <= day:
        return None
    schedule = schedule_at(loan, day) if loan.past else loan
    if not schedule.due_days or counting_days(schedule)[0] > day:
        return None
    index = first_open(schedule, paid_by(schedule, day), tolerance)
    days = counting_days(schedule)
    return days[index] if index < len(days) and days[index] <= day else None


def loan_days(loan: Loan, day: int, tolerance: Tolerance, convention: int = EXCLUSIVE) -> int:
    """Return the loan's days past due at the end of the day, 0 when nothing is open."""
    oldest = oldest_unpaid_day(loan, day, tolerance)
    return 0 if oldest is None else counted(oldest, day, convention)


def counted(due_day: int, day: int, convention: int = EXCLUSIVE) -> int:
    """Return the days from a due day that is unpaid at the end of `day`, by convention."""
    elapsed = day - due_day
    return elapsed if convention == EXCLUSIVE else elapsed + 1


def borrower_days(borrower: Borrower, day: int, tolerance: Tolerance) -> int:
    """Return the worst days past due over the borrower's loans and lines."""
    worst = 0
    for loan in borrower.loans:
        worst = max(worst, loan_days(loan, day, tolerance))
    for facility in borrower.facilities:
        worst = max(worst, line_days(facility, day, tolerance))
    return worst


def line_days(facility: Facility, day: int, tolerance: Tolerance) -> int:
    """Return the days since a line went over its limit without coming back (domain 4.4 rule 8).

    Where the line's system counts months past due itself, that count is the answer.
    """
    if facility.late_days:
        return stated_arrears.days_on(facility, day)
    allowed = tolerance.minor(facility.currency, decimals(facility.currency), 0)
    since = facility_use.excess_since(facility, day, allowed)
    return 0 if since is None else day - since
