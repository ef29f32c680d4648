"""Which indicators of flows and of dues ahead the close of a day can move, though nothing came.

Called by `fold` at each day close. Must stay true: a borrower without the fact in question is asked
no more than whether a list is empty, because every borrower is asked every day.
"""

from services.scoring.domain.arrears import dues_ahead
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.flows import Dealings
from services.scoring.domain.handlers import recurring_payments
from services.scoring.domain.rulebook.indicator import (
    CASH,
    COVER,
    LENDERS,
    OTHERS,
    PROCEEDS,
    PROMISES,
    WAGES,
)


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
    if recurring_payments.may_move(borrower.routines, previous, day):
        touched |= WAGES
    if dues_ahead.is_any_near(borrower, day):
        touched |= COVER
    if borrower.flows.related_net.days:
        touched |= OTHERS
    return touched | _dealings_touched(borrower.dealings)


def _dealings_touched(dealings: Dealings) -> int:
    touched = 0
    if dealings.lender_days:
        touched |= LENDERS
    if dealings.drawn_days:
        touched |= PROCEEDS
    if dealings.inflows.days or dealings.helped_days:
        touched |= OTHERS
    if dealings.promise_days:
        touched |= PROMISES
    return touched
