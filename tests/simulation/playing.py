"""Plays the worlds of a seed, for the command line and for the tests."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

import structlog

from services.kit.stream import faults
from tests.simulation.loop import PROCESS, simulate
from tests.simulation.stream_world import StreamWorld
from tests.simulation.webhook_world import WebhookWorld

WORLDS = (StreamWorld, WebhookWorld)


@dataclass
class Result:
    """The result of one seed."""

    failures: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    history: str = ""


def play(seed: int, *, keeps_history: bool = False) -> Result:
    """Plays the worlds of a seed."""
    result = Result()
    for kind in WORLDS:
        world = kind.drawn(seed)
        try:
            simulate(world.run())
        except Exception as error:  # noqa: BLE001 - any error that ends a world is a failure of it
            world.failures.append(f"the world ended with {error!r}")
        finally:
            faults.disarm()
        result.failures += [f"{kind.__name__}: {failure}" for failure in world.failures]
        result.counts.update(world.counts)
        result.counts["crashes at named points"] += world.fault_rates.crashes
        result.counts.update(f"passed {name}" for name in world.fault_rates.passed_points)
        if keeps_history:
            result.history += _history(world)
    return result


def _history(world: StreamWorld | WebhookWorld) -> str:
    if isinstance(world, WebhookWorld):
        return repr((world.arrivals, sorted(world.rows.rows.items())))
    return repr((sorted(world.server.rows.items(), key=repr), world.broker.published))


def configure_logs(*, verbose: bool) -> None:
    """Logs nothing, or everything with its time and process."""
    if not verbose:
        quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=quiet, logger_factory=lambda *_: None)
        return
    structlog.configure(processors=[_render])
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _render(_logger: object, level: str, event: dict[str, object]) -> str:
    process = PROCESS.get()
    now = asyncio.get_running_loop().time()
    return f"{now:8.3f} {process.name if process else '-':4} {level:8} {event}"
