"""Takes events back: what a correction does before, or instead of, the event's own handler.

A reversal takes the event that it names out of the facts, as if it had never come. An amendment or
a back-dating takes it out first, and is then applied like any event. What was taken back once is
remembered, so that a second correction of it is refused and not counted twice; a correction that
comes before its event is remembered for it. Payments are taken back by amounts (`repayments`), and
flows are sums, so the reversal of a flow is subtracted by its own handler.

What was corrected, and what waits to be, is remembered up to a bound. Of those that wait, an event
that a newer one has replaced anyway gives way to one that must be taken back.

Must stay true: no correction is accepted in silence. One that is refused is news with its reason,
and so is a memory that is full.
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
    SchedulePublished,
)
from services.scoring.domain.handlers import accounts, loans, statements, use_of_funds
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import NO_CORRECTION, REVERSAL_OF

MOST_AWAITED: Final = 64
MOST_CORRECTED: Final = 200
FORGOTTEN_AT_ONCE: Final = 50
# Instead of an amount to take back: the whole event; or one that a newer event has replaced.
WHOLE: Final = -1
REPLACED: Final = -2
ALREADY_CORRECTED: Final = "already_corrected"
SUPERSEDED: Final = "superseded"
TOO_MANY_WAIT: Final = "too_many_wait"

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
    key, take_back = key_of(event.corrected_ref), TAKE_BACK.get(type(event))
    if is_flow or take_back is not None or isinstance(event, SchedulePublished):
        reason = _refusal_of(borrower, event, key)
        if reason:
            return refuse(borrower, event, reason), True
        note_corrected(borrower, key)
    if is_flow:
        return 0, False
    facts = take_back(borrower, event.corrected_ref) if take_back is not None else 0
    if not facts and not _is_schedule_in_force(borrower, event):
        facts = expect(borrower, event, key, REPLACED if take_back is None else WHOLE)
    return facts, event.correction_kind == REVERSAL_OF


def _refusal_of(borrower: Borrower, event: Event, key: int) -> str:
    """Return why a correction counts nothing, empty where it counts."""
    if key in borrower.corrected_keys:
        return ALREADY_CORRECTED
    if isinstance(event, SchedulePublished) and loans.is_superseded(borrower, event):
        return SUPERSEDED
    return ""


def _is_schedule_in_force(borrower: Borrower, event: Event) -> bool:
    return isinstance(event, SchedulePublished) and loans.is_in_force(borrower, event)


def is_awaited(borrower: Borrower, key: int) -> bool:
    """Return whether an event's correction came before it; then it is forgotten."""
    if key not in borrower.reversed_keys:
        return False
    index = borrower.reversed_keys.index(key)
    del borrower.reversed_keys[index], borrower.reversed_minor[index]
    borrower.changed |= LOANS_PART
    return True


def expect(borrower: Borrower, event: Event, key: int, amount: int) -> int:
    """Remember that an event is to be taken back when it comes, or how much of it.

    Where too many wait, those that newer events have replaced are forgotten first; where none of
    them is left, the correction is refused.
    """
    keys, amounts = borrower.reversed_keys, borrower.reversed_minor
    if len(keys) >= MOST_AWAITED:
        if REPLACED not in amounts:
            return refuse(borrower, event, TOO_MANY_WAIT)
        index = amounts.index(REPLACED)
        del keys[index], amounts[index]
    keys.append(key)
    amounts.append(amount)
    borrower.changed |= LOANS_PART
    return 0


def note_corrected(borrower: Borrower, key: int) -> None:
    """Remember that an event was taken back; of too many, forget the oldest and report it."""
    keys = borrower.corrected_keys
    keys.append(key)
    if len(keys) >= MOST_CORRECTED + FORGOTTEN_AT_ONCE:
        del keys[:FORGOTTEN_AT_ONCE]
        count = str(MOST_CORRECTED)
        borrower.news.append(AssessmentChange("CORRECTIONS_FORGOTTEN", None, count, None))
    borrower.changed |= LOANS_PART


def refuse(borrower: Borrower, event: Event, reason: str) -> int:
    """Report that a correction counts nothing, and why."""
    borrower.news.append(AssessmentChange("CORRECTION_REFUSED", None, event.ref, reason))
    return touched.DECISIONS
