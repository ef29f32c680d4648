"""Judges one component by thresholds and knots: a figure in, a level and an intensity g out.

Boundary convention: a threshold states whether equality counts (``>`` or ``>=``), as the
catalogue prints it. Direction follows from the sign: ``>`` means that more is worse. The level
comes from the thresholds and the intensity from the knots, so at an edge they may differ
(domain reading 3).
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    HARD,
    MICRO,
    RED,
    rounded_quotient,
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit in micro-units; ``rising`` when more is worse, ``strict`` when equality is fine."""

    value: int
    rising: bool
    strict: bool

    @property
    def operator(self) -> str:
        """Return the sign as the catalogue prints it, such as ``>=``."""
        return (">" if self.rising else "<") + ("" if self.strict else "=")

    def reached(self, figure: int) -> bool:
        """Return whether the figure is on the bad side."""
        if figure == self.value:
            return not self.strict
        return (figure > self.value) == self.rising


@dataclass(frozen=True, slots=True)
class ComponentRule:
    """How the rulebook judges one component: levels by thresholds, intensity by knots.

    ``knots_at`` ascends; ``knots_g`` has the intensity at each, in micro-units. Between knots the
    line is straight, outside it is flat. From ``good`` on, the other way, a figure is a positive
    signal.
    """

    name: str
    amber: Threshold | None
    red: Threshold | None
    hard: Threshold | None
    knots_at: tuple[int, ...]
    knots_g: tuple[int, ...]
    good: Threshold | None = None

    def level(self, figure: int) -> int:
        """Return GREEN, AMBER, RED or HARD."""
        if self.hard is not None and self.hard.reached(figure):
            return HARD
        if self.red is not None and self.red.reached(figure):
            return RED
        if self.amber is not None and self.amber.reached(figure):
            return AMBER
        return GREEN

    def intensity(self, figure: int) -> int:
        """Return g in micro-units, from 0 to 1,000,000."""
        knots_g = self.knots_g
        if not knots_g:
            return 0
        index = bisect_right(self.knots_at, figure)
        if 0 < index < len(knots_g):
            return self._between(index, figure)
        return knots_g[index - 1] if index else knots_g[0]

    def _between(self, index: int, figure: int) -> int:
        left, right = self.knots_at[index - 1], self.knots_at[index]
        low, high = self.knots_g[index - 1], self.knots_g[index]
        if low == high:
            return low
        return low + rounded_quotient((high - low) * (figure - left), right - left)


def default_knots(
    amber: Threshold | None, red: Threshold | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the default knots of a component: 0.4 at amber, 1 at red, the same line down to 0.

    The line ends at the figure 0 at the latest: no days past due are no reason for anything. One
    threshold alone is a yes/no component: 0.4 at amber, 1 at red, and 0 before it.
    """
    if amber is None and red is None:
        return (), ()
    if amber is None or red is None or amber.value == red.value:
        only = red if red is not None else amber
        assert only is not None
        return _step(only, MICRO if red is not None else 400_000)
    step = red.value - amber.value
    sign = 1 if step > 0 else -1
    at_amber = amber.value or sign
    green_edge = amber.value - rounded_quotient(step * 2, 3)
    if green_edge * at_amber < 0:
        green_edge = 0
    if step > 0:
        return (green_edge, at_amber, red.value), (0, 400_000, MICRO)
    return (red.value, at_amber, green_edge), (MICRO, 400_000, 0)


def _step(threshold: Threshold, intensity: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if threshold.rising:
        edge = threshold.value if threshold.strict else threshold.value - 1
        return (edge, edge + 1), (0, intensity)
    edge = threshold.value if threshold.strict else threshold.value + 1
    return (edge - 1, edge), (intensity, 0)


def patched_component(
    component: ComponentRule | None, patch: ComponentRule | None
) -> ComponentRule | None:
    """Return the patch; from where on a figure is good stays unless the patch states it."""
    if patch is None or component is None or patch.good is not None:
        return patch or component
    return replace(patch, good=component.good)
