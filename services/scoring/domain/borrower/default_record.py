"""Records the facts of a borrower's default: the only source of its state and of every regime.

`regimes.life_cycle` and the state machine write it; all labels are derived from it, so they cannot
contradict each other. Empty for a borrower that never was in trouble. Days are ordinals, 0 means
never or not running.
"""

from dataclasses import dataclass
from typing import Final

# Why a default began, as bits of `DefaultRecord.causes`.
COUNTED_DAYS: Final = 1
UNLIKELY: Final = 2
INSOLVENCY: Final = 4
RESTRUCTURED_AT_LOSS: Final = 8
JOINT_DEBTORS: Final = 16
# Non-performing by the supervisor's reporting rules, and no default by CRR 178.
WRITTEN_OFF: Final = 32
RELAPSED: Final = 64
OTHER_RULE: Final = 128
NON_PERFORMING_ONLY: Final = RELAPSED | OTHER_RULE


@dataclass(slots=True)
class DefaultRecord:
    """The default of one borrower.

    Args:
        since: Since when it is non-performing: from the first trigger until it is cured.
        causes: What led there and was added since, as bits.
        defaulted_day: When DEFAULT was last entered.
        exposure_minor: The exposure when it began. The materiality of what is past due is never
            measured against more, so that a growing exposure ends no default.
        npa_since: Since when the account is non-performing in India.
    """

    since: int = 0
    causes: int = 0
    defaulted_day: int = 0
    exposure_minor: int = 0
    npa_since: int = 0

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

    def end(self) -> None:
        """Note that the default is over; when it was entered stays known."""
        self.since = self.causes = self.exposure_minor = 0
