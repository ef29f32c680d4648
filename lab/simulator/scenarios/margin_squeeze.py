"""Distress: purchase prices rise and cannot be passed on.

Sales are stable, so receipts seem healthy. Each month a little less is left; statements show the
margin first. When reserve and line are used up, instalments are paid late, in part, then not at
all.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin, ramp


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return costs that climb over four months and stay."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=335)
    return Story(
        name="margin_squeeze",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.55, 0.75)),
        distress_start=begins,
    )


def _world(begins: int, rise: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    risen = ramp(since=begins, ordinal=ordinal, days=100)
    return Conditions(
        cost_ratio=1.0 + rise * risen, revenue_ratio=1.0 - 0.2 * risen, loses_confidence=True
    )
