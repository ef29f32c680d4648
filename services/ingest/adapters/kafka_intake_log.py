"""The intake log, in Kafka: one JSON document a record, keyed by account or source."""

from collections.abc import Sequence

import msgspec

from services.ingest.adapters.translating import broker_errors
from services.ingest.application.intake_log import InputParked, LogRecord
from services.kit.stream.outbox import Message
from services.kit.stream.producer import Producer

decode_record = msgspec.json.Decoder(LogRecord).decode


class KafkaIntakeLog:
    """Appends to the topic of the intake log."""

    def __init__(self, producer: Producer, *, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def append(self, records: Sequence[LogRecord]) -> None:
        """Returns once the broker has acknowledged all records."""
        if not records:
            return
        messages = [
            Message(
                topic=self._topic,
                key=(each.account_id if isinstance(each, InputParked) else each.source).encode(),
                value=msgspec.json.encode(each),
                headers=(),
            )
            for each in records
        ]
        with broker_errors():
            await self._producer.publish_in_order(messages)
