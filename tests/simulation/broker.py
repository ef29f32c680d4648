"""The broker, its group, and the ports through which each process reaches them.

Fetches come in any order and end anywhere; a poll that fails may have lost records; a fetch may
return records from before its offset; a batch fetched before a rebalance is returned after it. A
failed write may have arrived in part or wholly, or arrives later.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context

from services.kit.stream.outbox import Message
from services.kit.stream.producer import ProduceFailed
from services.kit.stream.records import Record
from services.kit.stream.topic_reader import BrokerUnavailable, OffsetOutOfRange, RebalanceListener
from tests.fakes.stream import FakeRecord
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import Crashed, Process, pause

SESSION_SECONDS = 3.0


class Broker:
    """One input topic, the messages published to other topics, and the members of the group."""

    def __init__(self, fault_rates: FaultRates, *, partitions: int, topic: str = "events") -> None:
        self.fault_rates = fault_rates
        self.topic = topic
        self.first = dict.fromkeys(range(partitions), 0)
        self.held: dict[int, list[FakeRecord]] = {number: [] for number in range(partitions)}
        self.published: dict[tuple[str, int], list[Message]] = {}
        self.members: list[SimulatedTopicReader] = []
        self.committed: dict[int, int] = {}
        self.polls: list[asyncio.Future[None]] = []
        self._rebalances: set[asyncio.Task[None]] = set()

    def change(self) -> None:
        """Rebalances soon, because a member joined or left."""
        task = asyncio.get_running_loop().create_task(self._rebalance_soon(), context=Context())
        self._rebalances.add(task)
        task.add_done_callback(self._rebalances.discard)

    async def _rebalance_soon(self) -> None:
        await pause(self.fault_rates.random.random())
        await self.rebalance()

    def write(self, partition: int, value: bytes | None, *, key: bytes = b"", gap: int = 0) -> int:
        """Appends a record, after a gap of offsets if given; returns its offset."""
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
        """Returns the offset after the last."""
        held = self.held[partition]
        return held[-1].offset + 1 if held else self.first[partition]

    async def rebalance(self, *, may_overlap: bool = False) -> None:
        """Assigns every partition to a member and removes members that do not answer.

        With `may_overlap` the old owners get no revoke, as when two processes have one instance
        id: both believe that they own everything.
        """
        random = self.fault_rates.random
        if not may_overlap:
            members = list(self.members)
            answers = [each.notify("revoke", frozenset(each.assigned)) for each in members]
            if answers:
                await asyncio.wait(answers, timeout=SESSION_SECONDS)
            for member, answer in zip(members, answers, strict=True):
                if not answer.done():
                    self.remove_member(member)
        members = [each for each in self.members if each.process.is_alive]
        if not members:
            return
        shares: dict[SimulatedTopicReader, set[int]] = {each: set() for each in members}
        for partition in self.held:
            shares[random.choice(members)].add(partition)
        for member, share in shares.items():
            member.notify("assign", frozenset(share | member.assigned if may_overlap else share))

    def remove_member(self, member: "SimulatedTopicReader") -> None:
        """Removes a member, which learns of it at its next request."""
        if member in self.members:
            self.members.remove(member)
            member.is_outside = True
            self.change()


class SimulatedTopicReader:
    """The topic as one process reads it."""

    def __init__(self, broker: Broker, process: Process) -> None:
        self.topic = broker.topic
        self.process = process
        self.assigned: frozenset[int] = frozenset()
        self.is_outside = False
        self._broker = broker
        self._fault_rates = broker.fault_rates
        self._positions: dict[int, int] = {}
        self._paused: set[int] = set()
        self._listener: RebalanceListener | None = None
        self._poll: asyncio.Future[None] | None = None
        self._notification: asyncio.Task[None] | None = None

    async def start(self, listener: RebalanceListener) -> None:
        self.process.check()
        await pause(self._fault_rates.delay())
        if self._fault_rates.broker_is_down:
            raise BrokerUnavailable("down")
        self._listener = listener
        self._broker.members.append(self)
        self._broker.change()

    async def stop(self) -> None:
        self.process.check()
        if self in self._broker.members:
            self._broker.members.remove(self)
            self._broker.change()

    def notify(self, what: str, partitions: frozenset[int]) -> "asyncio.Task[None]":
        """Calls the listener inside the process, one call after the other."""
        self._notification = self.process.run(self._notify(self._notification, what, partitions))
        return self._notification

    async def _notify(
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
        """Learns of its removal, releases everything and joins again."""
        await self.notify("revoke", frozenset(self.assigned))
        if self.process.is_alive and self.is_outside:
            self.is_outside = False
            self._broker.members.append(self)
            self._broker.change()

    async def poll(
        self, *, wait_seconds: float, max_records: int
    ) -> Mapping[int, Sequence[Record]]:
        self.process.check()
        fault_rates = self._fault_rates
        if fault_rates.broker_is_down:
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
        await pause(fault_rates.delay())
        self.process.check()
        if fault_rates.happens(fault_rates.poll_fails):
            raise BrokerUnavailable("another partition's fetch failed; these records are lost")
        return fetched

    def _fetch(self, max_records: int) -> dict[int, Sequence[Record]]:
        random = self._fault_rates.random
        fetched: dict[int, Sequence[Record]] = {}
        positions = [item for item in self._positions.items() if item[0] not in self._paused]
        if len(positions) > 1:
            random.shuffle(positions)
        for partition, position in positions:
            if not self._broker.first[partition] <= position <= self._broker.end(partition):
                raise OffsetOutOfRange(partition, position)
            if position == self._broker.end(partition):
                continue
            begin = position
            if self._fault_rates.happens(self._fault_rates.repeats):
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
        await self._request()
        return self._broker.first[partition], self._broker.end(partition)

    async def partition_count(self) -> int:
        await self._request()
        return len(self._broker.held)

    async def committed(self, partition: int) -> int | None:
        await self._request()
        return self._broker.committed.get(partition)

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        await self._request()
        if self not in self._broker.members:
            raise BrokerUnavailable("not a member")
        self._broker.committed.update(next_offsets)

    async def _request(self) -> None:
        self.process.check()
        await pause(self._fault_rates.delay())
        self.process.check()
        if self._fault_rates.broker_is_down:
            raise BrokerUnavailable("down")


class SimulatedProducer:
    """The producer of one process: in order per partition; a failure leaves the outcome open."""

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
        fault_rates = self._broker.fault_rates
        self._process.check()
        await pause(fault_rates.delay())
        self._process.check()
        if fault_rates.broker_is_down:
            raise ProduceFailed("down")
        if not fault_rates.happens(fault_rates.produce_fails):
            self._arrive(messages)
            await pause(fault_rates.delay())
            return
        part = messages[: fault_rates.random.randrange(len(messages) + 1)]
        if fault_rates.random.random() < 0.5:
            self._arrive(part)
        else:
            delay = fault_rates.random.random() * 5
            asyncio.get_running_loop().call_later(delay, self._arrive, part)
        raise ProduceFailed("not acknowledged in time")

    def _arrive(self, messages: Sequence[Message]) -> None:
        for message in messages:
            key = (message.topic, message.to_partition or 0)
            self._broker.published.setdefault(key, []).append(message)
