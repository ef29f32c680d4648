"""Which indicators of flows and of dues ahead the close of a day can move, though nothing came.

Called by `fold` at each day close. Must stay true: a borrower without the fact in question is asked
no more than whether a list is empty, because every borrower is asked every day.
"""

from services.scoring.domain.arrears import instalments
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.flows import Dealings
from services.scoring.domain.handlers import recurring_payments
from services.scoring.domain.primitives import touched


def touched_by_close(borrower: Borrower, previous: int, day: int) -> int:
    """Return the kinds of flows whose figures may differ at the close of the day.

    Args:
        borrower: Whose day closes.
        previous: The day closed before it, 0 for none.
        day: The day that closes.
    """
    facts = 0
    if borrower.flows.cash_debits.days:
        facts |= touched.CASH
    if recurring_payments.may_move(borrower.routines, previous, day):
        facts |= touched.WAGES
    if instalments.is_any_near(borrower, day):
        facts |= touched.COVER
    if borrower.flows.related_net.days:
        facts |= touched.OTHERS
    return facts | _dealings_touched(borrower.dealings)


def _dealings_touched(dealings: Dealings) -> int:
    facts = 0
    if dealings.lender_days:
        facts |= touched.LENDERS
    if dealings.drawn_days:
        facts |= touched.PROCEEDS
    if dealings.inflows.days or dealings.helped_days:
        facts |= touched.OTHERS
    if dealings.promise_days:
        facts |= touched.PROMISES
    return facts
