"""What really happened to each borrower: the answer sheet of a backtest.

A CSV file with `borrower_id,event_date` and, where known, the group to report by and the day on
which trouble began (`tocsin simulate` writes both). An empty date is one that never came.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.cli.errors import CommandError
from services.cli.evaluate.reading import opened_outcomes, read_day

NEEDED: Final = ("borrower_id", "event_date")
GROUPS: Final = ("scenario", "group")
BEGINNING: Final = "distress_start"
EVERYBODY: Final = "all"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One borrower's; days are ordinals, ``None`` for what never came.

    Args:
        event: The failing event.
        distress: Since when the borrower was in trouble, with or without an event in the end.
    """

    borrower_id: str
    event: int | None
    group: str
    distress: int | None

    @property
    def is_healthy(self) -> bool:
        """Return whether no warning about it could have been right."""
        return self.event is None and self.distress is None


def read_outcomes(path: Path) -> dict[str, Outcome]:
    """Return the outcomes by borrower.

    Raises:
        CommandError: If a column is missing, a date is none, or a borrower stands there twice.
    """
    with opened_outcomes(path) as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0]) if rows else []
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise CommandError(
            f"{path}: {' and '.join(missing)} missing in its first line, or it has no other.",
            remedy="The columns are borrower_id,event_date and perhaps scenario,distress_start.",
        )
    found: dict[str, Outcome] = {}
    for number, row in enumerate(rows, start=2):
        outcome = _outcome(path, number, row)
        if outcome.borrower_id in found:
            raise CommandError(
                f"{path} line {number}: {outcome.borrower_id} stands there twice.",
                remedy="Give one line a borrower: its first event.",
            )
        found[outcome.borrower_id] = outcome
    return found


def _outcome(path: Path, number: int, row: dict[str, str]) -> Outcome:
    group = next((row[name] for name in GROUPS if row.get(name)), EVERYBODY)
    place = f"{path} line {number}"
    return Outcome(
        borrower_id=row["borrower_id"],
        event=read_day(place, "event_date", row["event_date"]),
        group=group,
        distress=read_day(place, BEGINNING, row.get(BEGINNING)),
    )
