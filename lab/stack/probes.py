"""Readiness by a real request: metadata from the broker, `select 1` from the database.

An open port is not an answer: both servers listen before they can work. The requests run on a
loop of their own in a thread of their own, so that tests with a running loop can call them.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

Answer = TypeVar("Answer")
ONE_REQUEST_SECONDS = 5.0
PAUSE_SECONDS = 0.1


def in_own_loop(work: Callable[[], Coroutine[object, object, Answer]]) -> Answer:
    """Run a coroutine to its end, whether or not the caller is inside a loop."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def kafka_answers(bootstrap: str) -> bool:
    """Return whether the broker serves metadata with a controller in it."""
    return in_own_loop(lambda: _kafka_answers(bootstrap))


def postgres_answers(database_url: str) -> bool:
    """Return whether the database runs `select 1`."""
    return in_own_loop(lambda: _postgres_answers(database_url))


def wait_until(
    answers: Callable[[], bool], *, is_alive: Callable[[], bool], limit_seconds: float
) -> bool:
    """Poll until the server answers; give up early if its process has ended."""
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        if answers():
            return True
        if not is_alive():
            return False
        time.sleep(PAUSE_SECONDS)
    return False


async def _kafka_answers(bootstrap: str) -> bool:
    # aiokafka logs each refused connection as an error; while waiting they are expected.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        async with asyncio.timeout(ONE_REQUEST_SECONDS):
            await admin.start()
            cluster = await admin.describe_cluster()
            return bool(cluster["brokers"]) and int(cluster["controller_id"]) >= 0
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        logging.getLogger("aiokafka").setLevel(logging.NOTSET)
        await admin.close()


async def _postgres_answers(database_url: str) -> bool:
    try:
        async with asyncio.timeout(ONE_REQUEST_SECONDS):
            connection = await asyncpg.connect(database_url)
            try:
                return bool(await connection.fetchval("select 1") == 1)
            finally:
                await connection.close()
    except (
        asyncpg.PostgresError,
        # The server ended the connection in the middle of the log-in, as it does while it recovers.
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        OSError,
        TimeoutError,
    ):
        return False


def ensure_database(maintenance_url: str, *, name: str) -> None:
    """Create the database if it is not there."""
    in_own_loop(lambda: _ensure_database(maintenance_url, name=name))


async def _ensure_database(maintenance_url: str, *, name: str) -> None:
    connection = await asyncpg.connect(maintenance_url)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
