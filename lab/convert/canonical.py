"""Writes canonical events for the converters: validated by the contracts, in time order.

A converter that would write an event which ingest refuses fails here, with the field's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from services.contracts.control import DayClosedV1
from services.contracts.envelope import EVERYBODY, CloudEvent
from services.contracts.fields import EventData
from services.contracts.registry import type_name
from services.contracts.validation import validate
from services.scoring.domain.primitives.dates import next_business_day

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Label:
    """The outcome of one borrower: the day of its event, ``None`` where there was none."""

    borrower_id: str
    event_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who an event comes from: the source's name, and the zone in which its days are days."""

    source: str
    zone: ZoneInfo

    def write(self, data: EventData, *, id: str, subject: str, at: datetime) -> bytes:
        """Returns one event as a line of NDJSON, without the line's end.

        Raises:
            EventRejected: If ingest would refuse it.
        """
        event = CloudEvent(
            id=id,
            source=self.source,
            type=type_name(data),
            subject=subject,
            time=at,
            data=data,
        )
        return validate(msgspec.to_builtins(event)).value

    def close(self, day: date) -> bytes:
        """Return the end of a day, booked at the first moment of the next one."""
        return self.write(
            DayClosedV1(closed_date=day),
            id=f"day-closed:{day.isoformat()}",
            subject=EVERYBODY,
            at=self.moment(day + timedelta(days=1), hour=0),
        )

    def closes(self, day: date, later: timedelta) -> Iterator[bytes]:
        """Yield the ends of a day, of the first business day after it, and of a later one.

        What must last for some business days begins to count on a business day.
        """
        following = date.fromordinal(next_business_day(day.toordinal()))
        for closed_day in (day, following, day + later):
            yield self.close(closed_day)

    def moment(self, day: date, *, hour: int, second: int = 0) -> datetime:
        """Return a moment of a day in the source's zone; seconds count from the full hour."""
        return datetime.combine(day, time(hour, second // 60 % 60, second % 60), tzinfo=self.zone)


def plain(amount: Decimal) -> str:
    """Returns an amount as the wire has it: a decimal string, never in scientific notation."""
    return format(amount, "f")


def cents(text: str) -> Decimal:
    """Return an amount with two decimals from the text of a number."""
    return Decimal(text).quantize(CENT)
