"""The findings of a verification: counts, differences, and the verdict."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum

MOST_SHOWN = 20
# A borrower that is assessed every day differs in each assessment after the first that does.
MOST_OF_A_SUBJECT = 5


class VerifyVerdict(StrEnum):
    """What a verification says of everything that it compared."""

    VERIFIED = "verified"
    UNDER_WAY = "under way"
    NOT_VERIFIED = "not verified"


@dataclass(slots=True)
class VerifyFindings:
    """Counts and differences, and the verdict that follows from them.

    Attributes:
        isolated: Borrowers that the worker folds no further; compared up to their marks.
        unfolded: Their events behind the marks, which wait in the ledger.
        waiting: Work that is under way.
        stopped: Partitions that only a person lets go on.
    """

    borrowers: int = 0
    applied: int = 0
    risk_events: int = 0
    linked_events: int = 0
    offered: int = 0
    duplicates: int = 0
    quarantined: int = 0
    isolated: int = 0
    unfolded: int = 0
    waiting: int = 0
    mismatches: int = 0
    stopped: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    under_way: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> VerifyVerdict:
        """Return the verdict: work that is under way is no difference, but no verification."""
        if self.mismatches or self.stopped:
            return VerifyVerdict.NOT_VERIFIED
        return VerifyVerdict.UNDER_WAY if self.waiting else VerifyVerdict.VERIFIED

    @property
    def verified(self) -> bool:
        """Return whether nothing differs and no work is left."""
        return self.verdict is VerifyVerdict.VERIFIED

    @property
    def obstacles(self) -> list[str]:
        """Return what prevents the verification: differences, stops, then work under way."""
        return [*self.differences, *self.stopped, *self.under_way]

    def differs(self, difference: str) -> None:
        """Count a difference; the first few are listed, and the first few of each borrower."""
        self.mismatches += 1
        subject = difference.partition(": ")[0]
        shown = sum(each.startswith(f"{subject}: ") for each in self.differences)
        if len(self.differences) < MOST_SHOWN and shown < MOST_OF_A_SUBJECT:
            self.differences.append(difference)

    def waits(self, work: str, amount: int) -> None:
        """Count work that is not done yet: not wrong, but it prevents a verdict."""
        if amount:
            self.waiting += amount
            self.under_way.append(f"{work}: {amount:,}")

    def as_json(self) -> dict[str, int | bool | str]:
        """Return the object of `--json`."""
        counts = asdict(self)
        del counts["differences"], counts["under_way"], counts["stopped"]
        return {
            "events": self.applied,
            "told": counts.pop("linked_events"),
            **counts,
            "stopped": len(self.stopped),
            "verified": self.verified,
            "verdict": self.verdict.value,
        }
