"""Allocates payments to a loan's instalments, oldest first: what is due, paid, open and ahead.

Money is spread over a loan's instalments in order of due day, so everything follows from one
comparison: what is due up to an instalment against what has been paid up to a day. The order in
which payments, reversals and back-dated payments arrive therefore leaves no trace.

Must stay true: never newest first (it hides days past due), a partial payment does not stop the
clock, and a residue up to the tolerance counts as paid. Payment history pools the instalments of
all loans by due day; an instalment counts once its due day is reached, one that is open is as late
as today (domain reading 16). Looking ahead, money is counted once: a booked balance below zero is
no money, an overdraft counts what is booked and the line besides, and a card's limit pays no loan.
Only loans in the borrower's reporting currency count there.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.vocabulary import CARD, GUARANTEE, TERM
from services.scoring.domain.rulebook.rulebook import Tolerance

OPEN: Final = 0
FEES, INTEREST, PRINCIPAL = range(3)
# By `vocabulary.ALLOCATION_RULES`.
ORDERS: Final = (
    (FEES, INTEREST, PRINCIPAL),
    (INTEREST, PRINCIPAL, FEES),
    (PRINCIPAL, INTEREST, FEES),
)
# Money that comes later than this many days after the due day is missing, not late.
SHORTFALL_DAYS: Final = 10
NEXT_DUE_DAYS: Final = 15
MATURITY_DAYS: Final = 90
# An instalment of at least this many times the one before it is a balloon.
BALLOON_TIMES: Final = 3
NEXT_DUE_SLOT: Final = slot_of("A-14")
MATURITY_SLOT: Final = slot_of("R-14")


def counting_days(loan: Loan) -> list[int]:
    """Return the due days that count: moved by holidays where the loan names a calendar."""
    return loan.effective_days or loan.due_days


def counted_until(loan: Loan, day: int) -> int:
    """Return the day, or the day on which the loan ended if that is earlier."""
    return day if loan.closed_day is None else min(day, loan.closed_day)


def paid_by(loan: Loan, day: int) -> int:
    """Return the money received by the end of the day for the instalments kept."""
    paid_days = loan.paid_days
    if loan.received:
        return loan.carried_minor + loan.received[bisect_right(paid_days, day)]
    if not paid_days or paid_days[-1] <= day:
        return loan.carried_minor + sum(loan.paid_minor)
    return loan.carried_minor + sum(loan.paid_minor[: bisect_right(paid_days, day)])


@contextmanager
def added_up(loans: list[Loan]) -> Iterator[None]:
    """Add the payments up while many days are judged: each day is then a search, and no sum."""
    for loan in loans:
        loan.received = list(accumulate(loan.paid_minor, initial=0))
        loan.stated = list(accumulate(range(len(loan.paid_days)), _latest_stated(loan), initial=-1))
    try:
        yield
    finally:
        for loan in loans:
            loan.received, loan.stated = [], []


def _latest_stated(loan: Loan) -> Callable[[int, int], int]:
    return lambda before, index: before if loan.paid_outstanding[index] < 0 else index


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
                received=loan.received,
                exclusions=loan.exclusions,
                grace_days=loan.grace_days,
            )
    return loan


def principal_paid(loan: Loan, paid: int) -> int:
    """Return how much principal of the kept instalments the money received has paid."""
    whole = bisect_right(loan.due_cum, paid)
    before = loan.due_cum[whole - 1] if whole else 0
    principal = before - (loan.interest_cum[whole - 1] + loan.fees_cum[whole - 1] if whole else 0)
    if whole < len(loan.due_cum):
        principal += _shares_of(loan, whole, paid - before)[PRINCIPAL]
    return principal


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
    if first >= last:
        return []
    received = list(accumulate(loan.paid_minor, initial=loan.carried_minor))
    days, settled = counting_days(loan), []
    for index in range(first, last):
        due = due_of(loan, index)
        allowed = tolerance.minor(loan.currency, due)
        payment = bisect_left(received, loan.due_cum[index] - allowed)
        if payment == 0 or due <= allowed:
            settled.append(days[index])
        elif payment == len(received):
            settled.append(OPEN)
        else:
            settled.append(loan.paid_days[payment - 1])
    return settled


def loan_exposure(loan: Loan, day: int) -> int:
    """Return the principal outstanding of a term loan.

    Booked principal less principal repaid, or what the core system last stated with a repayment
    less what was repaid since (domain reading 15).
    """
    if loan.closed_day is not None and loan.closed_day <= day:
        return 0
    count = bisect_right(loan.paid_days, day)
    stated = _last_stated(loan, count)
    if 0 <= stated == count - 1:
        return loan.paid_outstanding[stated]  # nothing was repaid since
    repaid = principal_paid(loan, paid_by(loan, day))
    if stated < 0:
        return max(0, loan.principal_minor - loan.pruned_principal_minor - repaid)
    brought = loan.received[stated + 1] if loan.received else sum(loan.paid_minor[: stated + 1])
    upto = loan.carried_minor + brought
    since = repaid - principal_paid(loan, upto)
    return max(0, loan.paid_outstanding[stated] - since)


def _last_stated(loan: Loan, count: int) -> int:
    """Return the last of the first payments that states an outstanding principal, -1 if none."""
    if loan.stated:
        return loan.stated[count]
    stated = count - 1
    while stated >= 0 and loan.paid_outstanding[stated] < 0:
        stated -= 1
    return stated


def has_schedule(borrower: Borrower) -> bool:
    """Return whether any loan has instalments."""
    return any(loan.due_days for loan in borrower.loans)


def latest_delays(borrower: Borrower, as_of: int, most: int, tolerance: Tolerance) -> list[int]:
    """Return how many days late the latest due instalments are, oldest first, at most `most`."""
    rows: list[tuple[int, int]] = []
    for loan in borrower.loans:
        rows += _delays_of(loan, as_of, most, tolerance)
    if len(borrower.loans) > 1:
        rows.sort()
    return [days_late for _, days_late in rows[-most:]]


def _delays_of(loan: Loan, as_of: int, most: int, tolerance: Tolerance) -> list[tuple[int, int]]:
    """Return the due day and the days late of the loan's latest due instalments."""
    days, as_of = counting_days(loan), counted_until(loan, as_of)
    reached = bisect_right(days, as_of)
    first = max(0, reached - most)
    delays = []
    for index, settled in enumerate(settle_days(loan, first, reached, tolerance), first):
        until = as_of if settled == OPEN else min(settled, as_of)
        delays.append((days[index], until - days[index]))
    return delays


