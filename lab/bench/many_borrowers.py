"""Measures the day close over many borrowers, and the cost of an event by their number."""

from collections.abc import Iterator

import asyncpg

from lab.bench.bulk_load import load_borrowers
from lab.bench.environment import PARTITIONS, BenchEnvironment, MeasuredServers, fresh_environment
from lab.bench.feed import EventLine, copied, load, portfolio
from lab.bench.meters import between, mark, per_event
from lab.bench.scoring import APPLIED, BEHIND, throughput, until
from lab.bench.services import running
from lab.bench.stages import Pipeline
from services.cli.errors import CommandError

# The next day closed is neither the last of a month nor a due date, like most days.
LIVED_DAYS = 70
SIMULATED = 100
DAYS_AHEAD = 5
LEDGER_ROWS = 5
STAGGER_EVENTS = 100
# Polled while the close is timed, so it must not read the borrowers.
SWEPT = """
SELECT count(*) FROM scoring.sweep AS swept
 WHERE target_offset IS NULL
   AND done_offset = (SELECT max("offset") FROM scoring.control
                       WHERE partition = swept.partition AND closed_date IS NOT NULL)
"""


def simulated_lives(days_ahead: int = DAYS_AHEAD) -> tuple[Pipeline, list[EventLine], EventLine]:
    """Return borrowers after some weeks, the events of the next days, and the next day close."""
    pipeline = Pipeline()
    coming: list[EventLine] = []
    close: EventLine | None = None
    days = 0
    for line in portfolio(SIMULATED, LIVED_DAYS + days_ahead, closes=True):
        days += line.key is None
        if days < LIVED_DAYS:
            pipeline.apply(line)
        elif line.key is None and days > LIVED_DAYS:
            close = close or line
        elif line.key is None:
            pipeline.apply(line)
        else:
            coming.append(line)
    assert close is not None
    return pipeline, coming, close


async def day_close(
    environment: BenchEnvironment, *, borrowers: int, workers: int
) -> dict[str, object]:
    """Close one day for this many borrowers; return borrowers a second and CPU of each."""
    pipeline, _, close = simulated_lives()
    await load_borrowers(environment.database_url, pipeline, borrowers=borrowers, ledger_rows=0)
    connection = await asyncpg.connect(environment.database_url, timeout=10)
    try:
        with running(environment, {"scoring": workers}) as run:
            await run.processes.wait_until_ready()

            async def swept() -> int:
                return int(await connection.fetchval(SWEPT))

            async def applied() -> int:
                return int(await connection.fetchval(APPLIED))

            groups = run.measured(environment)
            before = mark(0, groups)
            topic = environment.platform.events_topic
            count = await load(environment.servers.bootstrap, topic, [close], partitions=PARTITIONS)
            await until(applied, count, run)
            await until(swept, PARTITIONS, run)
            line = between(before, mark(borrowers, groups))
        if behind := await connection.fetchval(BEHIND):
            raise CommandError(
                f"{behind:,} borrowers did not get the day close.",
                remedy="The sweep has a fault; the figures would be worthless.",
            )
        cpu = line["cpu_us_per_event"]
        assert isinstance(cpu, float)
        return {
            "borrowers": borrowers,
            "workers": workers,
            "borrowers_per_second": line["events_per_second"],
            "cpu_us_per_borrower": cpu,
            "cpu_us_by_part": line["cpu_us_by_part"],
            "steal_ratio": line["steal_ratio"],
            "cpu_seconds_for_a_million": per_event(cpu, 1) / 1e6,
        }
    finally:
        await connection.close()


async def growth(
    servers: MeasuredServers, *, sizes: tuple[int, ...], events: int, workers: int
) -> dict[str, object]:
    """Return what the same events cost among each number of borrowers."""
    pipeline, coming, _ = simulated_lives()
    cost: dict[str, object] = {}
    for size in sizes:
        async with fresh_environment(servers) as environment:
            await load_borrowers(
                environment.database_url, pipeline, borrowers=size, ledger_rows=LEDGER_ROWS
            )
            topic = environment.platform.events_topic
            lines = spread(coming, size // SIMULATED, events)
            count = await load(environment.servers.bootstrap, topic, lines, partitions=PARTITIONS)
            line = await throughput(environment, count, workers=workers)
            cost[str(size)] = line["cpu_us_per_event"]
    figures = [float(str(figure)) for figure in cost.values()]
    return {"cpu_us_per_event": cost, "growth": round(figures[-1] / figures[0], 2)}


def spread(coming: list[EventLine], copies: int, count: int) -> Iterator[EventLine]:
    """Yield events of borrowers across all copies, each borrower's in order.

    Each copy is a little behind the one before: otherwise all copies of a borrower would change
    state at the same moment, and no bank has such bursts.
    """
    step = max(1, copies * len(coming) // count)
    yielded = 0
    for tick in range(len(coming) + STAGGER_EVENTS):
        for copy in range(tick % step, copies, step):
            index = tick - copy % STAGGER_EVENTS
            if 0 <= index < len(coming):
                yield copied(coming[index], copy)
                yielded += 1
            if yielded == count:
                return
