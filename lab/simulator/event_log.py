"""How one borrower's systems speak: numbers its events and keeps the day's record.

Shared by the account, the loans and the books of one borrower. Invariant: the number of an event
depends on this borrower's own earlier events alone.
"""

from lab.simulator.days import Day
from lab.simulator.events import Fields, SimulatedEvent


class EventLog:
    """The outgoing record of one borrower for the current day."""

    def __init__(self, *, borrower_no: int, borrower_id: str) -> None:
        self.borrower_no = borrower_no
        self.borrower_id = borrower_id
        self._spoken = 0
        self._today: list[SimulatedEvent] = []
        self._later: dict[int, list[SimulatedEvent]] = {}

    def say(
        self,
        type_: str,
        data: Fields,
        *,
        day: Day,
        second: int,
        source: str,
        corrects_id: str | None = None,
    ) -> str:
        """Book an event now and return its id."""
        self._spoken += 1
        event = SimulatedEvent(
            second=second,
            borrower_no=self.borrower_no,
            no=self._spoken,
            type=type_,
            source=source,
            id=f"{self.borrower_id}-{self._spoken:06d}",
            subject=self.borrower_id,
            time=day.stamp(second),
            data=data,
            corrects_id=corrects_id,
        )
        self._today.append(event)
        return event.id

    def hold_back(self, event_id: str, *, day: Day) -> None:
        """Book the last event only on a later day; what it says stays as it was."""
        held = self._today.pop()
        if held.id != event_id:
            raise ValueError(f"only the last event can be held back: {held.id} is, {event_id} not")
        late = held._replace(time=day.stamp(held.second))
        self._later.setdefault(day.ordinal, []).append(late)

    def take(self, *, ordinal: int) -> list[SimulatedEvent]:
        """Return what was booked today, held-back events included, and start afresh."""
        today, self._today = self._today, []
        held = self._later.pop(ordinal, None)
        if held:
            today += held
        return today
