"""Measures the number of rows in an outbox and their age, which shows a stuck relay.

One task per process measures the whole outbox of its service, so the figures stay true when the
partition's owner is the process that hangs. Services start it with their consumer.
"""

import asyncio

import structlog

from services.kit import catalogue
from services.kit.clock import Clock
from services.kit.database import Connection, Database, DatabaseUnavailable
from services.kit.http.server import Task
from services.kit.metrics import Recorder

log = structlog.get_logger(__name__)

MEASURE_SECONDS = 5.0
_MIGRATED = "SELECT to_regclass($1) IS NOT NULL"
_PENDING = """
SELECT topic, count(*) AS pending, extract(epoch FROM min(written_at))::float8 AS oldest
  FROM {schema}.outbox GROUP BY topic
"""


def measure_outbox(
    database: Database, *, schema: str, topics: tuple[str, ...], recorder: Recorder, clock: Clock
) -> Task:
    """Returns the task that updates the gauges of these topics."""
    query = _PENDING.format(schema=schema)

    async def measure(connection: Connection) -> None:
        if not await connection.fetchval(_MIGRATED, f"{schema}.outbox"):
            return
        rows = {row["topic"]: row for row in await connection.fetch(query)}
        for topic in {*topics, *rows}:
            row = rows.get(topic)
            recorder.set(catalogue.OUTBOX_PENDING, row["pending"] if row else 0, topic=topic)
            recorder.set(catalogue.OUTBOX_OLDEST, row["oldest"] if row else 0.0, topic=topic)

    async def measure_until(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await database.in_transaction(measure)
            except DatabaseUnavailable as error:
                log.info("outbox.measurement_failed", error=repr(error))
            await wait_for(stop)

    async def wait_for(stop: asyncio.Event) -> None:
        waiting = asyncio.create_task(stop.wait())
        sleeping = asyncio.create_task(clock.sleep(MEASURE_SECONDS))
        await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        sleeping.cancel()

    return measure_until
