"""Payments that come round: when they came, in which rhythm, and when the next is expected.

Told by `account_flows` about wages, taxes, social charges and utilities; read by the indicators of
habits. For a firm wages are its payroll, for a person the pay that comes in. Payments on a few days
in a row are one run, because a payroll may be split. Everything is derived from sums by day, so the
order of arrival leaves no trace and a reversal takes exactly its payment away.
"""

from bisect import bisect_left
from operator import sub
from typing import Final

from services.scoring.domain.borrower.borrower import ROUTINES_PART, Borrower, event_ref
from services.scoring.domain.borrower.flows import Routines
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.flow_kinds import SOCIAL, TAX, WAGES
from services.scoring.domain.primitives.series import Series
from services.scoring.domain.primitives.vocabulary import DEBIT, RETAIL

# Days that one run may take: a payroll on the 28th and the 1st is one.
RUN_DAYS: Final = 5
FEWEST_GAPS: Final = 3
LEARNT_DAYS: Final = 183


def take(borrower: Borrower, event: AccountTransacted, kinds: int, day: int, amount: int) -> int:
    """Add a payment that comes round (a negative amount takes it away); return what it touched."""
    routines = borrower.routines
    if kinds & WAGES:
        is_person = borrower.profile.segment == RETAIL
        if is_person == (event.direction == DEBIT):
            return 0
        series.add(routines.wages, day, amount)
        routines.wages_due_day = _wages_due_day(routines)
        if amount > 0:
            routines.ref = event_ref(event.source, event.id)
        facts = touched.WAGES
    else:
        series.add(_duties(routines, kinds), day, 1 if amount > 0 else -1)
        facts = touched.DUTIES
    borrower.changed |= ROUTINES_PART
    return facts


def _duties(routines: Routines, kinds: int) -> Series:
    if kinds & TAX:
        return routines.taxes
    return routines.social if kinds & SOCIAL else routines.utilities


def _wages_due_day(routines: Routines) -> int:
    starts, _ = latest_runs(routines.wages)
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


def cycle_of(starts: list[int]) -> int:
    """Return the usual days from one run to the next (median), 0 while it cannot be told."""
    if len(starts) <= FEWEST_GAPS:
        return 0
    gaps: list[int] = sorted(map(sub, starts[1:], starts))
    return gaps[len(gaps) // 2]


def may_move(routines: Routines, previous: int, day: int) -> bool:
    """Return whether the close of the day can change how the wages look.

    It can when the newest run was not complete at the previous close, and once the next is due.
    """
    wages = routines.wages.days
    if not wages:
        return False
    return previous - wages[-1] < RUN_DAYS or 0 < routines.wages_due_day < day


def forget_before(routines: Routines, day: int) -> None:
    """Drop the payments before the day."""
    for payments in (routines.wages, routines.taxes, routines.social, routines.utilities):
        series.forget_before(payments, day)
