"""Isolates a borrower whose data break the fold, so that its partition goes on without it.

What raised may have been the fold of an event, that of a day close, or the encoding of a state or
of a message. The borrower is folded again from its stored state, step by step, up to the step that
raises: that prefix is written, and everything of the borrower from there on waits in the ledger
behind the mark `folded_to`. An operator lets it resume after the defect is repaired; then the
waiting events and day closes are folded, each in its own context.

Must stay true: a borrower that resumed has the bytes of one that was never isolated; an isolated
borrower takes no part in batches and sweeps; many isolated borrowers are a defect of ours, and stop
the partition.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from services.kit.database import Connection
from services.kit.stream import faults
from services.kit.stream.outbox import Message
from services.kit.stream.poison import most_set_aside
from services.kit.stream.stop_reasons import StopPartition, StopReason
from services.scoring.application.folding import (
    FoldOutput,
    FoldStep,
    PartitionCache,
    PendingClose,
    apply_event,
)
from services.scoring.application.outbox_messages import Failures, OutboxMessages
from services.scoring.application.ports import (
    CachedBorrower,
    Codec,
    Isolation,
    Ledger,
    SavedBorrower,
    States,
)
from services.scoring.application.rebuilding import Rebuilder, RefoldFailed
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.event import EVERYBODY
from services.scoring.domain.fold import new_borrower

log = structlog.get_logger(__name__)

# Waiting events that one transaction of a resume folds at most: no longer than a usual batch.
RESUMED_EVENTS = 500
MOST_REASON_CHARACTERS = 500


@dataclass(slots=True)
class FoldResults:
    """What a transaction writes after folding."""

    saved: list[SavedBorrower] = field(default_factory=list)
    output: FoldOutput = field(default_factory=FoldOutput)
    messages: list[Message] = field(default_factory=list)
    isolations: list[Isolation] = field(default_factory=list)


@dataclass(slots=True)
class FoldedPrefix:
    """A borrower after the steps that could be folded; `error` is what the next one raised."""

    saved: SavedBorrower
    output: FoldOutput
    messages: list[Message]
    folded_to: int
    error: Exception | None

    def add_to(self, results: FoldResults) -> None:
        """Adds the borrower and its output."""
        results.saved.append(self.saved)
        results.output.assessments += self.output.assessments
        results.output.effects += self.output.effects
        results.messages += self.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolator:
    """Encodes the results of a transaction, isolates borrowers, and lets them resume."""

    ledger: Ledger
    states: States
    codec: Codec
    messages: OutboxMessages
    rebuilder: Rebuilder

    def encoded(
        self, used: Iterable[CachedBorrower], output: FoldOutput, failures: Failures
    ) -> FoldResults:
        """Returns the results of the borrowers that did not fail, in bytes; adds to the failures.

        A borrower of `used` may have failed already: it is left out.
        """
        results = FoldResults()
        for cached in used:
            borrower_id = cached.borrower.borrower_id
            try:
                state = self.codec.encode_state(cached.borrower)
            except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
                failures.setdefault(borrower_id, error)
            else:
                results.saved.append(SavedBorrower(cached, state))
        results.messages = self.messages.of(output, failures)
        results.output = output.without(failures) if failures else output
        if failures:
            results.saved = [
                saved
                for saved in results.saved
                if saved.cached.borrower.borrower_id not in failures
            ]
        return results

    async def isolate(
        self,
        connection: Connection,
        cache: PartitionCache,
        borrower_id: str,
        own: Sequence[FoldStep],
        results: FoldResults,
    ) -> None:
        """Folds a borrower that failed as far as it can be folded, and isolates it there.

        `own` are its events of this transaction. The steps begin at its stored state.
        """
        cache.borrowers.pop(borrower_id, None)
        rows = await self.states.load(connection, [borrower_id])
        closed_offset = rows[0].closed_offset if rows else cache.close_before(own[0].offset)
        steps = cache.steps(own, after_close=closed_offset)
        start = CachedBorrower(new_borrower(borrower_id), closed_offset)
        if rows:
            try:
                start = await self.rebuilder.restored(connection, rows[0], before=steps[0].offset)
            except RefoldFailed as error:
                # The stored bytes stay as they are.
                results.isolations.append(_isolation(borrower_id, steps[0].offset - 1, error))
                return
        prefix = await self._prefix(connection, start, steps)
        prefix.add_to(results)
        if prefix.error is not None:
            isolation = _isolation(borrower_id, prefix.folded_to, prefix.error)
            results.isolations.append(isolation)

    async def write_isolations(
        self,
        connection: Connection,
        partition: int,
        cache: PartitionCache,
        results: FoldResults,
    ) -> None:
        """Stores who is isolated from now on, and adds the messages about it to the results.

        Raises:
            StopPartition: If there are too many in the partition.
        """
        isolations = results.isolations
        if not isolations:
            return
        fresh = sorted({each.borrower_id for each in isolations} - cache.isolated.keys())
        for isolation in isolations:
            cache.isolated[isolation.borrower_id] = isolation
        most = most_set_aside(0)
        if len(cache.isolated) > most:
            most = most_set_aside(await self.states.count(connection, partition))
        if len(cache.isolated) > most:
            raise StopPartition(
                StopReason.TOO_MANY_ISOLATED,
                f"{len(cache.isolated)} borrowers cannot be folded (limit {most}), the last "
                f"because of {isolations[-1].reason}",
            )
        since = await self.states.isolate(connection, isolations)
        faults.point("mid-isolation")
        results.messages += [
            self.messages.isolation(name, since[name], at=since[name]) for name in fresh
        ]

    async def resume_step(
        self, connection: Connection, cache: PartitionCache, isolation: Isolation
    ) -> FoldResults:
        """Folds the next waiting events of an isolated borrower, and the closes before them.

        At the end of what waits the isolation ends. If a step raises again, it goes on from there.
        """
        name, results = isolation.borrower_id, FoldResults()
        (row,) = await self.states.load(connection, [name])
        waiting = await self.ledger.waiting(
            connection, name, after=isolation.folded_to, limit=RESUMED_EVENTS
        )
        is_last = len(waiting) < RESUMED_EVENTS
        steps = [
            step
            for step in await self._waiting_steps(connection, row.partition, waiting)
            if step.event.borrower_id != EVERYBODY
            or (step.offset > row.closed_offset and (is_last or step.offset < waiting[-1][0]))
        ]
        try:
            start = await self.rebuilder.restored(connection, row, before=isolation.folded_to + 1)
        except RefoldFailed as error:
            results.isolations.append(_isolation(name, isolation.folded_to, error))
            return results
        prefix = await self._prefix(connection, start, steps)
        prefix.add_to(results)
        faults.point("mid-resume")
        if prefix.error is not None:
            results.isolations.append(_isolation(name, prefix.folded_to, prefix.error))
        elif not is_last:
            results.isolations.append(replace(isolation, folded_to=prefix.folded_to))
        else:
            at = await self.states.end_isolation(connection, name)
            results.messages.append(self.messages.isolation(name, None, at=at))
            del cache.isolated[name]
            log.info("isolation.borrower_resumed", partition=row.partition)
        return results

    async def _prefix(
        self, connection: Connection, start: CachedBorrower, steps: Sequence[FoldStep]
    ) -> FoldedPrefix:
        """Folds steps into a borrower until one raises.

        A step that raises may have changed the borrower halfway, so its last good bytes count.
        """
        state, closed_offset = self.codec.encode_state(start.borrower), start.closed_offset
        last_event = start.last_event
        done, messages = FoldOutput(), list[Message]()
        for step in steps:
            output, failures = FoldOutput(), Failures()
            try:
                await self._fold_step(connection, start, step, output)
                messages_of_step = self.messages.of(output, failures)
                for error in failures.values():
                    raise error
                state = self.codec.encode_state(start.borrower)
            except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
                good = CachedBorrower(self.codec.decode_state(state), closed_offset, last_event)
                saved = SavedBorrower(good, state)
                return FoldedPrefix(saved, done, messages, step.offset - 1, error)
            closed_offset, last_event = start.closed_offset, start.last_event
            done.assessments += output.assessments
            done.effects += output.effects
            messages += messages_of_step
        folded_to = steps[-1].offset if steps else -1
        return FoldedPrefix(SavedBorrower(start, state), done, messages, folded_to, None)

    async def _waiting_steps(
        self, connection: Connection, partition: int, waiting: Sequence[tuple[int, bytes]]
    ) -> list[FoldStep]:
        """Returns the closes of a partition and these events, each with its own context."""
        await self.rebuilder.refresh(connection)
        timeline, steps = self.rebuilder.begin(), list[FoldStep]()
        control = await self.ledger.control(connection, partition)
        for offset, raw in sorted([*control, *waiting]):
            event = self.codec.decode(raw)
            if event.borrower_id == EVERYBODY:
                timeline.apply_control_event(event)
            if event.borrower_id != EVERYBODY or isinstance(event, DayClosed | DayCloseWithdrawn):
                steps.append(FoldStep(offset, event, timeline.context))
        return steps

    async def _fold_step(
        self, connection: Connection, cached: CachedBorrower, step: FoldStep, output: FoldOutput
    ) -> None:
        if isinstance(step.event, DayClosed | DayCloseWithdrawn):
            close = PendingClose(step.offset, step.event, step.context)
            await self.rebuilder.catch_up(connection, cached, [close], output=output)
        else:
            apply_event(cached, step.event, step.offset, step.context, closes=(), output=output)


def _isolation(borrower_id: str, folded_to: int, error: Exception) -> Isolation:
    log.error("isolation.borrower_isolated", folded_to=folded_to, exc_info=error)
    reason = f"{type(error).__name__}: {error}"[:MOST_REASON_CHARACTERS]
    return Isolation(borrower_id=borrower_id, folded_to=folded_to, reason=reason)
