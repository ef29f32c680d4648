"""What really happened to each borrower: the answer sheet of a backtest.

A CSV file with `borrower_id,event_date` and, where known, the group to report by and the day on
which trouble began (`tocsin simulate` writes both). An empty date is one that never came.
"""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from services.cli.errors import CommandError

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
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
            names = list(rows[0]) if rows else []
    except OSError as error:
        raise CommandError(
            f"Cannot read {path}: {error.strerror}.",
            remedy="Give a file with the columns borrower_id,event_date.",
        ) from error
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
        event=_day(place, "event_date", row["event_date"]),
        group=group,
        distress=_day(place, BEGINNING, row.get(BEGINNING)),
    )


def _day(place: str, name: str, text: str | None) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() if text else None
    except ValueError as error:
        raise CommandError(
            f"{place}: {name} {text!r} is no date.",
            remedy="Write it as 2026-03-31, or leave it empty.",
        ) from error
