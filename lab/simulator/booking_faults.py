"""What goes wrong between systems on purpose, and how often.

Late bookings and charge-backs are part of every bank's day. Repeated and malformed records and
accounts that are known too late are for the demo (`delivery.py`), which counts them exactly.
Invariant: with the same seed the same records are in faults.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class BookingFaults:
    """Shares of bookings that go wrong."""

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
