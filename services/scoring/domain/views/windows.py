"""Windows on the facts: which days and months an indicator looks at, and the balances in them.

A window of n days as of day D is the n days up to and including D. At the close of D that is the
half-open `[T - n, T)` with T the start of D + 1; during D it includes the day so far. A month is
over at the close of its last day, and counts as full only if accounts were known on its first day.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.months import first_day_of, last_day_of, month_of

STALE_DAYS: Final = 30


def is_over(borrower: Borrower, day: int, as_of: int) -> bool:
    """Return whether the day has ended as of now: an earlier day, or one that is closed."""
    return day < as_of or day <= borrower.counters.closed_day


def newest_full_month(borrower: Borrower, as_of: int) -> int:
    """Return the newest month that is over."""
    month = month_of(as_of)
    return month if is_over(borrower, last_day_of(month), as_of) else month - 1


def first_full_month(borrower: Borrower) -> int:
    """Return the first month on whose first day the accounts were known already."""
    known_day = borrower.flows.known_day
    month = month_of(known_day)
    return month if known_day == first_day_of(month) else month + 1


def known_days(borrower: Borrower, as_of: int) -> int:
    """Return for how many days, today included, accounts have been known."""
    known_day = borrower.flows.known_day
    return as_of - known_day + 1 if known_day else 0


def are_balances_stale(borrower: Borrower, as_of: int) -> bool:
    """Return whether no account has reported for longer than `STALE_DAYS`."""
    newest = max(daily_values.last_day(account.eod) for account in borrower.accounts)
    return as_of - newest > STALE_DAYS
