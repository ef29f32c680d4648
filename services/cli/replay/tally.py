"""What became of the events: counts by verdict, and an example of each reason.

Read from the receipt that ingest answers with: one item for each event, in the order sent.
"""

from collections import Counter
from dataclasses import dataclass, field

from services.cli.errors import CommandError

ACCEPTED = "accepted"
PARKED = "parked"
Verdict = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One event that was not accepted: where it is in the file, and why not."""

    line: int
    detail: str


@dataclass(slots=True)
class Tally:
    """The running account of a replay."""

    offered: int = 0
    batches: int = 0
    retries: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Example] = field(default_factory=dict)

    def add(self, verdicts: list[Verdict], *, first_line: int) -> None:
        """Count the verdicts of one batch."""
        self.batches += 1
        self.offered += len(verdicts)
        for place, verdict in enumerate(verdicts):
            status = str(verdict.get("status"))
            self.statuses[status] += 1
            if status != ACCEPTED:
                self._note(verdict, line=first_line + place)

    @property
    def is_all_taken(self) -> bool:
        """Tell whether each event was accepted, or waits only for its account to become known."""
        return self.statuses[ACCEPTED] + self.statuses[PARKED] == self.offered

    def _note(self, verdict: Verdict, *, line: int) -> None:
        reason = str(verdict.get("reason", verdict.get("status")))
        self.reasons[reason] += 1
        if reason not in self.examples:
            where = verdict.get("pointer") or ""
            detail = f"{where} {verdict.get('detail', '')}".strip()
            self.examples[reason] = Example(line=line, detail=detail)


def verdicts_of(answer: object, *, sent: int) -> list[Verdict]:
    """Return the verdicts in an answer.

    Raises:
        CommandError: If the answer has not one verdict for each event.
    """
    found = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(found, list) or len(found) != sent:
        raise CommandError(
            f"The answer holds no verdict for each of the {sent} events; is this ingest?",
            remedy="Check --url: it must be the address of the ingest service.",
        )
    return found
