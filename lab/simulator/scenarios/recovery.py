"""Distress that heals: some bad months, arrears of some weeks, and a cure.

A fire in the workshop, a strike, a delayed project: sales break away for months. The account runs
dry and an instalment or two is late. Then business returns, the owner brings money in, and
everything is paid. There is no failing event; whoever warned was right to.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin

BAD_DAYS = 120


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return some bad months and the way out of them."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=225)
    return Story(
        name="recovery",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.1, 0.2)),
        distress_start=begins,
    )


def _world(begins: int, left: float, ordinal: int) -> Conditions:
    if begins + BAD_DAYS <= ordinal < begins + BAD_DAYS + 31:
        return Conditions(capital_in_ratio=0.7)
    if not begins <= ordinal < begins + BAD_DAYS:
        return ORDINARY
    return Conditions(revenue_ratio=left)
