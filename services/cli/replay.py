"""The command `tocsin replay`."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.cli.api import client
from services.cli.errors import CommandError
from services.cli.options import INGEST_URL, AsJson, IngestUrl
from services.cli.replay_sending import ReplayCounts, Sender, batches

NOT_ALL_TAKEN = 1


def replay(
    file: Annotated[str, typer.Argument(help="Events, one a line; - reads standard input.")],
    url: IngestUrl = INGEST_URL,
    key: Annotated[
        str, typer.Option(envvar="TOCSIN_API_KEY", help="An API key with the role SOURCE.")
    ] = "",
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, help="The most events a second; unlimited if left out."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Events in one request.")] = 500,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to retry while ingest cannot take a batch.")
    ] = 120,
    as_json: AsJson = False,
) -> None:
    """Send canonical events through ingest, in the order of the file.

    Counts the verdict on every event. While ingest is not available, it waits and retries. Sending
    a file twice is safe, because an event is applied once. Exit status 0 means that every event was
    accepted, or waits (parked) until its account becomes known.

    Examples:

        tocsin replay events.ndjson
        tocsin replay events.ndjson --rate 200
        cat events.ndjson | tocsin replay - --json
    """
    console = Console(stderr=True)
    counts = ReplayCounts()
    began = time.monotonic()
    with (
        _opened(file) as (source, total_bytes),
        client(url, key) as ingest,
        _progress(console) as progress,
    ):
        bar = progress.add_task("replay", total=total_bytes, status="")

        def on_retry(reason: str, pause_seconds: float) -> None:
            counts.retries += 1
            progress.update(bar, status=escape(f"waiting {pause_seconds:.1f} s: {reason}"))

        sender = Sender(client=ingest, patience_seconds=patience, on_retry=on_retry)
        for each in batches(source, most_events=batch):
            _limit_rate(counts.offered, rate=rate, began=began)
            counts.add(sender.deliver(each), first_line=each.first_line)
            progress.update(bar, advance=each.read_bytes, status=f"{counts.offered:,} events")
    _report(counts, console=console, elapsed_s=time.monotonic() - began, as_json=as_json)
    if not counts.is_all_taken:
        raise typer.Exit(NOT_ALL_TAKEN)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if file == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(file)
    if not path.is_file():
        raise CommandError(
            f"There is no file {path}.",
            remedy="Give a file of events, or - for the standard input.",
        )
    with path.open("rb") as source:
        yield source, path.stat().st_size


def _limit_rate(offered: int, *, rate: float | None, began: float) -> None:
    """Wait until the events sent so far are due at the rate."""
    if rate is not None:
        time.sleep(max(0.0, began + offered / rate - time.monotonic()))


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[status]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _report(counts: ReplayCounts, *, console: Console, elapsed_s: float, as_json: bool) -> None:
    statuses = ", ".join(f"{count:,} {status}" for status, count in counts.statuses.items())
    console.print(
        f"{counts.offered:,} events in {elapsed_s:.1f} s "
        f"({counts.offered / max(elapsed_s, 1e-9):,.0f} events/s): {statuses or 'nothing to send'}",
        highlight=False,
    )
    if counts.reasons:
        table = Table("reason", "events", "first at line", "detail")
        for reason, count in counts.reasons.most_common():
            line, detail = counts.examples[reason]
            table.add_row(reason, f"{count:,}", str(line), escape(detail))
        console.print(table)
        console.print("What was not accepted is in quarantine: tocsin quarantine list")
    if as_json:
        verdicts = ("accepted", "parked", "quarantined", "rejected")
        summary = {
            "offered": counts.offered,
            **{status: counts.statuses[status] for status in verdicts},
            "batches": counts.batches,
            "retries": counts.retries,
            "elapsed_s": round(elapsed_s, 3),
        }
        print(json.dumps(summary))
