"""Tocsin's own fenced consumer with the peers' fold: one transaction a batch."""

import asyncio
import signal
import sys

import msgspec
from fold import BorrowerFold, fold, result, result_is_due

from services.kit import catalogue
from services.kit.clock import SystemClock
from services.kit.database import Connection, PostgresDatabase, create_pool
from services.kit.metrics import Metrics
from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.handler import ALL_APPLIED, Handler, Tally
from services.kit.stream.kafka import KafkaTopicReader
from services.kit.stream.outbox import TABLES as OUTBOX_TABLES
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.producer import KafkaProducer
from services.kit.stream.progress import TABLES as PROGRESS_TABLES
from services.kit.stream.progress import PostgresProgress
from services.kit.stream.records import Batch
from services.kit.stream.relay import OutboxRelay

CREATE = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE {schema}.state (
    borrower text PRIMARY KEY,
    facts bytea NOT NULL
) WITH (fillfactor = 50);
"""
READ = "SELECT borrower, facts FROM {schema}.state WHERE borrower = ANY($1::text[])"
UPSERT = """
INSERT INTO {schema}.state (borrower, facts)
SELECT * FROM unnest($1::text[], $2::bytea[])
ON CONFLICT (borrower) DO UPDATE SET facts = excluded.facts
"""


class Flow(msgspec.Struct):
    """The part of an event that the fold reads."""

    direction: str
    amount: str
    balance_after: str


class BenchEvent(msgspec.Struct):
    """An event."""

    subject: str
    data: dict[str, str]


class Folding(Handler):
    """Folds a batch and writes each table once."""

    def __init__(self, *, schema: str, sink: str, outbox: Outbox) -> None:
        self._sink, self._outbox = sink, outbox
        self._read, self._upsert = READ.format(schema=schema), UPSERT.format(schema=schema)
        self._cache: dict[int, dict[str, BorrowerFold]] = {}
        self._decode = msgspec.json.Decoder(BenchEvent).decode
        self._state = msgspec.msgpack.Decoder(BorrowerFold).decode
        self._encode = msgspec.msgpack.Encoder().encode

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Fold the batch's events in order."""
        events = [self._decode(record.value or b"") for record in batch.records]
        states = self._cache.setdefault(batch.partition, {})
        touched = {event.subject for event in events}
        unknown = [borrower for borrower in touched if borrower not in states]
        if unknown:
            for row in await connection.fetch(self._read, unknown):
                states[row["borrower"]] = self._state(row["facts"])
        results = self._fold(events, states)
        order = sorted(touched)
        facts = [self._encode(states[borrower]) for borrower in order]
        await connection.execute(self._upsert, order, facts)
        await self._outbox.append(connection, results, partition=batch.partition)
        return ALL_APPLIED

    def _fold(self, events: list[BenchEvent], states: dict[str, BorrowerFold]) -> list[Message]:
        results = []
        for event in events:
            borrower = event.subject
            state = states.get(borrower)
            if state is None:
                state = states[borrower] = BorrowerFold()
            points = fold(state, {"data": event.data})
            if result_is_due(borrower, state.events):
                value = result(borrower, state.events, points)
                results.append(Message(topic=self._sink, key=borrower.encode(), value=value))
        return results

    async def quarantine(self, batch: Batch, error: Exception, connection: Connection) -> Tally:
        """Refuse: the bench has no bad events."""
        raise RuntimeError(f"offset {batch.first_offset}") from error

    def rolled_back(self, partition: int) -> None:
        """Forget the states that the transaction changed."""
        self._cache.pop(partition, None)

    async def released(self, partition: int) -> None:
        """Forget the states of a partition that leaves."""
        self._cache.pop(partition, None)


async def create_tables(pool: object, schema: str) -> None:
    """Create the tables once, whoever of the processes comes first."""
    ddl = "".join(part.format(schema=schema) for part in (CREATE, PROGRESS_TABLES, OUTBOX_TABLES))
    async with pool.acquire() as connection, connection.transaction():  # type: ignore[attr-defined] # a pool
        await connection.execute("SELECT pg_advisory_xact_lock(4711)")
        if not await connection.fetchval("SELECT to_regclass($1)", f"{schema}.state"):
            await connection.execute(ddl)


async def main(
    bootstrap: str, source: str, sink: str, group: str, database: str, number: str
) -> None:
    """Run until SIGTERM."""
    schema = group.replace("-", "_")
    pool = await create_pool(database, role=None, application_name="bench", max_connections=8)
    await create_tables(pool, schema)
    recorder, clock, store = Metrics(catalogue.KIT_CATALOGUE), SystemClock(), PostgresDatabase(pool)
    outbox = Outbox(schema=schema)
    producer = KafkaProducer(bootstrap=bootstrap, client_id=f"ours-{number}", recorder=recorder)
    await producer.start()
    consumer = FencedConsumer(
        reader=KafkaTopicReader(
            bootstrap=bootstrap, topic=source, group=group, client_id=f"ours-{number}"
        ),
        database=store,
        progress=PostgresProgress(schema=schema, consumer="bench", owner=number),
        handler=Folding(schema=schema, sink=sink, outbox=outbox),
        recorder=recorder,
        clock=clock,
        relay=OutboxRelay(
            schema=schema,
            consumer="bench",
            outbox=outbox,
            database=store,
            producer=producer,
            recorder=recorder,
            clock=clock,
        ),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, consumer.request_stop)
    await consumer.run()
    await producer.stop()
    await pool.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*sys.argv[1:7]))
