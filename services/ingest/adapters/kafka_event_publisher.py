"""Publishes canonical events, keyed by borrower and acknowledged by all replicas."""

from collections.abc import Sequence
from typing import Protocol

from services.contracts.envelope import CONTENT_TYPE, EVERYBODY
from services.contracts.validation import ValidEvent
from services.ingest.adapters.translating import broker_errors
from services.kit.http.health import NotReady
from services.kit.stream.outbox import Message
from services.kit.stream.producer import Producer

_HEADERS = (("content-type", CONTENT_TYPE.encode()),)


class Broker(Producer, Protocol):
    """A producer with metadata of topics."""

    async def partition_count(self, topic: str) -> int:
        """Returns the number of partitions of a topic: 0 if it does not exist."""
        ...


class KafkaEventPublisher:
    """Publishes canonical events; control events go to every partition."""

    def __init__(self, producer: Broker, *, topic: str, partitions: int) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions

    async def publish(self, events: Sequence[ValidEvent]) -> None:
        """Returns once the broker has acknowledged all events, in order per borrower."""
        if not events:
            return
        messages = [message for valid in events for message in self._messages(valid)]
        with broker_errors():
            if len(messages) == 1:
                # A single event cannot overtake another, and may share a batch with other requests.
                await self._producer.publish(messages)
            else:
                await self._producer.publish_in_order(messages)

    async def check(self) -> None:
        """Checks that the topic exists with the right number of partitions, for readiness.

        Raises:
            NotReady: If it does not: control events would not reach every partition.
            Unavailable: If the broker does not answer.
        """
        with broker_errors():
            count = await self._producer.partition_count(self._topic)
        if count == 0:
            raise NotReady(f"the topic {self._topic} is missing; run `tocsin topics`")
        if count != self._partitions:
            raise NotReady(
                f"the topic {self._topic} has {count} partitions, "
                f"TOCSIN_PARTITIONS is {self._partitions}"
            )

    async def has_topic(self, topic: str) -> bool:
        """Returns whether a topic exists.

        Raises:
            Unavailable: If the broker does not answer.
        """
        with broker_errors():
            return await self._producer.partition_count(topic) > 0

    def _messages(self, valid: ValidEvent) -> list[Message]:
        subject = valid.event.subject
        if subject != EVERYBODY:
            return [
                Message(
                    topic=self._topic, key=subject.encode(), value=valid.value, headers=_HEADERS
                )
            ]
        return [
            Message(
                topic=self._topic,
                key=None,
                value=valid.value,
                headers=_HEADERS,
                to_partition=partition,
            )
            for partition in range(self._partitions)
        ]
