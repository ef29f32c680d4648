"""The broker, its group, and each process's way to them.

Fetches come in any order and cut anywhere; a poll that fails may have swallowed records; a
fetch may return from behind the position; a batch fetched before a rebalance is returned
after it. A failed write may have arrived in part, wholly, or arrive later.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context

from services.kit.stream.outbox import Message
from services.kit.stream.producer import ProduceFailed
from services.kit.stream.records import Record
from services.kit.stream.topic_reader import BrokerUnavailable, OffsetOutOfRange, RebalanceListener
from tests.fakes.stream import FakeRecord
from tests.simulation.loop import Crashed, Process, pause
from tests.simulation.mischief import Mischief

SESSION_SECONDS = 3.0


class Broker:
    """One input topic, whatever was published to others, and the members of the group."""

    def __init__(self, mischief: Mischief, *, partitions: int, topic: str = "events") -> None:
        self.mischief = mischief
        self.topic = topic
        self.first = dict.fromkeys(range(partitions), 0)
        self.held: dict[int, list[FakeRecord]] = {number: [] for number in range(partitions)}
        self.published: dict[tuple[str, int], list[Message]] = {}
        self.members: list[SimulatedTopicReader] = []
        self.advised: dict[int, int] = {}
        self.polls: list[asyncio.Future[None]] = []
        self._rebalances: set[asyncio.Task[None]] = set()

    def change(self) -> None:
        """Rebalance soon, because a member came or went."""
        task = asyncio.get_running_loop().create_task(self._rebalance_soon(), context=Context())
        self._rebalances.add(task)
        task.add_done_callback(self._rebalances.discard)

    async def _rebalance_soon(self) -> None:
        await pause(self.mischief.random.random())
        await self.rebalance()

    def write(self, partition: int, value: bytes | None, *, key: bytes = b"", gap: int = 0) -> int:
        """Append a record, after a gap of offsets if asked for; return its offset."""
        offset = self.end(partition) + gap
        self.held[partition].append(
            FakeRecord(offset=offset, value=value, key=key, partition=partition, topic=self.topic)
        )
        for poll in self.polls:
            if not poll.done():
                poll.set_result(None)
        self.polls.clear()
        return offset

    def end(self, partition: int) -> int:
        """Return the offset after the last."""
        held = self.held[partition]
        return held[-1].offset + 1 if held else self.first[partition]

    async def rebalance(self, *, may_overlap: bool = False) -> None:
        """Give every partition to a member; members that do not answer are thrown out.

        With `may_overlap` the old owners are not told, as when two processes have one
        instance id: both believe that they own everything.
        """
        random = self.mischief.random
        if not may_overlap:
            members = list(self.members)
            answers = [each.tell("revoke", frozenset(each.assigned)) for each in members]
            if answers:
                await asyncio.wait(answers, timeout=SESSION_SECONDS)
            for member, answer in zip(members, answers, strict=True):
                if not answer.done():
                    self.throw_out(member)
        members = [each for each in self.members if each.process.is_alive]
        if not members:
            return
        shares: dict[SimulatedTopicReader, set[int]] = {each: set() for each in members}
        for partition in self.held:
            shares[random.choice(members)].add(partition)
        for member, share in shares.items():
            member.tell("assign", frozenset(share | member.assigned if may_overlap else share))

    def throw_out(self, member: "SimulatedTopicReader") -> None:
        """Forget a member; it learns of it when it speaks again."""
        if member in self.members:
            self.members.remove(member)
            member.is_outside = True
            self.change()


class SimulatedTopicReader:
    """One process's membership."""

    def __init__(self, broker: Broker, process: Process) -> None:
        self.topic = broker.topic
        self.process = process
        self.assigned: frozenset[int] = frozenset()
        self.is_outside = False
        self._broker = broker
        self._mischief = broker.mischief
        self._positions: dict[int, int] = {}
        self._paused: set[int] = set()
        self._listener: RebalanceListener | None = None
        self._poll: asyncio.Future[None] | None = None
        self._told: asyncio.Task[None] | None = None

    async def start(self, listener: RebalanceListener) -> None:
        self.process.check()
        await pause(self._mischief.delay())
        if self._mischief.broker_is_down:
            raise BrokerUnavailable("down")
        self._listener = listener
        self._broker.members.append(self)
        self._broker.change()

    async def stop(self) -> None:
        self.process.check()
        if self in self._broker.members:
            self._broker.members.remove(self)
            self._broker.change()

    def tell(self, what: str, partitions: frozenset[int]) -> "asyncio.Task[None]":
        """Call the listener in the process's own time, one call after the other."""
        self._told = self.process.run(self._tell(self._told, what, partitions))
        return self._told

    async def _tell(
        self, before: "asyncio.Task[None] | None", what: str, partitions: frozenset[int]
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        if not self.process.is_alive or self._listener is None:
            return
        try:
            if what == "revoke":
                await self._listener.revoked(partitions)
                self.assigned -= partitions
            else:
                self.assigned = partitions
                self._positions = {}
                await self._listener.assigned(partitions)
        except (Crashed, Exception):  # noqa: BLE001 - the driver too only logs what a listener raises
            return

    async def rejoin(self) -> None:
        """Learn of having been thrown out, let everything go and come back."""
        await self.tell("revoke", frozenset(self.assigned))
        if self.process.is_alive and self.is_outside:
            self.is_outside = False
            self._broker.members.append(self)
            self._broker.change()

    async def poll(
        self, *, wait_seconds: float, max_records: int
    ) -> Mapping[int, Sequence[Record]]:
        self.process.check()
        mischief = self._mischief
        if mischief.broker_is_down:
            await pause(wait_seconds)
            raise BrokerUnavailable("down")
        fetched = self._fetch(max_records)
        if not fetched:
            self._poll = pause(wait_seconds)
            self._broker.polls.append(self._poll)
            await self._poll
            self.process.check()
            fetched = self._fetch(max_records)
            if not fetched:
                return fetched
        await pause(mischief.delay())
        self.process.check()
        if mischief.happens(mischief.poll_fails):
            raise BrokerUnavailable("another partition's fetch failed; these records are lost")
        return fetched

    def _fetch(self, max_records: int) -> dict[int, Sequence[Record]]:
        random = self._mischief.random
        fetched: dict[int, Sequence[Record]] = {}
        places = [place for place in self._positions.items() if place[0] not in self._paused]
        if len(places) > 1:
            random.shuffle(places)
        for partition, position in places:
            if not self._broker.first[partition] <= position <= self._broker.end(partition):
                raise OffsetOutOfRange(partition, position)
            if position == self._broker.end(partition):
                continue
            begin = position
            if self._mischief.happens(self._mischief.repeats):
                begin = max(self._broker.first[partition], position - random.randrange(1, 4))
            ready = [r for r in self._broker.held[partition] if r.offset >= begin]
            taken = ready[: random.randrange(1, min(max_records, len(ready)) + 1)]
            if taken[-1].offset < position:
                continue
            self._positions[partition] = taken[-1].offset + 1
            fetched[partition] = taken
        return fetched

    def seek(self, partition: int, offset: int) -> None:
        if self.process.is_alive and partition in self.assigned:
            self._positions[partition] = offset
            self._wake()

    def pause(self, partition: int) -> None:
        self._paused.add(partition)

    def resume(self, partition: int) -> None:
        self._paused.discard(partition)
        self._wake()

    def _wake(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def bounds(self, partition: int) -> tuple[int, int]:
        await self._ask()
        return self._broker.first[partition], self._broker.end(partition)

    async def partition_count(self) -> int:
        await self._ask()
        return len(self._broker.held)

    async def committed(self, partition: int) -> int | None:
        await self._ask()
        return self._broker.advised.get(partition)

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        await self._ask()
        if self not in self._broker.members:
            raise BrokerUnavailable("not a member")
        self._broker.advised.update(next_offsets)

    async def _ask(self) -> None:
        self.process.check()
        await pause(self._mischief.delay())
        self.process.check()
        if self._mischief.broker_is_down:
            raise BrokerUnavailable("down")


class SimulatedProducer:
    """One process's producer: in order per partition, and honest only when it succeeds."""

    def __init__(self, broker: Broker, process: Process) -> None:
        self._broker = broker
        self._process = process

    async def start(self) -> None:
        self._process.check()

    async def stop(self) -> None:
        return None

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.publish_in_order(messages)

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        mischief = self._broker.mischief
        self._process.check()
        await pause(mischief.delay())
        self._process.check()
        if mischief.broker_is_down:
            raise ProduceFailed("down")
        if not mischief.happens(mischief.produce_fails):
            self._arrive(messages)
            await pause(mischief.delay())
            return
        part = messages[: mischief.random.randrange(len(messages) + 1)]
        if mischief.random.random() < 0.5:
            self._arrive(part)
        else:
            delay = mischief.random.random() * 5
            asyncio.get_running_loop().call_later(delay, self._arrive, part)
        raise ProduceFailed("not acknowledged in time")

    def _arrive(self, messages: Sequence[Message]) -> None:
        for message in messages:
            place = (message.topic, message.to_partition or 0)
            self._broker.published.setdefault(place, []).append(message)
