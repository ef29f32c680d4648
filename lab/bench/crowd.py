"""The day close over many borrowers, and what their number does to the cost of an event."""

from collections.abc import Iterator

import asyncpg

from lab.bench.feed import Line, copied, load, portfolio
from lab.bench.ground import PARTITIONS, Ground, Servers, fresh
from lab.bench.meters import between, mark, per_event
from lab.bench.multitude import settle
from lab.bench.scoring import APPLIED, BEHIND, throughput, until
from lab.bench.stages import Pipeline
from lab.bench.workers import running
from services.cli.errors import CommandError

# Then the next day closed is neither a month's last nor a due date: most days are such.
LIVED_DAYS = 70
SIMULATED = 100
DAYS_AHEAD = 5
LEDGER_ROWS = 5
BEHIND_EACH_OTHER = 100
# Asked again and again while the close is timed, so it must not read the borrowers.
SWEPT = """
SELECT count(*) FROM scoring.sweep AS swept
 WHERE target_offset IS NULL
   AND done_offset = (SELECT max("offset") FROM scoring.control
                       WHERE partition = swept.partition AND closed_date IS NOT NULL)
"""


def lives(days_ahead: int = DAYS_AHEAD) -> tuple[Pipeline, list[Line], Line]:
    """Return borrowers after some weeks, the events of the next days, and the next day close."""
    pipeline = Pipeline()
    coming: list[Line] = []
    close: Line | None = None
    days = 0
    for line in portfolio(SIMULATED, LIVED_DAYS + days_ahead, closes=True):
        days += line.key is None
        if days < LIVED_DAYS:
            pipeline.take(line)
        elif line.key is None and days > LIVED_DAYS:
            close = close or line
        elif line.key is None:
            pipeline.take(line)
        else:
            coming.append(line)
    assert close is not None
    return pipeline, coming, close


async def day_close(ground: Ground, *, borrowers: int, workers: int) -> dict[str, object]:
    """Close one day for so many borrowers; return borrowers a second and CPU of each."""
    pipeline, _, close = lives()
    await settle(ground.database_url, pipeline, borrowers=borrowers, ledger_rows=0)
    connection = await asyncpg.connect(ground.database_url, timeout=10)
    try:
        with running(ground, {"scoring": workers}) as run:
            await run.children.wait_until_ready()

            async def swept() -> int:
                return int(await connection.fetchval(SWEPT))

            async def applied() -> int:
                return int(await connection.fetchval(APPLIED))

            groups = run.measured(ground)
            before = mark(0, groups)
            topic = ground.platform.events_topic
            count = await load(ground.servers.bootstrap, topic, [close], partitions=PARTITIONS)
            await until(applied, count, run)
            await until(swept, PARTITIONS, run)
            line = between(before, mark(borrowers, groups))
        if behind := await connection.fetchval(BEHIND):
            raise CommandError(
                f"{behind:,} borrowers did not get the day close.",
                remedy="the sweep has a fault; the figures would be worthless",
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
    servers: Servers, *, sizes: tuple[int, ...], events: int, workers: int
) -> dict[str, object]:
    """Return what the same events cost among so many borrowers."""
    pipeline, coming, _ = lives()
    cost: dict[str, object] = {}
    for size in sizes:
        async with fresh(servers) as ground:
            await settle(ground.database_url, pipeline, borrowers=size, ledger_rows=LEDGER_ROWS)
            topic = ground.platform.events_topic
            lines = spread(coming, size // SIMULATED, events)
            count = await load(ground.servers.bootstrap, topic, lines, partitions=PARTITIONS)
            line = await throughput(ground, count, workers=workers)
            cost[str(size)] = line["cpu_us_per_event"]
    figures = [float(str(one)) for one in cost.values()]
    return {"cpu_us_per_event": cost, "growth": round(figures[-1] / figures[0], 2)}


def spread(coming: list[Line], copies: int, wanted: int) -> Iterator[Line]:
    """Yield events of borrowers all over the crowd, each borrower's in order.

    Each copy lives a little behind the one before: what is news for one borrower would be news for
    all its copies in the same moment, and no bank has such bursts.
    """
    step = max(1, copies * len(coming) // wanted)
    made = 0
    for tick in range(len(coming) + BEHIND_EACH_OTHER):
        for copy in range(tick % step, copies, step):
            place = tick - copy % BEHIND_EACH_OTHER
            if 0 <= place < len(coming):
                yield copied(coming[place], copy)
                made += 1
            if made == wanted:
                return
