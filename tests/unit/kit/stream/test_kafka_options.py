"""The driver settings that the guarantees rest on, as the drivers are given them."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup

from services.kit.stream import kafka, producer
from services.kit.stream.kafka import KafkaTopicReader
from services.kit.stream.producer import KafkaProducer, ProduceFailed
from services.kit.stream.topic_reader import BrokerUnavailable
from tests.fakes.recorder import MemoryRecorder


class Given:
    """Replaces a driver's class and records its arguments."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def __call__(self, **options: Any) -> "Given":
        self.options = options
        return self

    def subscribe(self, *topics: Any, listener: Any) -> None:
        return None

    async def start(self) -> None:
        raise OSError("no broker here")

    async def stop(self) -> None:
        return None


async def test_the_reader_never_moves_a_position_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = Given()
    monkeypatch.setattr(kafka, "AIOKafkaConsumer", driver)
    log = KafkaTopicReader(bootstrap="127.0.0.1:1", topic="t", group="g", client_id="c")
    with pytest.raises(BrokerUnavailable):
        await log.start(listener=None)  # type: ignore[arg-type]  # never called
    assert driver.options["auto_offset_reset"] == "none"
    assert driver.options["enable_auto_commit"] is False
    assert driver.options["isolation_level"] == "read_committed"


class Reconnecting:
    """Replaces the driver's consumer: one partition, whose leader a test may change."""

    def __init__(self) -> None:
        self.leader = 1
        self._client = self.cluster = self
        self._conns = {(node, ConnectionGroup.DEFAULT): object() for node in (1, 2)}

    async def getmany(self, **options: Any) -> dict[TopicPartition, list[str]]:
        return {TopicPartition("t", 0): ["a record"]}

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition("t", 0)}

    def leader_for_partition(self, partition: TopicPartition) -> int:
        return self.leader

    def reconnect(self) -> None:
        self._conns[self.leader, ConnectionGroup.DEFAULT] = object()

    def lose_connection(self) -> None:
        del self._conns[self.leader, ConnectionGroup.DEFAULT]

    def move_leader(self) -> None:
        self.leader = 2


@pytest.mark.parametrize("happens", ["reconnect", "move_leader"])
async def test_records_that_came_by_another_connection_are_not_returned(happens: str) -> None:
    log = KafkaTopicReader(bootstrap="127.0.0.1:1", topic="t", group="g", client_id="c")
    driver = log._consumer = Reconnecting()
    for _ in range(2):
        assert await log.poll(wait_seconds=0, max_records=1) == {0: ["a record"]}
    getattr(driver, happens)()
    with pytest.raises(BrokerUnavailable, match="reconnected"):
        await log.poll(wait_seconds=0, max_records=1)
    assert await log.poll(wait_seconds=0, max_records=1) == {0: ["a record"]}


async def test_a_connection_that_is_lost_and_then_another_one_are_a_reconnection() -> None:
    log = KafkaTopicReader(bootstrap="127.0.0.1:1", topic="t", group="g", client_id="c")
    driver = log._consumer = Reconnecting()
    await log.poll(wait_seconds=0, max_records=1)
    driver.lose_connection()
    await log.poll(wait_seconds=0, max_records=1)
    driver.reconnect()
    with pytest.raises(BrokerUnavailable, match="reconnected"):
        await log.poll(wait_seconds=0, max_records=1)


async def test_the_writer_waits_for_all_replicas_and_repeats_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = Given()
    monkeypatch.setattr(producer, "AIOKafkaProducer", driver)
    writer = KafkaProducer(bootstrap="127.0.0.1:1", client_id="c", recorder=MemoryRecorder())
    with pytest.raises(ProduceFailed):
        await writer.start()
    await writer.stop()
    assert driver.options["acks"] == "all"
    assert driver.options["enable_idempotence"] is True
