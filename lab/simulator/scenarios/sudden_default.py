"""Distress without a warning: one morning the business is gone.

A fraud, a death, a fire. Until the day before everything is as planned; from that day nothing
comes in and nobody pays. The failing event is the day itself, so no system can be early: a few
of these in the portfolio make the hit rate realistic.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story

CEASED = Conditions(has_ceased=True, withholds_statements=True)


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return an end out of the blue."""
    ends = start + int(horizon_days * rng.uniform(0.55, 0.75))
    return Story(
        name="sudden_default",
        is_distress=True,
        script=partial(_world, ends),
        distress_start=ends,
        fails_on=ends,
    )


def _world(ends: int, ordinal: int) -> Conditions:
    return CEASED if ordinal >= ends else ORDINARY
