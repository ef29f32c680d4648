"""The fenced consumer: reads one topic as a member of a group and applies it exactly once.

Kafka decides which partitions this process works on; `Partition` makes sure, by the fence in
PostgreSQL, that it writes only while they are its own. This module polls, hands fetched
records out, follows rebalances, and drains on the way out.

What must stay true: no lock is held across `poll` (the driver calls the listener from
another task, and a lock that both take is a documented deadlock); polling goes on while
partitions are paused; `revoked` returns only when the last transaction has ended.
"""

import asyncio
from contextlib import suppress

import structlog

from services.kit import catalogue
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.metrics import Recorder
from services.kit.stream import faults
from services.kit.stream.handler import Handler
from services.kit.stream.partition import Partition, State
from services.kit.stream.ports import Limits, Ports
from services.kit.stream.progress import Claim, Progress
from services.kit.stream.relay import OutboxRelay
from services.kit.stream.resume import truncated
from services.kit.stream.stop_reasons import StopPartition, StopReason
from services.kit.stream.topic_reader import BrokerUnavailable, Log, OffsetOutOfRange
from services.kit.stream.watchdog import Watchdog

log = structlog.get_logger(__name__)

DEFAULT_LIMITS = Limits()


class FencedConsumer:
    """Runs a handler over a topic; see the package for what it promises."""

    def __init__(  # noqa: PLR0913 - the parts that meet here, each named at the one call site
        self,
        *,
        broker: Log,
        database: Database,
        progress: Progress,
        handler: Handler,
        recorder: Recorder,
        clock: Clock,
        relay: OutboxRelay | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._log = broker
        self._ports = Ports(
            log=broker,
            database=database,
            progress=progress,
            handler=handler,
            recorder=recorder,
            clock=clock,
            limits=limits,
        )
        self._relay = relay
        self._partitions: dict[int, Partition] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._stopping = asyncio.Event()
        self._to_advise: dict[int, int] = {}
        self._advice = asyncio.Event()
        self.has_joined = False

    @property
    def partitions(self) -> dict[int, State]:
        """Return what each assigned partition is doing, for the probes."""
        return {number: partition.state for number, partition in self._partitions.items()}

    def stopped(self) -> str | None:
        """Return which partitions stand still and why, for the probes; None when none does."""
        said = [f"{n}: {each.stopped}" for n, each in self._partitions.items() if each.stopped]
        return f"{self._log.topic} {', '.join(said)} (tocsin offsets show)" if said else None

    def request_stop(self) -> None:
        """Drain: finish the transactions that run, start no other, leave the group."""
        self._stopping.set()

    async def check_broker(self) -> None:
        """Ask the broker something that it must answer itself; for the readiness probe.

        Raises:
            BrokerUnavailable: If it does not answer.
        """
        if not self.has_joined:
            raise BrokerUnavailable("the group is not joined yet")
        for number in list(self._partitions)[:1]:
            await self._log.bounds(number)

    async def run(self) -> None:
        """Consume until a stop is requested.

        Raises:
            ExceptionGroup: If a part failed, `NoProgress` of the watchdog included; the
                process should end with a status other than zero.
        """
        watchdog = Watchdog(
            broker=self._log,
            clock=self._ports.clock,
            recorder=self._ports.recorder,
            no_progress_seconds=self._ports.limits.no_progress_seconds,
            look_seconds=self._ports.limits.look_seconds,
            partitions=lambda: self._partitions.values(),
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                try:
                    await self._work(tasks, watchdog)
                finally:
                    # A part that failed ends the others: what is assigned now is not begun.
                    self._stopping.set()
        finally:
            await self._leave()

    async def _work(self, tasks: asyncio.TaskGroup, watchdog: Watchdog) -> None:
        await self._join()
        background = [
            tasks.create_task(watchdog.run()),
            tasks.create_task(self._advise_forever()),
        ]
        polling = tasks.create_task(self._poll_forever())
        await self._stopping.wait()
        polling.cancel()
        await self.revoked(frozenset(self._partitions))
        await self._advise()
        for task in background:
            task.cancel()

    async def revoked(self, partitions: frozenset[int]) -> None:
        """Let partitions go, after their running transactions."""
        leaving = [self._partitions.pop(p) for p in partitions if p in self._partitions]
        await asyncio.gather(*(self._close(partition) for partition in leaving))
        self._count_partitions()

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Start work on partitions; the claim happens in each one's own task."""
        if self._stopping.is_set() or self._tasks is None:
            return
        await self.revoked(frozenset(self._partitions))
        if self._stopping.is_set():
            # Asked to stop meanwhile: a partition begun now would be let go by nobody.
            return
        self.has_joined = True
        for number in sorted(partitions):
            # A position of our own, so the driver never asks the group for one.
            self._log.pause(number)
            self._log.seek(number, 0)
            partition = Partition(
                number, ports=self._ports, on_claim=self._claimed, on_commit=self._committed
            )
            self._partitions[number] = partition
            partition.start(self._tasks)
        self._ports.recorder.add(catalogue.REBALANCES, topic=self._log.topic)
        self._count_partitions()
        log.info("partitions assigned", topic=self._log.topic, partitions=sorted(partitions))

    async def _join(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._log.start(self)
                return
            except BrokerUnavailable as error:
                log.warning("group not joined yet", topic=self._log.topic, error=repr(error))
                await self._ports.clock.sleep(self._ports.limits.most_retry_seconds)

    async def _close(self, partition: Partition) -> None:
        if self._relay is not None:
            await self._relay.released(partition.number)
        try:
            await partition.close()
        except TimeoutError:
            # The transaction that hangs cannot commit once somebody else claims: it is fenced.
            log.warning("partition not released in time", partition=partition.number)

    async def _poll_forever(self) -> None:
        limits = self._ports.limits
        while True:
            try:
                fetched = await self._log.poll(
                    wait_seconds=limits.poll_seconds, most_records=limits.most_waiting_records
                )
            except OffsetOutOfRange as lost:
                self._fetch_again()
                await self._stop_at_hole(lost)
                continue
            except BrokerUnavailable as error:
                self._fetch_again()
                log.warning("poll failed", topic=self._log.topic, error=repr(error))
                await self._ports.clock.sleep(limits.retry_seconds)
                continue
            for number, records in fetched.items():
                partition = self._partitions.get(number)
                if partition is not None:
                    partition.offer(records)

    def _fetch_again(self) -> None:
        """Lose nothing to a poll that failed: it may have taken records of any partition."""
        for partition in self._partitions.values():
            partition.fetch_again()

    async def _stop_at_hole(self, lost: OffsetOutOfRange) -> None:
        stop = StopPartition(StopReason.OFFSET_OUT_OF_RANGE, str(lost))
        with suppress(BrokerUnavailable):
            _, end = await self._log.bounds(lost.partition)
            if lost.offset > end:
                stop = truncated(position=lost.offset, end=end)
        partition = self._partitions.get(lost.partition)
        if partition is not None and partition.state is State.RUNNING:
            partition.stop(stop)
        else:
            self._log.pause(lost.partition)

    def _claimed(self, claim: Claim) -> None:
        if self._relay is not None and self._tasks is not None:
            self._relay.claimed(claim, self._tasks)

    def _committed(self, partition: int, next_offset: int) -> None:
        if self._relay is not None:
            self._relay.wake(partition)
        self._to_advise[partition] = next_offset
        self._advice.set()

    async def _advise_forever(self) -> None:
        """Commit offsets to Kafka behind the work: for lag metrics and autoscaling only."""
        while True:
            await self._advice.wait()
            self._advice.clear()
            await self._advise()

    async def _advise(self) -> None:
        offsets, self._to_advise = self._to_advise, {}
        if not offsets:
            return
        faults.point("before-kafka-commit")
        try:
            await self._log.commit(offsets)
        except BrokerUnavailable as error:
            log.info("advisory commit failed", topic=self._log.topic, error=repr(error))

    async def _leave(self) -> None:
        await self.revoked(frozenset(self._partitions))
        await self._log.stop()

    def _count_partitions(self) -> None:
        self._ports.recorder.set(
            catalogue.PARTITIONS_ASSIGNED, len(self._partitions), topic=self._log.topic
        )
