"""What the broker says about partitions: where the log begins and ends, one record, the group.

Reads as a member of no group, and moves nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.cli.errors import CommandError
from services.cli.offsets.places import Match, OnBroker, Row
from services.kit.stream.records import Record, digest

ANSWER_SECONDS = 20
RECORD_SECONDS = 5


class Broker:
    """Answers questions about topics and groups."""

    def __init__(self, consumer: Any, admin: Any) -> None:
        self._consumer = consumer
        self._admin = admin
        self._told: dict[str, dict[TopicPartition, int]] = {}
        self._members: dict[str, int] = {}

    async def look(self, row: Row, *, group: str) -> OnBroker | None:
        """Return what the broker says about a partition; None when it is not there."""
        place = TopicPartition(row.topic, row.partition)
        count = await self.partition_count(row.topic)
        if row.partition >= count:
            return None
        start, end = await self.span(row.topic, row.partition)
        return OnBroker(
            partition_count=count,
            start=start,
            end=end,
            match=await self._match(row, start=start, end=end),
            told=(await self._offsets(group)).get(place),
            members=await self._live(group),
        )

    async def partition_count(self, topic: str) -> int:
        """Return how many partitions a topic has; 0 when there is none of that name."""
        async with asyncio.timeout(ANSWER_SECONDS):
            if topic not in await self._admin.list_topics():
                return 0
            (described,) = await self._admin.describe_topics([topic])
        return len(described["partitions"])

    async def span(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the first offset and the one after the last."""
        place = TopicPartition(topic, partition)
        async with asyncio.timeout(ANSWER_SECONDS):
            first = await self._consumer.beginning_offsets([place])
            end = await self._consumer.end_offsets([place])
        return first[place], end[place]

    async def _match(self, row: Row, *, start: int, end: int) -> Match:
        if row.last_digest is None:
            return Match.NOT_KEPT
        if not start < row.next_offset <= end:
            return Match.NOT_ON_LOG
        found = await self._record(row.topic, row.partition, row.next_offset - 1)
        if found is None:
            return Match.NOT_ON_LOG
        is_same = found.offset == row.next_offset - 1 and digest(found) == row.last_digest
        return Match.SAME if is_same else Match.DIFFERENT

    async def _record(self, topic: str, partition: int, offset: int) -> Record | None:
        place = TopicPartition(topic, partition)
        self._consumer.assign([place])
        self._consumer.seek(place, offset)
        async with asyncio.timeout(ANSWER_SECONDS):
            fetched = await self._consumer.getmany(
                place, timeout_ms=RECORD_SECONDS * 1000, max_records=1
            )
        records: list[Record] = fetched.get(place, [])
        return records[0] if records else None

    async def _offsets(self, group: str) -> dict[TopicPartition, int]:
        if group not in self._told:
            async with asyncio.timeout(ANSWER_SECONDS):
                listed = await self._admin.list_consumer_group_offsets(group)
            self._told[group] = {place: each.offset for place, each in listed.items()}
        return self._told[group]

    async def _live(self, group: str) -> int:
        if group not in self._members:
            async with asyncio.timeout(ANSWER_SECONDS):
                (answer,) = await self._admin.describe_consumer_groups([group])
            self._members[group] = sum(len(described[5]) for described in answer.groups)
        return self._members[group]


@asynccontextmanager
async def connected(bootstrap: str) -> AsyncIterator[Broker]:
    """Connect to the broker."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        metadata_max_age_ms=1_000,
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await consumer.start()
            await admin.start()
        yield Broker(consumer, admin)
    except (KafkaError, TimeoutError) as error:
        raise CommandError(
            f"The broker at {bootstrap} does not answer: {error!r}",
            remedy="Check TOCSIN_KAFKA_BOOTSTRAP, or start a stack: tocsin stack up",
        ) from error
    finally:
        await consumer.stop()
        await admin.close()
