"""Distress: the figures are late because they are bad.

Business fades over half a year. The firm does not send its statements because of what they would
show; the account shows the same more slowly. For borrowers without statements it is a
fading business and nothing more.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin, ramp


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return a fading business that stops reporting."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=335)
    return Story(
        name="statement_withheld",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.75, 0.9)),
        distress_start=begins,
    )


def _world(begins: int, fall: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    fallen = ramp(since=begins, ordinal=ordinal, days=130)
    return Conditions(
        revenue_ratio=1.0 - fall * fallen, withholds_statements=True, loses_confidence=True
    )
