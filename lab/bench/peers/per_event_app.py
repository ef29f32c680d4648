"""The plain microservice: one PostgreSQL transaction per event, offset and result in the same one.

What most teams write first: aiokafka and asyncpg, state as JSON, results in an outbox table
that the same process publishes.
"""

import asyncio
import json
import sys
from dataclasses import asdict

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from fold import BorrowerFold, fold, result, result_is_due

SCHEMA = """
CREATE TABLE IF NOT EXISTS plain_state (borrower text PRIMARY KEY, state jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS plain_offset (partition int PRIMARY KEY, next_offset bigint NOT NULL);
CREATE TABLE IF NOT EXISTS plain_outbox (id bigserial PRIMARY KEY, key bytea, value bytea);
"""


async def handle(connection: asyncpg.Connection, record: object, event: dict) -> None:  # type: ignore[type-arg]
    """Apply one event in one transaction."""
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT state FROM plain_state WHERE borrower = $1 FOR UPDATE", event["subject"]
        )
        state = BorrowerFold(**json.loads(row["state"])) if row else BorrowerFold()
        points = fold(state, event)
        await connection.execute(
            "INSERT INTO plain_state VALUES ($1, $2) "
            "ON CONFLICT (borrower) DO UPDATE SET state = $2",
            event["subject"],
            json.dumps(asdict(state)),
        )
        await connection.execute(
            "INSERT INTO plain_offset VALUES ($1, $2) "
            "ON CONFLICT (partition) DO UPDATE SET next_offset = $2",
            record.partition,
            record.offset + 1,
        )
        if result_is_due(event["subject"], state.events):
            value = result(event["subject"], state.events, points)
            await connection.execute(
                "INSERT INTO plain_outbox (key, value) VALUES ($1, $2)", record.key, value
            )


async def publish(connection: asyncpg.Connection, producer: AIOKafkaProducer, sink: str) -> None:
    """Publish the outbox for ever."""
    while True:
        rows = await connection.fetch(
            "SELECT id, key, value FROM plain_outbox ORDER BY id LIMIT 500"
        )
        for row in rows:
            await producer.send(sink, row["value"], key=row["key"])
        await producer.flush()
        await connection.execute(
            "DELETE FROM plain_outbox WHERE id = ANY($1)", [row["id"] for row in rows]
        )
        if not rows:
            await asyncio.sleep(0.05)


async def main(bootstrap: str, source: str, sink: str, group: str, database: str) -> None:
    """Run until killed."""
    connection, outbox = await asyncpg.connect(database), await asyncpg.connect(database)
    await connection.execute(SCHEMA)
    consumer = AIOKafkaConsumer(
        source,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await consumer.start()
    await producer.start()
    publishing = asyncio.create_task(publish(outbox, producer, sink))
    for partition in consumer.assignment():
        row = await connection.fetchrow(
            "SELECT next_offset FROM plain_offset WHERE partition = $1", partition.partition
        )
        consumer.seek(TopicPartition(source, partition.partition), row["next_offset"] if row else 0)
    async for record in consumer:
        await handle(connection, record, json.loads(record.value))
    await publishing


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:6]))
