"""Watches a run from outside: does work go on, and does memory stay flat?"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import asyncpg

from tests.chaos.world import World

Span = tuple[float, float]
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
    stalls: list[Span] = field(default_factory=list)
    memory_mb: dict[tuple[str, int], list[float]] = field(default_factory=dict)

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
            self.memory_mb.setdefault((service.kind, service.pid), []).append(pages * PAGE_MB)

    def growth_mb(self) -> tuple[float, str]:
        """Return the largest growth over the second half of a process's life, and its service."""
        grown = [(0.0, "")]
        for (kind, _), seen in self.memory_mb.items():
            if len(seen) >= 40:
                growth = max(seen[-5:]) - max(seen[: len(seen) // 2])
                grown.append((round(growth, 1), kind))
        return max(grown)

    def longest_stall_seconds(self, outages: list[Span]) -> float:
        """Return the longest time without progress, server outages not counted."""
        return _longest(
            sum(end - start for start, end in without(stall, outages)) for stall in self.stalls
        )

    def longest_recovery_seconds(self, outages: list[Span]) -> float:
        """Return the longest time without progress in which nothing new was done to the system.

        A worker that is killed while another comes back starts a new recovery.
        """
        faults = sorted(self.world.faults)
        quiet = [
            piece
            for stall in self.stalls
            for span in without(stall, outages)
            for piece in cut_at(span, faults)
        ]
        return _longest(end - start for start, end in quiet)


def without(stall: Span, outages: list[Span]) -> list[Span]:
    """Return what is left of a stall outside of the outages."""
    left, at = [], stall[0]
    for went, up in sorted(outages):
        if up <= at or went >= stall[1]:
            continue
        if went > at:
            left.append((at, went))
        at = up
    return [*left, (at, stall[1])] if at < stall[1] else left


def cut_at(span: Span, moments: list[float]) -> list[Span]:
    """Return the span in pieces between the moments."""
    edges = [span[0], *(one for one in moments if span[0] < one < span[1]), span[1]]
    return list(pairwise(edges))


def _longest(seconds: Iterable[float]) -> float:
    return round(max(seconds, default=0.0), 1)


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
