"""Encodes simulated events as canonical CloudEvents, validated by the contracts."""

from datetime import date

from lab.simulator.days import Day, close_time
from lab.simulator.events import CALENDAR, Fields, SimulatedEvent
from services.contracts.validation import validate


def encode(event: SimulatedEvent) -> bytes:
    """Returns the canonical bytes of an event.

    Raises:
        EventRejected: If ingest would refuse it.
    """
    return validate(envelope(event)).value


def envelope(event: SimulatedEvent) -> Fields:
    """Returns an event as a CloudEvent."""
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
    """Returns the core bank's own end of a day."""
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
    """Returns the canonical bytes of the end of a day."""
    return validate(day_closed(day)).value
