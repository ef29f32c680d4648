"""Takes events back: what a correction does before, or instead of, the event's own handler.

A reversal takes the event that it names out of the facts, as if it had never come. An amendment or
a back-dating takes it out first, and is then applied like any event. What was taken back once is
remembered, so that a second correction of it is refused and not counted twice; a correction that
comes before its event is remembered for it. Payments are taken back by amounts (`repayments`), and
flows are sums, so the reversal of a flow is subtracted by its own handler.

Must stay true: no correction is accepted in silence. One that is refused is news with its reason.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from services.scoring.domain.borrower.borrower import LOANS_PART, AssessmentChange, Borrower
from services.scoring.domain.events.accounts import AccountItemReturned, AccountTransacted
from services.scoring.domain.events.credit_file import (
    ForecastReceived,
    StatementDue,
    StatementReceived,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import (
    LoanClosed,
    LoanDisbursed,
    PromiseMade,
    RepaymentFailed,
    RepaymentPosted,
    RepaymentReversed,
)
from services.scoring.domain.handlers import accounts, loans, statements, use_of_funds
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import NO_CORRECTION, REVERSAL_OF

MOST_AWAITED: Final = 64
MOST_CORRECTED: Final = 200
# Instead of an amount to take back: the whole event.
WHOLE: Final = -1
ALREADY_CORRECTED: Final = "already_corrected"

# Any: each takes a borrower and the reference of an event of its own type, and returns the bits of
# `touched`, 0 where the event has not come.
TakeBack = Callable[[Borrower, str], int]
TAKE_BACK: Final[dict[type[Any], TakeBack]] = {
    LoanDisbursed: use_of_funds.take_back_drawdown,
    LoanClosed: loans.take_back_end,
    RepaymentFailed: accounts.take_back_bounce,
    AccountItemReturned: accounts.take_back_bounce,
    PromiseMade: loans.take_back_promise,
    StatementReceived: statements.take_back_statement,
    StatementDue: statements.take_back_deadline,
    ForecastReceived: statements.take_back_forecast,
}
BY_AMOUNT: Final = (RepaymentPosted, RepaymentReversed)


def key_of(ref: str) -> int:
    """Return the number by which corrections name an event."""
    return int.from_bytes(blake2b(ref.encode(), digest_size=7).digest(), "big")


def prepare(borrower: Borrower, event: Event) -> tuple[int, bool]:
    """Take back what the event corrects; return the bits touched, and whether that was all.

    It is all of a reversal, of a correction that is refused, and of an event whose correction came
    before it.
    """
    is_flow = isinstance(event, AccountTransacted)
    if isinstance(event, BY_AMOUNT) or (is_flow and event.correction_kind != REVERSAL_OF):
        return 0, False
    if is_awaited(borrower, key_of(event.ref)):
        return 0, True
    if event.correction_kind == NO_CORRECTION or event.corrected_ref is None:
        return 0, False
    key = key_of(event.corrected_ref)
    take_back = TAKE_BACK.get(type(event))
    if take_back is not None or is_flow:
        if key in borrower.corrected_keys:
            return refuse(borrower, event), True
        note_corrected(borrower, key)
    if is_flow:
        return 0, False
    facts = take_back(borrower, event.corrected_ref) if take_back is not None else 0
    if not facts:
        expect(borrower, key, WHOLE)
    return facts, event.correction_kind == REVERSAL_OF


def is_awaited(borrower: Borrower, key: int) -> bool:
    """Return whether an event's correction came before it; then it is forgotten."""
    if key not in borrower.reversed_keys:
        return False
    index = borrower.reversed_keys.index(key)
    del borrower.reversed_keys[index], borrower.reversed_minor[index]
    borrower.changed |= LOANS_PART
    return True


def expect(borrower: Borrower, key: int, amount: int) -> None:
    """Remember that an event is to be taken back when it comes, or how much of it."""
    borrower.reversed_keys.append(key)
    borrower.reversed_minor.append(amount)
    if len(borrower.reversed_keys) > MOST_AWAITED:
        del borrower.reversed_keys[0], borrower.reversed_minor[0]
    borrower.changed |= LOANS_PART


def note_corrected(borrower: Borrower, key: int) -> None:
    """Remember that an event was taken back."""
    borrower.corrected_keys.append(key)
    if len(borrower.corrected_keys) > MOST_CORRECTED:
        del borrower.corrected_keys[0]
    borrower.changed |= LOANS_PART


def refuse(borrower: Borrower, event: Event) -> int:
    """Report that a correction counts nothing, because its event was corrected before."""
    borrower.news.append(AssessmentChange("CORRECTION_REFUSED", None, event.ref, ALREADY_CORRECTED))
    return touched.DECISIONS
