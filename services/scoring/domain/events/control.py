"""Events that go to every partition: day close, rulebook, calendar, rates, sectors; see `event`."""

from dataclasses import dataclass

from services.scoring.domain.events.event import Event


@dataclass(slots=True)
class DayClosed(Event):
    """The bank's business day `closed_day` is over; written to every partition."""

    closed_day: int


@dataclass(slots=True)
class DayCloseWithdrawn(Event):
    """The close that `closed_source` and `closed_id` name is left out from here on."""

    closed_day: int
    closed_source: str
    closed_id: str

    def names(self, event: Event) -> bool:
        """Return whether an event is the close that this one withdraws."""
        is_same = event.source == self.closed_source and event.id == self.closed_id
        return is_same and isinstance(event, DayClosed)


@dataclass(slots=True)
class RulebookActivated(Event):
    """From the next day boundary on another rulebook decides; written to every partition.

    `digest` is ``sha256:`` and the SHA-256 of the document, so that another text under the same
    name and version is found.
    """

    name: str
    version: str
    digest: str
    effective_day: int


@dataclass(slots=True)
class CalendarPublished(Event):
    """The days off of a calendar from `from_day` up to before `to_day`, in every partition."""

    calendar: str
    from_day: int
    to_day: int
    holidays: list[int]


@dataclass(slots=True)
class FxPublished(Event):
    """Rates of one day; the lists are parallel, the rates scaled by `money.SCALE`."""

    rate_day: int
    base_currency: str
    currencies: list[str]
    rates: list[int]


@dataclass(slots=True)
class SectorStressPublished(Event):
    """How stressed each sector is, by the beginning of its industry codes; for every partition."""

    measured_day: int
    z_micro: dict[str, int]
