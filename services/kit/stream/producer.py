"""The idempotent producer, with an end to every wait.

aiokafka's own `send_and_wait` and `stop` may never return while the broker is down
(aio-libs/aiokafka#1101), so every await here has a bound, and a producer that has let one
pass is replaced by a new one.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
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


class ProduceFailed(Exception):
    """The broker did not acknowledge in time; the messages may or may not have arrived."""


class MessageTooLarge(ProduceFailed):
    """The broker will never take this message; sending it again does not help."""


class Producer(Protocol):
    """Writes messages to topics and returns once all replicas have them (`acks=all`)."""

    async def start(self) -> None:
        """Connect.

        Raises:
            ProduceFailed: If the broker cannot be reached in time.
        """
        ...

    async def stop(self) -> None:
        """Disconnect, whatever the broker does."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Write messages together with those of concurrent callers; best for many small calls.

        Raises:
            ProduceFailed: If one of them was not acknowledged in time.
        """
        ...

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        """Write messages so that none can overtake an earlier one of the same partition.

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
        self._renewal = asyncio.Lock()
        self._farewells: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect; later calls find the connection or make a new one."""
        await self._producer()

    async def stop(self) -> None:
        """Disconnect, within a bounded time."""
        self._discard(self._current)
        if self._farewells:
            await asyncio.wait(self._farewells, timeout=STOP_SECONDS + 1.0)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Write messages together with those of concurrent callers."""
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
                    for partition, message in await _placed(producer, messages)
                ]
                if len(acknowledged) == 1:
                    await acknowledged[0]
                else:
                    await asyncio.gather(*acknowledged)
        except (KafkaError, TimeoutError) as error:
            raise self._failure(producer, messages, error) from error
        self._count(messages, "acknowledged")

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        """Write messages in whole batches, the next of a partition only after the one before.

        A producer that gives up on one batch may still deliver the next; here there is none.
        """
        producer = await self._producer()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                queues: dict[tuple[str, int], list[Message]] = {}
                for partition, message in await _placed(producer, messages):
                    queues.setdefault((message.topic, partition), []).append(message)
                await asyncio.gather(
                    *(
                        self._send_queue(producer, topic, partition, queue)
                        for (topic, partition), queue in queues.items()
                    )
                )
        except (KafkaError, TimeoutError) as error:
            raise self._failure(producer, messages, error) from error
        self._count(messages, "acknowledged")

    async def partition_count(self, topic: str) -> int:
        """Ask the broker how many partitions a topic has: 0 if it does not exist.

        A request of its own and not what was known before, so a probe can rely on it.

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

    async def _send_queue(
        self, producer: Any, topic: str, partition: int, queue: Sequence[Message]
    ) -> None:
        rest = list(queue)
        while rest:
            batch = producer.create_batch()
            taken = 0
            for message in rest:
                added = batch.append(
                    key=message.key,
                    value=message.value,
                    timestamp=None,
                    headers=list(message.headers),
                )
                if added is None:
                    break
                taken += 1
            if taken == 0:
                raise MessageSizeTooLargeError(
                    f"a message of {len(rest[0].value)} bytes does not fit {BATCH_BYTES}"
                )
            batch.close()
            await (await producer.send_batch(batch, topic, partition=partition))
            del rest[:taken]

    async def _producer(self) -> Any:
        if self._current is not None:
            return self._current
        async with self._renewal:
            if self._current is None:
                self._current = await self._connect()
            return self._current

    async def _connect(self) -> Any:
        producer = AIOKafkaProducer(**self._options)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await producer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            self._say_farewell(producer)
            raise ProduceFailed(f"the broker cannot be reached: {error!r}") from error
        except asyncio.CancelledError:
            # A probe that lost patience leaves no half-open connection behind.
            self._say_farewell(producer)
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
        """Stop using a producer; its successor is made by whoever writes next."""
        if producer is None:
            return
        if self._current is producer:
            self._current = None
        self._say_farewell(producer)

    def _say_farewell(self, producer: Any) -> None:
        task = asyncio.get_running_loop().create_task(_stop(producer))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    def _count(self, messages: Sequence[Message], result: str) -> None:
        for topic, number in Counter(message.topic for message in messages).items():
            self._recorder.add(catalogue.PRODUCED, number, topic=topic, result=result)


async def _placed(producer: Any, messages: Sequence[Message]) -> list[tuple[int, Message]]:
    """Return each message with the partition that it goes to."""
    everywhere = {
        topic: tuple(sorted(await producer.partitions_for(topic)))
        for topic in {message.topic for message in messages if message.to_partition is None}
    }
    return [
        (
            partition_of(message.key, everywhere[message.topic])
            if message.to_partition is None
            else message.to_partition,
            message,
        )
        for message in messages
    ]


def partition_of(key: bytes | None, partitions: tuple[int, ...]) -> int:
    """Return the partition that the driver itself would choose; any one without a key."""
    return choice(partitions) if key is None else _partition_of_key(key, partitions)


# The driver hashes keys in Python, and the same borrowers come again and again.
@lru_cache(maxsize=65_536)
def _partition_of_key(key: bytes, partitions: tuple[int, ...]) -> int:
    partition: int = _partitioner(key, list(partitions), list(partitions))
    return partition


async def _stop(producer: Any) -> None:
    with suppress(Exception):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
