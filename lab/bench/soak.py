"""Measures whether memory stays flat: scoring and alerts under a steady stream for some minutes."""

import asyncio
import time
from collections.abc import Sequence

from lab.bench.environment import BenchEnvironment, refuse_stopped
from lab.bench.feed import EventLine
from lab.bench.latency import send
from lab.bench.meters import resident_mb
from lab.bench.services import RunningServices, running

POLL_SECONDS = 1.0
# By then caches and buffers have their final size.
WARM_SHARE = 0.25

MemorySamples = dict[str, list[float]]


async def soak(
    environment: BenchEnvironment, lines: Sequence[EventLine], *, rate: int
) -> dict[str, object]:
    """Return the memory of each service in MB: when warm, the most afterwards, and at the end."""
    samples: MemorySamples = {}
    with running(environment, {"scoring": 1, "alerts": 1}) as run:
        await run.processes.wait_until_ready()
        began = time.monotonic()
        sampling = asyncio.create_task(_sample(run, samples))
        try:
            await send(environment, lines, rate)
        finally:
            sampling.cancel()
        run.processes.check()
        await refuse_stopped(environment)
        seconds = time.monotonic() - began
    return {
        "rate": rate,
        "events": len(lines),
        "seconds": round(seconds, 1),
        "memory_mb": {name: _shown(series) for name, series in samples.items()},
    }


async def _sample(run: RunningServices, samples: MemorySamples) -> None:
    while True:
        for name, pids in run.pids.items():
            samples.setdefault(name, []).append(sum(resident_mb(pid) for pid in pids))
        await asyncio.sleep(POLL_SECONDS)


def _shown(series: list[float]) -> dict[str, float]:
    warm = round(len(series) * WARM_SHARE)
    before, after = series[max(0, warm - 5) : warm + 1], series[warm:]
    return {
        "warm": round(max(before, default=0.0), 1),
        "most_after": round(max(after, default=0.0), 1),
        "end": round(series[-1], 1) if series else 0.0,
    }
