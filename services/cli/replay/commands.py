"""The command `tocsin replay`."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import httpx2
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.options import AsJson
from services.cli.replay.batches import cut
from services.cli.replay.sending import Sender
from services.cli.replay.tally import Tally

STANDARD_INPUT = "-"
REQUEST_TIMEOUT_SECONDS = 60.0
NOT_ALL_TAKEN = 1


def replay(
    file: Annotated[str, typer.Argument(help="Events, one a line; - reads standard input.")],
    url: Annotated[
        str, typer.Option(envvar="TOCSIN_INGEST_URL", help="Where ingest listens.")
    ] = "http://127.0.0.1:8081",
    key: Annotated[
        str, typer.Option(envvar="TOCSIN_API_KEY", help="An API key with the role SOURCE.")
    ] = "",
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, help="Events a second at most; unlimited if left out."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Events in one request.")] = 500,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to keep trying while ingest cannot take a batch.")
    ] = 120,
    as_json: AsJson = False,
) -> None:
    """Send canonical events through ingest, in the order of the file.

    Counts a verdict for every event. While ingest is not available it waits and tries again;
    sending the same file twice is safe, because an event is applied once. Exit status 0 means
    that every event was accepted, or waits (parked) until its account becomes known.
    """
    console = Console(stderr=True)
    tally = Tally()
    began = time.monotonic()
    with (
        _opened(file) as (source, total_bytes),
        _client(url, key) as client,
        _progress(console) as progress,
    ):
        bar = progress.add_task("replay", total=total_bytes, said="")

        def on_retry(reason: str, pause_seconds: float) -> None:
            tally.retries += 1
            progress.update(bar, said=escape(f"waiting {pause_seconds:.1f} s: {reason}"))

        sender = Sender(client=client, patience_seconds=patience, on_retry=on_retry)
        for each in cut(source, most_events=batch):
            _keep_pace(tally.offered, rate=rate, began=began)
            tally.add(sender.deliver(each), first_line=each.first_line)
            progress.update(bar, advance=each.read_bytes, said=f"{tally.offered:,} events")
    _report(tally, console=console, elapsed_s=time.monotonic() - began, as_json=as_json)
    if not tally.is_all_taken:
        raise typer.Exit(NOT_ALL_TAKEN)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if file == STANDARD_INPUT:
        yield sys.stdin.buffer, None
        return
    path = Path(file)
    if not path.is_file():
        raise CommandError(f"There is no file {path}.", remedy="Give a file of events, or - .")
    with path.open("rb") as source:
        yield source, path.stat().st_size


def _client(url: str, key: str) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=url, headers=headers, timeout=REQUEST_TIMEOUT_SECONDS)


def _keep_pace(offered: int, *, rate: float | None, began: float) -> None:
    """Wait until the events sent so far are due at the wanted rate."""
    if rate is not None:
        ahead_seconds = began + offered / rate - time.monotonic()
        if ahead_seconds > 0:
            time.sleep(ahead_seconds)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _report(tally: Tally, *, console: Console, elapsed_s: float, as_json: bool) -> None:
    statuses = ", ".join(f"{count:,} {status}" for status, count in tally.statuses.items())
    console.print(
        f"{tally.offered:,} events in {elapsed_s:.1f} s "
        f"({tally.offered / max(elapsed_s, 1e-9):,.0f} events/s): {statuses or 'nothing to send'}",
        highlight=False,
    )
    if tally.reasons:
        table = Table("reason", "events", "first at line", "what it says")
        for reason, count in tally.reasons.most_common():
            example = tally.examples[reason]
            table.add_row(reason, f"{count:,}", str(example.line), escape(example.detail))
        console.print(table)
        console.print("What was not accepted is kept: tocsin quarantine list")
    if as_json:
        print(
            json.dumps(
                {
                    "offered": tally.offered,
                    "accepted": tally.statuses["accepted"],
                    "parked": tally.statuses["parked"],
                    "quarantined": tally.statuses["quarantined"],
                    "rejected": tally.statuses["rejected"],
                    "batches": tally.batches,
                    "retries": tally.retries,
                    "elapsed_s": round(elapsed_s, 3),
                }
            )
        )
