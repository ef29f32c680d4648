"""How a borrower has paid: the latest instalments of all loans together, with days late.

Called by the repayment indicators. Instalments of all loans are pooled by due day; an instalment
counts once its due day is reached; one that is open is as late as today (domain reading 16).
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears.instalments import (
    OPEN,
    counted_until,
    counting_days,
    due_of,
    paid_by,
    settle_days,
    unpaid_of,
)
from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.rulebook.rulebook import Tolerance

# Money that comes later than so many days after the due day is missing, not late.
SHORTFALL_DAYS: Final = 10


@dataclass(frozen=True, slots=True)
class DueInstalment:
    """One instalment whose due day is reached."""

    due_day: int
    days_late: int
    is_open: bool


def has_schedule(borrower: Borrower) -> bool:
    """Return whether any loan has instalments."""
    return any(loan.due_days for loan in borrower.loans)


def latest_due(
    borrower: Borrower, as_of: int, most: int, tolerance: Tolerance
) -> list[DueInstalment]:
    """Return the latest due instalments, oldest first, at most `most`."""
    found: list[DueInstalment] = []
    for loan in borrower.loans:
        found += _due_of_loan(loan, as_of, most, tolerance)
    if len(borrower.loans) > 1:
        found.sort(key=_by_due_day)
    return found[-most:]


def _by_due_day(one: DueInstalment) -> tuple[int, int]:
    return one.due_day, one.days_late


def _due_of_loan(loan: Loan, as_of: int, most: int, tolerance: Tolerance) -> list[DueInstalment]:
    days = counting_days(loan)
    as_of = counted_until(loan, as_of)
    reached = bisect_right(days, as_of)
    first = max(0, reached - most)
    found = []
    for index, settled in enumerate(settle_days(loan, first, reached, tolerance), first):
        is_open = settled == OPEN or settled > as_of
        until = as_of if is_open else settled
        found.append(DueInstalment(days[index], until - days[index], is_open))
    return found


def paid_in_time(borrower: Borrower, before: int, within_days: int, most: int) -> tuple[int, int]:
    """Return (paid, due) of the latest instalments whose due day plus `within_days` is over.

    Args:
        borrower: Whose instalments.
        before: Only instalments whose due day plus `within_days` is before this day.
        within_days: Money counts that came by the due day plus so many days.
        most: How many instalments.
    """
    rows: list[tuple[int, int, int]] = []
    for loan in borrower.loans:
        days = counting_days(loan)
        reached = bisect_right(days, counted_until(loan, before - within_days - 1))
        for index in range(max(0, reached - most), reached):
            due = due_of(loan, index)
            unpaid = unpaid_of(loan, index, paid_by(loan, days[index] + within_days))
            rows.append((days[index], due - unpaid, due))
    if len(borrower.loans) > 1:
        rows.sort()
    latest = rows[-most:]
    return sum(row[1] for row in latest), sum(row[2] for row in latest)
