"""What stands on the topics: how much was offered, and every risk event that was sent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.cli.errors import CommandError
from services.cli.verify.refolding import fingerprint
from services.cli.verify.told import Name

ANSWER_SECONDS = 20


class Sequenced(msgspec.Struct, gc=False):
    """What names a risk event."""

    subject: str
    sequence: int = 0
    type: str = ""
    id: str = ""


class Topics:
    """Reads topics from their first record to where they end now, as a member of no group."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._envelope = msgspec.json.Decoder(Sequenced)
        self.others: dict[Name, bytes] = {}
        """What else stands on the topic that `sent` has read: reminders, by subject and id."""

    async def spans(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return the first and the next offset of each partition."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._consumer._client.force_metadata_update()
            numbers = self._consumer.partitions_for_topic(topic) or ()
            places = [TopicPartition(topic, number) for number in numbers]
            first = await self._consumer.beginning_offsets(places)
            end = await self._consumer.end_offsets(places)
        return {place.partition: (first[place], end[place]) for place in places}

    async def sent(self, topic: str, *, tick: Callable[[int], None]) -> dict[str, dict[int, bytes]]:
        """Return the fingerprint of each risk event by borrower and sequence.

        Raises:
            CommandError: If a sequence runs backwards to something new, or two events of one
                sequence differ.
        """
        spans = await self.spans(topic)
        left = {number: end for number, (first, end) in spans.items() if first < end}
        self._consumer.assign([TopicPartition(topic, number) for number in left])
        for number, (first, _) in spans.items():
            if number in left:
                self._consumer.seek(TopicPartition(topic, number), first)
        seen: dict[str, dict[int, bytes]] = {}
        while left:
            async with asyncio.timeout(ANSWER_SECONDS):
                fetched = await self._consumer.getmany(timeout_ms=1000, max_records=5000)
            for place, records in fetched.items():
                for record in records:
                    self._note(seen, record.value)
                tick(len(records))
                if records and records[-1].offset + 1 >= left.get(place.partition, 0):
                    left.pop(place.partition, None)
                    self._consumer.pause(place)
        return seen

    def _note(self, seen: dict[str, dict[int, bytes]], raw: bytes) -> None:
        event = self._envelope.decode(raw)
        if not event.type.startswith("assessment."):
            self.others[event.subject, event.id] = fingerprint(raw)
            return
        known = seen.setdefault(event.subject, {})
        mark = fingerprint(raw)
        if known.setdefault(event.sequence, mark) != mark:
            raise CommandError(
                f"Two different risk events carry sequence {event.sequence} of one borrower.",
                remedy="See docs/runbook.md, 'verification failed'.",
            )
        if event.sequence > 1 and event.sequence - 1 not in known:
            raise CommandError(
                f"Risk event {event.sequence} of a borrower came before {event.sequence - 1}.",
                remedy="See docs/runbook.md, 'verification failed'.",
            )


@asynccontextmanager
async def topics(bootstrap: str) -> AsyncIterator[Topics]:
    """Connect to the broker for reading."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4_194_304
    )
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await consumer.start()
    except (KafkaError, TimeoutError, OSError) as error:
        raise CommandError(
            f"The broker at {bootstrap} cannot be reached: {type(error).__name__}",
            remedy="Check TOCSIN_KAFKA_BOOTSTRAP, or start a stack: tocsin stack up",
        ) from error
    try:
        yield Topics(consumer)
    finally:
        await consumer.stop()
