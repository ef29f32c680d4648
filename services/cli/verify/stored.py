"""Reads what the worker stored, in one snapshot of the database, with cursors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from services.cli.verify.refold import IsolationMark

PARTITIONS = """
SELECT progress.partition, next_offset, duplicates, quarantined, stop.reason AS stop_reason,
       next_offset + (SELECT coalesce(sum(from_offset - to_offset), 0)
                        FROM scoring.offset_change AS change
                       WHERE kind = 'position' AND (change.consumer, change.topic, change.partition)
                             = (progress.consumer, progress.topic, progress.partition))::bigint
         AS read
  FROM scoring.partition_progress AS progress
  LEFT JOIN scoring.partition_stop AS stop
    ON (stop.consumer, stop.topic, stop.partition, stop.epoch)
     = (progress.consumer, progress.topic, progress.partition, progress.epoch)
 WHERE progress.consumer = 'scoring' AND progress.topic = $1 ORDER BY progress.partition
"""
LEDGER = """
SELECT "offset", event FROM scoring.ledger WHERE partition = $1
UNION ALL
SELECT "offset", event FROM scoring.control WHERE partition = $1
ORDER BY 1
"""
WITHDRAWALS = """
SELECT "offset", event FROM scoring.control
 WHERE partition = $1 AND withdrawn_id IS NOT NULL ORDER BY 1
"""
STATES = """
SELECT borrower_id, closed_offset, state FROM scoring.borrower WHERE partition = $1
"""
BORROWERS = "SELECT borrower_id FROM scoring.borrower ORDER BY borrower_id"
MARKS = """
SELECT borrower_id, folded_to, closed_offset FROM scoring.borrower
 WHERE partition = $1 AND isolated_reason IS NOT NULL
"""
ASSESSMENTS = """
SELECT borrower_id, sequence, event FROM scoring.assessment ORDER BY borrower_id, sequence
"""
COUNTS = """
SELECT (SELECT count(*) FROM scoring.ledger) + (SELECT count(*) FROM scoring.control) AS applied,
       (SELECT count(*) FROM scoring.quarantine) AS quarantined,
       (SELECT count(*) FROM scoring.outbox) AS outbox,
       (SELECT count(*) FROM scoring.borrower AS borrower
         WHERE isolated_reason IS NULL
           AND EXISTS (SELECT FROM scoring.control AS closed
                        WHERE closed.partition = borrower.partition
                          AND (closed.closed_date IS NOT NULL OR closed.withdrawn_id IS NOT NULL)
                          AND closed."offset" > borrower.closed_offset)) AS behind
"""
# The primary key begins with the borrower: within one, (source, id) comes once.
IDS_OF_MANY = """
SELECT source, event_id, count(*) AS borrowers FROM scoring.ledger
 GROUP BY source, event_id HAVING count(*) > 1 ORDER BY source, event_id
"""
LEDGER_PARTITIONS = """
SELECT partition FROM scoring.ledger UNION SELECT partition FROM scoring.control ORDER BY 1
"""
RULEBOOKS = "SELECT name, version, document FROM scoring.rulebook"
PREFETCH = 2_000


class Stored:
    """One snapshot of schema `scoring`."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def partitions(self, topic: str) -> list[Any]:
        """Return the next offset, the totals and the stop of each partition.

        `read` counts the records that its position has passed, as often as it has passed them.
        """
        rows: list[Any] = await self._connection.fetch(PARTITIONS, topic)
        return rows

    async def counts(self) -> Any:
        """Return the counts of rows, and of borrowers that a day close has not reached."""
        return await self._connection.fetchrow(COUNTS)

    async def rulebooks(self) -> dict[tuple[str, str], bytes]:
        """Return every stored rulebook's document by name and version."""
        rows = await self._connection.fetch(RULEBOOKS)
        return {(row["name"], row["version"]): row["document"] for row in rows}

    async def ledger_partitions(self) -> list[int]:
        """Return the partitions of which events were applied."""
        return [row["partition"] for row in await self._connection.fetch(LEDGER_PARTITIONS)]

    def ids_of_many(self) -> AsyncIterator[Any]:
        """Yield each (source, id) that is in the ledger of more than one borrower."""
        return self._rows(IDS_OF_MANY)

    def ledger(self, partition: int) -> AsyncIterator[Any]:
        """Yield the applied events of a partition in log order."""
        return self._rows(LEDGER, partition)

    async def withdrawals(self, partition: int) -> list[tuple[int, bytes]]:
        """Return the withdrawals of closes in a partition, in log order."""
        rows = await self._connection.fetch(WITHDRAWALS, partition)
        return [(row["offset"], row["event"]) for row in rows]

    def states(self, partition: int) -> AsyncIterator[Any]:
        """Yield the stored states of a partition."""
        return self._rows(STATES, partition)

    async def marks(self, partition: int) -> dict[str, IsolationMark]:
        """Return how far each isolated borrower of a partition is folded."""
        rows = await self._connection.fetch(MARKS, partition)
        return {
            row["borrower_id"]: IsolationMark(row["folded_to"], row["closed_offset"])
            for row in rows
        }

    async def borrowers(self) -> list[str]:
        """Return the id of every borrower, in order."""
        return [row["borrower_id"] for row in await self._connection.fetch(BORROWERS)]

    def assessments(self) -> AsyncIterator[Any]:
        """Yield all emitted assessments, by borrower and sequence."""
        return self._rows(ASSESSMENTS)

    async def _rows(self, query: str, *arguments: object) -> AsyncIterator[Any]:
        async for row in self._connection.cursor(query, *arguments, prefetch=PREFETCH):
            yield row


@asynccontextmanager
async def snapshot(dsn: str) -> AsyncIterator[Stored]:
    """Open a snapshot, which does not change while the worker writes."""
    connection = await asyncpg.connect(dsn, timeout=10, server_settings={"jit": "off"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield Stored(connection)
    finally:
        await connection.close(timeout=5)
