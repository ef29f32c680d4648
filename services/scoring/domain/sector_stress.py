"""How stressed a sector is against its own past: what is published for X-02.

Called by whoever measures the portfolio at a month's end. Must stay true: whole sums until the
division, and no figure from too short a past or from one that never moved.
"""

import math
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.measurement import MICRO, micro_ratio, rounded_quotient

PAST_MONTHS: Final = 24
FEWEST_MONTHS: Final = 12


@dataclass(slots=True)
class SectorMonth:
    """A sector at one month-end: all exposure, and that in high risk or worse."""

    month: int
    exposure_minor: int
    stressed_minor: int

    @property
    def share(self) -> int:
        """Return the stressed share, micro-units."""
        return micro_ratio(self.stressed_minor, self.exposure_minor) if self.exposure_minor else 0


def z_score(past: list[SectorMonth], now: SectorMonth) -> int | None:
    """Return (share now - mean of the past) / standard deviation, micro-units.

    The past are the last 24 month-ends before, the deviation is that of the population. None with
    fewer than twelve, and where the past never moved.
    """
    shares = [one.share for one in sorted(past, key=_month)[-PAST_MONTHS:]]
    count = len(shares)
    if count < FEWEST_MONTHS:
        return None
    total = sum(shares)
    # count x count x variance, exactly.
    spread = count * sum(share * share for share in shares) - total * total
    if spread == 0:
        return None
    deviation = math.isqrt(spread * MICRO * MICRO)
    return rounded_quotient((count * now.share - total) * MICRO * MICRO, deviation)


def _month(one: SectorMonth) -> int:
    return one.month
