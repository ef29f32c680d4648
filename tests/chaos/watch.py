"""Watches a run from outside: does work go on, and does memory stay flat?"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from tests.chaos.world import World

LOOK_SECONDS = 0.5
PAGE_MB = 4096 / 1_048_576
STANDING = """
SELECT (SELECT coalesce(sum(next_offset), 0) FROM scoring.partition_progress) AS scored,
       (SELECT coalesce(sum(next_offset), 0) FROM alerts.partition_progress) AS alerted,
       (SELECT count(*) FROM scoring.outbox) + (SELECT count(*) FROM alerts.outbox) AS unsent,
       (SELECT count(*) FROM alerts.webhook_delivery WHERE status = 'PENDING') AS undelivered
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the work stands."""

    scored: int
    alerted: int
    unsent: int
    undelivered: int


@dataclass(slots=True)
class Watch:
    """What was seen."""

    world: World
    stalls: list[tuple[float, float]] = field(default_factory=list)
    memory_mb: dict[int, list[float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look now and then, for ever."""
        moved_at, last = time.monotonic(), -1
        while True:
            self._look_at_memory()
            standing = await standing_of(self.world)
            now = time.monotonic()
            if standing is not None and standing.scored != last:
                self.stalls.append((moved_at, now))
                moved_at, last = now, standing.scored
            await asyncio.sleep(LOOK_SECONDS)

    def _look_at_memory(self) -> None:
        for service in self.world.services:
            if service.pid is None:
                continue
            try:
                pages = int(Path(f"/proc/{service.pid}/statm").read_text().split()[1])
            except (OSError, IndexError):
                continue
            self.memory_mb.setdefault(service.pid, []).append(pages * PAGE_MB)

    def growth_mb(self) -> float:
        """Return the largest growth of a process over the second half of its life."""
        grown = [0.0]
        for seen in self.memory_mb.values():
            if len(seen) >= 40:
                grown.append(max(seen[-5:]) - max(seen[: len(seen) // 2]))
        return round(max(grown), 1)

    def longest_stall_seconds(self, outages: list[tuple[float, float]]) -> float:
        """Return the longest time without progress, server outages not counted."""
        longest = 0.0
        for start, end in self.stalls:
            down = sum(max(0.0, min(end, up) - max(start, went)) for went, up in outages)
            longest = max(longest, end - start - down)
        return round(longest, 1)


async def standing_of(world: World) -> Standing | None:
    """Return where the work stands, or None while the database is down."""
    try:
        connection = await asyncpg.connect(world.platform.dsn, timeout=3)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return None
    try:
        return Standing(*await connection.fetchrow(STANDING, timeout=5))
    except (OSError, asyncpg.PostgresError, TimeoutError, asyncpg.InterfaceError):
        return None
    finally:
        connection.terminate()
