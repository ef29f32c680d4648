"""Applies batches of the events topic: scoring's write side, in one transaction.

Decode, append to the ledger (which drops duplicates), load the borrowers of the batch, fold in log
order, then write states, assessments and outbox. The fenced consumer calls it; what it raises is a
verdict on a record. What the fold of a borrower raises is one on the borrower: it is isolated.

Must stay true: nothing is folded that the ledger has already; other content under an id of the
ledger and a rejected record are quarantined with their bytes; the cache is dropped when a
transaction does not commit.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import structlog

from services.contracts.envelope import content_of
from services.kit.clock import Clock
from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.outbox import Outbox
from services.kit.stream.quarantine import Quarantine, RejectedRecord
from services.kit.stream.records import Batch, Record
from services.scoring import metrics
from services.scoring.application import data_incidents
from services.scoring.application.batch_fold import BatchFold, apply_control_event
from services.scoring.application.day_close_sweep import DayCloseSweep
from services.scoring.application.folding import PartitionCache
from services.scoring.application.isolation import FoldResults, Isolator
from services.scoring.application.outbox_messages import Failures, OutboxMessages
from services.scoring.application.ports import (
    CachedBorrower,
    Census,
    Codec,
    Ledger,
    LoggedEvent,
    States,
)
from services.scoring.application.rebuilding import Rebuilder, RefoldFailed
from services.scoring.application.rulebook_cache import RulebookCache
from services.scoring.domain.events.control import RulebookActivated
from services.scoring.domain.events.event import EVERYBODY
from services.scoring.domain.handlers.registry import type_name
from services.scoring.domain.portfolio.drift import census
from services.scoring.domain.rulebook.context import Context

log = structlog.get_logger(__name__)

ID_REUSED = "id_reused"
REUSED_DETAIL = "/id was used by this source for an event with other content"
# This many folds take a few milliseconds; then heartbeats and the other partitions get a turn.
FOLDS_BETWEEN_YIELDS = 200
UNIX_EPOCH_DAY = date(1970, 1, 1).toordinal()
SECONDS_A_DAY = 86_400


@dataclass(slots=True)
class DecodedBatch:
    """A batch after decoding: events of borrowers, control events, rejected records."""

    events: list[LoggedEvent] = field(default_factory=list)
    control: list[LoggedEvent] = field(default_factory=list)
    rejected: list[RejectedRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringParts:
    """The parts of the write side.

    Args:
        initial: The context before a partition's first control event.
        most_cached_borrowers: In all partitions together; one takes 40 to 50 KB.
    """

    ledger: Ledger
    states: States
    census: Census
    outbox: Outbox
    quarantine: Quarantine
    codec: Codec
    initial: Context
    rulebooks: RulebookCache
    messages: OutboxMessages
    recorder: Recorder
    clock: Clock
    most_cached_borrowers: int = 10_000
    sweep_size: int = 250

    @property
    def rebuilder(self) -> Rebuilder:
        """Returns the rebuilder of these parts."""
        return Rebuilder(
            ledger=self.ledger, codec=self.codec, initial=self.initial, rulebooks=self.rulebooks
        )

    @property
    def isolator(self) -> Isolator:
        """Returns the isolator of these parts."""
        return Isolator(
            ledger=self.ledger,
            states=self.states,
            codec=self.codec,
            messages=self.messages,
            rebuilder=self.rebuilder,
        )


class ScoreBatches(Handler):
    """The handler that scoring gives to the fenced consumer."""

    def __init__(self, parts: ScoringParts) -> None:
        self._parts = parts
        self._caches: dict[int, PartitionCache] = {}
        self._unsure: set[int] = set()
        self._rebuilder = parts.rebuilder
        self._isolator = parts.isolator
        self._sweep = DayCloseSweep(
            states=parts.states,
            rebuilder=self._rebuilder,
            isolator=self._isolator,
            recorder=parts.recorder,
            size=parts.sweep_size,
        )

    @property
    def cached_borrowers(self) -> int:
        """Returns how many borrowers of all partitions are cached."""
        return sum(len(cache.borrowers) for cache in self._caches.values())

    async def claimed(self, partition: int, connection: Connection) -> None:
        """Loads the partition's sweep and control events."""
        self._caches.pop(partition, None)
        await self._cache(partition, connection)

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Applies a batch in the caller's fenced transaction."""
        parts, partition = self._parts, batch.partition
        cache = await self._cache(partition, connection)
        decoded = self._decode(batch)
        repeated = await parts.ledger.add(connection, partition, decoded.events)
        repeated |= await parts.ledger.add_control(connection, partition, decoded.control)
        fresh = [
            logged
            for logged in (*decoded.events, *decoded.control)
            if logged.offset not in repeated
        ]
        fresh.sort(key=_offset)
        await self._fold(connection, partition, cache, fresh)
        reused = await self._reused(connection, batch, decoded, repeated)
        rejected = [*decoded.rejected, *reused]
        tally = await parts.quarantine.insert(connection, rejected)
        self._count(fresh, rejected)
        sources = self._sources(decoded) if rejected else None
        return tally + Tally(duplicates=len(repeated) - len(reused), sources=sources)

    async def quarantine(self, batch: Batch, error: Exception, connection: Connection) -> Tally:
        """Quarantines a record whose application fails."""
        (record,) = batch.records
        detail = f"{type(error).__name__}: {error}"
        rejected = RejectedRecord(record, "not_applicable", detail, batch.generation)
        source = self._parts.codec.source_of(record.value or b"")
        self._parts.recorder.add(metrics.QUARANTINED, reason=rejected.reason)
        tally = await self._parts.quarantine.insert(connection, [rejected])
        return tally + Tally(sources={source: (1, 1)})

    def has_background_work(self, partition: int) -> bool:
        """Returns whether some borrower lacks a day close, or may resume."""
        cache = self._caches.get(partition)
        if cache is None:
            return partition in self._unsure
        return bool(cache.closes) or cache.resuming() is not None

    async def background_step(self, partition: int, connection: Connection) -> None:
        """Resumes an isolated borrower, or brings the latest day close to the next few."""
        cache = await self._cache(partition, connection)
        if isolation := cache.resuming():
            results = await self._isolator.resume_step(connection, cache, isolation)
        elif cache.closes:
            results = await self._sweep.step(connection, partition, cache)
        else:
            return
        await self._write(connection, partition, cache, results)

    def committed(self, batch: Batch) -> None:
        """Measures how long the oldest record of the batch took until it was durable."""
        waited = self._parts.clock.now().timestamp() - batch.records[0].timestamp / 1000
        self._parts.recorder.observe(metrics.EVENT_TO_STATE_SECONDS, max(0.0, waited))

    def rolled_back(self, partition: int) -> None:
        """Drops the partition's cache; whether closes are pending is unknown."""
        self._caches.pop(partition, None)
        self._unsure.add(partition)

    async def released(self, partition: int) -> None:
        """Drops the partition's cache."""
        self._caches.pop(partition, None)
        self._unsure.discard(partition)
        self._show_partitions()

    async def _cache(self, partition: int, connection: Connection) -> PartitionCache:
        cache = self._caches.get(partition)
        if cache is None:
            parts = self._parts
            await parts.rulebooks.refresh(connection)
            sweep = await parts.states.sweep(connection, partition)
            cache = PartitionCache(sweep, self._rebuilder.begin())
            for isolation in await parts.states.isolated(connection, partition):
                cache.isolated[isolation.borrower_id] = isolation
            for offset, raw in await parts.ledger.control(connection, partition):
                apply_control_event(cache, offset, parts.codec.decode(raw))
            self._caches[partition] = cache
            self._unsure.discard(partition)
            self._show_partitions()
        return cache

    def _decode(self, batch: Batch) -> DecodedBatch:
        decoded, codec = DecodedBatch(), self._parts.codec

        def reject(record: Record, reason: str, detail: str) -> None:
            decoded.rejected.append(RejectedRecord(record, reason, detail, batch.generation))

        for record in batch.records:
            raw = record.value
            if raw is None:
                reject(record, "no_value", "the record has no value")
                continue
            try:
                event = codec.decode(raw)
            except codec.refusal as error:
                reject(record, "undecodable", str(error))
                continue
            logged = LoggedEvent(batch.position(record), event, raw)
            if event.borrower_id == EVERYBODY:
                decoded.control.append(logged)
            elif record.key is not None and record.key == event.borrower_id.encode():
                decoded.events.append(logged)
            else:
                detail = "the record's key is not the event's subject; order would be lost"
                reject(record, "key_mismatch", detail)
        return decoded

    async def _reused(
        self, connection: Connection, batch: Batch, decoded: DecodedBatch, repeated: set[int]
    ) -> list[RejectedRecord]:
        """Returns the repeated events whose content is not that of the event in the ledger."""
        if not repeated:
            return []
        events = {
            logged.offset: logged
            for logged in (*decoded.events, *decoded.control)
            if logged.offset in repeated
        }
        stored = await self._parts.ledger.differing(
            connection, batch.partition, list(events.values())
        )
        reused = {
            offset
            for offset, first in stored
            if content_of(first) != content_of(events[offset].raw)
        }
        return [
            RejectedRecord(record, ID_REUSED, REUSED_DETAIL, batch.generation)
            for record in batch.records
            if batch.position(record) in reused
        ]

    def _sources(self, decoded: DecodedBatch) -> dict[str, tuple[int, int]]:
        """Returns how many records each source has in a batch, and how many of them are bad.

        A reused id is none that counts: the record can be read, and no fixed version takes it.
        """
        source_of = self._parts.codec.source_of
        bad = Counter(source_of(each.record.value or b"") for each in decoded.rejected)
        good = Counter(each.event.source for each in (*decoded.events, *decoded.control))
        return {source: (bad[source], bad[source] + good[source]) for source in bad | good}

    async def _fold(
        self,
        connection: Connection,
        partition: int,
        cache: PartitionCache,
        fresh: Sequence[LoggedEvent],
    ) -> None:
        parts = self._parts
        failures = Failures()
        borrowers = await self._load(connection, partition, cache, fresh, failures)
        if any(isinstance(logged.event, RulebookActivated) for logged in fresh):
            await parts.rulebooks.refresh(connection)
        fold = BatchFold(cache, borrowers, failures)
        began = parts.clock.monotonic_seconds()
        for number, logged in enumerate(fresh):
            if logged.event.borrower_id in fold.borrowers and cache.closes:
                await self._withdraw(connection, fold, logged)
            fold.fold(logged)
            if number % FOLDS_BETWEEN_YIELDS == FOLDS_BETWEEN_YIELDS - 1:
                await asyncio.sleep(0)
        results = self._isolator.encoded(fold.used.values(), fold.output, failures)
        for borrower_id in failures:
            own = fold.steps(borrower_id, fresh)
            await self._isolator.isolate(connection, cache, borrower_id, own, results)
        parts.recorder.observe(metrics.FOLD_SECONDS, parts.clock.monotonic_seconds() - began)
        await self._write(connection, partition, cache, results)
        share = parts.most_cached_borrowers // max(1, len(self._caches))
        cache.put((saved.cached for saved in results.saved), most=share)

    async def _withdraw(self, connection: Connection, fold: BatchFold, logged: LoggedEvent) -> None:
        """Brings the borrower of an event through the withdrawals of closes before it."""
        cached = fold.borrowers[logged.event.borrower_id]
        at = fold.cache.withdrawal(after=cached.closed_offset, before=logged.offset)
        if at is None:
            return
        closes = [close for close in fold.cache.closes if close.offset <= at]
        try:
            await self._rebuilder.catch_up(connection, cached, closes, output=fold.output)
        except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
            fold.fail(logged.event.borrower_id, error)

    async def _load(
        self,
        connection: Connection,
        partition: int,
        cache: PartitionCache,
        fresh: Sequence[LoggedEvent],
        failures: Failures,
    ) -> dict[str, CachedBorrower]:
        names = {logged.event.borrower_id for logged in fresh} - {EVERYBODY}
        borrowers = {name: cache.borrowers[name] for name in names if name in cache.borrowers}
        missing = cache.missing(names)
        if missing:
            for row in await self._parts.states.load(connection, missing):
                if row.partition != partition:
                    raise LookupError(
                        f"the borrower of an event belongs to partition {row.partition}, the "
                        f"event came on {partition}"
                    )
                try:
                    borrowers[row.borrower_id] = await self._rebuilder.restored(
                        connection, row, before=fresh[0].offset
                    )
                except RefoldFailed as error:
                    failures[row.borrower_id] = error
        return borrowers

    async def _write(
        self, connection: Connection, partition: int, cache: PartitionCache, results: FoldResults
    ) -> None:
        parts, assessments = self._parts, results.output.assessments
        await parts.states.save(connection, partition, results.saved)
        await self._isolator.write_isolations(connection, partition, cache, results)
        await parts.states.add_assessments(connection, assessments)
        data_incidents.report((emitted.assessment for emitted in assessments), parts.recorder)
        counts = census(emitted.assessment for emitted in assessments)
        if counts:
            await parts.census.add(connection, partition, counts)
        await parts.outbox.append(connection, results.messages, partition=partition)
        self._show_partitions()

    def _show_partitions(self) -> None:
        caches, recorder = self._caches.values(), self._parts.recorder
        recorder.set(metrics.ISOLATED, sum(len(cache.isolated) for cache in caches))
        closed = min((cache.timeline.latest_closed_day for cache in caches), default=0)
        ended = (closed - UNIX_EPOCH_DAY + 1) * SECONDS_A_DAY if closed else 0
        recorder.set(metrics.LATEST_CLOSE, ended)

    def _count(self, fresh: Sequence[LoggedEvent], rejected: Sequence[RejectedRecord]) -> None:
        recorder = self._parts.recorder
        for kind, amount in Counter(type_name(logged.event) for logged in fresh).items():
            recorder.add(metrics.EVENTS, amount, type=kind)
        for reason, amount in Counter(each.reason for each in rejected).items():
            recorder.add(metrics.QUARANTINED, amount, reason=reason)


def _offset(logged: LoggedEvent) -> int:
    return logged.offset
