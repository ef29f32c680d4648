"""Reads files of outcomes: what happened to each borrower, for measuring warnings afterwards.

A CSV file with `borrower_id,event_date` and, where known, the group to report by (`scenario` or
`group`), `distress_start`, the day on which trouble began, and `first_missed`, the first day on
which an instalment was not paid; an empty date is one that never came.
`tocsin simulate` writes all of them. An error names the line and the field.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import IO, Final

from services.cli.errors import CommandError
from services.scoring.domain.portfolio.outcomes import EVERYBODY, BorrowerOutcome

NEEDED: Final = ("borrower_id", "event_date")
GROUPS: Final = ("scenario", "group")
DISTRESS: Final = "distress_start"
FIRST_MISSED: Final = "first_missed"
COLUMNS: Final = (
    "The columns are borrower_id,event_date and perhaps scenario,distress_start,first_missed."
)
Outcomes = dict[str, BorrowerOutcome]


def read_outcomes(path: Path) -> Outcomes:
    """Return the outcomes by borrower.

    Raises:
        CommandError: If a column is missing, a date is not one, or a borrower has two lines.
    """
    outcomes: Outcomes = {}
    with _opened(path) as file:
        rows = csv.DictReader(file)
        header = [name.strip() for name in rows.fieldnames or ()]
        missing = [name for name in NEEDED if name not in header]
        if missing:
            raise CommandError(
                f"{path} line 1: the header is {','.join(header) or 'missing'}, without "
                f"{' and '.join(missing)}.",
                remedy=COLUMNS,
            )
        rows.fieldnames = header
        for row in rows:
            outcome = _outcome(f"{path} line {rows.line_num}", row)
            if outcome.borrower_id in outcomes:
                raise CommandError(
                    f"{path} line {rows.line_num}: {outcome.borrower_id} has another line above; "
                    "no borrower may stand in the file twice.",
                    remedy="Give one line a borrower: its first event.",
                )
            outcomes[outcome.borrower_id] = outcome
    return outcomes


def _outcome(line: str, row: dict[str, str]) -> BorrowerOutcome:
    if None in row or None in row.values() or not row["borrower_id"]:
        raise CommandError(
            f"{line}: there are more or fewer fields than in the header, or no borrower_id.",
            remedy="Leave event_date empty for a borrower without an event.",
        )
    return BorrowerOutcome(
        borrower_id=row["borrower_id"],
        event=_day(line, "event_date", row["event_date"]),
        group=next((row[name] for name in GROUPS if row.get(name)), EVERYBODY),
        distress=_day(line, DISTRESS, row.get(DISTRESS, "")),
        first_missed=_day(line, FIRST_MISSED, row.get(FIRST_MISSED, "")),
    )


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.", remedy=COLUMNS) from error


def _day(line: str, name: str, text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() if text else None
    except ValueError as error:
        raise CommandError(
            f"{line}: {name} {text!r} is not a date.",
            remedy="Write it as 2026-03-31, or leave it empty.",
        ) from error


def part_from(text: str) -> tuple[int, int]:
    """Return (k, n) of "k/n"."""
    first, _, parts = text.partition("/")
    if first.isdigit() and parts.isdigit() and 1 <= int(first) <= int(parts):
        return int(first), int(parts)
    raise CommandError(f"--part {text} is not a part.", remedy="Write it as 1/2 or 2/2.")


def is_in_part(borrower_id: str, part: tuple[int, int]) -> bool:
    """Return whether a borrower belongs to the k-th of n parts, with all its assessments."""
    return part_of(borrower_id, part[1]) == part[0] - 1


def part_of(borrower_id: str, parts: int) -> int:
    """Return the part that a borrower falls into, the same on every machine."""
    return int.from_bytes(blake2b(borrower_id.encode(), digest_size=6).digest(), "big") % parts
