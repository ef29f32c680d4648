"""The money side of the card: what is due next and what could still be drawn.

Called when an assessment is written, never in the hot path. Amounts of loans in another currency
than the borrower's are at the latest rate known; without one they are left out.
"""

from bisect import bisect_right

from services.scoring.domain.arrears.exposure import in_reporting
from services.scoring.domain.assess.assessment import Position
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.primitives import daily_values


def position(borrower: Borrower, as_of: int) -> Position:
    """Return exposure, arrears, next instalment and undrawn lines as of the day."""
    counters, currency = borrower.counters, borrower.profile.reporting_currency
    day, amount = next_due(borrower, as_of)
    return Position(
        currency=currency,
        past_due=counters.past_due_minor,
        exposure=counters.exposure_minor,
        next_due_day=day,
        next_due_amount=amount,
        undrawn=undrawn(borrower.facilities),
    )


def next_due(borrower: Borrower, as_of: int) -> tuple[int | None, int]:
    """Return the next contractual due date after the day and the total due on it."""
    nearest: int | None = None
    total = 0
    for loan in borrower.loans:
        if loan.closed_day is not None or not _is_convertible(borrower, loan, as_of):
            continue
        first = bisect_right(loan.due_days, as_of)
        if first == len(loan.due_days):
            continue
        day = loan.due_days[first]
        if nearest is None or day < nearest:
            nearest, total = day, 0
        if day == nearest:
            total += in_reporting(borrower, loan, _due_on(loan, first), as_of)
    return nearest, total


def _is_convertible(borrower: Borrower, loan: Loan, as_of: int) -> bool:
    return in_reporting(borrower, loan, 1_000_000, as_of) > 0


def _due_on(loan: Loan, first: int) -> int:
    """Return what falls due on the day of instalment ``first`` (there may be several that day)."""
    last = bisect_right(loan.due_days, loan.due_days[first])
    before = loan.due_cum[first - 1] if first else 0
    return loan.due_cum[last - 1] - before


def undrawn(facilities: list[Facility]) -> int | None:
    """Return what all lines still allow; None without a line."""
    amounts = [_undrawn(facility) for facility in facilities]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _undrawn(facility: Facility) -> int | None:
    if facility.undrawn_usable_minor is not None:
        return facility.undrawn_usable_minor
    drawn = daily_values.at(facility.drawn, daily_values.last_day(facility.drawn))
    if drawn is None or not facility.limit_minor:
        return None
    return max(0, facility.limit_minor[-1] - drawn)
