"""Distress: the customer that buys half of everything leaves; for a person, the job is gone.

Receipts of the key customer stop from one month to the next. Purchases shrink with the sales, but
payroll, rent and instalments do not. The reserve goes first, then the line, then debits bounce.
Word spreads: other customers buy elsewhere when a firm stops paying.
"""

from functools import partial
from random import Random

from lab.simulator.scenarios.conditions import ORDINARY, Conditions, Story, begin, ramp


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return the loss of the main customer some months into the run."""
    begins = begin(rng, start=start, horizon_days=horizon_days, takes_days=275)
    return Story(
        name="lost_main_customer",
        is_distress=True,
        script=partial(_world, begins, rng.uniform(0.45, 0.65)),
        distress_start=begins,
    )


def _world(begins: int, further_loss: float, ordinal: int) -> Conditions:
    if ordinal < begins:
        return ORDINARY
    fallen = ramp(since=begins, ordinal=ordinal, days=120)
    return Conditions(
        revenue_ratio=1.0 - further_loss * fallen, key_customer_ratio=0.0, loses_confidence=True
    )
