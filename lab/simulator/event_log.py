"""Records the events of one borrower: numbers them, and collects those of the day.

Shared by the account, the loans and the statements of one borrower. Invariant: the number of an
event depends on this borrower's own earlier events alone.
"""

from lab.simulator.days import Day
from lab.simulator.events import Fields, SimulatedEvent


class EventLog:
    """The events of one borrower on the current day."""

    def __init__(self, *, borrower_no: int, borrower_id: str) -> None:
        self.borrower_no = borrower_no
        self.borrower_id = borrower_id
        self._count = 0
        self._today: list[SimulatedEvent] = []
        self._delayed: dict[int, list[SimulatedEvent]] = {}

    def book(
        self,
        type_: str,
        data: Fields,
        *,
        day: Day,
        second: int,
        source: str,
        corrects_id: str | None = None,
    ) -> str:
        """Book an event on the day and return its id."""
        self._count += 1
        event = SimulatedEvent(
            second=second,
            borrower_no=self.borrower_no,
            no=self._count,
            type=type_,
            source=source,
            id=f"{self.borrower_id}-{self._count:06d}",
            subject=self.borrower_id,
            time=day.stamp(second),
            data=data,
            corrects_id=corrects_id,
        )
        self._today.append(event)
        return event.id

    def delay(self, event_id: str, *, day: Day) -> None:
        """Book the last event on a later day instead, with the same data."""
        event = self._today.pop()
        if event.id != event_id:
            raise ValueError(f"only the last event, {event.id}, can be delayed, not {event_id}")
        late = event._replace(time=day.stamp(event.second))
        self._delayed.setdefault(day.ordinal, []).append(late)

    def take(self, *, ordinal: int) -> list[SimulatedEvent]:
        """Return the events of the day, delayed ones included, and start the next day."""
        today, self._today = self._today, []
        return today + self._delayed.pop(ordinal, [])
