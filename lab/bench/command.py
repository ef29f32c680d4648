"""The command `tocsin bench`."""

import asyncio
import json
import os
import platform
import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lab.bench import meters
from lab.bench.environment import servers
from lab.bench.headline import headline
from lab.bench.suites import BenchOptions, BenchSuites
from services.cli.errors import CommandError
from services.cli.options import AsJson
from services.kit.clock import SystemClock
from services.scoring.adapters.compiled import is_compiled

DEFAULT_SUITES = ("stages", "scoring", "latency", "ingest", "day-close")
SUITES = (*DEFAULT_SUITES, "growth", "steady")


def bench(
    events: Annotated[int, typer.Option(min=1_000, help="The number of events.")] = 50_000,
    borrowers: Annotated[int, typer.Option(min=10, help="The number of borrowers.")] = 500,
    workers: Annotated[
        list[int] | None, typer.Option(min=1, help="Scoring workers; repeatable. [1 and 2]")
    ] = None,
    rate: Annotated[
        list[int] | None, typer.Option(min=1, help="Events/s for latency; repeatable. [2000]")
    ] = None,
    many_borrowers: Annotated[
        int, typer.Option("--crowd", min=100, help="The number of borrowers of the day close.")
    ] = 20_000,
    growth: Annotated[
        list[int] | None,
        typer.Option(min=100, help="Numbers of borrowers to compare; repeatable. [10000, 100000]"),
    ] = None,
    minutes: Annotated[int, typer.Option(min=1, help="The length of the steady stream.")] = 10,
    only: Annotated[
        list[str] | None, typer.Option(help=f"A suite to run; repeatable: {', '.join(SUITES)}.")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder of the local stack, if no servers are named.")
    ] = Path(".tocsin/bench"),
    as_json: AsJson = False,
) -> None:
    """Measure throughput, latency and CPU per event, with the machine's own ceilings.

    Every figure of CPU counts all processes: services, broker and PostgreSQL. Uses the servers of
    TOCSIN_KAFKA_BOOTSTRAP and TOCSIN_DATABASE_URL, in a database and topics of its own; if they are
    not set, it starts and stops a local stack. Without `--only`, all suites but growth and steady
    are run.

    Examples:

        tocsin bench --only stages
        tocsin bench --only scoring --only ingest --events 2000 --borrowers 800 --workers 1 --json
    """
    chosen = tuple(only or DEFAULT_SUITES)
    if unknown := sorted(set(chosen) - set(SUITES)):
        raise CommandError(
            f"There is no suite {', '.join(unknown)}.", remedy=f"Choose from: {', '.join(SUITES)}."
        )
    options = BenchOptions(
        events=events,
        borrowers=borrowers,
        workers=tuple(workers or (1, 2)),
        rates=tuple(rate or (2_000,)),
        many_borrowers=many_borrowers,
        growth=tuple(growth or (10_000, 100_000)),
        minutes=minutes,
    )
    console = Console(stderr=True)
    results = asyncio.run(_run(data, options, chosen, console))
    _show(results, console)
    if as_json:
        sys.stdout.write(json.dumps(results) + "\n")


async def _run(
    data: Path, options: BenchOptions, chosen: tuple[str, ...], console: Console
) -> dict[str, object]:
    began, stolen = SystemClock().now(), meters.stolen_seconds()
    results: dict[str, object] = {"machine": _machine(), "at": began.astimezone(UTC).isoformat()}
    with servers(data, console) as measured:
        run = BenchSuites(
            servers=measured, options=options, report=lambda step: console.print(f"  {step}")
        )
        suites = run.suites()
        for name in chosen:
            results[name.replace("-", "_")] = await suites[name]()
    seconds = (SystemClock().now() - began).total_seconds()
    share = (meters.stolen_seconds() - stolen) / (seconds * (os.cpu_count() or 1))
    whole = {"seconds": round(seconds, 1), "steal_ratio": round(share, 3)}
    return {**results, **whole, **headline(results)}


def _machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "core": "compiled" if is_compiled() else "interpreted",
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 1),
    }


def _show(results: dict[str, object], console: Console) -> None:
    """Print every figure in a table; lists of figures are folded into names."""
    table = Table("what", "figure", title="tocsin bench")
    for name, value in _flat(results, ""):
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
    console.print(table)


def _flat(value: object, name: str) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        return [(name, value)]
    rows: list[tuple[str, object]] = []
    for key, inner in value.items():
        rows += _flat(inner, f"{name} {key}".strip())
    return rows
