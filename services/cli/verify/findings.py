"""What a verification found, and whether it holds."""

from dataclasses import dataclass, field

MOST_SHOWN = 20


@dataclass(slots=True)
class Findings:
    """Counts and differences; `verified` is the verdict."""

    borrowers: int = 0
    events: int = 0
    risk_events: int = 0
    told: int = 0
    offered: int = 0
    duplicates: int = 0
    quarantined: int = 0
    waiting: int = 0
    mismatches: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def applied(self) -> int:
        """Return how many records are in the ledger."""
        return self.events

    @property
    def verified(self) -> bool:
        """Return whether everything is as promised and nothing is left to do."""
        return self.mismatches == 0 and self.waiting == 0

    def differs(self, what: str) -> None:
        """Note a difference; the first few are kept for the reader."""
        self.mismatches += 1
        if len(self.differences) < MOST_SHOWN:
            self.differences.append(what)

    def waits(self, what: str, amount: int) -> None:
        """Note work that is not done yet: not wrong, but nothing can be promised about it."""
        if amount:
            self.waiting += amount
            self.differences.append(f"{what}: {amount}")

    def as_json(self) -> dict[str, int | bool]:
        """Return the object of `--json`."""
        return {
            "borrowers": self.borrowers,
            "events": self.events,
            "risk_events": self.risk_events,
            "told": self.told,
            "mismatches": self.mismatches,
            "offered": self.offered,
            "applied": self.applied,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "waiting": self.waiting,
            "verified": self.verified,
        }
