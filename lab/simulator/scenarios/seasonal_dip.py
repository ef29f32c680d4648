"""Not distress: a strongly seasonal business in its low months.

The borrower is given a steep season (see `operations`), and from time to time the low months are
weaker than planned. Receipts fall by half and the balance shrinks, as they do every year; the
reserve built in the high months carries the firm, and every instalment is paid.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return a year with a weak low season of about two months."""
    begins = start + int(horizon_days * rng.uniform(0.45, 0.7))
    script = partial(_world, begins, begins + rng.randint(45, 70), rng.uniform(0.82, 0.92))
    return Story(name="seasonal_dip", is_distress=False, script=script)


def _world(begins: int, ends: int, ratio: float, ordinal: int) -> Conditions:
    return Conditions(revenue_ratio=ratio) if begins <= ordinal < ends else ORDINARY
