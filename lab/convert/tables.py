"""Reads a table of a public data set: a Parquet file, or the original CSV with semicolons.

Rows come as dictionaries of strings as the CSV has them; the data sets' modules give them types,
so that both forms of a table go through the same code.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from services.cli.errors import CommandError

Row = dict[str, str]
BATCH_ROWS = 10_000


def rows(folder: Path, *, names: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of the first file that is there, missing values as empty strings.

    Raises:
        CommandError: If the folder has none of the files.
    """
    for name in names:
        path = folder / name
        if path.is_file():
            yield from _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
            return
    raise CommandError(
        f"{folder} has none of {', '.join(names)}.",
        remedy="Name the folder that holds the tables; see docs/reference/public-data.md.",
    )


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="latin-1", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            yield {name: (value or "").strip() for name, value in row.items()}


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise CommandError(
            f"Reading {path.name} needs pyarrow.",
            remedy="It comes with tocsin-lab: pip install --force-reinstall tocsin-lab",
        ) from error
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            for row in batch.to_pylist():
                yield {name: "" if value is None else str(value) for name, value in row.items()}
