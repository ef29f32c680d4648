"""Measures the scoring path as in production: broker, workers, database, ledger, states, outbox.

Marks are taken at one fifth and nine tenths of the events, so that joining and the booking of loans
are left out. Every figure counts the CPU of workers, broker and database together.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from lab.bench.environment import BenchEnvironment
from lab.bench.meters import between, mark, most_resident_mb
from lab.bench.services import RunningServices, running
from services.cli.errors import CommandError

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 600.0
APPLIED = "SELECT coalesce(sum(next_offset), 0) FROM scoring.partition_progress"
BEHIND = """
SELECT count(*) FROM scoring.borrower AS borrower
 WHERE closed_offset < (SELECT coalesce(max("offset"), -1) FROM scoring.control
                         WHERE partition = borrower.partition AND closed_date IS NOT NULL)
"""
WAITING = "SELECT count(*) FROM scoring.outbox"
SIZES = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY octet_length(state)) FROM scoring.borrower
"""


async def throughput(
    environment: BenchEnvironment, records: int, *, workers: int
) -> dict[str, object]:
    """Score all records of the topic with this many workers; return speed and cost."""
    connection = await asyncpg.connect(environment.database_url, timeout=10)
    try:
        with running(environment, {"scoring": workers}) as run:
            line = await _measured(environment, run, connection, records)
        line["workers"] = workers
        line["assessments"] = await connection.fetchval("SELECT count(*) FROM scoring.assessment")
        line["state_bytes_median"] = await connection.fetchval(SIZES)
        return line
    finally:
        await connection.close()


async def _measured(
    environment: BenchEnvironment,
    run: RunningServices,
    connection: asyncpg.Connection,
    records: int,
) -> dict[str, object]:
    groups = run.measured(environment)

    async def applied() -> int:
        return int(await connection.fetchval(APPLIED))

    done = await until(applied, records // 5, run)
    begin = mark(done, groups)
    end = mark(await until(applied, records * 9 // 10, run), groups)
    await until(applied, records, run)
    await until(lambda: _nothing_waits(connection), 1, run)
    return {**between(begin, end), "rss_mb_max": most_resident_mb(run.pids["scoring"])}


async def _nothing_waits(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval(WAITING) == 0)


async def until(count: Callable[[], Awaitable[int]], goal: int, run: RunningServices) -> int:
    """Wait until a count reaches the goal; return it.

    Raises:
        CommandError: If it does not in time, or a service ends.
    """
    waited = 0.0
    while (done := await count()) < goal:
        run.processes.check()
        if waited > PATIENCE_SECONDS:
            raise CommandError(
                f"Only {done:,} of {goal:,} were done after {PATIENCE_SECONDS:.0f} s.",
                remedy="Score fewer events with --events, or check the machine's load.",
            )
        await asyncio.sleep(POLL_SECONDS)
        waited += POLL_SECONDS
    return done
