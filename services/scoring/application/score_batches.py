"""Applies batches of the events topic: the whole of scoring's write side, in one transaction.

Decode, append to the ledger (which drops duplicates), load the borrowers that the batch
touches, fold in log order, then write states, assessments and outbox. The fenced consumer
calls it; what it raises is a verdict on a record.

Must stay true: nothing is folded that the ledger has already; whatever is rejected is kept
with its bytes; memory is thrown away when a transaction does not commit.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from services.kit.clock import Clock
from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.quarantine import Quarantine, RejectedRecord
from services.kit.stream.records import Batch, Record
from services.kit.stream.stop_reasons import StopPartition, StopReason
from services.scoring import metrics
from services.scoring.application.folding import News, Placed, apply
from services.scoring.application.memory import Memory
from services.scoring.application.ports import (
    Census,
    Codec,
    Held,
    Ledger,
    LogEvent,
    States,
)
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.application.shelf import RulebookTexts, Shelf
from services.scoring.application.sweeping import Sweeper
from services.scoring.application.telling import Telling
from services.scoring.domain.events.control import RulebookActivated
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import new_borrower
from services.scoring.domain.portfolio.drift import census
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline, UnknownRulebook

log = structlog.get_logger(__name__)

# So many folds take a few milliseconds; then heartbeats and the other partitions get a turn.
FOLDS_BETWEEN_YIELDS = 200


@dataclass(slots=True)
class Read:
    """A batch after decoding: what is for one borrower, what is for all, what is rejected."""

    events: list[LogEvent] = field(default_factory=list)
    control: list[LogEvent] = field(default_factory=list)
    rejected: list[RejectedRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the write side is built from."""

    ledger: Ledger
    states: States
    census: Census
    outbox: Outbox
    quarantine: Quarantine
    codec: Codec
    initial: Context
    shelf: Shelf
    texts: RulebookTexts
    telling: Telling
    recorder: Recorder
    clock: Clock
    most_cached_borrowers: int = 10_000
    """In all partitions together; one takes 40 to 50 KB."""
    sweep_size: int = 250

    def begin(self) -> Timeline:
        """Return the timeline of a partition before its first control event."""
        return Timeline(self.initial, self.shelf.find)


