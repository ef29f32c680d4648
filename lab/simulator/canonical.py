"""Encodes simulated events as canonical CloudEvents, the form that Tocsin itself reads.

Byte for byte what `services.contracts` would write (a test proves that), without its models: a long
run makes millions of events.
"""

from datetime import date

import msgspec

from lab.simulator.days import Day, close_time
from lab.simulator.events import CALENDAR, Fields, SimulatedEvent

_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(event: SimulatedEvent) -> bytes:
    """Return the canonical bytes of an event."""
    return _ENCODER.encode(envelope(event))


def envelope(event: SimulatedEvent) -> Fields:
    """Return an event as a CloudEvent."""
    document: Fields = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": "application/json",
        "data": event.data,
    }
    if event.corrects_id is not None:
        document["correctsid"] = event.corrects_id
        document["correctionkind"] = "reversal"
    return document


def day_closed(day: Day) -> Fields:
    """Return the core bank's own end of a day."""
    return {
        "specversion": "1.0",
        "id": f"day-closed:{day.iso}",
        "source": CALENDAR,
        "type": "day.closed.v1",
        "subject": "*",
        "time": close_time(day),
        "datacontenttype": "application/json",
        "data": {"closed_date": date.fromordinal(day.ordinal).isoformat()},
    }


def encode_day_closed(day: Day) -> bytes:
    """Return the canonical bytes of the end of a day."""
    return _ENCODER.encode(day_closed(day))
