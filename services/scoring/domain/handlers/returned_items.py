"""Failed collections and returned items, kept one by one while they are inside a window.

They are rare and each is evidence, so each keeps its reference. A correction removes the item that
it names.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from services.scoring.domain.borrower.borrower import Bounces, event_ref
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives.vocabulary import NO_CORRECTION

MOST_KEPT: Final = 200


def add_bounce(bounces: Bounces, day: int, kind: int, minor: int, ref: str) -> None:
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


def correct_bounce(bounces: Bounces, event: Event) -> bool:
    """Remove the item that the event corrects; return whether there was one."""
    if event.correction_kind == NO_CORRECTION or event.corrects_id is None:
        return False
    ref = event_ref(event.source, event.corrects_id)
    if ref not in bounces.refs:
        return False
    index = bounces.refs.index(ref)
    _drop(bounces, index, index + 1)
    return True


def bounced(bounces: Bounces, kind: int, first_day: int, last_day: int) -> list[int]:
    """Return the positions of the items of a kind in the window, oldest first."""
    start = bisect_left(bounces.days, first_day)
    end = bisect_right(bounces.days, last_day)
    return [index for index in range(start, end) if bounces.kinds[index] == kind]


def forget_before(bounces: Bounces, day: int) -> None:
    """Drop the items before `day`."""
    _drop(bounces, 0, bisect_left(bounces.days, day))


def _drop(bounces: Bounces, start: int, end: int) -> None:
    del bounces.days[start:end], bounces.kinds[start:end]
    del bounces.minor[start:end], bounces.refs[start:end]
