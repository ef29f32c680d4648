"""Relays the outbox to Kafka: at least once, in order, by the partition's owner only.

The relay produces, then deletes. A crash between the two sends some messages again, and consumers
drop them by their sequence. Rows are deleted only while the claim's epoch is current, so an owner
that was replaced cannot make its successor skip a row.

The relay wakes as soon as a transaction with messages has committed, and at an interval for what an
earlier owner left behind.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from services.kit import catalogue
from services.kit.clock import Clock
from services.kit.database import Connection, Database, DatabaseUnavailable
from services.kit.metrics import Recorder
from services.kit.stream import faults
from services.kit.stream.outbox import SHARED, Message, Outbox, unpack_headers
from services.kit.stream.producer import ProduceFailed, Producer
from services.kit.stream.progress import Claim
from services.kit.stream.stop_reasons import Fenced

log = structlog.get_logger(__name__)

READ = """
SELECT seq, topic, to_partition, key, value, headers
  FROM {schema}.outbox WHERE partition = $1 ORDER BY seq LIMIT $2
"""
MARK = """
INSERT INTO {schema}.outbox_progress AS held (partition, relayed_seq)
SELECT $1, $2 WHERE EXISTS (
    SELECT FROM {schema}.partition_progress
     WHERE consumer = $3 AND topic = $4 AND partition = $1 AND epoch = $5)
ON CONFLICT (partition) DO UPDATE SET relayed_seq = greatest(held.relayed_seq, $2)
"""
DELETE = "DELETE FROM {schema}.outbox WHERE partition = $1 AND seq <= $2"
LOCK_SHARED = "SELECT pg_try_advisory_xact_lock(hashtextextended('{schema}.outbox', 0))"

MAX_ROWS = 500
IDLE_SECONDS = 2.0
RETRY_SECONDS = 0.5


class OutboxRelay:
    """Relays the outbox of the partitions that this process owns, and its share of SHARED."""

    def __init__(  # noqa: PLR0913 - the parts that meet here, each named at the one call site
        self,
        *,
        schema: str,
        consumer: str,
        outbox: Outbox,
        database: Database,
        producer: Producer,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._consumer = consumer
        self._outbox = outbox
        self._database = database
        self._producer = producer
        self._recorder = recorder
        self._clock = clock
        self._read = READ.format(schema=schema)
        self._mark = MARK.format(schema=schema)
        self._delete = DELETE.format(schema=schema)
        self._lock_shared = LOCK_SHARED.format(schema=schema)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._wakes: dict[int, asyncio.Event] = {}

    def claimed(self, claim: Claim, tasks: asyncio.TaskGroup) -> None:
        """Starts the relay of a partition."""
        if (replaced := self._running.get(claim.partition)) is not None:
            replaced.cancel()
        wake = self._wakes[claim.partition] = asyncio.Event()
        self._running[claim.partition] = tasks.create_task(self._relay_partition(claim, wake))

    def wake(self, partition: int) -> None:
        """Relays at once, if the transaction that just committed appended a message."""
        if self._outbox.take_appended(partition) and partition in self._wakes:
            self._wakes[partition].set()

    async def released(self, partition: int) -> None:
        """Stops the relay of a partition; the next owner relays the rows that are left."""
        self._wakes.pop(partition, None)
        task = self._running.pop(partition, None)
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def run_shared(self) -> None:
        """Relays what requests appended, one process at a time, until it is cancelled."""
        wake = self._wakes[SHARED] = asyncio.Event()
        await self._relay_forever(wake, self._relay_shared)

    async def _relay_partition(self, claim: Claim, wake: asyncio.Event) -> None:
        try:
            await self._relay_forever(wake, lambda: self._relay_owned(claim))
        except Fenced:
            log.warning(
                "outbox.relay_fenced",
                topic=claim.topic,
                partition=claim.partition,
                epoch=claim.epoch,
            )

    async def _relay_forever(
        self, wake: asyncio.Event, relay_rows: Callable[[], Awaitable[int]]
    ) -> None:
        while True:
            # Before the read: a message that is appended during it sets the event again.
            wake.clear()
            try:
                while await relay_rows() == MAX_ROWS:
                    pass
            except (DatabaseUnavailable, ProduceFailed) as error:
                log.warning("outbox.relay_retry", error=repr(error))
                await self._clock.sleep(RETRY_SECONDS)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await wake.wait()

    async def _relay_owned(self, claim: Claim) -> int:
        """Relays the next rows of a partition; returns how many."""
        rows = await self._database.in_transaction(
            lambda connection: connection.fetch(self._read, claim.partition, MAX_ROWS)
        )
        if not rows:
            return 0
        await self._publish(rows)

        async def mark(connection: Connection) -> None:
            last = rows[-1]["seq"]
            status = await connection.execute(
                self._mark, claim.partition, last, self._consumer, claim.topic, claim.epoch
            )
            if status == "INSERT 0 0":
                raise Fenced(f"outbox of partition {claim.partition}")
            await connection.execute(self._delete, claim.partition, last)

        await self._database.in_transaction(mark)
        faults.point("after-mark")
        return len(rows)

    async def _relay_shared(self) -> int:
        """Relays the next shared rows, unless another process does; returns how many.

        They have no owner and no epoch, so one transaction has the lock from the read to the
        delete.
        """

        async def relay_rows(connection: Connection) -> int:
            if not await connection.fetchval(self._lock_shared):
                return 0
            rows = await connection.fetch(self._read, SHARED, MAX_ROWS)
            if rows:
                await self._publish(rows)
                await connection.execute(self._delete, SHARED, rows[-1]["seq"])
            return len(rows)

        return await self._database.in_transaction(relay_rows)

    async def _publish(self, rows: Sequence[Any]) -> None:
        check_consecutive([row["seq"] for row in rows])
        faults.point("before-produce")
        await self._producer.publish_in_order([_message(row) for row in rows])
        faults.point("between-produce-and-mark")
        for topic, number in Counter(row["topic"] for row in rows).items():
            self._recorder.add(catalogue.OUTBOX_RELAYED, number, topic=topic)


def check_consecutive(numbers: Sequence[int]) -> None:
    """Refuses to relay past a missing row.

    Raises:
        LookupError: If a number is missing: a row was lost, or written by another than the owner.
    """
    if numbers[-1] - numbers[0] + 1 != len(numbers):
        raise LookupError(f"outbox rows {numbers[0]} to {numbers[-1]} are not complete")


def _message(row: Any) -> Message:
    return Message(
        topic=row["topic"],
        key=row["key"],
        value=row["value"],
        headers=unpack_headers(row["headers"]),
        to_partition=row["to_partition"],
    )
