"""Which indicators of flows and of dues ahead the close of a day can move, though nothing came.

Called by `fold` at each day close. Must stay true: a borrower without the fact in question is asked
no more than whether a list is empty, because every borrower is asked every day.
"""

from services.scoring.domain import dues_ahead, routines
from services.scoring.domain.facts import Borrower
from services.scoring.domain.indicators.declaration import CASH, COVER, WAGES


def touched_by_close(borrower: Borrower, previous: int, day: int) -> int:
    """Return the kinds of flows whose figures may differ at the close of the day.

    Args:
        borrower: Whose day closes.
        previous: The day closed before it, 0 for none.
        day: The day that closes.
    """
    touched = 0
    if borrower.flows.cash_debits.days:
        touched |= CASH
    if routines.may_move(borrower.routines, previous, day):
        touched |= WAGES
    if dues_ahead.is_any_near(borrower, day):
        touched |= COVER
    return touched
