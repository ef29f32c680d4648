"""`tocsin simulate`: writes a labelled portfolio as canonical events to a file.

The file is in booking order and has the form that `tocsin score` and `tocsin replay` read; the
outcomes are written to a second file. Deterministic: the same options give the same bytes.
"""

import sys
import time
from datetime import datetime
from pathlib import Path

import msgspec
import typer

from lab.simulator import canonical, outcome_file
from lab.simulator.portfolio import Portfolio, Setup


def simulate(
    out: Path = typer.Option(..., "--out", help="The file to write, one event a line."),
    seed: int = typer.Option(7, help="The seed of the portfolio."),
    borrowers: int = typer.Option(200, min=1, help="The number of borrowers."),
    days: int = typer.Option(540, min=1, help="The number of days."),
    start: datetime = typer.Option("2024-01-01", formats=["%Y-%m-%d"], help="The first day."),
    credit_files: bool = typer.Option(
        False, "--dossier", help="Also write credit files: valuations, covenants, findings."
    ),
    day_closes: bool = typer.Option(False, "--day-closes", help="Also write day.closed events."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object as the last line."),
) -> None:
    """Write a labelled synthetic portfolio as canonical events, and its outcomes to a second file.

    The outcomes are written to `NAME.labels.csv` in the folder of `NAME.ndjson`.

    Examples:

        tocsin simulate --out bank.ndjson
        tocsin simulate --out bank.ndjson --borrowers 50 --days 365 --dossier
        tocsin backtest bank.ndjson bank.labels.csv
    """
    began = time.perf_counter()
    portfolio = Portfolio(
        Setup(
            seed=seed, borrowers=borrowers, days=days, start=start.date(), credit_files=credit_files
        )
    )
    events = _write(out, portfolio, day_closes=day_closes)
    labels = out.with_name(f"{out.stem}.labels.csv")
    outcome_file.write(labels, portfolio.outcomes())
    failed = sum(outcome.event is not None for outcome in portfolio.outcomes())
    elapsed_s = time.perf_counter() - began
    sys.stdout.write(
        f"{events:,} events of {borrowers:,} borrowers over {days} days in {out}\n"
        f"{failed} of the borrowers fail; their outcomes are in {labels}\n"
        f"{elapsed_s:.1f} s, {events / elapsed_s:,.0f} events/s\n"
    )
    if as_json:
        summary = {
            "file": str(out),
            "labels": str(labels),
            "events": events,
            "borrowers": borrowers,
            "days": days,
            "failed": failed,
            "elapsed_s": round(elapsed_s, 3),
        }
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")


def _write(out: Path, portfolio: Portfolio, *, day_closes: bool) -> int:
    written = 0
    with out.open("wb") as file:
        for day, booked in portfolio.simulate():
            lines = [canonical.encode(event) for event in booked]
            if day_closes:
                lines.append(canonical.encode_day_closed(day))
            file.writelines(line + b"\n" for line in lines)
            written += len(lines)
    return written
