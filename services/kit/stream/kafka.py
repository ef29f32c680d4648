"""Reads a topic with aiokafka; the only module that reads with it.

The settings that matter: no auto-commit and no offset reset, because the offset is in PostgreSQL
and a hole must be loud; read_committed, because other producers may use transactions; range
assignment, because the sticky assignor shares state between instances; a timeout on every await,
because a broker that goes away can leave one open for ever.

The driver reconnects without a sign to what answers at the leader's address. That may be a broker
restored from an older copy, so a poll fails once after a reconnection, and what it fetched is not
taken before the consumer has compared the log.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from services.kit.stream.records import Record
from services.kit.stream.topic_reader import BrokerUnavailable, OffsetOutOfRange, RebalanceListener

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 10.0
COMMIT_SECONDS = 5.0
STOP_SECONDS = 10.0
# How soon a topic that was recreated or got more partitions is noticed. With the driver's default a
# member would have no partitions for five minutes, without any error.
METADATA_SECONDS = 10.0
# How long the driver may take to return from a poll after its wait is over.
POLL_GRACE_SECONDS = 30.0


class KafkaTopicReader:
    """Reads one topic as a member of a consumer group."""

    def __init__(  # noqa: PLR0913 - connection settings, each named at the one call site
        self,
        *,
        bootstrap: str,
        topic: str,
        group: str,
        client_id: str,
        instance_id: str | None = None,
        session_timeout_seconds: float = 10.0,
        max_poll_interval_seconds: float = 300.0,
    ) -> None:
        self.topic = topic
        self._options = {
            "bootstrap_servers": bootstrap,
            "group_id": group,
            "client_id": client_id,
            "group_instance_id": instance_id,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "isolation_level": "read_committed",
            "partition_assignment_strategy": [RangePartitionAssignor],
            "session_timeout_ms": int(session_timeout_seconds * 1000),
            "heartbeat_interval_ms": int(session_timeout_seconds * 1000 / 4),
            "max_poll_interval_ms": int(max_poll_interval_seconds * 1000),
            "max_partition_fetch_bytes": 2 * 1024 * 1024,
            "fetch_max_wait_ms": 250,
            "metadata_max_age_ms": int(METADATA_SECONDS * 1000),
        }
        self._consumer: Any = None
        self._leaders: dict[int, tuple[int, Any]] = {}

    async def start(self, listener: RebalanceListener) -> None:
        """Joins the group, with a new driver's consumer when an earlier attempt failed."""
        await self.stop()
        self._consumer = AIOKafkaConsumer(**self._options)
        self._consumer.subscribe([self.topic], listener=_ListenerAdapter(self.topic, listener))
        try:
            async with asyncio.timeout(ANSWER_SECONDS * 3):
                await self._consumer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"cannot join: {error!r}") from error

    async def stop(self) -> None:
        """Leaves the group, within a bounded time."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        with suppress(KafkaError, TimeoutError, OSError):
            async with asyncio.timeout(STOP_SECONDS):
                await consumer.stop()

    async def poll(
        self, *, wait_seconds: float, max_records: int
    ) -> Mapping[int, Sequence[Record]]:
        """Returns fetched records by partition."""
        try:
            async with asyncio.timeout(wait_seconds + POLL_GRACE_SECONDS):
                fetched = await self._consumer.getmany(
                    timeout_ms=int(wait_seconds * 1000), max_records=max_records
                )
        except OffsetOutOfRangeError as error:
            topic_partition, offset = next(iter(error.args[0].items()))
            raise OffsetOutOfRange(topic_partition.partition, offset) from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(repr(error)) from error
        # After the fetch: its records came by connections that are open since.
        if reconnected := self._reconnected():
            raise BrokerUnavailable(f"reconnected to the leaders of partitions {reconnected}")
        return {each.partition: records for each, records in fetched.items()}

    def _reconnected(self) -> list[int]:
        """Returns the partitions whose leader is reached by another connection than before."""
        client = self._consumer._client
        reconnected = []
        for each in self._consumer.assignment():
            leader = client.cluster.leader_for_partition(each)
            connection = client._conns.get((leader, ConnectionGroup.DEFAULT))
            if connection is None:
                continue
            now = (leader, connection)
            if self._leaders.setdefault(each.partition, now) != now:
                self._leaders[each.partition] = now
                reconnected.append(each.partition)
        return sorted(reconnected)

    def seek(self, partition: int, offset: int) -> None:
        """Sets the offset that is fetched next; does nothing if the partition was revoked."""
        with suppress(IllegalStateError):
            self._consumer.seek(self._topic_partition(partition), offset)

    def pause(self, partition: int) -> None:
        """Stops returning records of the partition until it is resumed."""
        with suppress(IllegalStateError):
            self._consumer.pause(self._topic_partition(partition))

    def resume(self, partition: int) -> None:
        """Returns records of the partition again."""
        with suppress(IllegalStateError):
            self._consumer.resume(self._topic_partition(partition))

    async def bounds(self, partition: int) -> tuple[int, int]:
        """Returns the first offset that the topic has, and the one after its last."""
        topic_partition = self._topic_partition(partition)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                first = await self._consumer.beginning_offsets([topic_partition])
                end = await self._consumer.end_offsets([topic_partition])
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(repr(error)) from error
        return first[topic_partition], end[topic_partition]

    async def partition_count(self) -> int:
        """Returns the number of the topic's partitions."""
        count = len(self._consumer.partitions_for_topic(self.topic) or ())
        if count == 0:
            raise BrokerUnavailable(f"no partitions of {self.topic} are known")
        return count

    async def committed(self, partition: int) -> int | None:
        """Returns the offset that the group committed last; None when it never did."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                offset: int | None = await self._consumer.committed(
                    self._topic_partition(partition)
                )
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(repr(error)) from error
        return offset

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """Commits offsets to the group."""
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._consumer.commit(
                    {self._topic_partition(p): offset for p, offset in next_offsets.items()}
                )
        except (KafkaError, TimeoutError, OSError, ValueError) as error:
            raise BrokerUnavailable(repr(error)) from error

    def _topic_partition(self, partition: int) -> TopicPartition:
        return TopicPartition(self.topic, partition)


class _ListenerAdapter(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver has no types
    """Passes the driver's calls to our listener, as partition numbers of the one topic."""

    def __init__(self, topic: str, listener: RebalanceListener) -> None:
        self._topic = topic
        self._listener = listener

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._listener.revoked(self._numbers(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._listener.assigned(self._numbers(assigned))

    def _numbers(self, partitions: set[TopicPartition]) -> frozenset[int]:
        return frozenset(each.partition for each in partitions if each.topic == self._topic)
