"""Two logs of one history: in good order, and as events arrive at banks.

The closes are the same in both. In the disordered log things come up to `late` days late, booked
when they happened (a queue that stopped) or when they came (dated back), in any order inside a day,
with mistakes that are reversed or amended.
"""

from dataclasses import dataclass, replace
from random import Random

from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.primitives.vocabulary import AMENDMENT_OF
from tests.fakes.story import SOURCE
from tests.fakes.units import DAY_US, UNIX_DAY
from tests.histories.happenings import DAYS, Thing, booked

DAYS_AFTER = 2
# On how many days before the last ones the books are closed.
CLOSES = (0, 1, 2, 2, 3, 5)
HASTE = 0.25
FIRST = 1_000


@dataclass
class Arrived:
    """A history's two logs. ``is_disturbed``: whether they differ."""

    orderly: list[Event]
    disordered: list[Event]

    @property
    def is_disturbed(self) -> bool:
        """Return whether anything came otherwise than it should."""
        return self.orderly != self.disordered


def arrive(things: list[Thing], first_day: int, stretch: int, chance: Random) -> Arrived:
    """Return the two logs of things that happen from a day on."""
    last = first_day + (DAYS - 1) * stretch
    orderly: list[Placed] = []
    disordered: list[Placed] = []
    latest: dict[str, tuple[int, float]] = {}
    for position, thing in enumerate(things):
        orderly += [
            ((thing.day, position - FIRST * thing.is_first), event) for event in thing.events
        ]
        arrived = _as_it_arrives(thing, chance)
        moments = _moments(thing, len(arrived), last, chance)
        if thing.must_follow:
            moments = [max(moment, latest.get(thing.must_follow, moment)) for moment in moments]
            latest[thing.must_follow] = moments[-1]
        for moment, event in zip(moments, arrived, strict=True):
            disordered.append((moment, booked(event, moment[0]) if thing.is_back_dated else event))
    closes = _closes(first_day, last, chance)
    return Arrived(_woven(orderly, closes), _woven(disordered, closes))


Placed = tuple[tuple[int, float], Event]


def _moments(thing: Thing, count: int, last: int, chance: Random) -> list[tuple[int, float]]:
    """Return when each event of a thing arrives, in order: a day and a position inside it."""
    day, moments = min(thing.day + thing.late, last), []
    for _ in range(count):
        moments.append((day, chance.random() - FIRST * thing.is_first))
        # What comes first of its day is corrected on that day too.
        day = day if thing.is_first else min(last, day + chance.choice((0, 0, 0, 1, 4)))
    return sorted(moments)


def _as_it_arrives(thing: Thing, chance: Random) -> list[Event]:
    """Return what arrives: mistakes and their corrections too, now and then the wrong way round."""
    if not thing.only_in_disorder:
        events = list(thing.events)
        if len(events) > 1 and chance.random() < HASTE:
            events.reverse()
        return events
    if len(thing.only_in_disorder) > 1:
        return thing.only_in_disorder + thing.events
    (wrong,) = thing.only_in_disorder
    amended = replace(thing.events[0], corrects_id=wrong.id, correction_kind=AMENDMENT_OF)
    return [wrong, amended]


def _closes(first_day: int, last: int, chance: Random) -> list[DayClosed]:
    """Return the closes of a few days, and of the last ones; the days between stay unclosed."""
    days = {chance.randint(first_day, last) for _ in range(chance.choice(CLOSES))}
    days.update(range(last + 1, last + 1 + DAYS_AFTER))
    return [close_of(day) for day in sorted(days)]


def close_of(day: int) -> DayClosed:
    """Return the close of a day."""
    at_us = (day - UNIX_DAY) * DAY_US + 79_200_000_000
    return DayClosed(SOURCE, f"closed-{day}", EVERYBODY, at_us, day, None, 0, closed_day=day)


def _woven(placed: list[Placed], closes: list[DayClosed]) -> list[Event]:
    """Return events in their order, each close after everything of its day."""
    at_close = [((close.closed_day, 2.0**30), close) for close in closes]
    return [event for _, event in sorted([*placed, *at_close], key=_moment)]


def _moment(placed: tuple[tuple[int, float], Event]) -> tuple[int, float]:
    return placed[0]
