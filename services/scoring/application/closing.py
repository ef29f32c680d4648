"""The clock: writes `day.closed` for each finished business date, once, to every partition.

One process leads, by a lock in the database; the others wait. The event's id is made of the
date and its time is the end of that date in the bank's time zone, so a date that is written
twice (a crash between writing and remembering) is a duplicate to every reader.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from services.kit.stream.outbox import Message

SOURCE = "tocsin/clock"
CONTENT_TYPE = (("content-type", b"application/cloudevents+json"),)


class ClosedDates(Protocol):
    """Remembers the last date that was closed; only the leader may ask."""

    async def last(self) -> date | None:
        """Return the last date that was written, or None before the first."""
        ...

    async def remember(self, closed: date) -> None:
        """Store the last date that was written."""
        ...


def finished_dates(now: datetime, *, last: date | None, zone: ZoneInfo) -> Iterator[date]:
    """Yield the dates that are over and not closed; at the very first start only yesterday."""
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    following = yesterday if last is None else last + timedelta(days=1)
    while following <= yesterday:
        yield following
        following += timedelta(days=1)


def close_messages(
    closed: date, *, topic: str, partitions: int, zone: ZoneInfo
) -> Sequence[Message]:
    """Return the close of a date, once for every partition."""
    midnight = datetime.combine(closed + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    event = {
        "specversion": "1.0",
        "id": f"day-closed:{closed.isoformat()}",
        "source": SOURCE,
        "type": "day.closed.v1",
        "subject": "*",
        "time": midnight.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {"closed_date": closed.isoformat()},
    }
    raw = msgspec.json.encode(event, order="sorted")
    return [
        Message(topic=topic, key=None, value=raw, headers=CONTENT_TYPE, to_partition=partition)
        for partition in range(partitions)
    ]
