"""Folds the events of one batch in log order, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.kit.stream.stop_reasons import StopPartition, StopReason
from services.scoring.application.folding import FoldOutput, FoldStep, PartitionCache, apply_event
from services.scoring.application.outbox_messages import Failures
from services.scoring.application.ports import CachedBorrower, LoggedEvent
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import new_borrower
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import UnknownRulebook


@dataclass(slots=True)
class BatchFold:
    """The fold of a batch.

    Args:
        borrowers: The known borrowers of the batch; new ones are added.
        failures: Those that cannot be folded. The rest of their events is passed over.
        used: The borrowers that were folded.
        contexts: The context at the beginning, and after each control event.
    """

    cache: PartitionCache
    borrowers: dict[str, CachedBorrower]
    failures: Failures
    output: FoldOutput = field(default_factory=FoldOutput)
    used: dict[str, CachedBorrower] = field(default_factory=dict)
    contexts: list[tuple[int, Context]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contexts.append((-1, self.cache.timeline.context))

    def fold(self, logged: LoggedEvent) -> None:
        """Folds the next event of the batch.

        Raises:
            StopPartition: If it activates a rulebook that is not stored.
        """
        cache, event, offset = self.cache, logged.event, logged.offset
        name = event.borrower_id
        if name == EVERYBODY:
            apply_control_event(cache, offset, event)
            self.contexts.append((offset, cache.timeline.context))
            return
        cached = self.borrowers.get(name)
        if cached is None:
            if name in self.failures or name in cache.isolated:
                return
            cached = CachedBorrower(new_borrower(name), cache.last_close_offset)
            self.borrowers[name] = cached
        self.used[name] = cached
        context = cache.timeline.context
        try:
            apply_event(cached, event, offset, context, closes=cache.closes, output=self.output)
        except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
            self.fail(name, error)

    def fail(self, borrower_id: str, error: Exception) -> None:
        """Leaves a borrower out from here on."""
        self.failures[borrower_id] = error
        self.borrowers.pop(borrower_id)
        self.used.pop(borrower_id, None)

    def steps(self, borrower_id: str, events: Sequence[LoggedEvent]) -> list[FoldStep]:
        """Returns a borrower's events, each with the last context that began before it."""
        return [
            FoldStep(
                logged.offset,
                logged.event,
                [context for since, context in self.contexts if since < logged.offset][-1],
            )
            for logged in events
            if logged.event.borrower_id == borrower_id
        ]


def apply_control_event(cache: PartitionCache, offset: int, event: Event) -> None:
    """Applies a control event; stops the partition if it names a rulebook that is not stored."""
    try:
        cache.apply_control_event(offset, event)
    except UnknownRulebook as error:
        raise StopPartition(StopReason.REFERENCE_MISSING, f"at offset {offset}: {error}") from error
