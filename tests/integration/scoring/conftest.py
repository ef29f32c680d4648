"""A scoring worker on the real broker and database, fed with canonical events."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from services.kit.settings import PlatformSettings
from services.scoring.settings import ScoringSettings
from services.scoring.wiring import Scoring, build
from tests.conftest import CreateTopics, Servers, in_own_loop
from tests.fakes import persons

PARTITIONS = 2
Feed = Callable[[Sequence[bytes]], Awaitable[None]]
Run = Callable[[], AbstractAsyncContextManager[Scoring]]
RunWith = Callable[[ScoringSettings], AbstractAsyncContextManager[Scoring]]


@pytest.fixture
def platform(
    stack: Servers, database_url: str, topic_prefix: str, create_topics: CreateTopics
) -> PlatformSettings:
    create_topics("events", "risk", partitions=PARTITIONS)
    in_own_loop(lambda: persons.register(database_url, "ana", "ben"))
    return PlatformSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        database_url=database_url,
        topic_prefix=topic_prefix,
        partitions=PARTITIONS,
    )


@pytest.fixture
async def feed(platform: PlatformSettings) -> AsyncIterator[Feed]:
    producer = AIOKafkaProducer(bootstrap_servers=platform.kafka_bootstrap, acks="all")
    await producer.start()

    async def write(raws: Sequence[bytes]) -> None:
        for raw in raws:
            subject = subject_of(raw)
            if subject == "*":
                await producer.flush()
                for partition in range(PARTITIONS):
                    await producer.send(platform.events_topic, raw, partition=partition)
                await producer.flush()
            else:
                await producer.send(platform.events_topic, raw, key=subject.encode())
        await producer.flush()

    yield write
    await producer.stop()


def subject_of(raw: bytes) -> str:
    try:
        return str(json.loads(raw)["subject"])
    except (ValueError, KeyError):
        return "unreadable"


@pytest.fixture
def run(run_with: RunWith) -> Run:
    return lambda: run_with(ScoringSettings(sweep_size=2))


@pytest.fixture
def run_with(platform: PlatformSettings) -> RunWith:
    @asynccontextmanager
    async def running(settings: ScoringSettings) -> AsyncIterator[Scoring]:
        async with build(platform, settings) as scoring:
            stop = asyncio.Event()
            task = asyncio.create_task(scoring.consume(stop))
            try:
                yield scoring
            finally:
                stop.set()
                await asyncio.wait_for(task, 40)

    return running
