"""The real database and broker pass the scenarios of the simulated ones."""

import asyncio

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from services.kit.database import PostgresDatabase, create_pool
from services.kit.stream.kafka import KafkaTopicReader
from services.kit.stream.producer import KafkaProducer
from tests.conftest import CreateTopics, Servers
from tests.contract.server_scenarios import (
    DATABASE_SCENARIOS,
    Scenario,
    a_member_reads_from_the_offset_that_it_seeks,
    an_idle_transaction_is_ended,
    messages_arrive_in_the_order_given,
    what_a_cut_connection_wrote_never_was,
    what_is_assigned_to_another_was_released_before,
)
from tests.fakes.recorder import MemoryRecorder
from tests.integration.kit.stream.conftest import Write

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("scenario", DATABASE_SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_real_database(scenario: Scenario, database: PostgresDatabase) -> None:
    await scenario(database)


async def test_the_real_database_when_its_connections_are_cut(
    stack: Servers, database: PostgresDatabase
) -> None:
    name = await database.pool.fetchval("SELECT current_database()")

    async def cut() -> None:
        server = await asyncpg.connect(stack.database_url)
        await server.execute(CUT, name)
        await server.close()

    await what_a_cut_connection_wrote_never_was(database, cut=cut)


async def test_the_real_database_when_a_client_is_idle(
    stack: Servers, database: PostgresDatabase
) -> None:
    name = await database.pool.fetchval("SELECT current_database()")
    pool = await create_pool(
        stack.database(name), role=None, application_name="idle", idle_in_transaction_seconds=1
    )
    await an_idle_transaction_is_ended(PostgresDatabase(pool), idle_seconds=1)
    await pool.close()


async def test_the_real_broker(stack: Servers, create_topics: CreateTopics, write: Write) -> None:
    (topic,) = create_topics("events", partitions=1)
    await write(topic, *[f"r{number}" for number in range(10)], partition=0)
    log = KafkaTopicReader(
        bootstrap=stack.kafka_bootstrap, topic=topic, group=f"{topic}-group", client_id="member"
    )
    await a_member_reads_from_the_offset_that_it_seeks(log)


async def test_the_real_group(stack: Servers, create_topics: CreateTopics) -> None:
    (topic,) = create_topics("events", partitions=2)
    members = [
        KafkaTopicReader(
            bootstrap=stack.kafka_bootstrap, topic=topic, group=f"{topic}-group", client_id=name
        )
        for name in ("p1", "p2")
    ]
    await what_is_assigned_to_another_was_released_before(*members)


async def test_the_real_producer(stack: Servers, create_topics: CreateTopics) -> None:
    (topic,) = create_topics("risk", partitions=2)
    producer = KafkaProducer(
        bootstrap=stack.kafka_bootstrap, client_id="test", recorder=MemoryRecorder()
    )

    async def read(count: int) -> list[tuple[int, bytes]]:
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=stack.kafka_bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        values: list[tuple[int, bytes]] = []
        async with asyncio.timeout(30):
            while len(values) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    values += [(record.partition, record.value) for record in records]
        await consumer.stop()
        return values

    await messages_arrive_in_the_order_given(producer, topic, read)
    await producer.stop()
