"""Distress: a working-capital line that finances losses.

Customers pay later and later, and the line bridges it. It is never cleaned down, then passes its
limit; the bank honours the excess for two months and then stops. From that day debits bounce.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin, ramp

HONOURED_DAYS = 110


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return a line that fills up and is stopped."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=305)
    return Story(
        name="line_overuse",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.4, 0.52)),
        distress_start=begins,
    )


def _world(begins: int, loss: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    grown = ramp(since=begins, ordinal=ordinal, days=90)
    honoured = ordinal < begins + HONOURED_DAYS
    return Conditions(
        revenue_ratio=1.0 - 0.4 * grown,
        cost_ratio=1.0 + loss * grown,
        collection_delay_days=int(25 * grown),
        takes_line_excess=honoured,
        can_borrow=honoured,
        loses_confidence=True,
    )
