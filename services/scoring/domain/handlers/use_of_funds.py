"""Traces where money goes: drawdowns and the debits after them, and money that is passed through.

After a drawdown (A-12, A-13) a trace is kept only while the drawdown is recent, as sums by day and
purpose, so that the order of arrival leaves no trace and money that comes back from own accounts
takes its amount away; what was booked before the drawdown became known is not traced.

Money is passed through (A-21) that is gone again a business day after it came, to one or two
payees. Kept only for borrowers whose rulebook reads it (A-21 is usually switched off), because it
needs every payee of the last days: the fold checks whether the signal was ever judged. Days are
settled a week later, once, so that what comes a few days late is still matched; what comes later is
not.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.borrower.borrower import CONDUCT_PART, Borrower
from services.scoring.domain.borrower.credit_file import party_digest
from services.scoring.domain.borrower.flows import (
    Drawdowns,
    PassThrough,
    add_to_row,
    remove_row,
    row_index,
)
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.events.loans import LoanDisbursed
from services.scoring.domain.handlers.measures import weigh_draws
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.dates import next_business_day
from services.scoring.domain.primitives.series import Series
from services.scoring.domain.primitives.vocabulary import (
    CATEGORIES,
    COUNTERPARTY_TYPES,
    CREDIT,
    DEBIT,
    OWN_TRANSFER,
    REVERSAL,
)

# Where the money of a drawdown went first.
TO_OWN_ACCOUNT: Final = 0
TO_RELATED_PARTY: Final = 1
TO_THIRD_PARTY: Final = 2
# The purpose of a debit after a drawdown, as far as loans are not meant for it.
ELSEWHERE: Final = 0
RELATED_PARTIES: Final = 1
SECURITIES: Final = 2
PROPERTY: Final = 3
GAMBLING: Final = 4
CRYPTO: Final = 5
NOWHERE: Final = -1
BY_CATEGORY: Final = {
    "OWN_TRANSFER": ELSEWHERE,
    "RELATED_OUT": RELATED_PARTIES,
    "SECURITIES_OUT": SECURITIES,
    "PROPERTY_OUT": PROPERTY,
    "GAMBLING_OUT": GAMBLING,
}
BY_COUNTERPARTY: Final = {
    "OWN": ELSEWHERE,
    "RELATED": RELATED_PARTIES,
    "BROKER": SECURITIES,
    "REAL_ESTATE": PROPERTY,
    "GAMBLING": GAMBLING,
    "CRYPTO": CRYPTO,
}
PURPOSES: Final = tuple(
    tuple(
        BY_CATEGORY.get(category, BY_COUNTERPARTY.get(counterparty, NOWHERE))
        for counterparty in COUNTERPARTY_TYPES
    )
    for category in CATEGORIES
)
TRACE_DAYS: Final = 30
SETTLED_AFTER_DAYS: Final = 7
PASS_THROUGH_DAYS: Final = 100
MOST_PAYEES: Final = 2


def disburse(borrower: Borrower, event: LoanDisbursed) -> int:
    """Record a drawdown and where its money went first."""
    drawdowns = borrower.drawdowns
    if event.currency != borrower.profile.reporting_currency != "":
        return 0
    index = row_index(drawdowns.days, drawdowns.refs, event.value_day, event.ref)
    drawdowns.days.insert(index, event.value_day)
    drawdowns.minor.insert(index, event.drawn_minor)
    drawdowns.loans.insert(index, event.loan_id)
    drawdowns.payees.insert(index, _payee(borrower, event.payee_account_id))
    drawdowns.refs.insert(index, event.ref)
    return touched.PROCEEDS | weigh_draws(borrower, event.value_day)


def take_back_drawdown(borrower: Borrower, ref: str) -> int:
    """Take a drawdown back, where money went after it, and what it seemed to pay."""
    drawdowns = borrower.drawdowns
    if ref not in drawdowns.refs:
        return 0
    day = drawdowns.days[drawdowns.refs.index(ref)]
    remove_row(drawdowns.refs, drawdowns.columns(), ref)
    _forget_untraced(drawdowns)
    return touched.PROCEEDS | weigh_draws(borrower, day)


def receive_own_loan(borrower: Borrower, day: int, amount: int) -> int:
    """Add money of an own loan that came in on an account, or take it out again."""
    series.add(borrower.drawdowns.received, day, amount)
    borrower.changed |= CONDUCT_PART
    return weigh_draws(borrower, day)


def _payee(borrower: Borrower, payee_account_id: str) -> int:
    if any(account.account_id == payee_account_id for account in borrower.accounts):
        return TO_OWN_ACCOUNT
    related = borrower.credit_file.related_parties
    if related and party_digest(payee_account_id) in related:
        return TO_RELATED_PARTY
    return TO_THIRD_PARTY


def trace(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> int:
    """Add where money went after a drawdown; money back from own accounts takes it away again."""
    drawdowns = borrower.drawdowns
    purpose = _purpose_of(borrower, event)
    if purpose == NOWHERE or not _is_after_drawdown(drawdowns, day):
        return 0
    columns = drawdowns.use_days, drawdowns.use_purposes, drawdowns.use_minor
    add_to_row(columns, day, purpose, amount if event.direction == DEBIT else -amount)
    borrower.changed |= CONDUCT_PART
    return touched.PROCEEDS


def _is_after_drawdown(drawdowns: Drawdowns, day: int) -> bool:
    """Return whether the newest drawdown up to the day is recent enough for its money to go."""
    index = bisect_right(drawdowns.days, day) - 1
    return index >= 0 and day <= drawdowns.days[index] + TRACE_DAYS


def _forget_untraced(drawdowns: Drawdowns) -> None:
    """Drop where money went after a drawdown that was taken back."""
    for index in range(len(drawdowns.use_days) - 1, -1, -1):
        if not _is_after_drawdown(drawdowns, drawdowns.use_days[index]):
            del drawdowns.use_days[index], drawdowns.use_purposes[index]
            del drawdowns.use_minor[index]


def _purpose_of(borrower: Borrower, event: AccountTransacted) -> int:
    if event.direction == CREDIT:
        return ELSEWHERE if event.category == OWN_TRANSFER else NOWHERE
    purpose = PURPOSES[event.category][event.counterparty_type]
    if purpose == NOWHERE and borrower.credit_file.is_related(event.counterparty_id):
        return RELATED_PARTIES
    return purpose


def pass_through(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> None:
    """Add a flow: transfers from own accounts are no inflow, an unnamed party is no payee."""
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


def settle_pass_through_before(flows: PassThrough, day: int) -> None:
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
        series.forget_before(sums, day - PASS_THROUGH_DAYS)


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
