"""A running ingest on the real broker and an empty database, called over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.ingest.entrypoints.http import create_app
from services.ingest.entrypoints.tasks import tasks_of
from services.ingest.settings import IngestSettings
from services.ingest.wiring import Ingest, build
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings
from tests.conftest import CreateTopics, Servers

PARTITIONS = 2
RAW = (
    *("raw.repayments", "raw.account-flows", "raw.statements"),
    *("raw.lending", "raw.credit-file", "raw.market"),
)
PATIENCE_SECONDS = 30.0


@dataclass(kw_only=True)
class RunningIngest:
    """A running ingest with clients for a test."""

    ingest: Ingest
    http: httpx2.AsyncClient
    operator: httpx2.AsyncClient
    platform: PlatformSettings
    settings: IngestSettings
    raw: AIOKafkaProducer
    prefix: str

    async def post(
        self, body: bytes | str, media_type: str = "application/cloudevents+json", **headers: str
    ) -> httpx2.Response:
        content = body.encode() if isinstance(body, str) else body
        return await self.http.post(
            "/v1/events", content=content, headers={"Content-Type": media_type, **headers}
        )

    async def send_raw(self, topic: str, *records: dict[str, Any] | bytes, key: str = "k") -> int:
        """Produces records to partition 0 of a raw topic, and returns the last offset."""
        offset = -1
        for record in records:
            value = record if isinstance(record, bytes) else json.dumps(record).encode()
            metadata = await self.raw.send_and_wait(
                f"{self.prefix}{topic}", value, key=key.encode(), partition=0
            )
            offset = metadata.offset
        return offset

    async def events(self) -> list[dict[str, Any]]:
        """Returns all events of the events topic, partition by partition."""
        return [json.loads(value) for value in await self.event_bytes()]

    async def event_bytes(self) -> list[bytes]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.platform.kafka_bootstrap)
        await consumer.start()
        try:
            partitions = [TopicPartition(self.platform.events_topic, n) for n in range(PARTITIONS)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            values: list[bytes] = []
            for partition in partitions:
                while await consumer.position(partition) < ends[partition]:
                    for records in (await consumer.getmany(partition, timeout_ms=500)).values():
                        values += [record.value for record in records]
            return values
        finally:
            await consumer.stop()

    async def quarantined(self, **filters: str) -> list[dict[str, Any]]:
        answer = await self.operator.get("/v1/quarantine", params=filters)
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["items"]
        return entries


async def until(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Returns the first true value of a condition, within `PATIENCE_SECONDS`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            value = await condition()
            if value:
                return value
            await asyncio.sleep(0.05)
    raise AssertionError(f"timed out before {what}")


Opener = Callable[..., Awaitable[RunningIngest]]


@pytest.fixture
async def open_ingest(
    stack: Servers, database_url: str, topic_prefix: str, create_topics: CreateTopics
) -> AsyncIterator[Opener]:
    """`await open_ingest(mappings=…)` starts an ingest; it ends with the test."""
    create_topics("events", "intake", *RAW, partitions=PARTITIONS)
    async with AsyncExitStack() as closing:

        async def start(
            *, mappings: Path | None = None, run_tasks: bool = True, **settings: Any
        ) -> RunningIngest:
            platform = PlatformSettings(
                kafka_bootstrap=stack.kafka_bootstrap,
                database_url=database_url,
                topic_prefix=topic_prefix,
                partitions=PARTITIONS,
                day_close="events",
                day_close_source="core/demo",
            )
            chosen = {"mappings": mappings} if mappings else {}
            own = IngestSettings(
                raw_topic_prefix=topic_prefix, release_interval_seconds=0.1, **chosen, **settings
            )
            return await _started(closing, platform, own, run_tasks=run_tasks)

        yield start


@pytest.fixture
async def ingest(open_ingest: Opener) -> RunningIngest:
    """An ingest with the demo's mappings."""
    return await open_ingest()


async def _started(
    closing: AsyncExitStack,
    platform: PlatformSettings,
    settings: IngestSettings,
    *,
    run_tasks: bool,
) -> RunningIngest:
    ingest = await closing.enter_async_context(build(platform, settings))
    app = create_app(ingest, settings)
    ingest.health.started()
    if run_tasks:
        await _start_tasks(closing, ingest, settings)
    clients = [
        await closing.enter_async_context(
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
                base_url="http://ingest",
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            )
        )
        for key in await _keys(platform)
    ]
    raw = AIOKafkaProducer(bootstrap_servers=platform.kafka_bootstrap, acks="all", linger_ms=0)
    await raw.start()
    closing.push_async_callback(raw.stop)
    return RunningIngest(
        ingest=ingest,
        http=clients[0],
        operator=clients[1],
        platform=platform,
        settings=settings,
        raw=raw,
        prefix=settings.raw_topic_prefix,
    )


async def _start_tasks(closing: AsyncExitStack, ingest: Ingest, settings: IngestSettings) -> None:
    stop = asyncio.Event()
    running = [
        asyncio.create_task(task(stop), name=name)
        for name, task in tasks_of(
            ingest, release_seconds=settings.release_interval_seconds
        ).items()
    ]

    async def end() -> None:
        stop.set()
        await asyncio.gather(*running)

    closing.push_async_callback(end)


async def _keys(platform: PlatformSettings) -> Sequence[str]:
    grants = (
        store.Grant(
            name="core bank",
            roles=frozenset({Role.SOURCE}),
            sources=("core/*", "tests"),
            may_send=("*", "day.closed"),
        ),
        store.Grant(name="operator", roles=frozenset({Role.OPERATOR})),
    )
    connection = await asyncpg.connect(platform.dsn)
    try:
        now = SystemClock().now()
        return [(await store.issue(connection, grant, at=now))[1] for grant in grants]
    finally:
        await connection.close()
