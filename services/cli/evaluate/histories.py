"""Each borrower's assessments in order of time, and what a state or a cut would have told when.

A spell is an unbroken time at or above a state; leaving it for less than 60 days does not break it.
The warning that counts is the first one of the spell that led to the event: an old alarm that was
long over is no early warning.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

SPELL_BREAKS_AFTER_DAYS: Final = 60


@dataclass(slots=True)
class History:
    """Parallel lists in ascending order of days; ``event`` is the day of the event or ``None``."""

    borrower_id: str
    segment: str
    event: int | None
    days: list[int] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)

    @property
    def observed_days(self) -> int:
        """Return for how many days the borrower was watched."""
        return self.days[-1] - self.days[0]


def entries(history: History, rank: int) -> list[int]:
    """Return the days on which the borrower came to this state or a worse one."""
    found, before = [], 0
    for day, now in zip(history.days, history.ranks, strict=True):
        if now >= rank > before:
            found.append(day)
        before = now
    return found


def lead_days(history: History, rank: int) -> int | None:
    """Return how long before the event the last spell at this state began, ``None`` if none led up.

    Only for a borrower with an event.
    """
    start: int | None = None
    left: int | None = None
    for day, now in zip(history.days, history.ranks, strict=True):
        if now >= rank:
            if start is None or (left is not None and day - left >= SPELL_BREAKS_AFTER_DAYS):
                start = day
            left = None
        elif start is not None and left is None:
            left = day
    event = history.event
    if start is None or event is None:
        return None
    if left is not None and event - left >= SPELL_BREAKS_AFTER_DAYS:
        return None
    return event - start


def alerts_above(history: History, cut: float, silence_days: int) -> list[int]:
    """Return the days of alerts: the figure comes to the cut, and none was given lately."""
    found: list[int] = []
    above = False
    for day, figure in zip(history.days, history.figures, strict=True):
        if figure >= cut:
            if not above and (not found or day - found[-1] > silence_days):
                found.append(day)
            above = True
        else:
            above = False
    return found


def quantiles(figures: Iterable[int]) -> tuple[float, float, float] | None:
    """Return the quartiles, interpolated between neighbours; ``None`` of nothing."""
    ordered = sorted(figures)
    if not ordered:
        return None
    return _at(ordered, 0.25), _at(ordered, 0.5), _at(ordered, 0.75)


def _at(ordered: list[int], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
