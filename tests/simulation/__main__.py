"""Runs seeds: `python -m tests.simulation --seeds 1000 [--from N]`, or one: `--seed N`.

Prints every failing seed with what broke, and how to run it again; one JSON line at the end.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
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
    """What came of one seed."""

    seed: int
    failures: list[str]
    counts: Counter[str] = field(default_factory=Counter)
    history: str = ""


def play(seed: int) -> Result:
    """Play the worlds of a seed."""
    result = Result(seed, [])
    for kind in WORLDS:
        world = kind.drawn(seed)
        try:
            simulate(world.run())
        except Exception as error:  # noqa: BLE001 - whatever ends a world is its verdict
            world.failures.append(f"the world ended with {error!r}")
        finally:
            faults.disarm()
        result.failures += [f"{kind.__name__}: {failure}" for failure in world.failures]
        result.counts.update(world.counts)
        result.counts["crashes at named points"] += world.mischief.crashes
        result.counts.update(f"passed {name}" for name in world.mischief.passed_points)
        result.history += _history(world)
    return result


def _history(world: StreamWorld | WebhookWorld) -> str:
    if isinstance(world, WebhookWorld):
        return repr((world.arrivals, sorted(world.rows.rows.items())))
    return repr((sorted(world.server.rows.items(), key=repr), world.broker.published))


def silence(*, speak: bool) -> None:
    """Log nothing, or for one seed everything with its moment and process."""
    if not speak:
        quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=quiet)
        return
    structlog.configure(processors=[_tell])
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _tell(_logger: object, level: str, event: dict[str, object]) -> str:
    process = PROCESS.get()
    now = asyncio.get_running_loop().time()
    return f"{now:8.3f} {process.name if process else '-':4} {level:8} {event}"


def main() -> int:
    """Run what the command line asks for; 1 if any seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="one seed, with everything that it logs")
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first of them")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    if asked.seed is not None:
        seeds = range(asked.seed, asked.seed + 1)
    silence(speak=asked.seed is not None)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    began, used, failed, counts = time.monotonic(), time.process_time(), [], Counter[str]()
    for seed in seeds:
        result = play(seed)
        counts.update(result.counts)
        if result.failures:
            failed.append(seed)
            print(f"seed {seed} failed; again: python -m tests.simulation --seed {seed}")
            for failure in result.failures[:5]:
                print(f"  {failure[:400]}")
    seconds, used = time.monotonic() - began, time.process_time() - used
    for name, count in sorted(counts.items()):
        print(f"{count:9,} {name}")
    summary = {
        "seeds": len(seeds),
        "failed": failed,
        "elapsed_s": round(seconds, 1),
        "seeds_per_minute": round(len(seeds) / seconds * 60),
        "seeds_per_cpu_minute": round(len(seeds) / used * 60),
    }
    print(json.dumps(summary))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
