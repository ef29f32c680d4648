"""A broker topic and a database in memory, behind the ports of the fenced consumer.

Single-threaded and deterministic; transactions are copies that replace the original on
commit. The same scenarios run against the real ones in `tests/integration/kit/stream`.
"""

import asyncio
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.kit.database import Result, Work
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.progress import Claim, PartitionRow
from services.kit.stream.records import Batch, Record, digest
from services.kit.stream.stop_reasons import AlreadyCommitted, Fenced, StopPartition, StopReason
from services.kit.stream.topic_reader import OffsetOutOfRange, RebalanceListener


@dataclass(frozen=True)
class FakeRecord:
    """A record of the fake topic."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    partition: int = 0
    topic: str = "events"
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


def records(*values: str, first: int = 0, partition: int = 0) -> list[FakeRecord]:
    """Return records with consecutive offsets."""
    return [
        FakeRecord(offset=first + index, value=value.encode(), partition=partition)
        for index, value in enumerate(values)
    ]


class FakeTopicReader:
    """A topic in memory; the test is the group coordinator."""

    topic = "events"

    def __init__(self, *, partitions: int = 1) -> None:
        self.partitions: dict[int, list[FakeRecord]] = {p: [] for p in range(partitions)}
        self.first: dict[int, int] = dict.fromkeys(range(partitions), 0)
        self.positions: dict[int, int] = {}
        self.paused: set[int] = set()
        self.committed_offsets: dict[int, int] = {}
        self.seeks: list[tuple[int, int]] = []
        self.listener: RebalanceListener | None = None
        self.losing: Callable[[int], bool] = lambda partition: False
        self.polls = 0

    def write(self, *values: str, partition: int = 0, gap: int = 0) -> None:
        """Append records, after a gap of offsets if there is to be one."""
        held = self.partitions[partition]
        first = held[-1].offset + 1 if held else self.first[partition]
        held.extend(records(*values, first=first + gap, partition=partition))

    async def start(self, listener: RebalanceListener) -> None:
        self.listener = listener

    async def stop(self) -> None:
        self.listener = None

    async def assign(self, *partitions: int) -> None:
        """Assigns partitions to the consumer, as the group would."""
        assert self.listener is not None
        await self.listener.assigned(frozenset(partitions))

    async def revoke(self, *partitions: int) -> None:
        """Take partitions away."""
        assert self.listener is not None
        await self.listener.revoked(frozenset(partitions))

    async def poll(
        self, *, wait_seconds: float, max_records: int
    ) -> Mapping[int, Sequence[Record]]:
        await asyncio.sleep(0)
        self.polls += 1
        fetched: dict[int, Sequence[Record]] = {}
        for partition, position in list(self.positions.items()):
            if partition in self.paused:
                continue
            if position < self.first[partition]:
                raise OffsetOutOfRange(partition, position)
            ready = [r for r in self.partitions[partition] if r.offset >= position]
            if ready:
                taken = ready[:max_records]
                self.positions[partition] = taken[-1].offset + 1
                if not self.losing(partition):
                    fetched[partition] = taken
        return fetched

    def seek(self, partition: int, offset: int) -> None:
        self.seeks.append((partition, offset))
        self.positions[partition] = offset

    def pause(self, partition: int) -> None:
        self.paused.add(partition)

    def resume(self, partition: int) -> None:
        self.paused.discard(partition)

    async def bounds(self, partition: int) -> tuple[int, int]:
        held = self.partitions[partition]
        return self.first[partition], held[-1].offset + 1 if held else self.first[partition]

    async def partition_count(self) -> int:
        return len(self.partitions)

    async def committed(self, partition: int) -> int | None:
        return self.committed_offsets.get(partition)

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        self.committed_offsets.update(next_offsets)


@dataclass
class FakeTables:
    """The rows of the fake database."""

    applied: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    epochs: dict[int, int] = field(default_factory=dict)
    next_offsets: dict[int, int] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    partition_counts: dict[int, int] = field(default_factory=dict)
    tallies: dict[int, tuple[int, int]] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    stops: dict[int, str] = field(default_factory=dict)
    stop_epochs: dict[int, int] = field(default_factory=dict)
    agreed: dict[int, int] = field(default_factory=dict)


class FakeDatabase:
    """Transactions over a `FakeTables`; `before_commit` may throw or wait."""

    def __init__(self) -> None:
        self.world = FakeTables()
        self._one_at_a_time = asyncio.Lock()
        self.before_commit: Callable[[], Any] = lambda: None
        self.after_commit: Callable[[], Any] = lambda: None

    async def in_transaction(self, work: Work[Result]) -> Result:
        async with self._one_at_a_time:
            return await self._transaction(work)

    async def _transaction(self, work: Work[Result]) -> Result:
        mine = copy.deepcopy(self.world)
        read = dict(self.world.epochs)
        result = await work(mine)  # type: ignore[arg-type]  # the fake's world is its connection
        await asyncio.sleep(0)
        waiting = self.before_commit()
        if waiting is not None:
            await waiting
        if read != self.world.epochs:
            raise Fenced("the row was changed behind this transaction; a real one locks it")
        self.world = mine
        self.after_commit()
        return result


def _topic_stop(world: FakeTables, partition: int) -> str | None:
    for other, reason in world.stops.items():
        if other != partition and StopReason(reason).stops_topic:
            return f"partition {other} is stopped: {reason}"
    return None


class FakeProgress:
    """The progress rows of a `FakeTables`."""

    async def claim(
        self, connection: Any, *, topic: str, partition: int, partition_count: int
    ) -> Claim:
        world: FakeTables = connection
        world.epochs[partition] = world.epochs.get(partition, 0) + 1
        world.owners[partition] = "somebody"
        return Claim(
            topic=topic,
            partition=partition,
            epoch=world.epochs[partition],
            next_offset=world.next_offsets.get(partition, 0),
            last_digest=world.digests.get(partition),
            partition_count=world.partition_counts.setdefault(partition, partition_count),
        )

    async def advance(self, connection: Any, claim: Claim, batch: Batch) -> None:
        world: FakeTables = connection
        epoch = world.epochs[claim.partition]
        position = world.next_offsets.get(claim.partition, 0)
        if (epoch, position) == (claim.epoch, batch.next_offset):
            raise AlreadyCommitted
        if (epoch, position) != (claim.epoch, batch.first_offset):
            raise Fenced(f"epoch {epoch}, offset {position}")
        if stop := _topic_stop(world, claim.partition):
            raise StopPartition(StopReason.TOPIC_STOPPED, stop)
        world.next_offsets[claim.partition] = batch.next_offset
        world.digests[claim.partition] = digest(batch.records[-1])

    async def lock_row(self, connection: Any, claim: Claim) -> None:
        world: FakeTables = connection
        if world.epochs[claim.partition] != claim.epoch:
            raise Fenced(f"epoch {world.epochs[claim.partition]}")

    async def current_row(self, connection: Any, claim: Claim) -> PartitionRow | None:
        world: FakeTables = connection
        return PartitionRow(
            epoch=world.epochs[claim.partition],
            next_offset=world.next_offsets.get(claim.partition, 0),
            owner=world.owners.get(claim.partition, ""),
            topic_stop=_topic_stop(world, claim.partition),
        )

    async def record_stop(self, connection: Any, claim: Claim, stop: StopPartition) -> None:
        world: FakeTables = connection
        if world.epochs[claim.partition] == claim.epoch:
            world.stops[claim.partition] = stop.reason.value
            world.stop_epochs[claim.partition] = claim.epoch

    async def lift_stop(self, connection: Any, claim: Claim) -> None:
        world: FakeTables = connection
        if world.stop_epochs.get(claim.partition, claim.epoch) < claim.epoch:
            del world.stops[claim.partition], world.stop_epochs[claim.partition]

    async def accepted_replay(self, connection: Any, claim: Claim) -> int:
        world: FakeTables = connection
        return world.agreed.get(claim.partition, 0)

    async def count(self, connection: Any, claim: Claim, tally: Tally) -> None:
        world: FakeTables = connection
        duplicates, quarantined = world.tallies.get(claim.partition, (0, 0))
        world.tallies[claim.partition] = (
            duplicates + tally.duplicates,
            quarantined + tally.quarantined,
        )


class WritingHandler(Handler):
    """Records values and calls; refuses the values for which `refuses` is true."""

    def __init__(self) -> None:
        self.refuses: Callable[[str], bool] = lambda value: False
        self.sizes: list[int] = []
        self.calls: list[str] = []
        self.background_steps = 0

    async def apply(self, batch: Batch, connection: Any) -> Tally:
        world: FakeTables = connection
        self.sizes.append(len(batch.records))
        for record in batch.records:
            value = (record.value or b"").decode()
            if self.refuses(value):
                raise ValueError(value)
            world.applied.append(value)
        return Tally()

    async def quarantine(self, batch: Batch, error: Exception, connection: Any) -> Tally:
        world: FakeTables = connection
        world.quarantined.append((batch.records[0].value or b"").decode())
        return Tally(quarantined=1)

    def has_background_work(self, partition: int) -> bool:
        return self.background_steps > 0

    async def background_step(self, partition: int, connection: Any) -> None:
        world: FakeTables = connection
        self.background_steps -= 1
        world.applied.append("background step")

    def committed(self, batch: Batch) -> None:
        self.calls.append("committed")

    def rolled_back(self, partition: int) -> None:
        self.calls.append("rolled back")

    async def released(self, partition: int) -> None:
        self.calls.append("released")
