"""One partition's work, from the claim to the release: the heart of exactly once.

One task per assigned partition. It claims the row, seeks to the position that the database
holds, and then applies whatever has been fetched, one fenced transaction after the other.
Between batches nothing is remembered but the claim and the records that wait.

What must stay true: a transaction runs only under `_lock`, which `close` also takes, so a
revoke waits for the transaction that runs and no later one starts; and nothing is applied
that `Chain` has not seen continue from the claimed position.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum

import structlog

from services.kit import catalogue
from services.kit.database import Connection, DatabaseUnavailable
from services.kit.stream import faults
from services.kit.stream.batch_sizer import Pace
from services.kit.stream.offset_sequence import Chain, Reseek
from services.kit.stream.ports import Ports
from services.kit.stream.progress import RELEASED, Claim, Standing
from services.kit.stream.records import Batch, Record
from services.kit.stream.resume import continue_from, refuse_older_database
from services.kit.stream.stop_reasons import Fenced, StopPartition, StopReason
from services.kit.stream.topic_reader import BrokerUnavailable
from services.kit.stream.transaction import FencedTransaction

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0


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
        self.waiting_for_database = False
        self._ports = ports
        self._on_claim = on_claim
        self._on_commit = on_commit
        self._transaction: FencedTransaction | None = None
        self._chain = Chain(next_offset=0, last_digest=None)
        self._waiting: deque[Record] = deque()
        self._pace = Pace(ports.limits)
        self._began_at = float("-inf")
        self._paused = True
        self._arrived = asyncio.Event()
        self._lock = asyncio.Lock()
        self._topic = ports.log.topic
        self._task: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._held: Claim | None = None
        self._stopped: StopPartition | None = None
        self._is_noted = False

    @property
    def is_working(self) -> bool:
        """Return whether records may still be applied here."""
        return self.state in (State.CLAIMING, State.RUNNING)

    @property
    def stopped(self) -> StopReason | None:
        """Return why the partition stands still; None when it does not."""
        return self._stopped.reason if self._stopped and self.state is State.STOPPED else None

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin the work in a task of its own."""
        self._tasks = tasks
        self._task = tasks.create_task(self.run())

    async def run(self) -> None:
        """Claim the partition and apply its records until it is closed, fenced or stopped."""
        try:
            await self._take_over()
            while self.state is State.RUNNING:
                has_chores = self._ports.handler.has_chores(self.number)
                if not has_chores:
                    await self._arrived.wait()
                    await self._let_gather()
                batch = self._take()
                if batch is not None:
                    await self._settle(batch)
                if has_chores:
                    await self._do_chore()
        except StopPartition as stop:
            self.stop(stop)
        except Fenced as fenced:
            self._let_go(fenced)

    def offer(self, records: Sequence[Record]) -> None:
        """Take fetched records in; what does not continue the chain is fetched again."""
        if self.state is not State.RUNNING:
            return
        try:
            accepted = self._chain.accept(records)
        except StopPartition as stop:
            self.stop(stop)
            return
        if isinstance(accepted, Reseek):
            self._ports.log.seek(self.number, accepted.offset)
            return
        if accepted:
            self._waiting.extend(accepted)
            self._arrived.set()
        if not self._paused and len(self._waiting) >= self._ports.limits.most_waiting_records:
            self._ports.log.pause(self.number)
            self._paused = True

    def fetch_again(self) -> None:
        """Go back to what is wanted next: a poll failed and may have taken records with it."""
        if self.state is State.RUNNING:
            self._chain.doubt()
            self._ports.log.seek(self.number, self._chain.wanted)

    async def close(self) -> None:
        """Finish the transaction that runs, start no other, and forget the partition."""
        if self.state is State.CLAIMING and self._task is not None:
            # A claim may wait for the row of an owner that stands still; a group that rebalances
            # must not wait for that too. A claim that nobody uses does no harm.
            self._task.cancel()
        if self.is_working:
            self.state = State.CLOSED
        self._waiting.clear()
        self._arrived.set()
        try:
            async with asyncio.timeout(self._ports.limits.release_seconds), self._lock:
                self.state = State.CLOSED
                self._report_stopped(0)
                await self._ports.handler.released(self.number)
        finally:
            self._ports.handler.rolled_back(self.number)
            if self._task is not None:
                self._task.cancel()

    def stop(self, stop: StopPartition) -> None:
        """Stand still, loudly; the other partitions go on."""
        if self.state is State.CLOSED:
            return
        self.state = State.STOPPED
        self._waiting.clear()
        self._arrived.set()
        self._ports.log.pause(self.number)
        self._stopped, self._is_noted = stop, False
        self._report_stopped(1)
        log.error(
            "partition stopped",
            topic=self._topic,
            partition=self.number,
            reason=stop.reason.value,
            detail=stop.detail,
            next_offset=self.next_offset,
            runbook=stop.reason.runbook_entry,
        )

    def _report_stopped(self, value: int) -> None:
        if self._stopped is not None:
            self._ports.recorder.set(
                catalogue.PARTITION_STOPPED,
                value,
                topic=self._topic,
                partition=str(self.number),
                reason=self._stopped.reason.value,
            )

    async def look_again(self) -> None:
        """Follow what the row says now: an operator may have set the position since."""
        held = self._held
        if held is None or self.state in (State.CLAIMING, State.CLOSED):
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                now = await self._ports.database.in_transaction(self._look)
        except (DatabaseUnavailable, TimeoutError):
            return
        if now is None or now.epoch == held.epoch or self._held is not held:
            return
        if self._lock.locked():
            return  # A transaction runs; it finds out by itself.
        if self.state is State.RUNNING:
            self._let_go(Fenced(f"held epoch {held.epoch}, now {now.epoch} of {now.owner!r}"))
        if now.owner == RELEASED and self._task is not None and self._task.done():
            self._begin_again()

    async def _look(self, connection: Connection) -> Standing | None:
        assert self._held is not None
        if self._stopped is not None and not self._is_noted:
            await self._ports.progress.note_stop(connection, self._held, self._stopped)
            self._is_noted = True
        return await self._ports.progress.standing(connection, self._held)

    def _begin_again(self) -> None:
        if self._tasks is None or self.state not in (State.STOPPED, State.FENCED):
            return
        self._report_stopped(0)
        self._stopped = self._held = None
        self._waiting.clear()
        self._paused = True
        self.state = State.CLAIMING
        self.progressed_at = self._ports.clock.monotonic_seconds()
        log.info("partition claimed again", topic=self._topic, partition=self.number)
        self._task = self._tasks.create_task(self.run())

    def _let_go(self, fenced: Fenced) -> None:
        # Said even while the partition is being let go: a stale owner tried to write.
        log.warning(
            "partition fenced: another process owns it",
            topic=self._topic,
            partition=self.number,
            detail=str(fenced),
        )
        if self.state is State.CLOSED:
            return
        self.state = State.FENCED
        self._waiting.clear()
        self._arrived.set()
        self._ports.log.pause(self.number)
        self._ports.handler.rolled_back(self.number)

    async def _take_over(self) -> None:
        wait = self._ports.limits.retry_seconds
        while self.state is State.CLAIMING:
            try:
                await self._claim_and_seek()
                return
            except (DatabaseUnavailable, BrokerUnavailable) as error:
                log.warning("partition not claimed yet", partition=self.number, error=repr(error))
                await self._ports.clock.sleep(wait)
                wait = min(wait * 2, self._ports.limits.most_retry_seconds)

    async def _claim_and_seek(self) -> None:
        count = await self._ports.log.partition_count()

        async def claim(connection: Connection) -> Claim:
            claim = await self._ports.progress.claim(
                connection, topic=self._topic, partition=self.number, partition_count=count
            )
            await self._ports.handler.claimed(self.number, connection)
            return claim

        async with self._lock:
            if self.state is not State.CLAIMING:
                return
            faults.point("before-claim")
            self._ports.handler.rolled_back(self.number)
            held = await self._ports.database.in_transaction(claim)
            faults.point("after-claim")
        self._held, self.next_offset = held, held.next_offset
        if held.partition_count != count:
            raise StopPartition(
                StopReason.PARTITIONS_CHANGED,
                f"the topic had {held.partition_count} partitions and has {count}; borrowers "
                f"would move between partitions",
            )
        first, end = await self._ports.log.bounds(self.number)
        chain = continue_from(held, first=first, end=end)
        await refuse_older_database(held, ports=self._ports)
        if self.state is not State.CLAIMING:
            return
        self._transaction = FencedTransaction(held, ports=self._ports)
        self._chain, self.state = chain, State.RUNNING
        self.progressed_at = self._ports.clock.monotonic_seconds()
        self._ports.log.seek(self.number, chain.wanted)
        self._ports.log.resume(self.number)
        self._paused = False
        self._on_claim(held)

    async def _let_gather(self) -> None:
        """Wait a little after a batch: a transaction's round trips cost more than a few records.

        The first record after a quiet moment is taken at once, and a full batch too. Where
        transactions become slow because the machine is busy, fewer of them make it less so.
        """
        since = self._ports.clock.monotonic_seconds() - self._began_at
        rest = self._pace.seconds_between - since
        if rest > 0 and len(self._waiting) < self._pace.records:
            await self._ports.clock.sleep(rest)

    def _take(self) -> Batch | None:
        waiting = self._waiting
        if not waiting:
            self._arrived.clear()
            return None
        size = min(len(waiting), self._pace.records)
        records = [waiting.popleft() for _ in range(size)]
        if self._paused and len(waiting) < self._ports.limits.most_waiting_records // 2:
            self._ports.log.resume(self.number)
            self._paused = False
        return Batch(
            topic=self._topic,
            partition=self.number,
            first_offset=self._chain.first_offset(records[0]),
            records=records,
        )

    async def _settle(self, batch: Batch) -> None:
        """Apply a batch; halve it where a record is to blame, and set that one aside."""
        parts = [batch]
        while parts and self.state is State.RUNNING:
            part = parts.pop()
            error = await self._attempt(part, None)
            if error is None:
                continue
            if len(part.records) > 1:
                middle = len(part.records) // 2
                parts += [part.part(middle, len(part.records)), part.part(0, middle)]
                continue
            log.warning(
                "poison record",
                topic=self._topic,
                partition=self.number,
                offset=part.records[0].offset,
                error=type(error).__name__,
            )
            if again := await self._attempt(part, error):
                raise StopPartition(
                    StopReason.QUARANTINE_FAILED,
                    f"offset {part.records[0].offset} can be neither applied nor set aside: "
                    f"{again!r}",
                ) from again

    async def _attempt(self, batch: Batch, poison: Exception | None) -> Exception | None:
        """Run one fenced transaction until it commits; return what the handler raised."""
        wait = self._ports.limits.retry_seconds
        while True:
            async with self._lock:
                if self.state is not State.RUNNING:
                    return None
                try:
                    assert self._transaction is not None
                    self._began_at = self._ports.clock.monotonic_seconds()
                    await self._transaction.run(batch, poison)
                    self._committed(batch)
                    return None
                except (StopPartition, Fenced):
                    self._ports.handler.rolled_back(self.number)
                    raise
                except DatabaseUnavailable as error:
                    self._ports.handler.rolled_back(self.number)
                    self.waiting_for_database = True
                    log.warning("batch waits", partition=self.number, error=str(error))
                except Exception as error:  # noqa: BLE001 - whatever the handler raised is a verdict on a record
                    self._ports.handler.rolled_back(self.number)
                    return error
            self._ports.recorder.add(catalogue.COMMITS, topic=self._topic, result="retried")
            await self._ports.clock.sleep(wait)
            wait = min(wait * 2, self._ports.limits.most_retry_seconds)

    async def _do_chore(self) -> None:
        """Do one bounded piece of the handler's own work, so that records never wait long."""
        async with self._lock:
            if self.state is not State.RUNNING:
                return
            assert self._transaction is not None
            try:
                await self._transaction.chore()
                self._on_commit(self.number, self.next_offset)
                return
            except Fenced:
                self._ports.handler.rolled_back(self.number)
                raise
            except DatabaseUnavailable as error:
                self._ports.handler.rolled_back(self.number)
                log.warning("chore waits", partition=self.number, error=str(error))
        await self._ports.clock.sleep(self._ports.limits.retry_seconds)

    def _committed(self, batch: Batch) -> None:
        self.next_offset = batch.next_offset
        self.progressed_at = self._ports.clock.monotonic_seconds()
        spent = self.progressed_at - self._began_at
        self._pace.learn(records=len(batch.records), seconds=spent)
        self.waiting_for_database = False
        self._on_commit(self.number, batch.next_offset)
