"""Watches a run from outside: progress of the work, and memory of the processes."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import asyncpg

from tests.chaos.system import System

Span = tuple[float, float]
SAMPLE_SECONDS = 0.5
PAGE_MB = 4096 / 1_048_576
TOTALS = """
SELECT (SELECT coalesce(sum(next_offset), 0) FROM scoring.partition_progress) AS scored,
       (SELECT coalesce(sum(next_offset), 0) FROM alerts.partition_progress) AS alerted,
       (SELECT count(*) FROM scoring.outbox) + (SELECT count(*) FROM alerts.outbox) AS unsent,
       (SELECT count(*) FROM alerts.webhook_delivery WHERE status = 'PENDING') AS undelivered
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """The progress of the work."""

    scored: int
    alerted: int
    unsent: int
    undelivered: int


@dataclass(slots=True)
class ProgressWatch:
    """The samples of a run."""

    system: System
    stalls: list[Span] = field(default_factory=list)
    memory_mb: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Samples progress and memory until it is cancelled."""
        moved_at, last = time.monotonic(), -1
        while True:
            self._sample_memory()
            totals = await totals_of(self.system)
            now = time.monotonic()
            if totals is not None and totals.scored != last:
                self.stalls.append((moved_at, now))
                moved_at, last = now, totals.scored
            await asyncio.sleep(SAMPLE_SECONDS)

    def _sample_memory(self) -> None:
        for service in self.system.services:
            if service.pid is None:
                continue
            try:
                pages = int(Path(f"/proc/{service.pid}/statm").read_text().split()[1])
            except (OSError, IndexError):
                continue
            self.memory_mb.setdefault((service.kind, service.pid), []).append(pages * PAGE_MB)

    def growth_mb(self) -> tuple[float, str]:
        """Returns the largest growth over the second half of a process's life, and its service."""
        grown = [(0.0, "")]
        for (kind, _), seen in self.memory_mb.items():
            if len(seen) >= 40:
                growth = max(seen[-5:]) - max(seen[: len(seen) // 2])
                grown.append((round(growth, 1), kind))
        return max(grown)

    def longest_stall_seconds(self, outages: list[Span]) -> float:
        """Returns the longest time without progress, server outages not counted."""
        return _longest(
            sum(end - start for start, end in without(stall, outages)) for stall in self.stalls
        )

    def longest_recovery_seconds(self, outages: list[Span]) -> float:
        """Returns the longest time without progress between two faults.

        A worker that is killed while another comes back starts a new recovery.
        """
        faults = sorted(self.system.faults)
        quiet = [
            piece
            for stall in self.stalls
            for span in without(stall, outages)
            for piece in cut_at(span, faults)
        ]
        return _longest(end - start for start, end in quiet)


def without(stall: Span, outages: list[Span]) -> list[Span]:
    """Returns the parts of a stall outside of the outages."""
    left, at = [], stall[0]
    for went, up in sorted(outages):
        if up <= at or went >= stall[1]:
            continue
        if went > at:
            left.append((at, went))
        at = up
    return [*left, (at, stall[1])] if at < stall[1] else left


def cut_at(span: Span, moments: list[float]) -> list[Span]:
    """Returns the pieces of the span between the moments."""
    edges = [span[0], *(moment for moment in moments if span[0] < moment < span[1]), span[1]]
    return list(pairwise(edges))


def _longest(seconds: Iterable[float]) -> float:
    return round(max(seconds, default=0.0), 1)


async def totals_of(system: System) -> Totals | None:
    """Returns the progress of the work; None while the database is down."""
    try:
        connection = await asyncpg.connect(system.platform.dsn, timeout=3)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return None
    try:
        return Totals(*await connection.fetchrow(TOTALS, timeout=5))
    except (OSError, asyncpg.PostgresError, TimeoutError, asyncpg.InterfaceError):
        return None
    finally:
        connection.terminate()
