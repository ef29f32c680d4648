"""Distress: growth on borrowed money that does not pay back.

New lenders appear, the money goes into plant, and their instalments come on top of ours. Sales
rise for half a year before the debt service eats the account.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin, ramp

EXPANSION_DAYS = 100


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return an expansion on credit and what follows."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=365)
    return Story(
        name="over_leverage",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.4, 0.5)),
        distress_start=begins,
    )


def _world(begins: int, debt_service: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    grown = ramp(since=begins, ordinal=ordinal, days=EXPANSION_DAYS)
    faded = ramp(since=begins + EXPANSION_DAYS, ordinal=ordinal, days=120)
    return Conditions(
        revenue_ratio=1.0 + 0.10 * grown - 0.65 * faded,
        new_debt_ratio=debt_service * grown,
        loses_confidence=faded > 0.0,
    )
