"""`tocsin demo`: the whole system on this machine, on a labelled portfolio.

Starts servers and services of its own, plays a bank's months, checks the result and prints the
addresses of the pages. With `--once` it stops at the end, with status 0 only if everything adds up.
"""

import asyncio
import json
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from lab.demo import environment, terminal
from lab.demo.result import DemoResult
from lab.demo.run import (
    PlayedHistory,
    RunningDemo,
    check,
    play,
    show_worst_card,
    started_demo,
    watch,
)
from lab.demo.terminal import DemoProgress
from lab.simulator.portfolio import Setup
from lab.stack.local import LocalStack
from services.cli.options import AsJson
from services.kit.clock import SystemClock

DEFAULT_DATA_DIR = Path(".tocsin/demo")
FAILED = 1
INTERRUPTED = 130
CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The options of one call."""

    setup: Setup
    once: bool
    as_json: bool
    data_dir: Path


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop at the end, with a status.")] = False,
    seed: Annotated[int, typer.Option(help="The seed of the simulated portfolio.")] = 7,
    borrowers: Annotated[int, typer.Option(min=1, help="The number of borrowers.")] = 60,
    days: Annotated[int, typer.Option(min=1, help="The number of days that are played.")] = 540,
    as_json: AsJson = False,
    data: Annotated[
        Path, typer.Option("--data", help="Folder for data and logs; emptied at each start.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Run the whole system on a simulated bank: months pass, and warnings arrive in an inbox.

    Real Kafka, real PostgreSQL and the three services, on this machine alone; no Docker, no root.
    Runs until Ctrl-C so that you can open the pages, or stops at the end with `--once`.

    Examples:

        tocsin demo
        tocsin demo --once --borrowers 24 --days 150
    """
    setup = Setup(seed=seed, borrowers=borrowers, days=days)
    options = DemoOptions(setup, once, as_json, data.expanduser().resolve())
    console = Console(stderr=True)
    if not console.is_terminal:
        console.width = terminal.WIDTH
    # SIGTERM takes everything down in order, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ended: list[DemoResult] = []
    try:
        with environment.clean_stack(options.data_dir, console=console) as stack:
            try:
                asyncio.run(_run(stack, options, console, ended))
            finally:
                console.print("Stopping everything …")
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not ended:
            raise typer.Exit(INTERRUPTED) from None
    if options.as_json and ended:
        sys.stdout.write(json.dumps(ended[0].as_json()) + "\n")
    if not ended or ended[0].problems():
        raise typer.Exit(FAILED)


async def _run(
    stack: LocalStack, options: DemoOptions, console: Console, ended: list[DemoResult]
) -> None:
    """Start everything, play and show the result; without `--once`, run until interrupted."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    progress, began_s = DemoProgress(console), SystemClock().monotonic_seconds()
    async with started_demo(stack, data_dir=options.data_dir, progress=progress) as running:
        played = await _watched(running, options, progress, console)
        progress.enter("Verifying: refolding the ledger")
        result = await check(running, played, since_s=began_s)
        ended.append(result)
        await show_worst_card(running, console)
        console.print(terminal.summary(result))
        if not options.once:
            terminal.where_to_look(
                console,
                alerts_url=running.programs.alerts.url,
                inbox_url=running.inbox.url,
                keys=running.keys,
            )
            console.print("\nCtrl-C stops it.")
            await _stay(running)


async def _watched(
    running: RunningDemo, options: DemoOptions, progress: DemoProgress, console: Console
) -> PlayedHistory:
    """Play while the live view is updated."""
    with Live(console=console, refresh_per_second=4, transient=True) as view:
        watching = asyncio.create_task(watch(running, progress, view))
        try:
            return await play(running, options.setup, progress=progress)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _stay(running: RunningDemo) -> None:
    """Wait until interrupted, as long as all services run."""
    with suppress(asyncio.CancelledError):
        while True:
            running.processes.check()
            await asyncio.sleep(CHECK_SECONDS)
