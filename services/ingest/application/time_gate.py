"""Keeps events out that lie ahead of their time; called by the gate for all events.

The clock is this process's own, which is compared with PostgreSQL's every second: while they differ
by a minute or more nothing is taken and nothing is quarantined. While the database does not answer,
what was read last goes on: an accepted event needs no database.

Must stay true: a load of history is judged by the closes that are in the log before the event,
those of the same request included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from services.contracts.control import DayClosedV1
from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData, business_date_field
from services.ingest.application.errors import Unavailable
from services.ingest.domain.reasons import Refusal
from services.ingest.domain.time_guard import EventTime, OpenLoad, TimeGuard, TimeWindow
from services.kit.clock import Clock
from services.kit.clock_agreement import MAX_DISAGREEMENT, difference

READ_EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadsReading:
    """What the database knows at one moment."""

    now: datetime
    loads: Sequence[OpenLoad]


class OpenLoads(Protocol):
    """The loads of history that are open."""

    async def read(self) -> LoadsReading:
        """Returns them with the database's clock.

        Raises:
            Unavailable: If the database does not answer.
        """
        ...


class TimeGate:
    """Judges events by the time guard; one for a process."""

    def __init__(self, *, guard: TimeGuard, loads: OpenLoads, clock: Clock) -> None:
        self._guard = guard
        self._source = loads
        self._clock = clock
        self._loads: list[OpenLoad] = []
        self._windows: dict[tuple[str, bool], TimeWindow] = {}
        self._read_at: float | None = None
        # Whether the database was asked since the present request began.
        self._is_current = False
        self._disagreement = ""

    async def begin(self) -> None:
        """Prepares for events that are judged now.

        Raises:
            Unavailable: While the clocks of this process and of PostgreSQL disagree.
        """
        self._is_current = False
        read_at = self._read_at
        if read_at is None or self._clock.monotonic_seconds() - read_at >= READ_EVERY_SECONDS:
            # Windows last until the next reading: what is past their end is judged by `refusal`.
            self._windows = {}
            await self._read()
        if self._disagreement:
            raise Unavailable(self._disagreement)

    def admits(self, event: CloudEvent[EventData]) -> bool:
        """Returns whether an event lies inside its source's window."""
        source, is_close = event.source, isinstance(event.data, DayClosedV1)
        window = self._windows.get((source, is_close))
        if window is None:
            load = self._clock_of(event)
            window = self._guard.window(source, now=self._clock.now(), load=load)
            self._windows[source, is_close] = window
        return window.admits(event.time, _business_day(event)[0])

    async def refusal(self, event: CloudEvent[EventData]) -> Refusal | None:
        """Returns why an event that is not admitted is refused, by what the database knows now.

        A load may have been opened a moment ago, and one that is known goes on with each close.
        """
        if not self._is_current or self._clock_of(event) is not None:
            await self._read()
        day, field = _business_day(event)
        return self._guard.refusal(
            EventTime(source=event.source, booked=event.time, business_day=day, field=field),
            now=self._clock.now(),
            load=self._clock_of(event),
        )

    def _clock_of(self, event: CloudEvent[EventData]) -> OpenLoad | None:
        """Returns the load whose clock counts; a close is compared with the wall clock only.

        It moves the load's clock on, so one after a gap would otherwise wait for itself.
        """
        return None if isinstance(event.data, DayClosedV1) else self.load_of(event.source)

    def load_of(self, source: str) -> OpenLoad | None:
        """Returns the open load to which a source belongs."""
        return next((load for load in self._loads if load.has(source)), None)

    def note_close(self, source: str, closed: date) -> None:
        """Moves the load of a source on; the table has the close once its request is over."""
        self._loads = [load.closed_on(closed) if load.has(source) else load for load in self._loads]
        self._windows = {}

    async def _read(self) -> None:
        self._is_current = True
        before, known = self._clock.now(), self._loads
        try:
            reading = await self._source.read()
        except Unavailable:
            return
        self._read_at = self._clock.monotonic_seconds()
        self._loads = [_newest(load, known) for load in reading.loads]
        self._windows = {}
        apart = difference(reading.now, before=before, after=self._clock.now())
        self._disagreement = (
            f"the clock of PostgreSQL differs by {apart.total_seconds():+.0f} s from this process's"
            if abs(apart) >= MAX_DISAGREEMENT
            else ""
        )


def _newest(load: OpenLoad, known: Sequence[OpenLoad]) -> OpenLoad:
    """Returns a load with the close that an open request has made, if that is later."""
    for each in known:
        if each.id == load.id and each.last_close is not None:
            load = load.closed_on(each.last_close)
    return load


def _business_day(event: CloudEvent[EventData]) -> tuple[date | None, str]:
    """Returns the business day and its field; of a close none, which its own rules judge."""
    data = event.data
    field = business_date_field(type(data))
    if field is None or isinstance(data, DayClosedV1):
        return None, ""
    day: date = getattr(data, field)
    return day, field
