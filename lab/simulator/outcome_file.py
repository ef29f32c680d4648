"""The labels as a file: what happened to whom, for measuring afterwards.

Columns `borrower_id, event_date, scenario, distress_start`; a date that never came is empty.
"""

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from services.scoring.domain.portfolio.outcomes import BorrowerOutcome

COLUMNS = ("borrower_id", "event_date", "scenario", "distress_start")


def write(path: Path, labels: Iterable[BorrowerOutcome]) -> None:
    """Write the labels, one borrower a line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for label in labels:
            writer.writerow(
                (
                    label.borrower_id,
                    _iso(label.event),
                    label.group,
                    _iso(label.distress),
                )
            )


def _iso(ordinal: int | None) -> str:
    return "" if ordinal is None else date.fromordinal(ordinal).isoformat()
