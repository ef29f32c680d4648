"""Not distress: the borrower changed banks and forgot the mandate once.

One collection fails because the mandate was cancelled; two weeks and a call later the borrower
transfers the money and renews the mandate. The account was never short.
"""

from random import Random

from lab.simulator.scenarios.conditions import Mishap, Story, ordinary


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return an ordinary life with one payment that comes one to three weeks late."""
    position = max(2, int(horizon_days / 30 * rng.uniform(0.4, 0.8)))
    mishaps = {position: Mishap(days_late=rng.randint(9, 20), is_technical=False)}
    return Story(name="one_off_late_payer", is_distress=False, script=ordinary, mishaps=mishaps)
