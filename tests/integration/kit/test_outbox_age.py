"""The gauges of the outbox show what waits, and zero when nothing does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.kit.catalogue import OUTBOX_OLDEST, OUTBOX_PENDING
from services.kit.database import PostgresDatabase
from services.kit.metrics import Metrics
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.outbox_metrics import measure_outbox
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.integration


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as opened:
        yield opened


async def looked_at(pool: Any, *, schema: str = "alerts") -> Metrics:
    """Return the metrics after the outbox was measured once."""
    clock = ManualClock(datetime(2026, 3, 2, tzinfo=UTC))
    metrics = Metrics((OUTBOX_PENDING, OUTBOX_OLDEST))
    stop = asyncio.Event()
    watch = measure_outbox(
        PostgresDatabase(pool),
        schema=schema,
        topics=("t.alerts",),
        recorder=metrics,
        clock=clock,
    )
    watching = asyncio.create_task(watch(stop))  # type: ignore[arg-type]
    async with asyncio.timeout(30):
        # It sleeps after each measurement, and the clock moves only while it sleeps.
        while clock.monotonic_seconds() == 0 and not watching.done():  # noqa: ASYNC110 - a clock
            await asyncio.sleep(0)
        stop.set()
        await watching
    return metrics


def value(metrics: Metrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(name, {"topic": "t.alerts"})


async def test_an_empty_outbox_shows_zero(pool: Any) -> None:
    metrics = await looked_at(pool)
    assert value(metrics, "tocsin_outbox_pending_records") == 0
    assert value(metrics, "tocsin_outbox_oldest_pending_timestamp_seconds") == 0


async def test_what_waits_shows_with_its_age(pool: Any) -> None:
    async with pool.acquire() as connection, connection.transaction():
        began = await connection.fetchval("SELECT extract(epoch FROM now())::float8")
        message = Message(topic="t.alerts", key=b"k", value=b"v")
        await Outbox(schema="alerts").append(connection, [message, message], partition=3)
    metrics = await looked_at(pool)
    assert value(metrics, "tocsin_outbox_pending_records") == 2
    assert value(metrics, "tocsin_outbox_oldest_pending_timestamp_seconds") == pytest.approx(began)


async def test_before_the_migration_it_waits_and_does_not_fail(pool: Any) -> None:
    metrics = await looked_at(pool, schema="absent")
    assert value(metrics, "tocsin_outbox_pending_records") is None
