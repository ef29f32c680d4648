"""The fenced consumer: reads one topic as a member of a group and applies each record once.

The group decides which partitions this process works on; `Partition` and the row's fence make sure
that it writes only while they are its own. This module polls, hands records to partitions, follows
rebalances, and drains at the end.

Three rules:

- No lock spans a `poll`: the driver calls the listener from another task, and a lock that
  both need is a deadlock.
- Polling goes on while partitions are paused: the group removes a member that stops polling.
- `revoked` returns only when the running transactions have ended: after that the group gives the
  partitions to their next owner.
"""

import asyncio

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
from services.kit.stream.topic_reader import BrokerUnavailable, OffsetOutOfRange, TopicReader
from services.kit.stream.watchdog import Watchdog

log = structlog.get_logger(__name__)

DEFAULT_LIMITS = Limits()


class FencedConsumer:
    """Runs a handler over a topic, exactly once per record."""

    def __init__(  # noqa: PLR0913 - the parts that meet here, each named at the one call site
        self,
        *,
        reader: TopicReader,
        database: Database,
        progress: Progress,
        handler: Handler,
        recorder: Recorder,
        clock: Clock,
        relay: OutboxRelay | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._ports = Ports(
            reader=reader,
            database=database,
            progress=progress,
            handler=handler,
            recorder=recorder,
            clock=clock,
            limits=limits,
        )
        self._reader = reader
        self._relay = relay
        self._partitions: dict[int, Partition] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._stopping = asyncio.Event()
        self._offsets_to_commit: dict[int, int] = {}
        self._has_offsets = asyncio.Event()
        self.has_joined = False

    @property
    def partitions(self) -> dict[int, State]:
        """Returns the state of each assigned partition, for the probes."""
        return {number: partition.state for number, partition in self._partitions.items()}

    def stopped(self) -> str | None:
        """Returns which partitions are stopped and why, for the probes; None when none is."""
        stopped = [
            f"{number}: {partition.stop_reason}"
            for number, partition in self._partitions.items()
            if partition.stop_reason
        ]
        if not stopped:
            return None
        return f"{self._reader.topic} {', '.join(stopped)} (tocsin offsets show)"

    def stop_reasons(self) -> set[StopReason | None]:
        """Returns why the assigned partitions are stopped; None stands for one that is not."""
        return {partition.stop_reason for partition in self._partitions.values()}

    def request_stop(self) -> None:
        """Requests a drain: running transactions finish, no other starts, the group is left."""
        self._stopping.set()

    async def check_broker(self) -> None:
        """Sends the broker a request that it must answer itself; for the readiness probe.

        Raises:
            BrokerUnavailable: If it does not answer.
        """
        if not self.has_joined:
            raise BrokerUnavailable("the group is not joined yet")
        for number in list(self._partitions)[:1]:
            await self._reader.bounds(number)

    async def run(self) -> None:
        """Consumes until a stop is requested.

        Raises:
            ExceptionGroup: If a part failed, `NoProgress` of the watchdog included; the process
                should end with a status other than zero.
        """
        watchdog = Watchdog(
            reader=self._reader,
            clock=self._ports.clock,
            recorder=self._ports.recorder,
            no_progress_seconds=self._ports.limits.no_progress_seconds,
            check_seconds=self._ports.limits.check_seconds,
            partitions=lambda: self._partitions.values(),
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                try:
                    await self._consume(tasks, watchdog)
                finally:
                    # A failed part ends the others: an assignment that comes now starts nothing.
                    self._stopping.set()
        finally:
            await self._leave()

    async def _consume(self, tasks: asyncio.TaskGroup, watchdog: Watchdog) -> None:
        await self._join()
        background = [
            tasks.create_task(watchdog.run()),
            tasks.create_task(self._commit_offsets_forever()),
        ]
        polling = tasks.create_task(self._poll_forever())
        await self._stopping.wait()
        polling.cancel()
        await self.revoked(frozenset(self._partitions))
        await self._commit_offsets()
        for task in background:
            task.cancel()

    async def revoked(self, partitions: frozenset[int]) -> None:
        """Releases partitions, after their running transactions."""
        leaving = [self._partitions.pop(p) for p in partitions if p in self._partitions]
        await asyncio.gather(*(self._close(partition) for partition in leaving))
        self._count_partitions()

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Starts work on partitions; each claims its row in its own task."""
        if self._stopping.is_set() or self._tasks is None:
            return
        # An assignment is the whole new set: what is left of the old one is released and claimed
        # again, so that no partition is worked on under a claim from before the rebalance.
        await self.revoked(frozenset(self._partitions))
        if self._stopping.is_set():
            # Requested during the revoke: no later step would release what is started now.
            return
        self.has_joined = True
        for number in sorted(partitions):
            # With an offset of our own the driver never takes the group's.
            self._reader.pause(number)
            self._reader.seek(number, 0)
            partition = Partition(
                number, ports=self._ports, on_claim=self._claimed, on_commit=self._committed
            )
            self._partitions[number] = partition
            partition.start(self._tasks)
        self._ports.recorder.add(catalogue.REBALANCES, topic=self._reader.topic)
        self._count_partitions()
        log.info(
            "consumer.partitions_assigned",
            topic=self._reader.topic,
            partitions=sorted(partitions),
        )

    async def _join(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._reader.start(self)
                return
            except BrokerUnavailable as error:
                log.warning("consumer.join_retry", topic=self._reader.topic, error=repr(error))
                await self._ports.clock.sleep(self._ports.limits.max_retry_seconds)

    async def _close(self, partition: Partition) -> None:
        if self._relay is not None:
            await self._relay.released(partition.number)
        try:
            await partition.close()
        except TimeoutError:
            # The transaction that hangs cannot commit once another process claims: it is fenced.
            log.warning(
                "consumer.release_timeout",
                topic=self._reader.topic,
                partition=partition.number,
            )

    async def _poll_forever(self) -> None:
        limits = self._ports.limits
        while True:
            try:
                fetched = await self._reader.poll(
                    wait_seconds=limits.poll_seconds, max_records=limits.max_waiting_records
                )
            except OffsetOutOfRange as hole:
                self._fetch_again()
                await self._stop_at_hole(hole)
                continue
            except BrokerUnavailable as error:
                self._fetch_again()
                log.warning("consumer.poll_retry", topic=self._reader.topic, error=repr(error))
                await self._ports.clock.sleep(limits.retry_seconds)
                continue
            for number, records in fetched.items():
                partition = self._partitions.get(number)
                if partition is not None:
                    partition.offer(records)

    def _fetch_again(self) -> None:
        """Seeks every partition back: any of them may have lost records, or have another log."""
        for partition in self._partitions.values():
            partition.fetch_again()

    async def _stop_at_hole(self, hole: OffsetOutOfRange) -> None:
        stop = StopPartition(StopReason.OFFSET_OUT_OF_RANGE, str(hole))
        try:
            first, end = await self._reader.bounds(hole.partition)
        except BrokerUnavailable:
            # The next poll comes to the hole again.
            await self._ports.clock.sleep(self._ports.limits.retry_seconds)
            return
        partition = self._partitions.get(hole.partition)
        if hole.offset > end:
            stop = truncated(next_offset=hole.offset, end=end)
        elif partition is not None and partition.skip_comparison(first):
            return
        if partition is not None and partition.state is State.RUNNING:
            partition.stop(stop)
        else:
            # Not claimed yet, or no longer: without a pause every poll would fail on it.
            self._reader.pause(hole.partition)

    def _claimed(self, claim: Claim) -> None:
        if self._relay is not None and self._tasks is not None:
            self._relay.claimed(claim, self._tasks)

    def _committed(self, partition: int, next_offset: int) -> None:
        if self._relay is not None:
            self._relay.wake(partition)
        self._offsets_to_commit[partition] = next_offset
        self._has_offsets.set()

    async def _commit_offsets_forever(self) -> None:
        """Commits offsets to the group behind the work: for lag metrics and autoscaling only."""
        while True:
            await self._has_offsets.wait()
            self._has_offsets.clear()
            await self._commit_offsets()

    async def _commit_offsets(self) -> None:
        offsets, self._offsets_to_commit = self._offsets_to_commit, {}
        if not offsets:
            return
        faults.point("before-kafka-commit")
        try:
            await self._reader.commit(offsets)
        except BrokerUnavailable as error:
            log.info("consumer.offset_commit_failed", topic=self._reader.topic, error=repr(error))

    async def _leave(self) -> None:
        await self.revoked(frozenset(self._partitions))
        await self._reader.stop()

    def _count_partitions(self) -> None:
        self._ports.recorder.set(
            catalogue.PARTITIONS_ASSIGNED, len(self._partitions), topic=self._reader.topic
        )
