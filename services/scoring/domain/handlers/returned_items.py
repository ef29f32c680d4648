"""Applies failed collections and returned items.

They are rare and each is evidence, so each is stored with its reference while it is inside a
window. A correction removes the item that it names.
"""

from bisect import bisect_left
from typing import Final

from services.scoring.domain.borrower.borrower import (
    FAILED_COLLECTION,
    RETURNED_INCOMING,
    RETURNED_OUTGOING,
    Borrower,
    Bounces,
)
from services.scoring.domain.events.accounts import AccountItemReturned
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import RepaymentFailed
from services.scoring.domain.handlers.account_flows import account_of, flow_day
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import (
    INSUFFICIENT_FUNDS,
    NO_CORRECTION,
    REVERSAL_OF,
)

MOST_KEPT: Final = 200


def fail_collection(borrower: Borrower, event: RepaymentFailed) -> int:
    """Record a collection that failed for lack of funds.

    A correction removes the failure that it names; a reversal takes it back.
    """
    bounces = borrower.bounces
    is_removed = _remove_corrected(bounces, event)
    if event.correction_kind == REVERSAL_OF or event.failure_reason != INSUFFICIENT_FUNDS:
        return touched.BOUNCES if is_removed else 0
    _add(bounces, event.value_day, FAILED_COLLECTION, event.amount_minor, event.ref)
    return touched.BOUNCES


def return_item(borrower: Borrower, event: AccountItemReturned) -> int:
    """Record a returned item.

    An outgoing item counts when funds were lacking; an incoming one for any reason, because a
    customer of the borrower did not pay. A correction removes the item that it names.
    """
    bounces = borrower.bounces
    is_removed = _remove_corrected(bounces, event)
    is_other_reason = event.is_outgoing and event.return_reason != INSUFFICIENT_FUNDS
    if event.correction_kind == REVERSAL_OF or is_other_reason:
        return touched.BOUNCES if is_removed else 0
    account_of(borrower, event.account_id)
    kind = RETURNED_OUTGOING if event.is_outgoing else RETURNED_INCOMING
    _add(bounces, flow_day(event.value_day, event.day), kind, event.amount_minor, event.ref)
    return touched.BOUNCES


def _add(bounces: Bounces, day: int, kind: int, minor: int, ref: str) -> None:
    """Add one item in order of its day; on one day by reference."""
    index = bisect_left(bounces.days, day)
    while index < len(bounces.days) and bounces.days[index] == day and bounces.refs[index] < ref:
        index += 1
    bounces.days.insert(index, day)
    bounces.kinds.insert(index, kind)
    bounces.minor.insert(index, minor)
    bounces.refs.insert(index, ref)
    if len(bounces.days) > MOST_KEPT:
        _drop(bounces, 0, 1)


def _remove_corrected(bounces: Bounces, event: Event) -> bool:
    """Remove the item that the event corrects; return whether there was one."""
    ref = event.corrected_ref
    if event.correction_kind == NO_CORRECTION or ref is None or ref not in bounces.refs:
        return False
    index = bounces.refs.index(ref)
    _drop(bounces, index, index + 1)
    return True


def forget_before(bounces: Bounces, day: int) -> None:
    """Drop the items before `day`."""
    _drop(bounces, 0, bisect_left(bounces.days, day))


def _drop(bounces: Bounces, start: int, end: int) -> None:
    del bounces.days[start:end], bounces.kinds[start:end]
    del bounces.minor[start:end], bounces.refs[start:end]
