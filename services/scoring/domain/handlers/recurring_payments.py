"""Applies payments that recur, and derives their rhythm: when they came and when the next is due.

`account_flows` passes on wages, taxes, social charges and utilities; the indicators of habits read
them. For a firm wages are its payroll, for a person the pay that comes in. Payments on a few days
in a row are one run, because a payroll may be split. Everything is derived from sums by day, so the
order of arrival leaves no trace and a reversal takes exactly its payment away. A flow whose
category is a guess of the source is no habit.
"""

from bisect import bisect_left, bisect_right
from operator import sub
from typing import Final

from services.scoring.domain.borrower.borrower import RECURRING_PART, Borrower
from services.scoring.domain.borrower.flows import RecurringPayments
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.flow_kinds import SOCIAL, TAX, WAGES
from services.scoring.domain.primitives.series import Series
from services.scoring.domain.primitives.vocabulary import DEBIT, RETAIL

# Days that one run may take: a payroll on the 28th and the 1st is one.
RUN_DAYS: Final = 5
FEWEST_GAPS: Final = 3
LEARNT_DAYS: Final = 183
YEAR_DAYS: Final = 365


def add(borrower: Borrower, event: AccountTransacted, kinds: int, day: int, amount: int) -> int:
    """Add a recurring payment (a negative amount takes it away); return the bits touched."""
    if event.is_guess:
        return 0
    recurring = borrower.recurring
    if kinds & WAGES:
        is_person = borrower.profile.segment == RETAIL
        if is_person == (event.direction == DEBIT):
            return 0
        series.add(recurring.wages, day, amount)
        recurring.wages_due_day = _wages_due_day(recurring)
        if amount > 0:
            recurring.ref = event.ref
        facts = touched.WAGES
    else:
        series.add(_duties(recurring, kinds), day, 1 if amount > 0 else -1)
        facts = touched.DUTIES
    borrower.changed |= RECURRING_PART
    return facts


def _duties(recurring: RecurringPayments, kinds: int) -> Series:
    if kinds & TAX:
        return recurring.taxes
    return recurring.social if kinds & SOCIAL else recurring.utilities


def _wages_due_day(recurring: RecurringPayments) -> int:
    starts, _ = latest_runs(recurring.wages)
    cycle = cycle_of(starts)
    return starts[-1] + cycle if cycle else 0


def runs_of(payments: Series, first_day: int = 0) -> tuple[list[int], list[int]]:
    """Return the first days of the runs and what each brought, from a day on, oldest first.

    A run takes in what comes within `RUN_DAYS` of its start.
    """
    starts: list[int] = []
    amounts: list[int] = []
    days, cum = payments.days, payments.cum
    for index in range(bisect_left(days, first_day), len(days)):
        amount = cum[index] - (cum[index - 1] if index else 0)
        if starts and days[index] - starts[-1] <= RUN_DAYS:
            amounts[-1] += amount
        else:
            starts.append(days[index])
            amounts.append(amount)
    return starts, amounts


def latest_runs(payments: Series) -> tuple[list[int], list[int]]:
    """Return the runs of the half-year that ends with the newest payment."""
    return runs_of(payments, payments.days[-1] - LEARNT_DAYS) if payments.days else ([], [])


def runs_before_the_newest(payments: Series, day: int) -> list[int]:
    """Return what the runs of half a year brought that were complete on a day, but the newest."""
    starts, amounts = runs_of(payments, day - LEARNT_DAYS)
    return amounts[: max(0, bisect_right(starts, day - RUN_DAYS) - 1)]


def run_a_year_before(payments: Series, start: int, cycle: int) -> int | None:
    """Return what the run nearest to a year before a run brought, None without one near enough."""
    target = start - YEAR_DAYS
    starts, amounts = runs_of(payments, target - cycle // 2 - RUN_DAYS)
    rows = [
        (abs(each - target), amount)
        for each, amount in zip(starts, amounts, strict=True)
        if abs(each - target) <= cycle // 2
    ]
    return min(rows)[1] if rows else None


def cycle_of(starts: list[int]) -> int:
    """Return the usual days from one run to the next (median), 0 while there are too few runs."""
    if len(starts) <= FEWEST_GAPS:
        return 0
    gaps: list[int] = sorted(map(sub, starts[1:], starts))
    return gaps[len(gaps) // 2]


def may_move(recurring: RecurringPayments, previous: int, day: int) -> bool:
    """Return whether the close of the day can change the figures of the wages.

    It can when the newest run was not complete at the previous close, and once the next is due.
    """
    wages = recurring.wages.days
    if not wages:
        return False
    return previous - wages[-1] < RUN_DAYS or 0 < recurring.wages_due_day < day


def forget_before(recurring: RecurringPayments, day: int) -> None:
    """Drop the payments before the day."""
    for payments in (recurring.wages, recurring.taxes, recurring.social, recurring.utilities):
        series.forget_before(payments, day)
