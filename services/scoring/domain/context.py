"""What the log has said to everybody: rulebook in force, calendars, rates, stress of sectors.

Made by `timeline` from the control events of a partition and passed to every fold. Must stay true:
a context never changes once made, so a day close that waits for its sweep keeps the one that was in
force at its place in the log.
"""

from dataclasses import dataclass, field, replace

from services.scoring.domain.calendars import Calendars
from services.scoring.domain.facts import Borrower
from services.scoring.domain.rates import Rates
from services.scoring.domain.rulebook import Rulebook, Rules
from services.scoring.domain.vocabulary import SEGMENTS


@dataclass(slots=True)
class Context:
    """What is in force at a place of the log.

    Remembers which rules apply to which kind of borrower, because every event asks.

    Args:
        since_day: The business date whose close brought the rulebook: that close judges every
            borrower afresh. 0 for the one that is in force from the start.
        calendars: The days off by calendar.
        calendars_day: The business date whose close moves due dates by a calendar published since.
        rates: Exchange rates, None while none was published.
        sector_z: How stressed each sector is, by the beginning of its industry codes.
        stress_day: The business date whose close brought that.
        stress_until: The last business date on which that counts.
    """

    rulebook: Rulebook
    since_day: int = 0
    calendars: Calendars = field(default_factory=dict)
    calendars_day: int = 0
    rates: Rates | None = None
    sector_z: dict[str, int] = field(default_factory=dict)
    stress_day: int = 0
    stress_until: int = 0
    _named: frozenset[str] = field(init=False, default=frozenset(), repr=False)
    _by_kind: dict[tuple[int, str], Rules] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Note which borrowers have rules of their own."""
        named = (overlay.borrower_id for overlay in self.rulebook.overlays)
        self._named = frozenset(one for one in named if one is not None)

    def rules_for(self, borrower: Borrower) -> Rules:
        """Return the rules that apply to the borrower."""
        profile = borrower.profile
        kind = (profile.segment, profile.industry_code)
        if borrower.borrower_id in self._named:
            return self._resolve(kind, borrower.borrower_id)
        rules = self._by_kind.get(kind)
        if rules is None:
            rules = self._by_kind[kind] = self._resolve(kind, "")
        return rules

    def _resolve(self, kind: tuple[int, str], borrower_id: str) -> Rules:
        rules = self.rulebook.rules_for(SEGMENTS[kind[0]], kind[1], borrower_id)
        z = self._sector_z(kind[1])
        if z is None:
            return rules
        return replace(rules, sector_z=z, sector_until=self.stress_until)

    def _sector_z(self, industry: str) -> int | None:
        """Return how stressed the sector of an industry is, by its longest beginning."""
        for length in range(len(industry), 0, -1):
            z = self.sector_z.get(industry[:length])
            if z is not None:
                return z
        return None
