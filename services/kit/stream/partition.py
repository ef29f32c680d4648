"""One assigned partition, from its claim to its release: the heart of exactly once.

`FencedConsumer` creates a `Partition` for each partition that the group assigns and hands it the
records that a poll returns. The partition's own task claims the row, seeks to its position, and
applies the fetched records in one fenced transaction after the other.

The file has three parts: claiming (`_take_over`), applying (`_apply`), and ending (`close`, `stop`,
`_lose_ownership`, `refresh`). Two rules apply everywhere:

- A transaction runs only under `_lock` and only in the state RUNNING. `close` takes the same lock,
  so a revoke waits for the transaction that runs, and none starts after it.
- A record is applied only after `OffsetSequence` has accepted it as the next one, and the row
  refuses every batch that does not start at its position. Nothing that this process remembers
  decides what is applied.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum

import structlog

from services.kit import catalogue
from services.kit.database import Connection, DatabaseUnavailable
from services.kit.stream import faults
from services.kit.stream.batch_sizer import BatchSizer
from services.kit.stream.offset_sequence import OffsetSequence, Reseek
from services.kit.stream.ports import Ports
from services.kit.stream.progress import RELEASED, Claim, PartitionRow
from services.kit.stream.records import Batch, Record
from services.kit.stream.resume import continue_from, refuse_older_database
from services.kit.stream.stop_reasons import Fenced, StopPartition, StopReason
from services.kit.stream.topic_reader import BrokerUnavailable
from services.kit.stream.transaction import FencedTransaction

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 2.0


class State(StrEnum):
    """What a partition is doing."""

    CLAIMING = "claiming"
    RUNNING = "running"
    FENCED = "fenced"
    STOPPED = "stopped"
    CLOSED = "closed"


class Partition:
    """One assigned partition."""

    def __init__(
        self,
        number: int,
        *,
        ports: Ports,
        on_claim: Callable[[Claim], None],
        on_commit: Callable[[int, int], None],
    ) -> None:
        self.number = number
        self.state = State.CLAIMING
        self.progressed_at = ports.clock.monotonic_seconds()
        self.next_offset = 0
        self.is_waiting_for_database = False
        self._ports = ports
        self._topic = ports.reader.topic
        self._on_claim = on_claim
        self._on_commit = on_commit
        self._lock = asyncio.Lock()
        self._claim: Claim | None = None
        self._transaction: FencedTransaction | None = None
        self._stop: StopPartition | None = None
        self._is_stop_recorded = False
        self._sequence = OffsetSequence(next_offset=0, last_digest=None)
        self._fetched: deque[Record] = deque()
        self._has_fetched = asyncio.Event()
        self._is_paused = True
        self._batch_sizer = BatchSizer(ports.limits)
        self._batch_began_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def is_working(self) -> bool:
        """Returns whether records may still be applied here."""
        return self.state in (State.CLAIMING, State.RUNNING)

    @property
    def stop_reason(self) -> StopReason | None:
        """Returns why the partition is stopped; None when it is not."""
        return self._stop.reason if self._stop and self.state is State.STOPPED else None

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Starts the partition's task."""
        self._tasks = tasks
        self._task = tasks.create_task(self.run())

    async def run(self) -> None:
        """Claims the partition and applies its records until it is revoked, fenced or stopped."""
        try:
            await self._take_over()
            while self.state is State.RUNNING:
                has_background_work = self._ports.handler.has_background_work(self.number)
                if not has_background_work:
                    await self._has_fetched.wait()
                    await self._let_batch_grow()
                batch = self._next_batch()
                if batch is not None:
                    await self._apply(batch)
                if has_background_work:
                    await self._background_step()
        except StopPartition as stop:
            self.stop(stop)
        except Fenced as fenced:
            self._lose_ownership(fenced)
        if self.state is State.STOPPED:
            # At once: the other partitions of the topic may have to stop too.
            await self.refresh()

    # Claiming: from the assignment to the first record.

    async def _take_over(self) -> None:
        wait = self._ports.limits.retry_seconds
        while self.state is State.CLAIMING:
            try:
                await self._claim_and_seek()
                return
            except (DatabaseUnavailable, BrokerUnavailable) as error:
                log.warning(
                    "consumer.claim_retry",
                    topic=self._topic,
                    partition=self.number,
                    error=repr(error),
                )
                await self._ports.clock.sleep(wait)
                wait = min(wait * 2, self._ports.limits.max_retry_seconds)

    async def _claim_and_seek(self) -> None:
        """Claims the row, checks that topic and database belong together, and begins to read."""
        partition_count = await self._ports.reader.partition_count()
        claim = await self._claim_row(partition_count)
        if claim is None:
            return
        self._claim, self.next_offset = claim, claim.next_offset
        if claim.partition_count != partition_count:
            # Keys hash to other partitions now: the next records of a key would be applied here
            # while earlier ones may still wait in the partition that it had.
            raise StopPartition(
                StopReason.PARTITIONS_CHANGED,
                f"the topic had {claim.partition_count} partitions and has {partition_count}; keys "
                f"would move between partitions",
            )
        first, end = await self._ports.reader.bounds(self.number)
        sequence = continue_from(claim, first=first, end=end)
        await refuse_older_database(claim, ports=self._ports)
        if self.state is not State.CLAIMING:
            return  # Revoked during one of the waits above.
        self._transaction = FencedTransaction(claim, ports=self._ports)
        self._sequence, self.state = sequence, State.RUNNING
        self.progressed_at = self._ports.clock.monotonic_seconds()
        self._ports.reader.seek(self.number, sequence.fetch_offset)
        self._ports.reader.resume(self.number)
        self._is_paused = False
        self._on_claim(claim)

    async def _claim_row(self, partition_count: int) -> Claim | None:
        """Claims the row; returns None if the partition was revoked before."""

        async def claim_row(connection: Connection) -> Claim:
            claim = await self._ports.progress.claim(
                connection,
                topic=self._topic,
                partition=self.number,
                partition_count=partition_count,
            )
            await self._ports.handler.claimed(self.number, connection)
            return claim

        # Under the lock, so that `close` cannot drop the cache while `claimed` fills it.
        async with self._lock:
            if self.state is not State.CLAIMING:
                return None
            faults.point("before-claim")
            # Another process may have written since this one had the partition: a cache that
            # survived would be folded on and stored over the newer state.
            self._ports.handler.rolled_back(self.number)
            claim = await self._ports.database.in_transaction(claim_row)
            faults.point("after-claim")
            return claim

    # Applying: from a poll to a commit.

    def offer(self, records: Sequence[Record]) -> None:
        """Buffers fetched records that continue the sequence; seeks back for others."""
        if self.state is not State.RUNNING:
            # Fetched before a rebalance or a stop: the new owner has applied them, or will.
            return
        try:
            accepted = self._sequence.accept(records)
        except StopPartition as stop:
            self.stop(stop)
            return
        if isinstance(accepted, Reseek):
            self._ports.reader.seek(self.number, accepted.offset)
            return
        if accepted:
            self._fetched.extend(accepted)
            self._has_fetched.set()
        # Only this partition is paused: polling goes on for the others and for the group.
        if not self._is_paused and len(self._fetched) >= self._ports.limits.max_waiting_records:
            self._ports.reader.pause(self.number)
            self._is_paused = True

    def fetch_again(self) -> None:
        """Seeks back after a failed poll, to the last record that was taken.

        The poll may have taken records with it, and the broker may have another log since: nothing
        is taken before that record is compared.
        """
        if self.state is State.RUNNING:
            self._sequence.compare_again()
            self._ports.reader.seek(self.number, self._sequence.fetch_offset)

    def skip_comparison(self, first: int) -> bool:
        """Goes on uncompared if the log begins at the next offset; returns whether it does."""
        if self.state is not State.RUNNING or not self._sequence.skip_comparison(first):
            return False
        self._ports.reader.seek(self.number, self._sequence.fetch_offset)
        return True

    async def _let_batch_grow(self) -> None:
        """Waits a little after a batch: a transaction's round trips cost more than a few records.

        The first record after a quiet time is applied at once, and so is a full batch. When
        transactions slow down because the machine is busy, fewer of them relieve it.
        """
        elapsed = self._ports.clock.monotonic_seconds() - self._batch_began_at
        remaining = self._batch_sizer.seconds_between - elapsed
        if remaining > 0 and len(self._fetched) < self._batch_sizer.records:
            await self._ports.clock.sleep(remaining)

    def _next_batch(self) -> Batch | None:
        fetched = self._fetched
        if not fetched:
            self._has_fetched.clear()
            return None
        assert self._claim is not None
        size = min(len(fetched), self._batch_sizer.records)
        records = [fetched.popleft() for _ in range(size)]
        if self._is_paused and len(fetched) < self._ports.limits.max_waiting_records // 2:
            self._ports.reader.resume(self.number)
            self._is_paused = False
        return Batch(
            topic=self._topic,
            partition=self.number,
            first_offset=self._sequence.first_offset(records[0]),
            records=records,
            generation=self._claim.generation,
        )

    async def _apply(self, batch: Batch) -> None:
        """Applies a batch; finds a record that breaks it by halving, and quarantines that one."""
        parts = [batch]
        while parts and self.state is State.RUNNING:
            part = parts.pop()
            error = await self._commit(part, None)
            if error is None:
                continue
            if len(part.records) > 1:
                # The first half goes on top: parts are applied in the order of their offsets.
                middle = len(part.records) // 2
                parts += [part.part(middle, len(part.records)), part.part(0, middle)]
                continue
            offset = part.records[0].offset
            log.warning(
                "consumer.poison_record",
                topic=self._topic,
                partition=self.number,
                offset=offset,
                error=type(error).__name__,
            )
            if again := await self._commit(part, error):
                raise StopPartition(
                    StopReason.QUARANTINE_FAILED,
                    f"offset {offset} can be neither applied nor quarantined: {again!r}",
                ) from again

    async def _commit(self, batch: Batch, poison: Exception | None) -> Exception | None:
        """Runs one fenced transaction until it commits; returns an error of the handler's.

        While the database is unavailable the same batch is tried again: after a lost answer it may
        be committed already, and only the same batch is recognised as such.
        """
        wait = self._ports.limits.retry_seconds
        while True:
            async with self._lock:
                if self.state is not State.RUNNING:
                    # Revoked or fenced while this waited for the lock or for the database.
                    return None
                try:
                    assert self._transaction is not None
                    self._batch_began_at = self._ports.clock.monotonic_seconds()
                    await self._transaction.run(batch, poison)
                    self._committed(batch)
                    return None
                except (StopPartition, Fenced):
                    self._ports.handler.rolled_back(self.number)
                    raise
                except DatabaseUnavailable as error:
                    # The commit may or may not have happened, so the cache may be either too new
                    # or too old. Dropped, it is loaded again under the fence.
                    self._ports.handler.rolled_back(self.number)
                    self.is_waiting_for_database = True
                    log.warning(
                        "consumer.batch_retry",
                        topic=self._topic,
                        partition=self.number,
                        error=str(error),
                    )
                except Exception as error:  # noqa: BLE001 - any error of the handler is about a record
                    self._ports.handler.rolled_back(self.number)
                    return error
            # Outside of the lock: a revoke must not wait for a database that is down.
            self._ports.recorder.add(catalogue.COMMITS, topic=self._topic, result="retried")
            await self._ports.clock.sleep(wait)
            wait = min(wait * 2, self._ports.limits.max_retry_seconds)

    def _committed(self, batch: Batch) -> None:
        self.next_offset = batch.next_offset
        self.progressed_at = self._ports.clock.monotonic_seconds()
        self._batch_sizer.record_batch(
            records=len(batch.records), seconds=self.progressed_at - self._batch_began_at
        )
        self.is_waiting_for_database = False
        self._on_commit(self.number, batch.next_offset)

    async def _background_step(self) -> None:
        """Does one bounded piece of the handler's own work, so that records never wait long."""
        async with self._lock:
            if self.state is not State.RUNNING:
                return
            assert self._transaction is not None
            try:
                await self._transaction.background_step()
                self._on_commit(self.number, self.next_offset)
                return
            except (StopPartition, Fenced):
                self._ports.handler.rolled_back(self.number)
                raise
            except DatabaseUnavailable as error:
                self._ports.handler.rolled_back(self.number)
                log.warning(
                    "consumer.background_step_retry",
                    topic=self._topic,
                    partition=self.number,
                    error=str(error),
                )
        await self._ports.clock.sleep(self._ports.limits.retry_seconds)

    # Ending: revoked by the group, fenced by an owner, stopped by a hole, moved by an operator.

    async def close(self) -> None:
        """Finishes the transaction that runs, starts no other, and drops the cache."""
        if self.state is State.CLAIMING and self._task is not None:
            # A claim may wait for the row of an owner that is paused; a group that rebalances must
            # not wait for that too. A claim that is not used does no harm.
            self._task.cancel()
        if self.is_working:
            # Before the lock: what waits for it must find the partition closed.
            self.state = State.CLOSED
        self._fetched.clear()
        self._has_fetched.set()
        try:
            async with asyncio.timeout(self._ports.limits.release_seconds), self._lock:
                self.state = State.CLOSED
                self._show_stopped(0)
                await self._ports.handler.released(self.number)
        finally:
            # After a timeout too: the transaction that hangs is fenced and its cache is stale.
            self._ports.handler.rolled_back(self.number)
            if self._task is not None:
                self._task.cancel()

    def stop(self, stop: StopPartition) -> None:
        """Stops the partition with its reason in log and metrics; the other partitions go on."""
        if self.state is State.CLOSED:
            return
        self._cease(State.STOPPED)
        self._stop, self._is_stop_recorded = stop, False
        self._show_stopped(1)
        log.error(
            "consumer.partition_stopped",
            topic=self._topic,
            partition=self.number,
            reason=stop.reason.value,
            detail=stop.detail,
            next_offset=self.next_offset,
            runbook=stop.reason.runbook_entry,
        )

    def _lose_ownership(self, fenced: Fenced) -> None:
        """Leaves the partition to the process that has claimed it."""
        # Logged also while the partition is being closed: a stale owner tried to write.
        log.warning(
            "consumer.partition_fenced",
            topic=self._topic,
            partition=self.number,
            detail=str(fenced),
        )
        if self.state is State.CLOSED:
            return
        self._cease(State.FENCED)
        self._ports.handler.rolled_back(self.number)

    def _cease(self, state: State) -> None:
        self.state = state
        self._fetched.clear()
        self._has_fetched.set()
        self._ports.reader.pause(self.number)

    def _show_stopped(self, value: int) -> None:
        if self._stop is not None:
            self._ports.recorder.set(
                catalogue.PARTITION_STOPPED,
                value,
                topic=self._topic,
                partition=str(self.number),
                reason=self._stop.reason.value,
            )

    async def refresh(self) -> None:
        """Follows a change of the row: an operator may have set the position since the claim.

        The watchdog calls this from time to time. It also stores the reason of a stop, again and
        again until the database answers, and follows a stop of the whole topic.
        """
        claim = self._claim
        if claim is None or self.state in (State.CLAIMING, State.CLOSED):
            return
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                row = await self._ports.database.in_transaction(self._read_row)
        except (DatabaseUnavailable, TimeoutError):
            return
        if row is None or self._claim is not claim:
            return
        if row.epoch == claim.epoch:
            self._follow_topic(row)
            return
        if self._lock.locked():
            return  # The transaction that runs finds out at its own fence.
        if self.state is State.RUNNING:
            self._lose_ownership(
                Fenced(f"this process has epoch {claim.epoch}, {row.owner!r} has {row.epoch}")
            )
        if row.owner == RELEASED:
            self._claim_again()

    def _follow_topic(self, row: PartitionRow) -> None:
        """Stops while another partition stops the topic, and claims again when none does."""
        if self.state is State.RUNNING and row.topic_stop and self._sequence.is_compared:
            self.stop(StopPartition(StopReason.TOPIC_STOPPED, row.topic_stop))
        elif self.stop_reason is StopReason.TOPIC_STOPPED and row.topic_stop is None:
            self._claim_again()

    async def _read_row(self, connection: Connection) -> PartitionRow | None:
        assert self._claim is not None
        if self._stop is not None and not self._is_stop_recorded:
            await self._ports.progress.record_stop(connection, self._claim, self._stop)
            self._is_stop_recorded = True
        if self.state is State.RUNNING and self._sequence.is_compared:
            await self._ports.progress.lift_stop(connection, self._claim)
        return await self._ports.progress.current_row(connection, self._claim)

    def _claim_again(self) -> None:
        if self._tasks is None or self.state not in (State.STOPPED, State.FENCED):
            return
        if self._task is None or not self._task.done():
            return
        self._show_stopped(0)
        self._stop = self._claim = None
        self._fetched.clear()
        self._is_paused = True
        self.state = State.CLAIMING
        self.progressed_at = self._ports.clock.monotonic_seconds()
        log.info("consumer.partition_claimed_again", topic=self._topic, partition=self.number)
        self._task = self._tasks.create_task(self.run())
