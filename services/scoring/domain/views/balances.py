"""All accounts of a borrower as one balance a day, kept ready from one evaluation to the next.

Called by the balance indicators; told by `account_flows` what was reported. A new day costs one
look at each account instead of a rebuilt half-year. Must stay true: a view that was carried along
gives exactly what one built afresh gives, because only the newest 210 days are looked at.
"""

from bisect import bisect_left, insort
from typing import Final

from services.scoring.domain.borrower.borrower import BalanceView, Borrower
from services.scoring.domain.primitives import daily_values

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
    found: int | None = None
    for account in borrower.accounts:
        balance = daily_values.at(account.eod, day)
        if balance is not None:
            found = balance if found is None else found + balance
    return found


def _built(borrower: Borrower, as_of: int) -> BalanceView:
    balances = _pooled_window(borrower, as_of - ALL_DAYS + 1, as_of)
    base = sorted(balances[:-RECENT_DAYS])
    return BalanceView(as_of, balances, base, falls_of(balances, FALL_SPAN))


def _pooled_window(borrower: Borrower, start: int, end: int) -> list[int]:
    found: list[int] = []
    for account in borrower.accounts:
        balances = daily_values.window(account.eod, start, end)
        found = _added(found, balances) if found else balances
    return found


def _added(one: list[int], other: list[int]) -> list[int]:
    """Return the sums of two lists that end on the same day."""
    if len(one) < len(other):
        one, other = other, one
    head = len(one) - len(other)
    tail = [left + right for left, right in zip(one[head:], other, strict=True)]
    return one[:head] + tail


def falls_of(balances: list[int], span: int) -> list[int]:
    """Return for each day how far it lies below the highest of the `span` days before it."""
    found: list[int] = []
    highest: list[int] = []  # From `head` on: days whose balance no later day has reached.
    head = 0
    for day, balance in enumerate(balances):
        while len(highest) > head and balances[highest[-1]] <= balance:
            highest.pop()
        highest.append(day)
        if highest[head] < day - span:
            head += 1
        found.append(balances[highest[head]] - balance)
    return found


def _replace_last(view: BalanceView, balance: int | None) -> None:
    view.is_last_stale = False
    if balance is None:
        return
    if not view.balances:
        view.balances.append(balance)
        view.falls.append(0)
        return
    view.balances[-1] = balance
    view.falls[-1] = max(view.balances[-FALL_SPAN - 1 :]) - balance


def _append(view: BalanceView, balance: int | None) -> None:
    view.last_day += 1
    if balance is None:
        return
    balances = view.balances
    balances.append(balance)
    view.falls.append(max(balances[-FALL_SPAN - 1 :]) - balance)
    known = len(balances)
    if known > RECENT_DAYS:
        insort(view.base, balances[-RECENT_DAYS - 1])
    if known > ALL_DAYS:
        del view.base[bisect_left(view.base, balances[-ALL_DAYS - 1])]
    if known > MOST_KEPT:
        del balances[:ALL_DAYS], view.falls[:ALL_DAYS]


def are_balances_stale(borrower: Borrower, as_of: int) -> bool:
    """Return whether no account has reported for longer than `STALE_DAYS`."""
    newest = max(daily_values.last_day(account.eod) for account in borrower.accounts)
    return as_of - newest > STALE_DAYS