def paid_in_time(borrower: Borrower, before: int, within_days: int, most: int) -> tuple[int, int]:
    """Return (paid, due) of the latest instalments whose due day plus `within_days` is over.

    Args:
        borrower: Whose instalments.
        before: Only instalments whose due day plus `within_days` is before this day.
        within_days: Money counts that came by the due day plus this many days.
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


def is_open(loan: Loan, currency: str) -> bool:
    """Return whether money can fall due on the loan."""
    return loan.closed_day is None and loan.currency == currency and loan.loan_type != GUARANTEE


def unpaid_through(loan: Loan, day: int) -> int:
    """Return what is due on or before the day and neither paid nor booked to be paid by then."""
    reached = bisect_right(counting_days(loan), day)
    return max(0, loan.due_cum[reached - 1] - paid_by(loan, day)) if reached else 0


def next_due_day(loan: Loan, as_of: int, within: int) -> int | None:
    """Return the next due day of the loan with anything still to pay, if it is near enough."""
    days = counting_days(loan)
    for index in range(bisect_right(days, as_of), bisect_right(days, as_of + within)):
        if unpaid_through(loan, days[index]):
            return days[index]
    return None


@dataclass(slots=True)
class RegularInstalment:
    """What a loan takes each time it falls due: the next due day, amount, days between two."""

    day: int
    minor: int
    gap_days: int


def regular_instalment(loan: Loan, as_of: int) -> RegularInstalment | None:
    """Return the instalment that falls due next; instead of a balloon, the one before it.

    `None` where nothing is left to pay, and for a loan that is repaid all at once.
    """
    days = counting_days(loan)
    index = bisect_right(days, as_of)
    if index == len(days) or len(days) < 2 or loan.due_cum[-1] <= paid_by(loan, as_of):
        return None
    gap_days = days[index] - days[index - 1] if index else days[1] - days[0]
    minor = due_of(loan, index)
    if index and 0 < BALLOON_TIMES * due_of(loan, index - 1) <= minor:
        minor = due_of(loan, index - 1)
    return RegularInstalment(days[index], minor, gap_days)


def pressing_days(loan: Loan, as_of: int) -> list[int]:
    """Return the days within reach on which the loan ends or a balloon falls due."""
    days, last = counting_days(loan), as_of + MATURITY_DAYS
    if not days:
        ends = loan.maturity_day
        return [ends] if loan.loan_type == TERM and ends and as_of < ends <= last else []
    final = len(days) - 1
    pressing = []
    for index in range(bisect_right(days, as_of), bisect_right(days, last)):
        is_balloon = index and due_of(loan, index) >= BALLOON_TIMES * due_of(loan, index - 1)
        if index == final or is_balloon:
            pressing.append(days[index])
    return pressing


def pressing_amount(loan: Loan, day: int, as_of: int) -> int:
    """Return what must be paid on the loan by the day; without a schedule, all of it at its end."""
    if loan.due_days:
        return unpaid_through(loan, day)
    ends_by_then = any(ends <= day for ends in pressing_days(loan, as_of))
    return loan_exposure(loan, as_of) if ends_by_then else 0


def is_any_near(borrower: Borrower, day: int) -> bool:
    """Return whether something falls due soon, is past due, or did when it was judged last."""
    if borrower.counters.past_due_minor:
        return True
    statuses = borrower.signals.status
    if statuses[NEXT_DUE_SLOT] or statuses[MATURITY_SLOT]:
        return True
    return any(_may_be_near(loan, day) for loan in borrower.loans)


def _may_be_near(loan: Loan, day: int) -> bool:
    days = counting_days(loan)
    ahead = bisect_right(days, day)
    if ahead < len(days) and days[ahead] <= day + NEXT_DUE_DAYS:
        return True
    return bool(pressing_days(loan, day))


def spendable(borrower: Borrower, as_of: int) -> int | None:
    """Return what lies on the accounts at the end of the day, None where no balance is known.

    The booked balance, or less where the bank reports that less of it is available.
    """
    total: int | None = None
    for account in borrower.accounts:
        booked = daily_values.at(account.eod, as_of)
        if booked is None:
            continue
        if account.available_day and account.available_day == daily_values.last_day(account.eod):
            booked = min(booked, account.available_minor)
        total = (total or 0) + max(0, booked)
    return total


def undrawn_usable(borrower: Borrower, as_of: int) -> int:
    """Return what may still be drawn on lines other than cards."""
    total, currency = 0, borrower.profile.reporting_currency
    for facility in borrower.facilities:
        if facility.currency == currency and not _is_card(borrower, facility):
            total += _undrawn(facility, as_of)
    return total


def _is_card(borrower: Borrower, facility: Facility) -> bool:
    for loan in borrower.loans:
        if loan.loan_type == CARD and loan.loan_id == facility.loan_id:
            return True
    return False


def _undrawn(facility: Facility, as_of: int) -> int:
    if facility.undrawn_usable_minor is not None:
        return facility.undrawn_usable_minor
    drawn = facility_use.drawn_on(facility, as_of)
    allowed = facility_use.allowed_on(facility, as_of)
    return max(0, allowed - drawn) if drawn is not None and allowed is not None else 0
