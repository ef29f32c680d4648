"""Measures how stressed a sector is against its own past: published for X-02.

Called when the portfolio is measured after a month's end. A sector is named by the first two
characters of the industry code: a division of NACE, a sector of NAICS. Stressed is who is in high
risk or worse, probation included. Must stay true: whole sums until the division, and no figure from
too short a past, from too few borrowers, or from a past that never moved.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.borrower.risk import DEFAULT, HIGH_RISK, PROBATION
from services.scoring.domain.primitives.measurement import MICRO, micro_ratio, rounded_quotient

PAST_MONTHS: Final = 24
FEWEST_MONTHS: Final = 12
# One of fewer moves the share by more than five points.
FEWEST_BORROWERS: Final = 20
SECTOR_CHARACTERS: Final = 2
STRESSED: Final = (HIGH_RISK, PROBATION, DEFAULT)


@dataclass(slots=True)
class SectorMonth:
    """A sector at one month-end: all exposure, that in high risk or worse, and of how many."""

    month: int
    exposure_minor: int
    stressed_minor: int
    borrowers: int = FEWEST_BORROWERS

    @property
    def share(self) -> int:
        """Return the stressed share, micro-units."""
        return micro_ratio(self.stressed_minor, self.exposure_minor) if self.exposure_minor else 0


@dataclass(slots=True)
class SectorTally:
    """Adds up the borrowers of one month-end, in any order."""

    month: int
    sectors: dict[str, SectorMonth] = field(default_factory=dict)

    def take(self, industry: str, exposure_minor: int, state: int) -> None:
        """Count a borrower that owes something."""
        if exposure_minor <= 0:
            return
        name = industry[:SECTOR_CHARACTERS]
        sector = self.sectors.get(name)
        if sector is None:
            sector = self.sectors[name] = SectorMonth(self.month, 0, 0, 0)
        sector.exposure_minor += exposure_minor
        sector.borrowers += 1
        if state in STRESSED:
            sector.stressed_minor += exposure_minor


def z_score(past: list[SectorMonth], now: SectorMonth) -> int | None:
    """Return (share now - mean of the past) / standard deviation, micro-units.

    The past are the month-ends of the 24 months before, the deviation is that of the population.
    None with fewer than twelve of them, with too few borrowers now (such month-ends do not count in
    the past either), and where the past never moved.
    """
    if now.borrowers < FEWEST_BORROWERS:
        return None
    shares = [
        month.share
        for month in past
        if now.month - PAST_MONTHS <= month.month < now.month
        and month.borrowers >= FEWEST_BORROWERS
    ]
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
