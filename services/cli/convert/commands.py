"""`tocsin convert SET DIR --out FILE.ndjson`: a public data set as canonical events."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli.convert.berka import Berka
from services.cli.errors import CommandError

app = typer.Typer(
    no_args_is_help=True,
    help="Turn a public data set into canonical events. docs/convert.md lists each assumption.",
)
Folder = Annotated[
    Path, typer.Argument(help="The folder with the tables.", exists=True, file_okay=False)
]
Out = Annotated[Path, typer.Option("--out", help="The file to write, one event a line.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


@app.callback()
def convert() -> None:
    """Keep the data sets sub-commands, however many there are."""


@app.command()
def berka(
    folder: Folder,
    out: Out,
    day_closes: Annotated[
        bool,
        typer.Option("--day-closes", help="Write the end of each day too, for `tocsin replay`."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Convert Berka (PKDD'99): accounts, loans, bookings of a Czech bank, 1993 to 1998.

    Reads Parquet tables (berka_trans.parquet, …) or the original files with semicolons
    (trans.asc or trans.csv, …); needs trans, account and loan.
    """
    source = Berka(folder=folder, day_closes=day_closes)
    events = write(source.lines(), out=out)
    report(out=out, events=events, counts=source.counts, as_json=as_json)


def write(lines: Iterable[bytes], *, out: Path) -> int:
    """Write the events beside the target and rename, so that no half file is ever taken for one."""
    unfinished = out.with_name(f"{out.name}.part")
    events = 0
    with unfinished.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
            events += 1
    if not events:
        unfinished.unlink()
        raise CommandError("The tables hold no event.", remedy="Check that they are complete.")
    os.replace(unfinished, out)
    return events


def report(*, out: Path, events: int, counts: Counter[str], as_json: bool) -> None:
    """Say what was written, for a person and for a program."""
    console = Console(stderr=True)
    console.print(f"{events:,} events in {out}", highlight=False)
    for name, count in counts.items():
        console.print(f"  {count:>9,} {name.replace('_', ' ')}", highlight=False)
    if as_json:
        print(json.dumps({"file": str(out), "events": events, **counts}))
