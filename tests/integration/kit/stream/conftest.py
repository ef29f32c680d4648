"""A consuming schema of the kit's tables in a fresh database, and a way to write to a topic."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from services.kit import audit
from services.kit.database import PostgresDatabase, create_pool
from services.kit.stream import incidents, outbox, progress, quarantine
from tests.conftest import Servers

SCHEMA = "stream"
Write = Callable[..., Awaitable[None]]


@pytest.fixture
async def database(stack: Servers) -> AsyncIterator[PostgresDatabase]:
    """A database of its own without any service's schema: the kit needs none."""
    name = f"kit_{secrets.token_hex(6)}"
    server = await asyncpg.connect(stack.database_url)
    await server.execute(f'CREATE DATABASE "{name}"')
    pool = await create_pool(stack.database(name), role=None, application_name="test")
    await pool.execute(f"CREATE SCHEMA {SCHEMA}")
    await pool.execute(audit.TABLES.format(schema=SCHEMA))
    for tables in (progress.TABLES, incidents.TABLES, outbox.TABLES, quarantine.TABLES):
        await pool.execute(tables.format(schema=SCHEMA))
    await pool.execute(
        f"CREATE TABLE {SCHEMA}.applied "
        f"(place bigserial, partition integer, value text, owner text)"
    )
    yield PostgresDatabase(pool)
    await pool.close()
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await server.close()


@pytest.fixture
async def write(stack: Servers) -> AsyncIterator[Write]:
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, acks="all")
    await producer.start()

    async def send(topic: str, *values: str, partition: int = 0) -> None:
        sent = [await producer.send(topic, value.encode(), partition=partition) for value in values]
        await asyncio.gather(*sent)

    yield send
    await producer.stop()


async def applied(pool: asyncpg.Pool, *, partition: int | None = None) -> list[str]:
    rows = await pool.fetch(
        f"SELECT value FROM {SCHEMA}.applied WHERE $1::int IS NULL OR partition = $1 "
        f"ORDER BY place",
        partition,
    )
    return [row["value"] for row in rows]
