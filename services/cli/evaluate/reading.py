"""Reads assessments (the lines of `tocsin score`) and outcomes (`borrower_id,event_date`).

Called by `tocsin evaluate` and `tocsin model`; a backtest and a what-if read outcomes by it. Must
stay true: an assessment of the day of an event or later never counts, because it knows the outcome;
whatever cannot be read is an error that names the line and the field.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import IO, Final, TypeVar

import msgspec

from services.cli.errors import CommandError

HEADER: Final = ["borrower_id", "event_date"]
RANKS: Final = {
    "NORMAL": 0,
    "CLOSED": 0,
    "ATTENTION": 1,
    "WATCH": 2,
    "PROBATION": 2,
    "HIGH_RISK": 3,
    "DEFAULT": 4,
}
Labels = dict[str, int | None]


class Brief(msgspec.Struct):
    """What every evaluation reads of an assessment."""

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
    """An assessment with its indicators and, where a model was at hand, its PD."""

    indicators: dict[str, Figure] = msgspec.field(default_factory=dict)
    pd: dict[str, object] | None = None
    pd_challenger: dict[str, object] | None = None


Row = TypeVar("Row", bound=Brief)


@dataclass(slots=True)
class Selection:
    """Which assessments count.

    Args:
        cause: Only assessments made by an event whose type begins so; empty for all.
        skip_first: Leave out so many of a borrower's first ones (of those that `cause` lets in).
        first_day: Leave out earlier ones.
        last_only: Only each borrower's last one before its event.
        part: (k, n): only borrowers in the k-th of n parts, by a hash of the id; (1, 1) for all.
    """

    cause: str = ""
    skip_first: int = 0
    first_day: int = 0
    last_only: bool = False
    part: tuple[int, int] = (1, 1)


def read_labels(path: Path) -> Labels:
    """Return each borrower's event day, ``None`` for none."""
    labels: Labels = {}
    with opened_outcomes(path) as file:
        rows = csv.reader(file)
        header = [name.strip() for name in next(rows, [])]
        if header != HEADER:
            raise CommandError(
                f"{path} line 1: the header is {','.join(header) or 'missing'}.",
                remedy=f"The first line must be {','.join(HEADER)}.",
            )
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            borrower_id, day = _label(path, number, row)
            if labels.setdefault(borrower_id, day) != day:
                raise CommandError(
                    f"{path} line {number}: {borrower_id} has another event_date above.",
                    remedy="Give one line a borrower: its first event.",
                )
    return labels


def _label(path: Path, number: int, row: list[str]) -> tuple[str, int | None]:
    if len(row) != len(HEADER) or not row[0]:
        raise CommandError(
            f"{path} line {number}: {len(row)} fields instead of {len(HEADER)}, or no borrower_id.",
            remedy="Write borrower_id,event_date; leave event_date empty where there was none.",
        )
    return row[0], read_day(f"{path} line {number}", "event_date", row[1])


@contextmanager
def opened_outcomes(path: Path) -> Iterator[IO[str]]:
    """Open a file of outcomes; end the command if it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise CommandError(
            f"Cannot read {path}: {error.strerror}.",
            remedy="Give a file with the columns borrower_id,event_date.",
        ) from error


def read_day(place: str, name: str, text: str | None) -> int | None:
    """Return the ordinal of a date of an outcome, ``None`` where it is left empty."""
    try:
        return date.fromisoformat(text).toordinal() if text else None
    except ValueError as error:
        raise CommandError(
            f"{place}: {name} {text!r} is no date.",
            remedy="Write it as 2026-03-31, or leave it empty.",
        ) from error


def read_rows(
    lines: Iterable[bytes], row_type: type[Row], origin: str, labels: Labels, chosen: Selection
) -> Iterator[Row]:
    """Yield the assessments that count, in the order of the file."""
    read = reader_of(row_type, origin)
    ordered: dict[str, int] = {}
    last: dict[str, Row] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = read(line, number)
        if not _counts(row, labels, chosen):
            continue
        ordered[row.borrower_id] = ordered.get(row.borrower_id, 0) + 1
        if ordered[row.borrower_id] <= chosen.skip_first:
            continue
        if chosen.last_only:
            last[row.borrower_id] = row
        else:
            yield row
    yield from last.values()


def reader_of(row_type: type[Row], origin: str) -> Callable[[bytes, int], Row]:
    """Return a function that reads one line, or ends with the line's number and the field."""
    decoder = msgspec.json.Decoder(row_type)

    def read(line: bytes, number: int) -> Row:
        try:
            row = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise CommandError(
                f"{origin} line {number}: {error}.",
                remedy="Give the lines that `tocsin score` writes.",
            ) from error
        if row.state not in RANKS:
            raise CommandError(
                f"{origin} line {number}: state {row.state!r} is none of ours.",
                remedy=f"One of {', '.join(RANKS)}.",
            )
        return row

    return read


def _counts(row: Brief, labels: Labels, chosen: Selection) -> bool:
    if row.borrower_id not in labels or not is_in_part(row.borrower_id, chosen.part):
        return False
    day, event = row.as_of.toordinal(), labels[row.borrower_id]
    if event is not None and day >= event:
        return False
    return row.cause.startswith(chosen.cause) and day >= chosen.first_day


def is_in_part(borrower_id: str, part: tuple[int, int]) -> bool:
    """Return whether a borrower belongs to the k-th of n parts; all its rows go with it."""
    return part_of(borrower_id, part[1]) == part[0] - 1


def part_of(borrower_id: str, parts: int) -> int:
    """Return which of so many parts a borrower falls into, the same on every machine."""
    return int.from_bytes(blake2b(borrower_id.encode(), digest_size=6).digest(), "big") % parts
