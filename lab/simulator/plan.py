"""A borrower's planned receipts and payments of one month, before money runs short.

Firms and households write into a `Plan`; it spreads payments over business days and records what
was earned and spent, from which the statements are made later. Invariant: a payment is never
planned for a day that has passed.
"""

from dataclasses import dataclass, field
from random import Random

from lab.simulator.accounts import CashFlow
from lab.simulator.days import Calendar, month_length, month_start
from lab.simulator.scenarios.conditions import Script

MORNING = 8 * 3600
SPREAD_SECONDS = 8 * 3600


@dataclass(slots=True)
class Earned:
    """One month on an accrual basis, in minor units."""

    revenue: float = 0.0
    purchases: float = 0.0
    fixed_costs: float = 0.0
    drained: float = 0.0
    new_debt: float = 0.0


@dataclass(slots=True)
class Plan:
    """The planned payments of one borrower."""

    rng: Random
    calendar: Calendar
    script: Script
    flows: dict[int, list[CashFlow]] = field(default_factory=dict)
    earned: dict[int, Earned] = field(default_factory=dict)
    confidence: float = 1.0
    """The share of the sales that is left after customers learnt of unpaid instalments."""
    today: int = 0

    def add(self, ordinal: int, flow: CashFlow) -> None:
        """Plan a payment for a day, or for the next business day."""
        ordinal = self.calendar.business_day(max(ordinal, self.today))
        self.flows.setdefault(ordinal, []).append(flow)

    def day_in(self, month_index: int, day_of_month: int) -> int:
        """Return the ordinal of a day of a month, at most its last day."""
        inside = min(day_of_month, month_length(month_index))
        return month_start(month_index).toordinal() + inside - 1

    def second(self) -> int:
        """Return a moment of the working day."""
        return MORNING + int(self.rng.random() * SPREAD_SECONDS)

    def noisy(self, amount: float, spread: float = 0.08) -> int:
        """Return an amount with everyday noise, in minor units, never below one unit."""
        return max(100, int(amount * max(0.3, self.rng.gauss(1.0, spread))))
