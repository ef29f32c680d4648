"""The driver settings that the guarantees rest on, as the drivers are given them."""

from typing import Any

import pytest

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
