"""Members of a group on the real broker and database, for the tests of the fenced consumer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from services.kit.clock import SystemClock
from services.kit.database import Connection, PostgresDatabase
from services.kit.metrics import Measured
from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.kafka import KafkaLog
from services.kit.stream.ports import Limits
from services.kit.stream.progress import PostgresProgress
from services.kit.stream.quarantine import Quarantine, Refused
from services.kit.stream.records import Batch, Record

SCHEMA = "stream"


class InsertingHandler(Handler):
    """Inserts each value; refuses `poison`; can be held inside a transaction."""

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

    async def quarantine(self, record: Record, error: Exception, connection: Connection) -> None:
        await self.quarantined.keep(connection, [Refused(record, "poison", str(error))])


class Member:
    """One process of the group, as far as the broker and the database can tell."""

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
        self.measured = Measured()
        self.log = KafkaLog(
            bootstrap=bootstrap,
            topic=topic,
            group=f"{topic}-group",
            client_id=name,
            instance_id=instance,
            session_timeout_seconds=6.0,
        )
        self.consumer = FencedConsumer(
            broker=self.log,
            database=database,
            progress=PostgresProgress(schema=SCHEMA, consumer="test", owner=name),
            handler=self.handler,
            recorder=self.measured,
            clock=SystemClock(),
            limits=Limits(**limits),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Member"]:
        task = asyncio.create_task(self.consumer.run())
        try:
            yield self
        finally:
            self.consumer.request_stop()
            await asyncio.wait_for(task, 40)


async def until(condition: Callable[[], Any], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.02)
