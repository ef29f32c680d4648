"""What applies to everybody at a place of the log: rulebook, calendars, rates, sector stress.

Made by `timeline` from the control events of a partition and passed to every fold. Must stay true:
a context never changes once made, so a day close that waits for its sweep has the one that was in
force at its place in the log.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import full_months
from services.scoring.domain.primitives.money import Rates
from services.scoring.domain.primitives.vocabulary import (
    BULLET,
    BULLET_LOANS,
    LOAN_TYPES,
    SEGMENTS,
    TERM,
)
from services.scoring.domain.rulebook.calendars import Calendars
from services.scoring.domain.rulebook.data_profile import DATA_PROFILES, data_profile_of
from services.scoring.domain.rulebook.rulebook import (
    BorrowerTraits,
    Rulebook,
    Rules,
    TraitsKey,
    cuts_key,
)

LONGEST_MONTH_DAYS: Final = 31


@dataclass(slots=True)
class Context:
    """What is in force at a place of the log.

    Caches which rules apply to which kind of borrower, because every event needs them.

    Args:
        since_day: The business date whose close brought the rulebook: that close judges every
            borrower again. 0 for the one that is in force from the start.
        calendars: The days off by calendar.
        calendars_day: The business date whose close moves due dates by a calendar published since.
        rates: Exchange rates, None while none was published.
        sector_z: How stressed each sector is, by the beginning of its industry codes.
        stress_day: The business date whose close brought that.
        stress_until: The last business date on which that counts.
        needs_traits: An overlay is for a product or an age of the firm.
        facts_of_kind: The bits of `touched` that may change which rules apply.
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
    _by_kind: dict[tuple[int, str, str], Rules] = field(
        init=False, default_factory=dict, repr=False
    )
    _by_traits: dict[TraitsKey, Rules] = field(init=False, default_factory=dict, repr=False)
    _with_cuts: frozenset[tuple[int, str]] = field(init=False, default=frozenset(), repr=False)
    needs_traits: bool = field(init=False, default=False, repr=False)
    facts_of_kind: int = field(init=False, default=touched.PROFILE, repr=False)
    _oldest_days: int = field(init=False, default=0, repr=False)

    def __post_init__(self) -> None:
        """Note which borrowers have rules of their own."""
        named = (overlay.borrower_id for overlay in self.rulebook.overlays)
        self._named = frozenset(borrower_id for borrower_id in named if borrower_id is not None)
        if self.rulebook.by_product or self.rulebook.ages:
            self.needs_traits = True
            if self.rulebook.by_product:
                self.facts_of_kind |= touched.LOANS
            self._oldest_days = max(self.rulebook.ages, default=0) * LONGEST_MONTH_DAYS
        self._with_cuts = frozenset(
            (segment, name)
            for segment in range(len(SEGMENTS))
            for name in DATA_PROFILES
            if cuts_key(SEGMENTS[segment], name) in self.rulebook.cuts
        )

    def rules_for(self, borrower: Borrower, day: int = 0) -> Rules:
        """Return the rules that apply to the borrower, on the day or the last one closed."""
        profile = borrower.profile
        kind = (profile.segment, profile.industry_code, self._data_profile_of(borrower))
        if self.has_traits(borrower, day):
            return self._rules_by_traits(borrower, kind[2], day)
        if borrower.borrower_id in self._named:
            return self._resolve(kind, borrower.borrower_id)
        rules = self._by_kind.get(kind)
        if rules is None:
            rules = self._by_kind[kind] = self._resolve(kind, "")
        return rules

    def has_traits(self, borrower: Borrower, day: int = 0) -> bool:
        """Return whether its loans or its age may make a difference: nearly never its age.

        As of the day or the last one closed; what is too old for it stays so.
        """
        if not self.needs_traits or self.rulebook.by_product:
            return self.needs_traits
        profile = borrower.profile
        if profile.start_day is None:
            return False
        on = day or borrower.counters.closed_day or profile.known_day
        return on - profile.start_day <= self._oldest_days

    def _data_profile_of(self, borrower: Borrower) -> str:
        """Return the data profile, empty where the segment has no cuts of its own for it."""
        if not self._with_cuts:
            return ""
        name = data_profile_of(borrower)
        return name if (borrower.profile.segment, name) in self._with_cuts else ""

    def _rules_by_traits(self, borrower: Borrower, data_profile: str, day: int) -> Rules:
        """Return the rules where an overlay is for a product or an age of the firm."""
        rulebook, profile = self.rulebook, borrower.profile
        months = -1
        if rulebook.ages and profile.start_day is not None:
            on = day or max(borrower.counters.closed_day, profile.known_day)
            months = max(0, full_months(profile.start_day, on))
        product = product_of(borrower) if rulebook.by_product else ""
        segment, industry = SEGMENTS[profile.segment], profile.industry_code
        kind = rulebook.kind_of(
            BorrowerTraits(segment, industry, borrower.borrower_id, product, months, data_profile)
        )
        rules = self._by_traits.get(kind.key)
        if rules is None:
            rules = self._with_sector(rulebook.rules_of(kind), industry)
            self._by_traits[kind.key] = rules
        return rules

    def _resolve(self, kind: tuple[int, str, str], borrower_id: str) -> Rules:
        rulebook, (segment, industry, data_profile) = self.rulebook, kind
        traits = BorrowerTraits(SEGMENTS[segment], industry, borrower_id, data_profile=data_profile)
        return self._with_sector(rulebook.rules_of(rulebook.kind_of(traits)), industry)

    def _with_sector(self, rules: Rules, industry: str) -> Rules:
        z = self._sector_z(industry)
        if z is None:
            return rules
        return replace(rules, sector_z=z, sector_until=self.stress_until)

    def _sector_z(self, industry: str) -> int | None:
        """Return how stressed the sector of an industry is, by its longest beginning.

        With its section letter or without.
        """
        if not self.sector_z:
            return None
        for code in (industry, industry[1:] if industry[:1].isalpha() else ""):
            for length in range(len(code), 0, -1):
                z = self.sector_z.get(code[:length])
                if z is not None:
                    return z
        return None


def product_of(borrower: Borrower) -> str:
    """Return the type of all open loans; empty where they differ or there are none.

    Term loans that are all repaid at once are a product of their own; together with other term
    loans they are term loans.
    """
    products = {_product_of(loan) for loan in borrower.loans if loan.closed_day is None}
    if len(products) == 1:
        return products.pop()
    return LOAN_TYPES[TERM] if products == {LOAN_TYPES[TERM], BULLET_LOANS} else ""


def _product_of(loan: Loan) -> str:
    is_bullet = loan.loan_type == TERM and loan.repayment_type == BULLET
    return BULLET_LOANS if is_bullet else LOAN_TYPES[loan.loan_type]
