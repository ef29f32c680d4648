"""Distress that has only begun when the run ends: what officers see most of.

The same fading business as elsewhere, begun some three to five months before the end. There is no
failing event yet; whoever warns is right to.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, ramp


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return a fading business whose end lies beyond the run."""
    begins = start + max(horizon_days // 2, horizon_days - rng.randint(90, 140))
    return Story(
        name="just_begun",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.5, 0.8)),
        distress_start=begins,
    )


def _world(begins: int, fall: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    faded = ramp(since=begins, ordinal=ordinal, days=70)
    return Conditions(revenue_ratio=1.0 - fall * faded, cost_ratio=1.0 + 0.15 * faded)
