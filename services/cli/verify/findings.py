"""The findings of a verification: counts, differences, and the verdict."""

from dataclasses import asdict, dataclass, field

MOST_SHOWN = 20


@dataclass(slots=True)
class VerifyFindings:
    """Counts and differences; `verified` is the verdict.

    Attributes:
        isolated: Borrowers that the worker folds no further; compared up to their marks.
        unfolded: Their events behind the marks, which wait in the ledger.
        waiting: Work that is under way.
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
    differences: list[str] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        """Return whether nothing differs and no work is left."""
        return self.mismatches == 0 and self.waiting == 0

    def differs(self, difference: str) -> None:
        """Count a difference; the first few are listed."""
        self.mismatches += 1
        if len(self.differences) < MOST_SHOWN:
            self.differences.append(difference)

    def waits(self, work: str, amount: int) -> None:
        """Count work that is not done yet: not wrong, but it prevents a verdict."""
        if amount:
            self.waiting += amount
            self.differences.append(f"{work}: {amount}")

    def as_json(self) -> dict[str, int | bool]:
        """Return the object of `--json`."""
        counts = asdict(self)
        del counts["differences"]
        return {
            "events": self.applied,
            "told": counts.pop("linked_events"),
            **counts,
            "verified": self.verified,
        }
