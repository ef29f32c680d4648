"""The background tasks of ingest: read raw topics, release parked inputs, count the quarantine."""

import asyncio
from contextlib import suppress

import asyncpg
import structlog

from services.ingest.application.errors import Unavailable
from services.ingest.application.inputs import Status
from services.ingest.metrics import QUARANTINE_ENTRIES
from services.ingest.wiring import Ingest, check_schema
from services.kit.http.health import NotReady
from services.kit.http.server import Task
from services.kit.stream.consumer import FencedConsumer

log = structlog.get_logger(__name__)

_SCHEMA_CHECK_SECONDS = 1.0
_TOPIC_CHECK_SECONDS = 2.0
_COUNT_SECONDS = 10.0
_RETRY_SECONDS = 10.0


def tasks_of(ingest: Ingest, *, release_seconds: float) -> dict[str, Task]:
    """Returns the background tasks, by name."""
    tasks: dict[str, Task] = {
        f"raw {topic}": _reading(topic, consumer, ingest)
        for topic, consumer in ingest.consumers.items()
    }
    tasks["release"] = _releasing(ingest, seconds=release_seconds)
    tasks["retry"] = _retrying(ingest)
    tasks["count"] = _counting(ingest)
    return tasks


def _reading(topic: str, consumer: FencedConsumer, ingest: Ingest) -> Task:
    async def read(stop: asyncio.Event) -> None:
        await _until_migrated(ingest, stop)
        await _until_created(topic, ingest, stop)
        if stop.is_set():
            return
        running = asyncio.create_task(consumer.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        consumer.request_stop()
        await running

    return read


def _releasing(ingest: Ingest, *, seconds: float) -> Task:
    async def release(stop: asyncio.Event) -> None:
        await _until_migrated(ingest, stop)
        while not stop.is_set():
            try:
                released = await ingest.release.release_all()
                if released:
                    log.info("release.inputs_released", count=released)
            except Unavailable as error:
                log.warning("release.unavailable", error=str(error))
            await _pause(stop, seconds=seconds)

    return release


def _retrying(ingest: Ingest) -> Task:
    async def retry(stop: asyncio.Event) -> None:
        await _until_migrated(ingest, stop)
        while not stop.is_set():
            try:
                tried = await ingest.quarantine.retry_due()
                if tried:
                    log.info("quarantine.due_inputs_retried", count=tried)
            except Unavailable as error:
                log.warning("quarantine.retry_unavailable", error=str(error))
            await _pause(stop, seconds=_RETRY_SECONDS)

    return retry


def _counting(ingest: Ingest) -> Task:
    async def count(stop: asyncio.Event) -> None:
        await _until_migrated(ingest, stop)
        while not stop.is_set():
            with suppress(Unavailable):
                counts = await ingest.quarantine.counts()
                for status in (Status.OPEN, Status.PARKED):
                    entries = sum(each.entries for each in counts if each.status is status)
                    ingest.metrics.set(QUARANTINE_ENTRIES, entries, status=status.value)
            await _pause(stop, seconds=_COUNT_SECONDS)

    return count


async def _until_created(topic: str, ingest: Ingest, stop: asyncio.Event) -> None:
    """Waits for a raw topic, which the bank may create later."""
    is_logged = False
    while not stop.is_set():
        with suppress(Unavailable):
            if await ingest.publisher.has_topic(topic):
                return
            if not is_logged:
                log.warning("raw_topic.missing", topic=topic)
                is_logged = True
        await _pause(stop, seconds=_TOPIC_CHECK_SECONDS)


async def _until_migrated(ingest: Ingest, stop: asyncio.Event) -> None:
    """Waits for the schema: a service never migrates, and services start in any order."""
    while not stop.is_set():
        try:
            await check_schema(ingest.pool)
            return
        except (NotReady, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await _pause(stop, seconds=_SCHEMA_CHECK_SECONDS)


async def _pause(stop: asyncio.Event, *, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
