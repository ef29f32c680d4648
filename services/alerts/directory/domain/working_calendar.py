"""The working hours and days of the bank, for deadlines in working time.

The calendar is data: time zone, opening hours, free weekdays and holidays. Arithmetic is on local
wall-clock time day by day, so a change of daylight saving moves no deadline by an hour.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A calendar without any working day would search for ever; no bank closes for a year.
_MOST_DAYS_SEARCHED = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """The working hours of the bank. `free_weekdays` counts Monday as 0."""

    timezone: ZoneInfo
    opens: time = time(9)
    closes: time = time(17)
    free_weekdays: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError(f"opens {self.opens} must be before closes {self.closes}")
        if len(self.free_weekdays) > 6:
            raise ValueError("free_weekdays leaves no working day in the week")

    @property
    def day_length(self) -> timedelta:
        """Returns the length of one working day."""
        day = date(2000, 1, 3)
        return datetime.combine(day, self.closes) - datetime.combine(day, self.opens)

    def is_working_day(self, day: date) -> bool:
        """Returns whether a day is a working day."""
        return day.weekday() not in self.free_weekdays and day not in self.holidays

    def next_working_day(self, day: date) -> date:
        """Returns the first working day after a day."""
        for distance in range(1, _MOST_DAYS_SEARCHED + 1):
            candidate = day + timedelta(days=distance)
            if self.is_working_day(candidate):
                return candidate
        raise ValueError(f"no working day within {_MOST_DAYS_SEARCHED} days after {day}")

    def add_working_days(self, day: date, count: int) -> date:
        """Returns the day that is `count` working days after a day."""
        for _ in range(count):
            day = self.next_working_day(day)
        return day

    def closing_time(self, day: date) -> datetime:
        """Returns the moment, in UTC, when the bank closes on a day."""
        return datetime.combine(day, self.closes, tzinfo=self.timezone).astimezone(UTC)

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """Returns the moment when `duration` of working time has passed since `start`, in UTC.

        A start outside working hours counts from the next opening; a deadline that falls on
        closing time stays on that day.
        """
        local = start.astimezone(self.timezone)
        day, clock = local.date(), local.time().replace(tzinfo=None)
        if not self.is_working_day(day) or clock >= self.closes:
            day, clock = self.next_working_day(day), self.opens
        moment = datetime.combine(day, max(clock, self.opens))
        remaining = duration
        while moment + remaining > datetime.combine(moment.date(), self.closes):
            remaining -= datetime.combine(moment.date(), self.closes) - moment
            moment = datetime.combine(self.next_working_day(moment.date()), self.opens)
        return (moment + remaining).replace(tzinfo=self.timezone).astimezone(UTC)

    def working_time_between(self, begin: datetime, end: datetime) -> timedelta:
        """Returns the working time between two moments; none if the end is not later."""
        first, last = (moment.astimezone(self.timezone) for moment in (begin, end))
        total, day = timedelta(0), first.date()
        while day <= last.date():
            if self.is_working_day(day):
                opens, closes = (
                    datetime.combine(day, clock, tzinfo=self.timezone)
                    for clock in (self.opens, self.closes)
                )
                # Moments of one zone are compared and subtracted by their wall clock.
                total += max(timedelta(0), min(closes, last) - max(opens, first))
            day += timedelta(days=1)
        return total
