"""The conditions that a story sets for a borrower on one day, and the interface of a story.

A story never changes an event, a balance or an indicator. It sets conditions (revenue, customers,
costs, discipline), and the simulated borrower reacts: the account empties, debits bounce,
instalments stay open. Invariant: the conditions of a day depend on the day and on what was drawn
when the story was written, never on when they are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Conditions:
    """How one day differs from an ordinary one. The defaults are an ordinary day."""

    revenue_ratio: float = 1.0
    """Sales or salary, against the plan."""
    key_customer_ratio: float = 1.0
    """What the largest customer still buys; 0 when it has left."""
    cost_ratio: float = 1.0
    """Purchase costs against the plan, for the same sales."""
    drain_ratio: float = 0.0
    """Money taken out beyond the plan, as a share of the planned monthly revenue."""
    collection_delay_days: int = 0
    """How much later than agreed customers pay."""
    takes_line_excess: bool = False
    """The bank honours debits above the limit, up to a tenth of it."""
    can_borrow: bool = True
    """The line may still be drawn."""
    capital_in_ratio: float = 0.0
    """What the owner brings in that day, as a share of the planned monthly revenue."""
    new_debt_ratio: float = 0.0
    """New borrowing elsewhere and its investment, as a share of the planned monthly revenue."""
    loses_confidence: bool = False
    """Arrears drive further customers away."""
    withholds_statements: bool = False
    has_ceased: bool = False
    """No business any more: nothing comes in, nobody pays."""


ORDINARY = Conditions()


@dataclass(frozen=True, slots=True)
class Mishap:
    """A due date that goes wrong for a reason that is not distress."""

    days_late: int
    is_technical: bool


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario as it happens to one borrower."""

    name: str
    is_distress: bool
    script: "Script"
    distress_start: int | None = None
    """Ordinal of the first day with changed conditions; none for healthy borrowers."""
    fails_on: int | None = None
    """Ordinal of the failing event itself, when that is not an instalment 90 days past due."""
    mishaps: Mapping[int, Mishap] = field(default_factory=dict)
    """By the position of the due date among the borrower's due dates of the run."""


class Script(Protocol):
    """The conditions of a story, day by day."""

    def __call__(self, ordinal: int) -> Conditions:
        """Return the conditions of one day."""
        ...


def ordinary(ordinal: int) -> Conditions:
    """Return ordinary conditions for any day."""
    return ORDINARY


def ramp(*, since: int, ordinal: int, days: int) -> float:
    """Return how far a change that takes `days` has come, from 0 to 1."""
    if ordinal < since:
        return 0.0
    return min(1.0, (ordinal - since + 1) / days)


KNOWN_BEFORE_DAYS = 200
"""How long a borrower is seen in good times first, where the run is long enough."""


def begin(rng: Random, *, start: int, horizon_days: int, takes_days: int) -> int:
    """Draw the day on which a story begins, so that most of it fits into the run.

    Args:
        rng: The borrower's random numbers.
        start: Ordinal of the first day of the run.
        horizon_days: Length of the run.
        takes_days: How long the story takes to its end, roughly.
    """
    latest = max(horizon_days // 10, horizon_days - takes_days)
    earliest = min(KNOWN_BEFORE_DAYS, latest * 6 // 10)
    return start + rng.randint(earliest, latest)
