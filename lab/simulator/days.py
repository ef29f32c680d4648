"""The calendar that all simulated borrowers share: business days, months, local hours as UTC.

A run uses the same few hundred dates for each borrower, so each date is computed once. Invariants:
`ordinal` is `date.toordinal()`; local booking hours are those of the bank's time zone, written as
UTC; events are booked between 03:00 and 23:00 local time only, so a booking never falls on another
date than its local one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

BANK_TIMEZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Day:
    """One local business date of the bank."""

    ordinal: int
    iso: str
    month: int
    month_index: int
    day_of_month: int
    is_business: bool
    is_month_end: bool
    utc_hours: int
    """Hours to subtract from the local time to get UTC."""

    def stamp(self, second: int) -> str:
        """Return the RFC 3339 time of a second of this local day, in UTC."""
        utc = second - self.utc_hours * 3600
        return f"{self.iso}T{utc // 3600:02d}:{utc % 3600 // 60:02d}:{utc % 60:02d}Z"


class Calendar:
    """The dates of one run, in order, with room before and after it."""

    def __init__(self, start: date, days: int) -> None:
        self.start = start
        self.days = days
        self._zone = ZoneInfo(BANK_TIMEZONE)
        years = range(start.year - 1, (start + timedelta(days=days)).year + 8)
        self._holidays = {
            day.toordinal() for day in holidays.financial_holidays("ECB", years=years)
        }
        self._computed: dict[int, Day] = {}

    def __iter__(self) -> Iterator[Day]:
        first = self.start.toordinal()
        return (self.day(ordinal) for ordinal in range(first, first + self.days))

    @property
    def first(self) -> int:
        """Return the ordinal of the first day."""
        return self.start.toordinal()

    def day(self, ordinal: int) -> Day:
        """Return the day of an ordinal."""
        day = self._computed.get(ordinal)
        if day is None:
            day = self._computed[ordinal] = self._compute(ordinal)
        return day

    def business_day(self, ordinal: int) -> int:
        """Return the ordinal itself, or of the next business day."""
        while not self.day(ordinal).is_business:
            ordinal += 1
        return ordinal

    def business_days_after(self, ordinal: int, count: int) -> int:
        """Return the ordinal of the `count`-th business day after one."""
        for _ in range(count):
            ordinal = self.business_day(ordinal + 1)
        return ordinal

    def days_off(self, first: int, last: int) -> list[str]:
        """Return the holidays from one ordinal up to before another, as ISO dates."""
        ordinals = sorted(day for day in self._holidays if first <= day < last)
        return [date.fromordinal(ordinal).isoformat() for ordinal in ordinals]

    def _compute(self, ordinal: int) -> Day:
        day = date.fromordinal(ordinal)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=self._zone)
        offset = noon.utcoffset() or timedelta()
        return Day(
            ordinal=ordinal,
            iso=day.isoformat(),
            month=day.month,
            month_index=day.year * 12 + day.month - 1,
            day_of_month=day.day,
            is_business=day.weekday() < 5 and ordinal not in self._holidays,
            is_month_end=(day + timedelta(days=1)).month != day.month,
            utc_hours=int(offset.total_seconds()) // 3600,
        )


def month_start(month_index: int) -> date:
    """Return the first date of a month counted from the year 0."""
    return date(month_index // 12, month_index % 12 + 1, 1)


def month_length(month_index: int) -> int:
    """Return the number of days of a month counted from the year 0."""
    return (month_start(month_index + 1) - month_start(month_index)).days


def close_time(day: Day) -> str:
    """Return the time at which the core bank closes a day: 23:30 local time, as UTC."""
    return day.stamp(23 * 3600 + 1800)


def moment(stamp: str) -> datetime:
    """Return the aware UTC moment of a stamp."""
    return datetime.fromisoformat(stamp).astimezone(UTC)
