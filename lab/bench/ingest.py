"""Measures what HTTP ingest costs: with many events a request, and with one event a request.

The sender's own CPU is not counted; it only has to be fast enough to saturate ingest.
"""

from collections.abc import Sequence

import asyncpg

from lab.bench.environment import BenchEnvironment
from lab.bench.feed import EventLine
from lab.bench.http_sender import post_all
from lab.bench.meters import between, mark
from lab.bench.services import running
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.access.store import Grant
from services.kit.clock import SystemClock

BATCH = 500
SENDERS = 4
SINGLE_SENDERS = 16
WARM_UP = 0.1


async def http_ingest(
    environment: BenchEnvironment, lines: Sequence[EventLine], *, singles: int
) -> dict[str, object]:
    """Send events in batches, then one a request; return speed and cost of both."""
    key = await _key(environment)
    with running(environment, {"ingest": 1}) as run:
        await run.processes.wait_until_ready()
        url, groups = run.urls["ingest"][0], run.measured(environment)
        bodies = [
            b"\n".join(line.value for line in lines[at : at + BATCH])
            for at in range(0, len(lines), BATCH)
        ]
        await post_all(url, _part(bodies), key=key, senders=SENDERS)
        begin = mark(0, groups)
        await post_all(url, bodies, key=key, senders=SENDERS)
        batches = between(begin, mark(len(lines), groups))
        alone = [line.value for line in lines[:singles]]
        await post_all(url, _part(alone), key=key, senders=SINGLE_SENDERS)
        begin = mark(0, groups)
        await post_all(url, alone, key=key, senders=SINGLE_SENDERS)
        single = between(begin, mark(len(alone), groups))
    return {"batches_of": BATCH, "batches": batches, "single": single}


def _part(bodies: Sequence[bytes]) -> Sequence[bytes]:
    """Return the first bodies, to warm up with."""
    return bodies[: max(1, round(len(bodies) * WARM_UP))]


async def _key(environment: BenchEnvironment) -> str:
    connection = await asyncpg.connect(environment.database_url, timeout=10)
    try:
        grant = Grant(name="the bench", roles=frozenset({Role.SOURCE}), sources=("core/*",))
        return (await store.issue(connection, grant, at=SystemClock().now()))[1]
    finally:
        await connection.close()
