"""What the worker remembers of one partition between two transactions.

A cache and nothing more: all of it can be read again from the database, and it is thrown away
whenever a transaction did not commit or the partition leaves.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.scoring.application.ports import Held, Sweep
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import Event
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline


@dataclass(slots=True)
class Close:
    """A day close that not every borrower of the partition has yet, with its context."""

    offset: int
    event: DayClosed
    context: Context


@dataclass(slots=True)
class Memory:
    """One partition's memory.

    ``closes`` are those behind ``sweep.done_offset``, in order. ``timeline`` has heard every
    control event so far. ``borrowers`` is in the order of last use.
    """

    sweep: Sweep
    timeline: Timeline
    closes: list[Close] = field(default_factory=list)
    borrowers: OrderedDict[str, Held] = field(default_factory=OrderedDict)

    def hear(self, offset: int, event: Event) -> None:
        """Take in a control event; remember a close that not everybody has.

        Raises:
            UnknownRulebook: If it activates a rulebook that is not at hand.
        """
        self.timeline.hear(event)
        if isinstance(event, DayClosed) and offset > self.sweep.done_offset:
            self.closes.append(Close(offset, event, self.timeline.context))

    @property
    def last_close_offset(self) -> int:
        """Return the offset of the latest day close, or -1 before the first."""
        return self.closes[-1].offset if self.closes else self.sweep.done_offset

    def missing(self, borrower_ids: Iterable[str]) -> list[str]:
        """Return who is not in memory, sorted, so that all workers lock rows in one order."""
        return sorted({one for one in borrower_ids if one not in self.borrowers})

    def keep(self, used: Iterable[Held], *, most: int) -> None:
        """Remember these as the last used, and forget the longest unused beyond a number."""
        for held in used:
            self.borrowers[held.borrower.borrower_id] = held
            self.borrowers.move_to_end(held.borrower.borrower_id)
        while len(self.borrowers) > most:
            self.borrowers.popitem(last=False)
