"""Pools all accounts of a borrower into one balance a day, carried from one evaluation to the next.

The balance indicators read it; `account_flows` reports what changed. A new day costs one read of
each account instead of a rebuilt half-year. Must stay true: a view that was carried along equals
one that is built from nothing, because only the newest 210 days are read.
"""

from bisect import bisect_left, insort
from typing import Final

from services.scoring.domain.borrower.borrower import BalanceView, Borrower
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.measurement import Reason

RECENT_DAYS: Final = 30
ALL_DAYS: Final = 210
FALL_SPAN: Final = 30
MOST_KEPT: Final = 2 * ALL_DAYS
STALE_DAYS: Final = 30


def reported(borrower: Borrower, day: int) -> None:
    """Note that a balance of this day has been put in or changed."""
    view = borrower.balance_view
    if view is None:
        return
    if day == view.last_day:
        view.is_last_stale = True
    elif day < view.last_day:
        borrower.balance_view = None


def view_of(borrower: Borrower, as_of: int) -> BalanceView:
    """Return the view that ends with the day `as_of`."""
    view = borrower.balance_view
    if view is None or view.last_day > as_of or as_of - view.last_day > RECENT_DAYS:
        view = borrower.balance_view = _built(borrower, as_of)
        return view
    if view.is_last_stale:
        _replace_last(view, pooled(borrower, view.last_day))
    while view.last_day < as_of:
        _append(view, pooled(borrower, view.last_day + 1))
    return view


def pooled(borrower: Borrower, day: int) -> int | None:
    """Return the balance of all accounts in force at the end of the day."""
    total: int | None = None
    for account in borrower.accounts:
        balance = daily_values.at(account.eod, day)
        if balance is not None:
            total = balance if total is None else total + balance
    return total


def _built(borrower: Borrower, as_of: int) -> BalanceView:
    balances = _pooled_window(borrower, as_of - ALL_DAYS + 1, as_of)
    base = sorted(balances[:-RECENT_DAYS])
    return BalanceView(as_of, balances, base, dips_of(balances, FALL_SPAN))


def _pooled_window(borrower: Borrower, start: int, end: int) -> list[int]:
    pooled: list[int] = []
    for account in borrower.accounts:
        balances = daily_values.window(account.eod, start, end)
        pooled = _added(pooled, balances) if pooled else balances
    return pooled


def _added(longer: list[int], shorter: list[int]) -> list[int]:
    """Return the sums of two lists that end on the same day."""
    if len(longer) < len(shorter):
        longer, shorter = shorter, longer
    head = len(longer) - len(shorter)
    tail = [left + right for left, right in zip(longer[head:], shorter, strict=True)]
    return longer[:head] + tail


def dips_of(balances: list[int], span: int) -> list[int]:
    """Return for each day its balance less the highest of it and the `span` days before it."""
    dips: list[int] = []
    highest: list[int] = []  # From `head` on: days whose balance no later day has reached.
    head = 0
    for day, balance in enumerate(balances):
        while len(highest) > head and balances[highest[-1]] <= balance:
            highest.pop()
        highest.append(day)
        if highest[head] < day - span:
            head += 1
        dips.append(balance - balances[highest[head]])
    return dips


def _replace_last(view: BalanceView, balance: int | None) -> None:
    view.is_last_stale = False
    if balance is None:
        return
    if not view.balances:
        view.balances.append(balance)
        view.dips.append(0)
        return
    replaced, dip = view.balances[-1], view.dips[-1]
    view.balances[-1] = balance
    view.dips[-1] = balance - max(view.balances[-FALL_SPAN - 1 :])
    view.low_60.follow(view.balances, replaced)
    view.low_180.follow(view.balances, replaced)
    view.deepest_180.follow(view.dips, dip)


def _append(view: BalanceView, balance: int | None) -> None:
    view.last_day += 1
    if balance is None:
        return
    balances = view.balances
    balances.append(balance)
    view.dips.append(balance - max(balances[-FALL_SPAN - 1 :]))
    view.low_60.follow(balances)
    view.low_180.follow(balances)
    view.deepest_180.follow(view.dips)
    known = len(balances)
    if known > RECENT_DAYS:
        insort(view.base, balances[-RECENT_DAYS - 1])
    if known > ALL_DAYS:
        del view.base[bisect_left(view.base, balances[-ALL_DAYS - 1])]
    if known > MOST_KEPT:
        del balances[:ALL_DAYS], view.dips[:ALL_DAYS]


def why_no_balance(borrower: Borrower, as_of: int) -> Reason:
    """Return why the accounts have no balance: none was reported, or none lately."""
    is_known = False
    for account in borrower.accounts:
        newest = daily_values.last_day(account.eod)
        if as_of - newest <= STALE_DAYS:
            return Reason.NONE
        is_known = is_known or newest > 0
    return Reason.STALE_DATA if is_known else Reason.NO_BALANCE
