"""Money that is gone again a business day after it came, to one or two payees.

Kept only for borrowers whose rulebook asks (A-21 is switched off as a rule), because it needs every
payee of the last days: the fold looks whether the signal has ever been judged. Days are settled a
week later, once, so that what comes a few days late is still matched; what comes later is not.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.borrower.borrower import DEALINGS_PART, Borrower
from services.scoring.domain.borrower.flows import Dealings
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.handlers.credit_file import party_digest
from services.scoring.domain.handlers.lender_flows import add_to_day
from services.scoring.domain.primitives import series
from services.scoring.domain.primitives.dates import next_business_day
from services.scoring.domain.primitives.series import Series
from services.scoring.domain.primitives.vocabulary import CREDIT, OWN_TRANSFER, REVERSAL

SETTLED_AFTER_DAYS: Final = 7
KEPT_DAYS: Final = 100
MOST_PAYEES: Final = 2


def take(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> None:
    """Add a flow; own money that comes in is no inflow, and who is not named is no payee."""
    dealings = borrower.dealings
    if not dealings.passing_since:
        dealings.passing_since = day
    if event.category == REVERSAL or day <= dealings.passed_through:
        return
    if event.direction == CREDIT:
        if event.category != OWN_TRANSFER:
            series.add(dealings.passing_in, day, amount)
    elif event.counterparty_id is not None:
        columns = dealings.out_days, dealings.out_keys, dealings.out_minor
        add_to_day(columns, day, party_digest(event.counterparty_id), amount)
    borrower.changed |= DEALINGS_PART


def share_passed(dealings: Dealings, first: int, last: int) -> tuple[int, int]:
    """Return what passed through and what came in, from the first to the last day."""
    came = series.total(dealings.passing_in, first, last)
    gone = series.total(dealings.passed, first, last)
    start = max(first, dealings.passed_through + 1)
    for _, amount in _matched(dealings.passing_in, _payments(dealings), start, last):
        gone += amount
    return gone, came


def settle_before(dealings: Dealings, day: int) -> None:
    """Settle the days that are a week old at the close of the day, and forget old ones."""
    if not dealings.passing_since:
        return
    last = day - SETTLED_AFTER_DAYS
    payments = _payments(dealings)
    for settled, amount in _matched(
        dealings.passing_in, payments, dealings.passed_through + 1, last
    ):
        series.add(dealings.passed, settled, amount)
    dealings.passed_through = max(dealings.passed_through, last)
    left = payments[bisect_right(dealings.out_days, last) :]
    dealings.out_days = [one[0] for one in left]
    dealings.out_keys = [one[1] for one in left]
    dealings.out_minor = [one[2] for one in left]
    for sums in (dealings.passing_in, dealings.passed):
        series.forget_before(sums, day - KEPT_DAYS)


def _payments(dealings: Dealings) -> list[list[int]]:
    """Return [day, payee, amount not yet matched] in order of day."""
    rows = zip(dealings.out_days, dealings.out_keys, dealings.out_minor, strict=True)
    return [list(row) for row in rows]


def _matched(
    inflows: Series, payments: list[list[int]], first: int, last: int
) -> list[tuple[int, int]]:
    """Return by day what left again through the next business day, and use up what it left by."""
    found = []
    for day in series.active_days(inflows, first, last):
        came = left = series.total(inflows, day, day)
        until = next_business_day(day)
        near = [one for one in payments if day <= one[0] <= until and one[2] > 0]
        for one in _to_the_largest(near):
            used = min(one[2], max(0, left))
            one[2] -= used
            left -= used
        if came > left:
            found.append((day, came - left))
    return found


def _to_the_largest(payments: list[list[int]]) -> list[list[int]]:
    """Return the payments to the two payees that got most."""
    sums: dict[int, int] = {}
    for _, payee, amount in payments:
        sums[payee] = sums.get(payee, 0) + amount
    largest = sorted(sums, key=lambda payee: (-sums[payee], payee))[:MOST_PAYEES]
    return [one for one in payments if one[1] in largest]
