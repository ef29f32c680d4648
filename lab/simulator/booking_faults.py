"""Faults between systems that are part of every bank's day: late bookings and charge-backs.

Repeated and malformed records and accounts that are registered too late are for the demo
(`delivery.py`), which counts them exactly. Invariant: the same seed gives the same faults.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class BookingFaults:
    """The shares of bookings with a fault."""

    late_ratio: float = 0.01
    charge_back_ratio: float = 0.004

    def is_late(self, rng: Random) -> bool:
        """Return whether a booking reaches the bank's systems days after its value date."""
        return rng.random() < self.late_ratio

    def is_charged_back(self, rng: Random) -> bool:
        """Return whether a payer objects to a debit."""
        return rng.random() < self.charge_back_ratio


EVERYDAY = BookingFaults()
NONE = BookingFaults(late_ratio=0.0, charge_back_ratio=0.0)
