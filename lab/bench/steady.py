"""Does memory stay flat? Scoring and alerts under a steady stream for some minutes."""

import asyncio
import time
from collections.abc import Sequence

from lab.bench.feed import Line
from lab.bench.ground import Ground, refuse_stopped
from lab.bench.latency import send
from lab.bench.meters import resident_mb
from lab.bench.workers import Running, running

LOOK_SECONDS = 1.0
# By then caches and buffers have the size that they keep.
WARM_SHARE = 0.25

Seen = dict[str, list[float]]


async def steady(ground: Ground, lines: Sequence[Line], *, rate: int) -> dict[str, object]:
    """Return each service's memory in MB when it is warm, at most afterwards, and at the end."""
    seen: Seen = {}
    with running(ground, {"scoring": 1, "alerts": 1}) as run:
        await run.children.wait_until_ready()
        began = time.monotonic()
        looking = asyncio.create_task(_look(run, seen))
        try:
            await send(ground, lines, rate)
        finally:
            looking.cancel()
        run.children.check()
        await refuse_stopped(ground)
        seconds = time.monotonic() - began
    return {
        "rate": rate,
        "events": len(lines),
        "seconds": round(seconds, 1),
        "memory_mb": {name: _shown(series) for name, series in seen.items()},
    }


async def _look(run: Running, seen: Seen) -> None:
    while True:
        for name, pids in run.pids.items():
            seen.setdefault(name, []).append(sum(resident_mb(pid) for pid in pids))
        await asyncio.sleep(LOOK_SECONDS)


def _shown(series: list[float]) -> dict[str, float]:
    warm = round(len(series) * WARM_SHARE)
    before, after = series[max(0, warm - 5) : warm + 1], series[warm:]
    return {
        "warm": round(max(before, default=0.0), 1),
        "most_after": round(max(after, default=0.0), 1),
        "end": round(series[-1], 1) if series else 0.0,
    }
