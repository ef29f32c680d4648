"""Applies money that is gone again a business day after it came, to one or two payees (A-21).

Kept only for borrowers whose rulebook reads it (A-21 is usually switched off), because it needs
every payee of the last days: the fold checks whether the signal was ever judged. Days are settled a
week later, once, so that what comes a few days late is still matched; what comes later is not.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.borrower.borrower import CONDUCT_PART, Borrower
from services.scoring.domain.borrower.credit_file import party_digest
from services.scoring.domain.borrower.flows import PassThrough, add_to_row
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.primitives import series
from services.scoring.domain.primitives.dates import next_business_day
from services.scoring.domain.primitives.series import Series
from services.scoring.domain.primitives.vocabulary import CREDIT, OWN_TRANSFER, REVERSAL

SETTLED_AFTER_DAYS: Final = 7
KEPT_DAYS: Final = 100
MOST_PAYEES: Final = 2


def add(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> None:
    """Add a flow; own money that comes in is no inflow, and who is not named is no payee."""
    flows = borrower.pass_through
    if not flows.since:
        flows.since = day
    if event.category == REVERSAL or day <= flows.settled_through:
        return
    if event.direction == CREDIT:
        if event.category != OWN_TRANSFER:
            series.add(flows.inflows, day, amount)
    elif event.counterparty_id is not None:
        columns = flows.out_days, flows.out_keys, flows.out_minor
        add_to_row(columns, day, party_digest(event.counterparty_id), amount)
    borrower.changed |= CONDUCT_PART


def passed_and_received(flows: PassThrough, first: int, last: int) -> tuple[int, int]:
    """Return what passed through and what came in, from the first to the last day."""
    came = series.total(flows.inflows, first, last)
    gone = series.total(flows.passed, first, last)
    start = max(first, flows.settled_through + 1)
    for _, amount in _matched(flows.inflows, _payments(flows), start, last):
        gone += amount
    return gone, came


def settle_before(flows: PassThrough, day: int) -> None:
    """Settle the days that are a week old at the close of the day, and forget old ones."""
    if not flows.since:
        return
    last = day - SETTLED_AFTER_DAYS
    payments = _payments(flows)
    for settled, amount in _matched(flows.inflows, payments, flows.settled_through + 1, last):
        series.add(flows.passed, settled, amount)
    flows.settled_through = max(flows.settled_through, last)
    left = payments[bisect_right(flows.out_days, last) :]
    flows.out_days = [payment[0] for payment in left]
    flows.out_keys = [payment[1] for payment in left]
    flows.out_minor = [payment[2] for payment in left]
    for sums in (flows.inflows, flows.passed):
        series.forget_before(sums, day - KEPT_DAYS)


def _payments(flows: PassThrough) -> list[list[int]]:
    """Return [day, payee, amount not yet matched] in order of day."""
    rows = zip(flows.out_days, flows.out_keys, flows.out_minor, strict=True)
    return [list(row) for row in rows]


def _matched(
    inflows: Series, payments: list[list[int]], first: int, last: int
) -> list[tuple[int, int]]:
    """Return by day what left again through the next business day, and use up what it left by."""
    matched = []
    for day in series.active_days(inflows, first, last):
        came = left = series.total(inflows, day, day)
        until = next_business_day(day)
        near = [payment for payment in payments if day <= payment[0] <= until and payment[2] > 0]
        for payment in _to_the_largest(near):
            used = min(payment[2], max(0, left))
            payment[2] -= used
            left -= used
        if came > left:
            matched.append((day, came - left))
    return matched


def _to_the_largest(payments: list[list[int]]) -> list[list[int]]:
    """Return the payments to the two payees that got most."""
    sums: dict[int, int] = {}
    for _, payee, amount in payments:
        sums[payee] = sums.get(payee, 0) + amount
    largest = sorted(sums, key=lambda payee: (-sums[payee], payee))[:MOST_PAYEES]
    return [payment for payment in payments if payment[1] in largest]
