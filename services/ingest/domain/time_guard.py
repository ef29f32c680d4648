"""Decides whether an event lies ahead of its time, or so far back that it is a wrong year.

One payment dated a year ahead puts a sound borrower into high risk, and no later event takes that
back. So an event is compared with a clock: the wall clock, or, in a load of history that an
operator opened, the close that the load has reached. Pure: the caller brings both.

A day is one of the bank's time zone, a business day one of the source's calendar: Monday to Friday
where it names none.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from services.ingest.domain.reasons import Refusal, RefusalReason
from services.ingest.domain.sources import may_speak_for

ONE_DAY: Final = timedelta(days=1)
# A load may run this far ahead of its own closes: its topics are not read in step.
DAYS_AFTER_CLOSE: Final = 3
# What is early in a load is judged again this much later: its closes have moved on by then.
LOAD_RETRY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCalendar:
    """The days on which a source books; Monday is weekday 0."""

    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()

    def after(self, day: date, business_days: int) -> date:
        """Returns the day some business days after another one."""
        return self._moved(day, business_days, ONE_DAY)

    def before(self, day: date, business_days: int) -> date:
        """Returns the day some business days before another one."""
        return self._moved(day, business_days, -ONE_DAY)

    def _moved(self, day: date, business_days: int, step: timedelta) -> date:
        while business_days:
            day += step
            if day.weekday() not in self.weekend and day not in self.holidays:
                business_days -= 1
        return day


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTolerance:
    """How far the events of a source may lie from the clock.

    Attributes:
        calendar: The business days of the source.
        seconds_ahead: How much later than the clock an event may be booked.
        business_days_ahead: How many business days after today its business day may be.
        days_back: How many days before today its business day may be, outside a load of history.
    """

    seconds_ahead: int = 300
    business_days_ahead: int = 2
    days_back: int = 3_660
    calendar: BusinessCalendar = BusinessCalendar()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLoad:
    """A load of history that is open.

    Attributes:
        id: Its number.
        sources: The sources that belong to it; one that ends with `*` is a prefix.
        last_close: The latest date that was closed in it, None before the first.
    """

    id: int
    sources: tuple[str, ...]
    last_close: date | None = None

    def has(self, source: str) -> bool:
        """Returns whether a source belongs to the load."""
        return may_speak_for(source, self.sources)

    def closed_on(self, day: date) -> "OpenLoad":
        """Returns the load after a close of it."""
        return replace(self, last_close=max(day, self.last_close or day))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTime:
    """What is compared: when and on which business day the event was booked.

    Attributes:
        field: The field of the business day, empty where the event has none.
    """

    source: str
    booked: datetime
    business_day: date | None = None
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """What the events of one source may be dated at one moment, both ends included."""

    latest: datetime
    first_day: date
    last_day: date

    def admits(self, booked: datetime, business_day: date | None) -> bool:
        """Returns whether an event lies inside."""
        if booked > self.latest:
            return False
        return business_day is None or self.first_day <= business_day <= self.last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGuard:
    """The rules; ``tolerances`` are by source, the first whose pattern matches counts."""

    zone: tzinfo
    usual: TimeTolerance = TimeTolerance()
    tolerances: dict[str, TimeTolerance] = field(default_factory=dict)

    def window(self, source: str, *, now: datetime, load: OpenLoad | None) -> TimeWindow:
        """Returns what the events of a source may be dated now."""
        tolerance = self._tolerance_of(source)
        moment, today = self._clock(now, load)
        return TimeWindow(
            latest=moment + timedelta(seconds=tolerance.seconds_ahead),
            first_day=date.min if load else today - timedelta(days=tolerance.days_back),
            last_day=tolerance.calendar.after(today, tolerance.business_days_ahead),
        )

    def refusal(self, event: EventTime, *, now: datetime, load: OpenLoad | None) -> Refusal | None:
        """Returns why an event is not taken now, with the moment of the next try; None if it is."""
        window = self.window(event.source, now=now, load=load)
        if window.admits(event.booked, event.business_day):
            return None
        is_booked_early = event.booked > window.latest
        day = event.business_day
        if is_booked_early or (day is not None and day > window.last_day):
            return self._early(event, is_booked_early=is_booked_early, now=now, load=load)
        return Refusal(
            reason=RefusalReason.LONG_PAST,
            pointer=f"/data/{event.field}",
            detail=f"/data/{event.field} is {day}, before {window.first_day}, the first day "
            "that is taken outside a load of history",
        )

    def _tolerance_of(self, source: str) -> TimeTolerance:
        for pattern, tolerance in self.tolerances.items():
            if may_speak_for(source, (pattern,)):
                return tolerance
        return self.usual

    def _clock(self, now: datetime, load: OpenLoad | None) -> tuple[datetime, date]:
        """Returns the clock of an event, as a moment and as a day; never past the wall clock."""
        today = now.astimezone(self.zone).date()
        if load is None or load.last_close is None:
            return now, today
        last = min(today, load.last_close + timedelta(days=DAYS_AFTER_CLOSE))
        return min(now, self._midnight(last + ONE_DAY)), last

    def _early(
        self, event: EventTime, *, is_booked_early: bool, now: datetime, load: OpenLoad | None
    ) -> Refusal:
        if is_booked_early:
            pointer, stated = "/time", event.booked.isoformat()
        else:
            pointer, stated = f"/data/{event.field}", str(event.business_day)
        against = "the load has closed" if load and load.last_close else "today is"
        reached = load.last_close if load and load.last_close else now.astimezone(self.zone).date()
        return Refusal(
            reason=RefusalReason.AHEAD_OF_TIME,
            pointer=pointer,
            detail=f"{pointer} is {stated}, and {against} {reached}",
            retry_at=now + LOAD_RETRY if load else self._due(event),
        )

    def _due(self, event: EventTime) -> datetime:
        """Returns the moment from which the event is no longer early."""
        tolerance = self._tolerance_of(event.source)
        booked = event.booked - timedelta(seconds=tolerance.seconds_ahead)
        if event.business_day is None:
            return booked
        first = tolerance.calendar.before(event.business_day, tolerance.business_days_ahead)
        return max(booked, self._midnight(first))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.zone)
