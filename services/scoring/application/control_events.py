"""Builds control events: events for every borrower, one message for each partition."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.contracts import envelope
from services.contracts.envelope import EVERYBODY, CloudEvent, encode_event
from services.contracts.fields import EventData
from services.contracts.registry import type_name
from services.kit.stream.outbox import Message

CONTENT_TYPE = (("content-type", envelope.CONTENT_TYPE.encode("ascii")),)


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
