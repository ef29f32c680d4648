"""Distress: money is taken out faster than it is earned.

An owner supports another venture, a household spends more than it has. Sales are as planned; the
outflow to related parties and in cash grows month by month until the account lives from one
receipt to the next; then the neglected business (or the overtime that is no longer paid) falls
away too.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin, ramp


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return a drain that grows over five months."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=325)
    return Story(
        name="slow_drain",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.5, 0.65)),
        distress_start=begins,
    )


def _world(begins: int, drain: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    grown = ramp(since=begins, ordinal=ordinal, days=120)
    neglected = ramp(since=begins + 120, ordinal=ordinal, days=60)
    return Conditions(
        drain_ratio=drain * grown,
        revenue_ratio=1.0 - 0.2 * grown - 0.4 * neglected,
        loses_confidence=True,
    )
