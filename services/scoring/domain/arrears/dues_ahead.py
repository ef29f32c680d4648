"""What falls due in the days ahead, and what there is to pay it with.

Called by the cover indicators (A-14, R-14) and by the fold, which asks at each day close whether
anything is near. Must stay true: money is counted once. A booked balance below zero is no money, a
balance that may be overdrawn counts what is booked and the line beside it, and a card's limit is
nothing to pay a loan with. Only loans in the borrower's reporting currency count.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.arrears.exposure import loan_exposure
from services.scoring.domain.arrears.instalments import counting_days, due_of, paid_by
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.vocabulary import CARD, GUARANTEE, TERM

NEXT_DUE_DAYS: Final = 15
MATURITY_DAYS: Final = 90
# An instalment of at least so many times the one before it is a balloon.
BALLOON_TIMES: Final = 3
NEXT_DUE_SLOT: Final = slot_of("A-14")
MATURITY_SLOT: Final = slot_of("R-14")


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


def pressing_days(loan: Loan, as_of: int) -> list[int]:
    """Return the days within reach on which the loan ends or a balloon falls due."""
    days, last = counting_days(loan), as_of + MATURITY_DAYS
    if not days:
        ends = loan.maturity_day
        return [ends] if loan.loan_type == TERM and ends and as_of < ends <= last else []
    final = len(days) - 1
    found = []
    for index in range(bisect_right(days, as_of), bisect_right(days, last)):
        is_balloon = index and due_of(loan, index) >= BALLOON_TIMES * due_of(loan, index - 1)
        if index == final or is_balloon:
            found.append(days[index])
    return found


def pressing_amount(loan: Loan, day: int, as_of: int) -> int:
    """Return what must be paid on the loan by the day; without a schedule, all of it at its end."""
    if loan.due_days:
        return unpaid_through(loan, day)
    ends_by_then = any(ends <= day for ends in pressing_days(loan, as_of))
    return loan_exposure(loan, as_of) if ends_by_then else 0


def is_any_near(borrower: Borrower, day: int) -> bool:
    """Return whether something falls due soon, or did when it was judged last."""
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

    The booked balance, or less where the bank says that less of it is available.
    """
    found: int | None = None
    for account in borrower.accounts:
        booked = daily_values.at(account.eod, as_of)
        if booked is None:
            continue
        if account.available_day and account.available_day == daily_values.last_day(account.eod):
            booked = min(booked, account.available_minor)
        found = (found or 0) + max(0, booked)
    return found


def undrawn_usable(borrower: Borrower, as_of: int) -> int:
    """Return what may still be drawn on lines other than cards."""
    cards = {loan.loan_id for loan in borrower.loans if loan.loan_type == CARD}
    return sum(
        _undrawn(facility, as_of)
        for facility in borrower.facilities
        if facility.loan_id not in cards
    )


def _undrawn(facility: Facility, as_of: int) -> int:
    if facility.undrawn_usable_minor is not None:
        return facility.undrawn_usable_minor
    drawn = facility_use.drawn_on(facility, as_of)
    allowed = facility_use.allowed_on(facility, as_of)
    return max(0, allowed - drawn) if drawn is not None and allowed is not None else 0
