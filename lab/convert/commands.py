"""`tocsin convert SET FOLDER --out FILE.ndjson`: converts a public data set into events."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console

from lab.convert.berka import Berka
from lab.convert.canonical import Label
from lab.convert.polish import Polish
from lab.convert.uci_cards import UciCards
from lab.convert.us_firms import UsFirms
from services.cli.errors import CommandError
from services.cli.options import AsJson, group

app = group(
    "Convert a public data set into canonical events. docs/reference/public-data.md lists each "
    "assumption."
)
Folder = Annotated[
    Path, typer.Argument(help="The folder with the tables.", exists=True, file_okay=False)
]
Out = Annotated[Path, typer.Option("--out", help="The file to write, one event a line.")]
Labels = Annotated[
    Path | None,
    typer.Option(help="Also write the outcomes: borrower_id,event_date; no date for none."),
]


class Source(Protocol):
    """A data set: its events in time order, its outcomes, and counts of both."""

    counts: Counter[str]

    def lines(self) -> Iterator[bytes]:
        """Yield the events, one line each."""

    def labels(self) -> Iterator[Label]:
        """Yield the outcome of each borrower."""


@app.callback()
def convert() -> None:
    """Make each data set a command of its own."""


@app.command()
def berka(
    folder: Folder,
    out: Out,
    labels: Labels = None,
    day_closes: Annotated[
        bool,
        typer.Option("--day-closes", help="Write the end of each day too, for `tocsin replay`."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Convert Berka (PKDD'99): accounts, loans, bookings of a Czech bank, 1993 to 1998.

    Reads Parquet tables (berka_trans.parquet, …) or the original files with semicolons
    (trans.asc or trans.csv, …); needs trans, account and loan. With `--labels`: the day on which
    the balance was first negative.

    Examples:

        tocsin convert berka berka/ --out berka.ndjson --labels berka.csv
    """
    source = Berka(folder=folder, day_closes=day_closes)
    convert_to(source, out=out, labels=labels, as_json=as_json)


@app.command("us-firms")
def us_firms(folder: Folder, out: Out, labels: Labels = None, as_json: AsJson = False) -> None:
    """Convert the US firm years: yearly statements of listed firms, 1999 to 2014.

    Reads us_firm_years.parquet (or .csv), and us_labels for --labels: the end of the year after the
    last one before failure. Days are closed once a year, when the statements arrive.

    Examples:

        tocsin convert us-firms us-firms/ --out firms.ndjson --labels firms.csv
    """
    convert_to(UsFirms(folder=folder), out=out, labels=labels, as_json=as_json)


@app.command("uci-cards")
def uci_cards(folder: Folder, out: Out, labels: Labels = None, as_json: AsJson = False) -> None:
    """Convert the card holders (UCI 350): six month ends of 2005 a card.

    Reads uci_credit_card.parquet, and uci_labels.parquet for --labels: default in October 2005.
    Days are closed at the six month ends.

    Examples:

        tocsin convert uci-cards cards/ --out cards.ndjson --labels cards.csv
    """
    convert_to(UciCards(folder=folder), out=out, labels=labels, as_json=as_json)


@app.command()
def polish(folder: Folder, out: Out, labels: Labels = None, as_json: AsJson = False) -> None:
    """Convert the Polish firms (UCI 365, one year ahead): one statement a firm.

    Reads polish_5year.parquet (or 5year.csv); exact copies of a row are left out and counted.
    With `--labels`: bankrupt within the year.

    Examples:

        tocsin convert polish polish/ --out polish.ndjson --labels polish.csv
    """
    convert_to(Polish(folder=folder), out=out, labels=labels, as_json=as_json)


def convert_to(source: Source, *, out: Path, labels: Path | None, as_json: bool) -> None:
    """Write the events, the labels if they are wanted, and a report."""
    events = write(source.lines(), out=out)
    if labels is not None:
        source.counts["labels_with_an_event"] = write_labels(source.labels(), out=labels)
    report(out=out, events=events, counts=source.counts, as_json=as_json)


def write_labels(outcomes: Iterable[Label], *, out: Path) -> int:
    """Write `borrower_id,event_date`, the date empty for none; return how many have one."""
    with_event = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("borrower_id", "event_date"))
        for label in outcomes:
            with_event += label.event_date is not None
            rows.writerow((label.borrower_id, label.event_date or ""))
    return with_event


def write(lines: Iterable[bytes], *, out: Path) -> int:
    """Write the events to a temporary file and rename it, so that no half file is ever used."""
    unfinished = out.with_name(f"{out.name}.part")
    events = 0
    with unfinished.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")
            events += 1
    if not events:
        unfinished.unlink()
        raise CommandError("The tables contain no event.", remedy="Check that they are complete.")
    os.replace(unfinished, out)
    return events


def report(*, out: Path, events: int, counts: Counter[str], as_json: bool) -> None:
    """Report what was written, for a person and for a program."""
    console = Console(stderr=True)
    console.print(f"{events:,} events in {out}", highlight=False)
    for name, count in counts.items():
        console.print(f"  {count:>9,} {name.replace('_', ' ')}", highlight=False)
    if as_json:
        print(json.dumps({"file": str(out), "events": events, **counts}))
