"""Distress: profitable on paper, out of cash.

Two large debtors stop paying on time and suppliers demand payment in advance. Direct debits bounce
within weeks; rent and taxes are returned before the first instalment is.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin, ramp


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return a crunch that comes within six weeks."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=265)
    return Story(
        name="cash_flow_crunch",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.6, 0.75)),
        distress_start=begins,
    )


def _world(begins: int, fall: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    tightened = ramp(since=begins, ordinal=ordinal, days=45)
    return Conditions(
        revenue_ratio=1.0 - fall * tightened,
        cost_ratio=1.0 + 0.25 * tightened,
        collection_delay_days=int(30 * tightened),
        loses_confidence=True,
    )
