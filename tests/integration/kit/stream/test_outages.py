"""The broker and the database die and come back; everything is applied once."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from lab.stack.local import LocalStack
from services.cli.topics import Topic, ensure
from services.kit import audit
from services.kit.database import PostgresDatabase, create_pool
from services.kit.stream import incidents, outbox, progress, quarantine
from tests.integration.kit.stream.conftest import applied
from tests.integration.kit.stream.members import SCHEMA, GroupMember, until

pytestmark = pytest.mark.integration


@pytest.fixture
async def own_database(own_stack: LocalStack) -> AsyncIterator[PostgresDatabase]:
    pool = await create_pool(own_stack.database_url, role=None, application_name="test")
    await pool.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    await pool.execute(f"CREATE SCHEMA {SCHEMA}")
    await pool.execute(audit.TABLES.format(schema=SCHEMA))
    for tables in (progress.TABLES, incidents.TABLES, outbox.TABLES, quarantine.TABLES):
        await pool.execute(tables.format(schema=SCHEMA))
    await pool.execute(
        f"CREATE TABLE {SCHEMA}.applied "
        f"(place bigserial, partition integer, value text, owner text)"
    )
    yield PostgresDatabase(pool)
    pool.terminate()


@pytest.fixture
async def own_topic(own_stack: LocalStack) -> str:
    name = f"t{secrets.token_hex(4)}.events"
    await ensure(own_stack.kafka_bootstrap, topics=[Topic(name=name, partitions=1)])
    return name


async def write(own_stack: LocalStack, topic: str, first: int, last: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=own_stack.kafka_bootstrap, acks="all")
    await producer.start()
    for number in range(first, last):
        await producer.send(topic, f"v{number}".encode(), partition=0)
    await producer.flush()
    await producer.stop()


async def has_applied(database: PostgresDatabase, count: int) -> bool:
    try:
        return len(await applied(database.pool)) >= count
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


def member(own_stack: LocalStack, database: PostgresDatabase, topic: str) -> GroupMember:
    return GroupMember(
        "one", bootstrap=own_stack.kafka_bootstrap, topic=topic, database=database, max_records=20
    )


async def test_a_broker_that_is_killed_and_restarted(
    own_stack: LocalStack, own_database: PostgresDatabase, own_topic: str
) -> None:
    await write(own_stack, own_topic, 0, 500)
    async with member(own_stack, own_database, own_topic).running() as running:
        await until(lambda: has_applied(own_database, 100))
        await asyncio.to_thread(own_stack.kill_kafka)
        await asyncio.to_thread(own_stack.start)
        await write(own_stack, own_topic, 500, 800)
        await until(lambda: has_applied(own_database, 800), seconds=60)
        await until(lambda: running.is_running(0), seconds=60)
    assert await applied(own_database.pool) == [f"v{number}" for number in range(800)]


async def test_a_broker_restored_from_an_older_copy_under_a_running_consumer(
    own_stack: LocalStack, own_database: PostgresDatabase, own_topic: str
) -> None:
    """The log may have grown past the position before the consumer reads from it again."""
    log, copy = own_stack.data_dir / "kafka" / "log", own_stack.data_dir / "copy"
    await write(own_stack, own_topic, 0, 6)
    await asyncio.to_thread(own_stack.kill_kafka)
    await asyncio.to_thread(shutil.copytree, log, copy)
    await asyncio.to_thread(own_stack.start)
    await write(own_stack, own_topic, 6, 10)
    async with member(own_stack, own_database, own_topic).running() as running:
        await until(lambda: has_applied(own_database, 10), seconds=60)
        running.log.pause(0)
        await asyncio.to_thread(own_stack.kill_kafka)
        await asyncio.to_thread(shutil.rmtree, log)
        await asyncio.to_thread(shutil.move, copy, log)
        await asyncio.to_thread(own_stack.start)
        await write(own_stack, own_topic, 20, 28)
        running.log.resume(0)
        # Another reason where the group was joined again before the log grew.
        reasons = ("topic_recreated", "topic_truncated")
        await until(lambda: any(map(running.shows_stop, reasons)), seconds=60)
    assert await applied(own_database.pool) == [f"v{number}" for number in range(10)]


async def test_a_database_that_crashes_and_recovers(
    own_stack: LocalStack, own_database: PostgresDatabase, own_topic: str
) -> None:
    await write(own_stack, own_topic, 0, 1_000)
    async with member(own_stack, own_database, own_topic).running() as running:
        await until(lambda: has_applied(own_database, 100))
        await asyncio.to_thread(own_stack.kill_postgres)
        await asyncio.to_thread(own_stack.start)
        await until(lambda: has_applied(own_database, 1_000), seconds=60)
        await until(lambda: running.is_running(0), seconds=60)
    assert await applied(own_database.pool) == [f"v{number}" for number in range(1_000)]
