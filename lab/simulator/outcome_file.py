"""Writes the outcomes of a run to a file, for measuring warnings afterwards.

Columns `borrower_id, event_date, scenario, distress_start, first_missed`; a date that never came
is empty.
"""

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from services.scoring.domain.portfolio.outcomes import BorrowerOutcome

COLUMNS = ("borrower_id", "event_date", "scenario", "distress_start", "first_missed")


def write(path: Path, outcomes: Iterable[BorrowerOutcome]) -> None:
    """Write the outcomes, one borrower a line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for outcome in outcomes:
            writer.writerow(
                (
                    outcome.borrower_id,
                    _iso(outcome.event),
                    outcome.group,
                    _iso(outcome.distress),
                    _iso(outcome.first_missed),
                )
            )


def _iso(ordinal: int | None) -> str:
    return "" if ordinal is None else date.fromordinal(ordinal).isoformat()
