"""Folds events and day closes of one partition into its borrowers, and collects the output.

The worker, as-of queries and verification fold here. Must stay true: before a borrower's event
every earlier close of its partition is folded, in order; whether the sweep or the next event brings
a close makes no difference to the borrower.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from services.scoring.application.ports import (
    CachedBorrower,
    EmittedAssessment,
    Isolation,
    Sweep,
)
from services.scoring.domain.assess.effects import Effect
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import Outcome, fold
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline


@dataclass(slots=True)
class FoldOutput:
    """Assessments and effects, in the order in which they must leave."""

    assessments: list[EmittedAssessment] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def without(self, borrower_ids: Collection[str]) -> "FoldOutput":
        """Returns what the folds of other borrowers led to."""
        return FoldOutput(
            [each for each in self.assessments if each.assessment.borrower_id not in borrower_ids],
            [each for each in self.effects if each.sender_id not in borrower_ids],
        )


@dataclass(slots=True)
class PendingClose:
    """A day close, or the withdrawal of one, that some borrowers lack, with its context."""

    offset: int
    event: DayClosed | DayCloseWithdrawn
    context: Context


@dataclass(frozen=True, slots=True)
class FoldStep:
    """An event or a day close to fold into one borrower, with its context."""

    offset: int
    event: Event
    context: Context


@dataclass(slots=True)
class PartitionCache:
    """The worker's copy of one partition between two transactions.

    All of it can be read from the database again. It is dropped when a transaction does not commit
    or the partition leaves.

    Args:
        timeline: Includes every control event so far.
        closes: Those after ``sweep.done_offset``, in order.
        borrowers: In the order of last use.
        isolated: Those that are folded no further, by id.
    """

    sweep: Sweep
    timeline: Timeline
    closes: list[PendingClose] = field(default_factory=list)
    borrowers: OrderedDict[str, CachedBorrower] = field(default_factory=OrderedDict)
    isolated: dict[str, Isolation] = field(default_factory=dict)

    def apply_control_event(self, offset: int, event: Event) -> None:
        """Updates the timeline; queues a close that some borrowers lack.

        Raises:
            UnknownRulebook: If it activates a rulebook that cannot be found.
        """
        self.timeline.apply_control_event(event)
        if isinstance(event, DayClosed | DayCloseWithdrawn) and offset > self.sweep.done_offset:
            self.closes.append(PendingClose(offset, event, self.timeline.context))

    def withdrawal(self, *, after: int, before: int) -> int | None:
        """Returns the offset of the last withdrawal between two offsets, or None."""
        offsets = [
            close.offset
            for close in self.closes
            if after < close.offset < before and isinstance(close.event, DayCloseWithdrawn)
        ]
        return offsets[-1] if offsets else None

    @property
    def last_close_offset(self) -> int:
        """Returns the offset of the latest day close, or -1 before the first."""
        return self.closes[-1].offset if self.closes else self.sweep.done_offset

    def close_before(self, offset: int) -> int:
        """Returns the offset of the latest day close before an offset, or -1."""
        earlier = [close.offset for close in self.closes if close.offset < offset]
        return earlier[-1] if earlier else self.sweep.done_offset

    def steps(self, own: Sequence[FoldStep], *, after_close: int) -> list[FoldStep]:
        """Returns a borrower's events with the closes that it lacks before the last of them.

        Without events these are all the closes that it lacks.
        """
        closes = [
            FoldStep(close.offset, close.event, close.context)
            for close in self.closes
            if close.offset > after_close and not (own and close.offset > own[-1].offset)
        ]
        return sorted([*own, *closes], key=attrgetter("offset"))

    def resuming(self) -> Isolation | None:
        """Returns an isolated borrower that an operator lets resume, if there is any."""
        waiting = (each for each in self.isolated.values() if each.is_resume_requested)
        return next(waiting, None)

    def missing(self, borrower_ids: Iterable[str]) -> list[str]:
        """Returns the ids that are not cached, sorted: all workers lock rows in one order."""
        return sorted(
            name for name in {*borrower_ids} - self.isolated.keys() if name not in self.borrowers
        )

    def put(self, used: Iterable[CachedBorrower], *, most: int) -> None:
        """Caches these as the last used, and evicts the longest unused beyond a number.

        Isolated borrowers are not cached.
        """
        for cached in used:
            borrower_id = cached.borrower.borrower_id
            if borrower_id not in self.isolated:
                self.borrowers[borrower_id] = cached
                self.borrowers.move_to_end(borrower_id)
        while len(self.borrowers) > most:
            self.borrowers.popitem(last=False)


def apply_event(
    cached: CachedBorrower,
    event: Event,
    offset: int,
    context: Context,
    *,
    closes: Iterable[PendingClose],
    output: FoldOutput,
) -> None:
    """Folds an event of a borrower, after the closes that come before it."""
    catch_up(cached, closes, output=output)
    record(cached, fold(cached.borrower, event, context), offset, output)
    cached.last_event = event.source, event.id


def catch_up(cached: CachedBorrower, closes: Iterable[PendingClose], *, output: FoldOutput) -> None:
    """Folds the closes that the borrower lacks, each with its own context.

    It must not lack a withdrawal: `Rebuilder.catch_up` comes first.
    """
    for close in closes:
        if close.offset > cached.closed_offset:
            outcome = fold(cached.borrower, close.event, close.context)
            cached.closed_offset = close.offset
            record(cached, outcome, close.offset, output)


def record(cached: CachedBorrower, outcome: Outcome, offset: int, output: FoldOutput) -> None:
    """Takes over the outcome of a fold."""
    cached.borrower = outcome.borrower
    if outcome.assessment is not None:
        output.assessments.append(EmittedAssessment(offset, outcome.assessment, b""))
    output.effects += outcome.effects
