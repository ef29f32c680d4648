"""`tocsin demo`: everything on this machine, on a labelled portfolio, from nothing to a warning.

Brings up its own servers and services, plays a bank's months, checks the result and says where to
look. With `--once` it ends by itself, with status 0 only when everything adds up.
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
from rich.live import Live as LiveView

from lab.demo import ground, show
from lab.demo.outcome import Outcome
from lab.demo.play import Played, Running, brought_up, judge, play, show_worst_card, watch
from lab.demo.show import Stage
from lab.simulator.portfolio import Setup
from lab.stack.local import LocalStack
from services.cli.options import AsJson
from services.kit.clock import SystemClock

DEFAULT_DATA_DIR = Path(".tocsin/demo")
SOMETHING_IS_WRONG = 1
INTERRUPTED = 130
CHECK_CHILDREN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    setup: Setup
    once: bool
    as_json: bool
    data_dir: Path


def demo(
    once: Annotated[bool, typer.Option("--once", help="End by itself, with a status.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another portfolio.")] = 7,
    borrowers: Annotated[int, typer.Option(min=1, help="How many borrowers.")] = 60,
    days: Annotated[int, typer.Option(min=1, help="How many days the bank plays.")] = 540,
    as_json: AsJson = False,
    data: Annotated[
        Path, typer.Option("--data", help="Folder for data and logs; emptied at each start.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """See the whole system work: a bank plays months, warnings arrive in an inbox.

    Real Kafka, real PostgreSQL and the three services, on this machine alone; no Docker, no root.
    Runs until Ctrl-C so that you can look at the pages, or ends by itself with --once.
    """
    setup = Setup(seed=seed, borrowers=borrowers, days=days)
    wish = Wish(setup, once, as_json, data.expanduser().resolve())
    console = Console(stderr=True)
    if not console.is_terminal:
        console.width = show.WIDTH
    # SIGTERM takes everything down in order, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ended: list[Outcome] = []
    try:
        with ground.clean_stack(wish.data_dir, console=console) as stack:
            try:
                asyncio.run(_run(stack, wish, console, ended))
            finally:
                console.print("Stopping everything …")
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not ended:
            raise typer.Exit(INTERRUPTED) from None
    if wish.as_json and ended:
        sys.stdout.write(json.dumps(ended[0].as_json()) + "\n")
    if not ended or ended[0].complaints():
        raise typer.Exit(SOMETHING_IS_WRONG)


async def _run(stack: LocalStack, wish: Wish, console: Console, ended: list[Outcome]) -> None:
    """Bring up, play, show; stay until interrupted when asked to."""
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    if me is not None:
        loop.add_signal_handler(signal.SIGTERM, me.cancel)
    stage, began_s = Stage(console), SystemClock().monotonic_seconds()
    async with brought_up(stack, data_dir=wish.data_dir, stage=stage) as running:
        played = await _watched(running, wish, stage, console)
        stage.enter("Verifying: folding everything afresh")
        outcome = await judge(running, played, since_s=began_s)
        ended.append(outcome)
        await show_worst_card(running, console)
        console.print(show.summary(outcome))
        if not wish.once:
            show.where_to_look(
                console,
                alerts_url=running.programs.alerts.url,
                inbox_url=running.inbox.url,
                keys=running.keys,
            )
            console.print("\nCtrl-C stops it.")
            await _stay(running)


async def _watched(running: Running, wish: Wish, stage: Stage, console: Console) -> Played:
    """Play with the live view beside it."""
    with LiveView(console=console, refresh_per_second=4, transient=True) as view:
        watching = asyncio.create_task(watch(running, stage, view))
        try:
            return await play(running, wish.setup, stage=stage)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _stay(running: Running) -> None:
    """Stay up until somebody interrupts, as long as all services run."""
    with suppress(asyncio.CancelledError):
        while True:
            running.children.check()
            await asyncio.sleep(CHECK_CHILDREN_SECONDS)
