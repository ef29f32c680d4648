"""What is due, what is paid, what is open: oldest instalment first.

Money is spread over a loan's instalments in order of due day, so everything follows from one
comparison: what is due up to an instalment against what has been paid up to a day. The order in
which payments, reversals and back-dated payments arrive therefore leaves no trace.

Must stay true: never newest first (it hides days past due), a partial payment does not stop the
clock, and a residue up to the tolerance counts as paid.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Final

from services.scoring.domain.borrower.borrower import Loan
from services.scoring.domain.rulebook.rulebook import Tolerance

OPEN: Final = 0
FEES, INTEREST, PRINCIPAL = range(3)
# By `vocabulary.ALLOCATION_RULES`.
ORDERS: Final = (
    (FEES, INTEREST, PRINCIPAL),
    (INTEREST, PRINCIPAL, FEES),
    (PRINCIPAL, INTEREST, FEES),
)


def counting_days(loan: Loan) -> list[int]:
    """Return the due days from which is counted: moved by holidays where the loan says so."""
    return loan.effective_days or loan.due_days


def counted_until(loan: Loan, day: int) -> int:
    """Return the day, or the day on which the loan ended if that is earlier."""
    return day if loan.closed_day is None else min(day, loan.closed_day)


def paid_by(loan: Loan, day: int) -> int:
    """Return the money received by the end of the day for the instalments kept."""
    paid_days = loan.paid_days
    if not paid_days or paid_days[-1] <= day:
        return loan.carried_minor + sum(loan.paid_minor)
    return loan.carried_minor + sum(loan.paid_minor[: bisect_right(paid_days, day)])


def due_before(loan: Loan, day: int) -> int:
    """Return everything that fell due on days before `day`: what is past due if unpaid."""
    reached = bisect_left(counting_days(loan), day)
    return loan.due_cum[reached - 1] if reached else 0


def due_of(loan: Loan, index: int) -> int:
    """Return the total due of one instalment."""
    return loan.due_cum[index] - (loan.due_cum[index - 1] if index else 0)


def tolerated(loan: Loan, index: int, tolerance: Tolerance) -> int:
    """Return what may stay unpaid of one instalment."""
    return tolerance.minor(loan.currency, due_of(loan, index))


def unpaid_of(loan: Loan, index: int, paid: int) -> int:
    """Return what is unpaid of one instalment when `paid` has been received."""
    return max(0, min(loan.due_cum[index] - paid, due_of(loan, index)))


def first_open(loan: Loan, paid: int, tolerance: Tolerance) -> int:
    """Return the position of the oldest instalment unpaid by more than the tolerance.

    The number of instalments if there is none.
    """
    index = bisect_right(loan.due_cum, paid)
    while index < len(loan.due_cum):
        if unpaid_of(loan, index, paid) > tolerated(loan, index, tolerance):
            return index
        index += 1
    return index


def schedule_at(loan: Loan, day: int) -> Loan:
    """Return the loan with the schedule that was in force on the day."""
    for past in loan.past:
        if day < past.until_day:
            return Loan(
                loan.loan_id,
                currency=loan.currency,
                due_days=past.due_days,
                due_cum=past.due_cum,
                carried_minor=past.carried_minor,
                paid_days=loan.paid_days,
                paid_minor=loan.paid_minor,
                excuses=loan.excuses,
                grace_days=loan.grace_days,
            )
    return loan


def principal_paid(loan: Loan, paid: int) -> int:
    """Return how much principal of the kept instalments the money received has paid."""
    whole = bisect_right(loan.due_cum, paid)
    before = loan.due_cum[whole - 1] if whole else 0
    found = before - (loan.interest_cum[whole - 1] + loan.fees_cum[whole - 1] if whole else 0)
    if whole < len(loan.due_cum):
        found += _shares_of(loan, whole, paid - before)[PRINCIPAL]
    return found


def interest_unpaid_of(loan: Loan, index: int, paid: int) -> int:
    """Return the unpaid interest of one instalment."""
    interest = loan.interest_cum[index] - (loan.interest_cum[index - 1] if index else 0)
    covered = due_of(loan, index) - unpaid_of(loan, index, paid)
    return interest - _shares_of(loan, index, covered)[INTEREST]


def _shares_of(loan: Loan, index: int, covered: int) -> list[int]:
    """Return how what covers an instalment is spread over fees, interest and principal."""
    previous = index - 1
    fees = loan.fees_cum[index] - (loan.fees_cum[previous] if index else 0)
    interest = loan.interest_cum[index] - (loan.interest_cum[previous] if index else 0)
    parts = [fees, interest, due_of(loan, index) - fees - interest]
    shares = [0, 0, 0]
    for part in ORDERS[loan.allocation_rule]:
        shares[part] = min(covered, parts[part])
        covered -= shares[part]
    return shares


def settle_days(loan: Loan, first: int, last: int, tolerance: Tolerance) -> list[int]:
    """Return for instalments `first` to `last` - 1 the day each was settled, else ``OPEN``.

    An instalment is settled on the value day of the payment that brings what is unpaid down to the
    tolerance. One that was covered before any payment kept is settled on its due day.
    """
    received = list(accumulate(loan.paid_minor, initial=loan.carried_minor))
    settled = []
    for index in range(first, last):
        needed = loan.due_cum[index] - tolerated(loan, index, tolerance)
        payment = bisect_left(received, needed)
        if payment == 0 or due_of(loan, index) <= tolerated(loan, index, tolerance):
            settled.append(counting_days(loan)[index])
        elif payment == len(received):
            settled.append(OPEN)
        else:
            settled.append(loan.paid_days[payment - 1])
    return settled
