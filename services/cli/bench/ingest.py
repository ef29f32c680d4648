"""What HTTP ingest costs: many events a request, and one event a request.

The sender's own CPU is not counted; it only has to be quick enough to keep ingest busy.
"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice

import asyncpg
import httpx2

from services.cli.bench.feed import Line
from services.cli.bench.ground import Ground
from services.cli.bench.meters import between, mark
from services.cli.bench.workers import running
from services.cli.errors import CommandError
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.access.store import Grant
from services.kit.clock import SystemClock

BATCH = 500
SENDERS = 4
SINGLE_SENDERS = 16
WARM_UP = 0.1


async def http_ingest(ground: Ground, lines: Sequence[Line], *, singles: int) -> dict[str, object]:
    """Send events in batches, then one a request; return speed and cost of both."""
    key = await _key(ground)
    with running(ground, {"ingest": 1}) as run:
        await run.children.wait_until_ready()
        url, groups = run.urls["ingest"][0], run.measured(ground)
        bodies = [
            b"\n".join(line.value for line in lines[at : at + BATCH])
            for at in range(0, len(lines), BATCH)
        ]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            await _send(client, bodies[: max(1, round(len(bodies) * WARM_UP))], senders=SENDERS)
            begin = mark(0, groups)
            await _send(client, bodies, senders=SENDERS)
            batches = between(begin, mark(len(lines), groups))
            begin = mark(0, groups)
            await _send(client, [one.value for one in lines[:singles]], senders=SINGLE_SENDERS)
            single = between(begin, mark(min(singles, len(lines)), groups))
    return {"batches_of": BATCH, "batches": batches, "single": single}


async def _send(client: httpx2.AsyncClient, bodies: Iterable[bytes], *, senders: int) -> None:
    waiting = iter(bodies)

    async def sender() -> None:
        while body := list(islice(waiting, 1)):
            answer = await client.post("/v1/events", content=body[0])
            if answer.status_code != httpx2.codes.ACCEPTED:
                raise CommandError(
                    f"Ingest answered {answer.status_code}: {answer.text[:300]}",
                    remedy="Look at the log of ingest; the bench sends only valid events.",
                )

    async with asyncio.TaskGroup() as group:
        for _ in range(senders):
            group.create_task(sender())


async def _key(ground: Ground) -> str:
    connection = await asyncpg.connect(ground.database_url, timeout=10)
    try:
        grant = Grant(name="the bench", roles=frozenset({Role.SOURCE}), sources=("core/*",))
        return (await store.issue(connection, grant, at=SystemClock().now()))[1]
    finally:
        await connection.close()
