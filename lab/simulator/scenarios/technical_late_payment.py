"""Not distress: the bank's own mistake makes a payment late.

The collection file is lost or the money is credited to a suspense account; the borrower had the
money on the due date. The collection fails for a TECHNICAL reason and the payment is booked some
days later, flagged as technical, with the due date as its value date.
"""

from random import Random

from lab.simulator.scenarios.conditions import Mishap, Story, ordinary


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return an ordinary life with one or two due dates that the bank got wrong."""
    first = max(2, horizon_days // 60)
    mishaps = {
        first + step * 2: Mishap(days_late=rng.randint(5, 9), is_technical=True)
        for step in range(rng.randint(1, 2))
    }
    return Story(name="technical_late_payment", is_distress=False, script=ordinary, mishaps=mishaps)
