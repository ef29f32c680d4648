"""Builds the messages that scoring publishes: fold output per borrower, control events for all.

Assessments and reminders go to the risk topic, keyed by borrower. What a state change means for a
linked borrower goes back to the events topic, keyed by that borrower. A control event is written
once to each partition of the events topic.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.contracts import envelope
from services.contracts.envelope import EVERYBODY, CloudEvent, encode_event
from services.contracts.fields import EventData
from services.contracts.registry import type_name
from services.kit.stream.outbox import Message
from services.scoring.application.folding import FoldOutput
from services.scoring.application.ports import Codec

CONTENT_TYPE = (("content-type", envelope.CONTENT_TYPE.encode("ascii")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessages:
    """Turns the output of folding into messages for two topics."""

    codec: Codec
    risk_topic: str
    events_topic: str

    def of(self, output: FoldOutput) -> list[Message]:
        """Returns the messages in the order in which they must leave; fills in the bytes."""
        messages: list[Message] = []
        for emitted in output.assessments:
            emitted.encoded = self.codec.encode_assessment(emitted.assessment)
            key = emitted.assessment.borrower_id
            messages.append(self._message(self.risk_topic, key, emitted.encoded))
        for effect in output.effects:
            topic = self.risk_topic if effect.is_for_risk else self.events_topic
            value = self.codec.encode_effect(effect)
            messages.append(self._message(topic, effect.subject_id, value))
        return messages

    @staticmethod
    def _message(topic: str, key: str, value: bytes) -> Message:
        return Message(topic=topic, key=key.encode(), value=value, headers=CONTENT_TYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsTopic:
    """The events topic, for control events; `zone` is the bank's."""

    name: str
    partitions: int
    zone: ZoneInfo

    def end_of(self, day: date) -> datetime:
        """Returns the moment at which a business date ends."""
        return datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=self.zone)


def control_messages(
    topic: EventsTopic,
    *,
    source: str,
    event_id: str,
    at: datetime,
    data: EventData,
) -> list[Message]:
    """Returns a control event as one message for each partition."""
    event = CloudEvent(
        id=event_id, source=source, type=type_name(data), subject=EVERYBODY, time=at, data=data
    )
    value = encode_event(event)
    return [
        Message(topic=topic.name, key=None, value=value, headers=CONTENT_TYPE, to_partition=number)
        for number in range(topic.partitions)
    ]
