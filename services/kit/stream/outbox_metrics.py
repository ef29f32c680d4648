"""How much an outbox holds, and since when: the gauges that show a relay that stands still.

One task per process; each looks at the whole outbox of its service, so the figures stay true
when the partition's owner is the one that hangs. Services start it beside their consumer.
"""

import asyncio

import structlog

from services.kit import catalogue
from services.kit.clock import Clock
from services.kit.database import Connection, Database, DatabaseUnavailable
from services.kit.http.server import Task
from services.kit.metrics import Recorder

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
_MIGRATED = "SELECT to_regclass($1) IS NOT NULL"
_HELD = """
SELECT topic, count(*) AS pending, extract(epoch FROM min(written_at))::float8 AS oldest
  FROM {schema}.outbox GROUP BY topic
"""


def outbox_age(
    database: Database, *, schema: str, topics: tuple[str, ...], recorder: Recorder, clock: Clock
) -> Task:
    """Return the task that keeps the gauges of these topics true."""
    query = _HELD.format(schema=schema)

    async def look(connection: Connection) -> None:
        if not await connection.fetchval(_MIGRATED, f"{schema}.outbox"):
            return
        held = {row["topic"]: row for row in await connection.fetch(query)}
        for topic in {*topics, *held}:
            row = held.get(topic)
            recorder.set(catalogue.OUTBOX_PENDING, row["pending"] if row else 0, topic=topic)
            recorder.set(catalogue.OUTBOX_OLDEST, row["oldest"] if row else 0.0, topic=topic)

    async def watch(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await database.in_transaction(look)
            except DatabaseUnavailable as error:
                log.info("outbox not measured", error=repr(error))
            await _until(stop)

    async def _until(stop: asyncio.Event) -> None:
        waiting = asyncio.create_task(stop.wait())
        sleeping = asyncio.create_task(clock.sleep(LOOK_SECONDS))
        await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        sleeping.cancel()

    return watch
