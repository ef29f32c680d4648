"""Reads files of assessments, the lines that `tocsin score` writes.

Used by `tocsin evaluate` and by the training of models. Invariant: an assessment of the day of an
event or later never counts, because it includes the outcome. An error names the line and the field.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import IO, TypeVar

import msgspec
import typer

from services.cli.errors import CommandError
from services.cli.event_files import opened
from services.cli.outcome_files import is_in_part
from services.scoring.domain.portfolio.outcomes import SEVERITY, BorrowerOutcome


class Brief(msgspec.Struct):
    """The fields of an assessment that every evaluation reads."""

    borrower_id: str
    as_of: date
    state: str
    score: str
    segment: str = ""
    cause: str = ""


class Figure(msgspec.Struct):
    """One indicator of an assessment."""

    status: str
    value: str | None = None
    intensity: str | None = None


class Detailed(Brief):
    """An assessment with its indicators and, where a model was given, its PD."""

    indicators: dict[str, Figure] = msgspec.field(default_factory=dict)
    pd: dict[str, object] | None = None
    pd_challenger: dict[str, object] | None = None


RowType = TypeVar("RowType", bound=Brief)


@dataclass(slots=True)
class Selection:
    """Which assessments count.

    Args:
        cause: Only assessments made by an event whose type starts with it; empty for all.
        skip_first: Leave out this many of a borrower's first ones (of those that `cause` allows).
        first_day: Leave out earlier ones.
        last_only: Only each borrower's last one before its event.
        part: (k, n): only borrowers in the k-th of n parts, by a hash of the id; (1, 1) for all.
    """

    cause: str = ""
    skip_first: int = 0
    first_day: int = 0
    last_only: bool = False
    part: tuple[int, int] = (1, 1)

    def allows(self, row: Brief, outcomes: Mapping[str, BorrowerOutcome]) -> bool:
        """Return whether the assessment counts, apart from its rank among the borrower's."""
        if row.borrower_id not in outcomes or not is_in_part(row.borrower_id, self.part):
            return False
        day, event = row.as_of.toordinal(), outcomes[row.borrower_id].event
        if event is not None and day >= event:
            return False
        return row.cause.startswith(self.cause) and day >= self.first_day


def read_rows(
    lines: Iterable[bytes],
    row_type: type[RowType],
    origin: str,
    outcomes: Mapping[str, BorrowerOutcome],
    chosen: Selection,
) -> Iterator[RowType]:
    """Yield the assessments that count, in the order of the file."""
    read = _reader(row_type, origin)
    counts: dict[str, int] = {}
    last: dict[str, RowType] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = read(line, number)
        if not chosen.allows(row, outcomes):
            continue
        counts[row.borrower_id] = counts.get(row.borrower_id, 0) + 1
        if counts[row.borrower_id] <= chosen.skip_first:
            continue
        if chosen.last_only:
            last[row.borrower_id] = row
        else:
            yield row
    yield from last.values()


def _reader(row_type: type[RowType], origin: str) -> Callable[[bytes, int], RowType]:
    """Return a function that reads one line, or fails with the line's number and the field."""
    decoder = msgspec.json.Decoder(row_type)

    def read(line: bytes, number: int) -> RowType:
        try:
            row = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise CommandError(
                f"{origin} line {number}: {error}.",
                remedy="Give the lines that `tocsin score` writes.",
            ) from error
        if row.state not in SEVERITY:
            raise CommandError(
                f"{origin} line {number}: there is no state {row.state!r}.",
                remedy=f"The states are {', '.join(SEVERITY)}.",
            )
        return row

    return read


@contextmanager
def source_of(file: str) -> Iterator[IO[bytes] | Iterable[bytes]]:
    """Open a file of assessments; standard input is read as it arrives."""
    if file == "-":
        yield typer.get_binary_stream("stdin")
        return
    with opened(file) as source:
        yield source
