"""Measures what HTTP ingest costs: with many events a request, and with one event a request.

Events of accounts are sent with their borrowers, then without: the difference is the cost of the
account directory and of the stored identities. The first batches have registered the accounts.

The sender's own CPU is not counted; it only has to be fast enough to saturate ingest.
"""

from collections.abc import Sequence

import asyncpg

from lab.bench.environment import BenchEnvironment
from lab.bench.feed import EventLine, account_events
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
    """Send events in batches, then one a request; return speed and cost of each way."""
    key = await _key(environment)
    named, addressed = account_events(lines)
    no_mappings = environment.folder / "no-mappings"
    no_mappings.mkdir(exist_ok=True)
    extra = {"TOCSIN_INGEST_MAPPINGS": str(no_mappings)}
    with running(environment, {"ingest": 1}, extra=extra) as run:
        await run.processes.wait_until_ready()
        url, groups = run.urls["ingest"][0], run.measured(environment)

        async def measured(events: Sequence[bytes], *, batch: int, senders: int) -> object:
            bodies = [b"\n".join(events[at : at + batch]) for at in range(0, len(events), batch)]
            # The first bodies warm up; sent again, they would store no identities.
            first = max(1, round(len(bodies) * WARM_UP))
            await post_all(url, bodies[:first], key=key, senders=senders)
            begin = mark(0, groups)
            await post_all(url, bodies[first:], key=key, senders=senders)
            return between(begin, mark(len(events[first * batch :]), groups))

        values = [line.value for line in lines]
        # The last ones: the first are the registrations of all borrowers, as on no day of a bank.
        return {
            "batches_of": BATCH,
            "batches": await measured(values, batch=BATCH, senders=SENDERS),
            "single": await measured(values[-singles:], batch=1, senders=SINGLE_SENDERS),
            "by_borrower": await measured(named, batch=BATCH, senders=SENDERS),
            "by_account": await measured(addressed, batch=BATCH, senders=SENDERS),
        }


async def _key(environment: BenchEnvironment) -> str:
    connection = await asyncpg.connect(environment.database_url, timeout=10)
    try:
        grant = Grant(name="the bench", roles=frozenset({Role.SOURCE}), sources=("core/*",))
        return (await store.issue(connection, grant, at=SystemClock().now()))[1]
    finally:
        await connection.close()
