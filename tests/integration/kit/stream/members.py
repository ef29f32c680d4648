"""Members of a group on the real broker and database, for the tests of the fenced consumer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from services.kit import catalogue
from services.kit.clock import SystemClock
from services.kit.database import Connection, PostgresDatabase
from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.kafka import KafkaTopicReader
from services.kit.stream.partition import State
from services.kit.stream.ports import Limits
from services.kit.stream.progress import PostgresProgress
from services.kit.stream.quarantine import Quarantine, RejectedRecord
from services.kit.stream.records import Batch
from tests.fakes.recorder import MemoryRecorder

SCHEMA = "stream"
WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


class InsertingHandler(Handler):
    """Inserts each value; refuses `poison`; can be made to wait inside a transaction."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.quarantined = Quarantine(schema=SCHEMA)

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1
        values = [(record.value or b"").decode() for record in batch.records]
        if "poison" in values:
            raise ValueError("poison")
        await connection.execute(
            f"INSERT INTO {SCHEMA}.applied (partition, value, owner) "
            f"SELECT $1, value, $3 FROM unnest($2::text[]) AS value",
            batch.partition,
            values,
            self.owner,
        )
        return Tally()

    async def quarantine(self, batch: Batch, error: Exception, connection: Connection) -> Tally:
        return await self.quarantined.insert(
            connection, [RejectedRecord(batch.records[0], "poison", str(error), batch.generation)]
        )


class GroupMember:
    """One process of the group, as the broker and the database see it."""

    def __init__(
        self,
        name: str,
        *,
        bootstrap: str,
        topic: str,
        database: PostgresDatabase,
        instance: str | None = None,
        **limits: Any,
    ) -> None:
        self.handler = InsertingHandler(name)
        self.measured = MemoryRecorder()
        self.log = KafkaTopicReader(
            bootstrap=bootstrap,
            topic=topic,
            group=f"{topic}-group",
            client_id=name,
            instance_id=instance,
            session_timeout_seconds=6.0,
        )
        self.consumer = FencedConsumer(
            reader=self.log,
            database=database,
            progress=PostgresProgress(schema=SCHEMA, consumer="test", owner=name),
            handler=self.handler,
            recorder=self.measured,
            clock=SystemClock(),
            limits=Limits(**limits),
        )

    def shows_stop(self, reason: str, *, partition: int = 0) -> bool:
        """Return whether the gauge shows that a partition is stopped for a reason."""
        shown = self.measured.latest(
            catalogue.PARTITION_STOPPED,
            topic=self.log.topic,
            partition=str(partition),
            reason=reason,
        )
        return shown == 1

    def is_running(self, *partitions: int) -> bool:
        """Return whether exactly these partitions are assigned and applied."""
        return self.consumer.partitions == dict.fromkeys(partitions, State.RUNNING)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["GroupMember"]:
        task = asyncio.create_task(self.consumer.run())
        try:
            yield self
        finally:
            self.consumer.request_stop()
            await asyncio.wait_for(task, 40)


@asynccontextmanager
async def administrator(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a client that may change topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def recreate_topic(bootstrap: str, topic: str, create_again: Callable[[], Any]) -> None:
    """Delete a topic, wait until it is gone, and create it again."""
    async with administrator(bootstrap) as admin:
        await admin.delete_topics([topic])

        async def is_gone() -> bool:
            return topic not in await admin.list_topics()

        await until(is_gone)
    await asyncio.to_thread(create_again)


async def group_has_offset(bootstrap: str, group: str, topic: str, offset: int) -> None:
    """Wait until a group has committed an offset of partition 0 of a topic."""
    async with administrator(bootstrap) as admin:

        async def is_committed() -> bool:
            try:
                offsets = await admin.list_consumer_group_offsets(group)
            except KafkaError:
                return False  # The group's coordinator is being elected.
            committed = offsets.get(TopicPartition(topic, 0))
            return committed is not None and committed.offset == offset

        await until(is_committed)


async def until(condition: Callable[[], Any], *, seconds: float = 30) -> None:
    """Wait until a condition is true.

    A group may rebalance at any moment, and a partition then passes through other states: a test
    waits for the state that must come and never asserts the state of an instant.
    """
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.02)


async def waits_for_a_lock(database: PostgresDatabase) -> int:
    """Return how many connections to the database wait for a row that another one has locked."""
    waiting: int = await database.pool.fetchval(WAITING)
    return waiting