class ScoreBatches(Handler):
    """The handler that scoring gives to the fenced consumer."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._memories: dict[int, Memory] = {}
        self._unsure: set[int] = set()
        self._rebuilder = Rebuilder(ledger=parts.ledger, codec=parts.codec, begin=parts.begin)
        self._sweeper = Sweeper(
            states=parts.states,
            rebuilder=self._rebuilder,
            recorder=parts.recorder,
            size=parts.sweep_size,
        )

    @property
    def cached_borrowers(self) -> int:
        """Return how many borrowers are remembered, of all partitions."""
        return sum(len(memory.borrowers) for memory in self._memories.values())

    async def claimed(self, partition: int, connection: Connection) -> None:
        """Learn where the partition's sweep stands."""
        self._memories.pop(partition, None)
        await self._memory(partition, connection)

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Apply a batch in the caller's fenced transaction."""
        parts, partition = self._parts, batch.partition
        memory = await self._memory(partition, connection)
        read = self._read(batch)
        await parts.quarantine.insert(connection, read.rejected)
        repeated = await parts.ledger.add(connection, partition, read.events)
        repeated |= await parts.ledger.add_control(connection, partition, read.control)
        fresh = [one for one in (*read.events, *read.control) if one.offset not in repeated]
        fresh.sort(key=_offset)
        await self._fold(connection, partition, memory, fresh)
        self._count(fresh, read.rejected)
        return Tally(duplicates=len(repeated), quarantined=len(read.rejected))

    async def quarantine(self, record: Record, error: Exception, connection: Connection) -> None:
        """Keep a record whose application fails."""
        rejected = RejectedRecord(record, "not_applicable", f"{type(error).__name__}: {error}")
        await self._parts.quarantine.insert(connection, [rejected])
        self._parts.recorder.add(metrics.QUARANTINED, reason=rejected.reason)

    def has_background_work(self, partition: int) -> bool:
        """Return whether a day close has not reached every borrower."""
        memory = self._memories.get(partition)
        return bool(memory.closes) if memory else partition in self._unsure

    async def background_step(self, partition: int, connection: Connection) -> None:
        """Bring the latest day close to the next few borrowers."""
        memory = await self._memory(partition, connection)
        if not memory.closes:
            return
        news = News()
        moved = await self._sweeper.step(connection, partition, memory, news)
        await self._parts.states.save(connection, partition, moved)
        await self._tell(connection, partition, news)

    def committed(self, batch: Batch) -> None:
        """Measure how long the oldest record of the batch took until it was durable."""
        waited = self._parts.clock.now().timestamp() - batch.records[0].timestamp / 1000
        self._parts.recorder.observe(metrics.EVENT_TO_STATE_SECONDS, max(0.0, waited))

    def rolled_back(self, partition: int) -> None:
        """Forget everything about the partition."""
        self._memories.pop(partition, None)
        self._unsure.add(partition)

    async def released(self, partition: int) -> None:
        """Forget everything about the partition."""
        self._memories.pop(partition, None)
        self._unsure.discard(partition)

    async def _memory(self, partition: int, connection: Connection) -> Memory:
        memory = self._memories.get(partition)
        if memory is None:
            parts = self._parts
            await parts.shelf.refresh(connection, parts.texts)
            sweep = await parts.states.sweep(connection, partition)
            memory = Memory(sweep, parts.begin())
            for offset, raw in await parts.ledger.control(connection, partition):
                _hear(memory, offset, parts.codec.decode(raw))
            self._memories[partition] = memory
            self._unsure.discard(partition)
        return memory

    def _read(self, batch: Batch) -> Read:
        read, codec = Read(), self._parts.codec
        for record in batch.records:
            raw = record.value
            if raw is None:
                read.rejected.append(RejectedRecord(record, "no_value", "the record has no value"))
                continue
            try:
                event = codec.decode(raw)
            except codec.refusal as error:
                read.rejected.append(RejectedRecord(record, "undecodable", str(error)))
                continue
            one = LogEvent(record.offset, event, raw)
            if event.borrower_id == EVERYBODY:
                read.control.append(one)
            elif record.key is not None and record.key == event.borrower_id.encode():
                read.events.append(one)
            else:
                detail = "the record's key is not the event's subject; order would be lost"
                read.rejected.append(RejectedRecord(record, "key_mismatch", detail))
        return read

    async def _fold(
        self, connection: Connection, partition: int, memory: Memory, fresh: Sequence[LogEvent]
    ) -> None:
        parts = self._parts
        touched = await self._load(connection, partition, memory, fresh)
        if any(isinstance(one.event, RulebookActivated) for one in fresh):
            await parts.shelf.refresh(connection, parts.texts)
        news = News()
        used: dict[str, Held] = {}
        began = parts.clock.monotonic_seconds()
        for place, one in enumerate(fresh):
            if one.event.borrower_id == EVERYBODY:
                _hear(memory, one.offset, one.event)
                continue
            held = touched.get(one.event.borrower_id)
            if held is None:
                held = Held(new_borrower(one.event.borrower_id), memory.last_close_offset)
                touched[one.event.borrower_id] = held
            used[one.event.borrower_id] = held
            placed = Placed(one.offset, one.event, memory.timeline.context)
            apply(held, placed, closes=memory.closes, news=news)
            if place % FOLDS_BETWEEN_YIELDS == FOLDS_BETWEEN_YIELDS - 1:
                await asyncio.sleep(0)
        parts.recorder.observe(metrics.FOLD_SECONDS, parts.clock.monotonic_seconds() - began)
        await parts.states.save(connection, partition, list(used.values()))
        await self._tell(connection, partition, news)
        share = parts.most_cached_borrowers // max(1, len(self._memories))
        memory.keep(used.values(), most=share)

    async def _load(
        self, connection: Connection, partition: int, memory: Memory, fresh: Sequence[LogEvent]
    ) -> dict[str, Held]:
        names = {one.event.borrower_id for one in fresh} - {EVERYBODY}
        touched = {name: memory.borrowers[name] for name in names if name in memory.borrowers}
        missing = memory.missing(names)
        if missing:
            for row in await self._parts.states.load(connection, missing):
                if row.partition != partition:
                    raise LookupError(
                        f"the borrower of an event belongs to partition {row.partition}, the "
                        f"event came on {partition}"
                    )
                touched[row.borrower_id] = await self._rebuilder.held(
                    connection, row, before=fresh[0].offset
                )
        return touched

    async def _tell(self, connection: Connection, partition: int, news: News) -> None:
        messages: list[Message] = self._parts.telling.messages(news)
        await self._parts.states.add_assessments(connection, news.said)
        counted = census(said.assessment for said in news.said)
        if counted:
            await self._parts.census.add(connection, partition, counted)
        await self._parts.outbox.append(connection, messages, partition=partition)

    def _count(self, fresh: Sequence[LogEvent], rejected: Sequence[RejectedRecord]) -> None:
        recorder = self._parts.recorder
        for kind, amount in Counter(one.event.type_name for one in fresh).items():
            recorder.add(metrics.EVENTS, amount, type=kind)
        for reason, amount in Counter(one.reason for one in rejected).items():
            recorder.add(metrics.QUARANTINED, amount, reason=reason)


def _offset(one: LogEvent) -> int:
    return one.offset


def _hear(memory: Memory, offset: int, event: Event) -> None:
    """Take in a control event; what it names and we do not have must not be passed over."""
    try:
        memory.hear(offset, event)
    except UnknownRulebook as error:
        raise StopPartition(StopReason.REFERENCE_MISSING, f"at offset {offset}: {error}") from error
