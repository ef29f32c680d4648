"""The idempotent producer, with a bound on every wait.

aiokafka's own `send_and_wait` and `stop` may never return while the broker is down
(aio-libs/aiokafka#1101), so every await here has a timeout, and a driver's producer that missed one
is replaced by a new one.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from random import choice
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner

from services.kit import catalogue
from services.kit.metrics import Recorder
from services.kit.stream.outbox import Message

log = structlog.get_logger(__name__)

_partitioner = DefaultPartitioner()

STOP_SECONDS = 5.0
# Less than the broker's default limit of 1 MiB for a batch, headers of the batch included.
BATCH_BYTES = 512 * 1024
LOG_APPEND_TIME = 1


class ProduceFailed(Exception):
    """The broker did not acknowledge in time; the messages may or may not have arrived."""


class MessageTooLarge(ProduceFailed):
    """The broker will never take this message; sending it again does not help."""


class Producer(Protocol):
    """Publishes messages and returns once all replicas have them (`acks=all`)."""

    async def start(self) -> None:
        """Connects.

        Raises:
            ProduceFailed: If the broker cannot be reached in time.
        """
        ...

    async def stop(self) -> None:
        """Disconnects, within a bounded time."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publishes messages, batched with those of concurrent callers: for many small calls.

        Raises:
            ProduceFailed: If one of them was not acknowledged in time.
        """
        ...

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        """Publishes messages so that none can overtake an earlier one of the same partition.

        Raises:
            ProduceFailed: If one of them was not acknowledged in time.
        """
        ...


class KafkaProducer:
    """The producer of a process."""

    def __init__(
        self,
        *,
        bootstrap: str,
        client_id: str,
        recorder: Recorder,
        timeout_seconds: float = 10.0,
        linger_ms: int = 2,
    ) -> None:
        self._options = {
            "bootstrap_servers": bootstrap,
            "client_id": client_id,
            "acks": "all",
            "enable_idempotence": True,
            "linger_ms": linger_ms,
            "max_batch_size": BATCH_BYTES,
            "request_timeout_ms": int(timeout_seconds * 1000),
        }
        self._recorder = recorder
        self._timeout_seconds = timeout_seconds
        self._current: Any = None
        self._connecting = asyncio.Lock()
        self._stopping: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connects; a later call connects again if the connection was lost."""
        await self._producer()

    async def stop(self) -> None:
        """Disconnects, within a bounded time."""
        self._discard(self._current)
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=STOP_SECONDS + 1.0)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publishes messages, batched with those of concurrent callers."""
        producer = await self._producer()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                acknowledged = [
                    await producer.send(
                        message.topic,
                        message.value,
                        key=message.key,
                        partition=partition,
                        headers=list(message.headers),
                    )
                    for partition, message in await _with_partitions(producer, messages)
                ]
                if len(acknowledged) == 1:
                    await acknowledged[0]
                else:
                    await asyncio.gather(*acknowledged)
        except (KafkaError, TimeoutError) as error:
            raise self._failure(producer, messages, error) from error
        self._count(messages, "acknowledged")

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        """Publishes messages in whole batches, each of a partition after the one before it.

        A driver that gives up on one batch may still deliver the next; here no next one is sent.
        """
        producer = await self._producer()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                queues: dict[tuple[str, int], list[Message]] = {}
                for partition, message in await _with_partitions(producer, messages):
                    queues.setdefault((message.topic, partition), []).append(message)
                await asyncio.gather(
                    *(
                        self._send_in_order(producer, topic, partition, queue)
                        for (topic, partition), queue in queues.items()
                    )
                )
        except (KafkaError, TimeoutError) as error:
            raise self._failure(producer, messages, error) from error
        self._count(messages, "acknowledged")

    async def partition_count(self, topic: str) -> int:
        """Returns the number of a topic's partitions; 0 if it does not exist.

        It comes from a request of its own and not from cached metadata, so a probe can rely on it.

        Raises:
            ProduceFailed: If the broker does not answer in time.
        """
        producer = await self._producer()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                cluster = await producer.client.fetch_all_metadata()
        except (KafkaError, TimeoutError, OSError) as error:
            raise ProduceFailed(f"the broker does not answer: {error!r}") from error
        return len(cluster.partitions_for_topic(topic) or ())

    async def append_time(self, topic: str) -> datetime:
        """Returns the moment at which the broker appends an empty record to a topic.

        Raises:
            ProduceFailed: If the broker does not answer in time, or stamps records with the time
                of their sender.
        """
        producer = await self._producer()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                appended = await (await producer.send(topic, b"", partition=0))
        except (KafkaError, TimeoutError) as error:
            self._discard(producer)
            raise ProduceFailed(f"not acknowledged: {error!r}") from error
        if appended.timestamp_type != LOG_APPEND_TIME:
            raise ProduceFailed(f"{topic} needs message.timestamp.type=LogAppendTime")
        return datetime.fromtimestamp(appended.timestamp / 1000, UTC)

    async def _send_in_order(
        self, producer: Any, topic: str, partition: int, queue: Sequence[Message]
    ) -> None:
        unsent = list(queue)
        while unsent:
            batch = producer.create_batch()
            size = 0
            for message in unsent:
                appended = batch.append(
                    key=message.key,
                    value=message.value,
                    timestamp=None,
                    headers=list(message.headers),
                )
                if appended is None:
                    break
                size += 1
            if size == 0:
                raise MessageSizeTooLargeError(
                    f"a message of {len(unsent[0].value)} bytes exceeds the batch of {BATCH_BYTES}"
                )
            batch.close()
            await (await producer.send_batch(batch, topic, partition=partition))
            del unsent[:size]

    async def _producer(self) -> Any:
        if self._current is not None:
            return self._current
        async with self._connecting:
            if self._current is None:
                self._current = await self._connect()
            return self._current

    async def _connect(self) -> Any:
        producer = AIOKafkaProducer(**self._options)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await producer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            self._stop_later(producer)
            raise ProduceFailed(f"the broker cannot be reached: {error!r}") from error
        except asyncio.CancelledError:
            # A probe that timed out leaves no half-open connection.
            self._stop_later(producer)
            raise
        return producer

    def _failure(
        self, producer: Any, messages: Sequence[Message], error: Exception
    ) -> ProduceFailed:
        if isinstance(error, MessageSizeTooLargeError):
            self._count(messages, "refused")
            return MessageTooLarge(str(error))
        self._count(messages, "timed_out" if isinstance(error, TimeoutError) else "refused")
        self._discard(producer)
        return ProduceFailed(f"not acknowledged: {error!r}")

    def _discard(self, producer: Any) -> None:
        """Gives up the driver's producer; the next call connects a new one."""
        if producer is None:
            return
        if self._current is producer:
            self._current = None
        self._stop_later(producer)

    def _stop_later(self, producer: Any) -> None:
        task = asyncio.get_running_loop().create_task(_stop(producer))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def _count(self, messages: Sequence[Message], result: str) -> None:
        for topic, number in Counter(message.topic for message in messages).items():
            self._recorder.add(catalogue.PRODUCED, number, topic=topic, result=result)


async def _with_partitions(producer: Any, messages: Sequence[Message]) -> list[tuple[int, Message]]:
    """Returns each message with the partition that it goes to."""
    partitions = {
        topic: tuple(sorted(await producer.partitions_for(topic)))
        for topic in {message.topic for message in messages if message.to_partition is None}
    }
    return [
        (
            partition_of(message.key, partitions[message.topic])
            if message.to_partition is None
            else message.to_partition,
            message,
        )
        for message in messages
    ]


def partition_of(key: bytes | None, partitions: tuple[int, ...]) -> int:
    """Returns the partition that the driver would choose: any one when there is no key."""
    return choice(partitions) if key is None else _partition_of_key(key, partitions)


# The driver hashes keys in Python, and the same keys recur.
@lru_cache(maxsize=65_536)
def _partition_of_key(key: bytes, partitions: tuple[int, ...]) -> int:
    partition: int = _partitioner(key, list(partitions), list(partitions))
    return partition


async def _stop(producer: Any) -> None:
    with suppress(Exception):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
