"""Reads topics and consumer groups from the broker; a member of no group, it moves nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from services.cli.errors import CommandError
from services.kit.stream.records import Record

ANSWER_SECONDS = 20
RECORD_SECONDS = 5
PAUSE_SECONDS = 0.2
FETCH_BYTES = 4_194_304
RECORDS_AT_ONCE = 5_000


class BrokerReader:
    """Reads partitions and groups; the answers about a group are cached."""

    def __init__(self, consumer: Any, admin: Any) -> None:
        self._consumer = consumer
        self._admin = admin
        self._committed: dict[str, dict[TopicPartition, int]] = {}
        self._members: dict[str, int] = {}

    async def partition_count(self, topic: str) -> int:
        """Return how many partitions a topic has; 0 if there is no such topic."""
        async with asyncio.timeout(ANSWER_SECONDS):
            if topic not in await self._admin.list_topics():
                return 0
            (described,) = await self._admin.describe_topics([topic])
        return len(described["partitions"])

    async def spans(self, topic: str, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Return the first offset and the next one of each partition."""
        keys = [TopicPartition(topic, number) for number in partitions]
        async with asyncio.timeout(ANSWER_SECONDS):
            first = await self._consumer.beginning_offsets(keys)
            end = await self._consumer.end_offsets(keys)
        return {key.partition: (first[key], end[key]) for key in keys}

    async def all_spans(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return the spans of all partitions of a topic."""
        return await self.spans(topic, range(await self.partition_count(topic)))

    async def record(self, topic: str, partition: int, offset: int) -> Record | None:
        """Return the record at an offset, or the first one after it; None if there is none."""
        key = TopicPartition(topic, partition)
        self._consumer.assign([key])
        self._consumer.seek(key, offset)
        async with asyncio.timeout(ANSWER_SECONDS):
            fetched = await self._consumer.getmany(
                key, timeout_ms=RECORD_SECONDS * 1000, max_records=1
            )
        records: list[Record] = fetched.get(key, [])
        return records[0] if records else None

    async def records(self, topic: str) -> AsyncIterator[Sequence[Record]]:
        """Yield all records of a topic up to where it ends now, some at a time."""
        spans = await self.all_spans(topic)
        left = {number: end for number, (first, end) in spans.items() if first < end}
        self._consumer.assign([TopicPartition(topic, number) for number in left])
        for number in left:
            self._consumer.seek(TopicPartition(topic, number), spans[number][0])
        while left:
            async with asyncio.timeout(ANSWER_SECONDS):
                fetched = await self._consumer.getmany(timeout_ms=1000, max_records=RECORDS_AT_ONCE)
            for key, records in fetched.items():
                yield records
                if records and records[-1].offset + 1 >= left.get(key.partition, 0):
                    left.pop(key.partition, None)
                    self._consumer.pause(key)

    async def committed(self, group: str, topic: str, partition: int) -> int | None:
        """Return the offset that a group has committed; None if it has not."""
        if group not in self._committed:
            listed = await _coordinated(lambda: self._admin.list_consumer_group_offsets(group))
            self._committed[group] = {key: each.offset for key, each in listed.items()}
        return self._committed[group].get(TopicPartition(topic, partition))

    async def members(self, group: str) -> int:
        """Return how many processes are in a group."""
        if group not in self._members:
            (answer,) = await _coordinated(lambda: self._admin.describe_consumer_groups([group]))
            self._members[group] = sum(len(described[5]) for described in answer.groups)
        return self._members[group]


async def _coordinated(request: Callable[[], Awaitable[Any]]) -> Any:
    """Return the answer about a group; a broker without any group yet needs a moment for it."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            try:
                return await request()
            except GroupCoordinatorNotAvailableError:
                await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def connected(bootstrap: str) -> AsyncIterator[BrokerReader]:
    """Connect to the broker for reading."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        metadata_max_age_ms=1_000,
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await consumer.start()
            await admin.start()
        yield BrokerReader(consumer, admin)
    except (KafkaError, TimeoutError) as error:
        raise CommandError(
            f"The broker at {bootstrap} does not answer: {error!r}",
            remedy="Check TOCSIN_KAFKA_BOOTSTRAP, or start local servers: tocsin stack up",
        ) from error
    finally:
        await consumer.stop()
        await admin.close()
