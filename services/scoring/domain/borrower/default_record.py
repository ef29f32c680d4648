"""Records the facts of a borrower's default: the only source of its state and of every regime.

`regimes.life_cycle` and the state machine write it; all labels are derived from it, so they cannot
contradict each other. Empty for a borrower that never was in trouble. Days are ordinals, 0 means
never or not running.
"""

from dataclasses import dataclass, field
from typing import Final

# Why a default began, as bits of `DefaultRecord.causes`.
COUNTED_DAYS: Final = 1
UNLIKELY: Final = 2
INSOLVENCY: Final = 4
RESTRUCTURED_AT_LOSS: Final = 8
JOINT_DEBTORS: Final = 16
# Non-performing by the supervisor's reporting rules, and no default by CRR 178.
LOSS: Final = 32
SALE: Final = 64
RELAPSED: Final = 128
OTHER_RULE: Final = 256
NON_PERFORMING_ONLY: Final = RELAPSED | OTHER_RULE


@dataclass(slots=True)
class FacilityDefault:
    """The default of one loan or line, where retail is counted facility by facility.

    Args:
        name: The loan or line in which it began.
        since: Since when.
        clear_since: First day close of the present run without arrears and with all proven.
    """

    name: str
    since: int
    clear_since: int = 0


@dataclass(slots=True)
class DefaultRecord:
    """The default of one borrower.

    Args:
        since: Since when it is non-performing: from the first trigger until it is cured.
        causes: What led there and was added since, as bits.
        defaulted_day: When DEFAULT was last entered.
        reopened_day: When a borrower with a loss was last lent to again.
        sales: The loans sold by the event, each with its loss, -1 unknown. Never stored.
        exposure_minor: The exposure when it began. The materiality of what is past due is never
            measured against more, so that a growing exposure ends no default.
        npa_since: Since when the account is non-performing in India.
        upgraded_measure_day: The newest concession after which India upgraded the account.
        observed_since: Since when China observes the claim: non-performing or restructured.
        observed_measure_day: The newest concession of which the observation is over.
        is_substandard: Whether it is substandard at best in China while it is observed.
        observed_clear_since: First day close of the present run without anything unpaid in it.
        non_cash_since: Since when arrears were extinguished that cash has not equalled, 0 for none.
        held: The stage, Indian class and Chinese tier from before, the best while that is so.
        facilities: The defaults of single loans and lines that are not cured.
    """

    since: int = 0
    causes: int = 0
    defaulted_day: int = 0
    reopened_day: int = 0
    exposure_minor: int = 0
    npa_since: int = 0
    upgraded_measure_day: int = 0
    observed_since: int = 0
    observed_measure_day: int = 0
    is_substandard: bool = False
    observed_clear_since: int = 0
    non_cash_since: int = 0
    held: list[int] = field(default_factory=list)
    facilities: list[FacilityDefault] = field(default_factory=list)
    sales: list[tuple[str, int]] = field(default_factory=list, compare=False, repr=False)

    @property
    def tested_since(self) -> int:
        """Return since when arrears must have been paid in cash, 0 where nothing must be."""
        if not (self.since or self.npa_since or self.observed_since or self.non_cash_since):
            # Nearly everybody, and this runs for every event.
            return min((each.since for each in self.facilities), default=0)
        starts = self.since, self.npa_since, self.observed_since, self.non_cash_since
        facilities = [each.since for each in self.facilities]
        return min(start for start in (*starts, *facilities) if start)

    @property
    def is_non_performing(self) -> bool:
        """Return whether any regime has it as non-performing."""
        return bool(self.since or self.npa_since or self.is_substandard)

    def hold(self, day: int, labels: list[int]) -> None:
        """Note arrears extinguished without cash, and the labels from before."""
        self.non_cash_since = min(self.non_cash_since or day, day)
        known = self.held or [0] * len(labels)
        self.held = [max(pair) for pair in zip(known, labels, strict=True)]

    @property
    def is_default_by_law(self) -> bool:
        """Return whether it is a default by CRR 178, not only a non-performing exposure."""
        return bool(self.since and self.causes & ~NON_PERFORMING_ONLY)

    @property
    def is_by_days_only(self) -> bool:
        """Return whether nothing but counted days led there."""
        return self.causes == COUNTED_DAYS

    def begin(self, causes: int, day: int, exposure_minor: int) -> None:
        """Note a default from the day on, or another cause of one that lasts."""
        if not self.since:
            self.since, self.causes, self.exposure_minor = day, 0, exposure_minor
        self.causes |= causes

    def take_back(self) -> None:
        """End a default that never was one, and the observation that began with it."""
        if self.observed_since >= self.since:
            self.observed_since = self.observed_clear_since = 0
            self.is_substandard = False
        self.end()

    def end(self) -> None:
        """Note that the default is over; when it was entered stays known."""
        self.since = self.causes = self.exposure_minor = 0
