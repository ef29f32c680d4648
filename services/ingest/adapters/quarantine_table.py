"""The quarantine, in PostgreSQL: original bytes, their origin and the reason."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.ingest.adapters import quarantine_rows as rows
from services.ingest.adapters.translating import database_errors
from services.ingest.application.inputs import InputChannel, QuarantinedInput, Status
from services.ingest.application.ports import (
    EntryCount,
    EntryFilters,
    EntrySettlement,
    FullEntry,
    LockedEntry,
    QuarantineEntry,
)
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.kit.access.keys import like_pattern
from services.kit.database import (
    CONNECT_TIMEOUT_SECONDS,
    Connection,
    Database,
    PostgresDatabase,
)

MAX_LOCKS = 4

_INSERT = """
INSERT INTO ingest.quarantine
    (status, reason, pointer, detail, channel, raw, digest, headers, content_type, topic,
     partition, record_offset, sender, sender_sources, sender_types, source, event_id, event_type,
     account_id, received_at, retry_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $20, $21)
"""
# The update changes nothing; without it, no id is returned for a row that exists already.
_INSERT_RECORD = (
    _INSERT
    + """
ON CONFLICT (topic, partition, record_offset, digest) WHERE channel = 'kafka'
DO UPDATE SET times_seen = quarantine.times_seen RETURNING id
"""
)
_INSERT_REQUEST = (
    _INSERT
    + """
ON CONFLICT (sender, digest) WHERE channel = 'http' AND status IN ('open', 'parked')
DO UPDATE SET times_seen = quarantine.times_seen + 1 RETURNING id
"""
)
# Without the bytes: a page of the largest inputs would be hundreds of megabytes.
_LIST = """
SELECT id, status, reason, pointer, detail, channel, topic, partition, record_offset, source,
       event_id, event_type, account_id, sender, times_seen, attempts, received_at, settled_at,
       settled_by, note, retry_at
  FROM ingest.quarantine
 WHERE id > $1
   AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR reason = $3)
   AND ($4::text IS NULL OR topic = $4) AND ($5::text IS NULL OR source = $5)
   AND ($6::text IS NULL OR account_id = $6)
   AND ($7::text IS NULL OR sender = $7 OR source LIKE ANY ($8::text[]))
 ORDER BY id LIMIT $9
"""
_ENTRY = "SELECT * FROM ingest.quarantine WHERE id = $1"
_LOCK = _ENTRY + " FOR UPDATE"
_LOCK_PARKED = """
SELECT * FROM ingest.quarantine WHERE status = 'parked' AND account_id = $1
 ORDER BY id LIMIT $2 FOR UPDATE
"""
# Taken first by every release of an account, so its queue has one reader at a time.
_LOCK_ACCOUNT = "SELECT 1 FROM ingest.account WHERE account_id = $1 FOR UPDATE"
_COUNTS = """
SELECT status, reason, count(*) AS entries, sum(times_seen) AS offered
  FROM ingest.quarantine GROUP BY status, reason ORDER BY status, reason
"""
_SETTLE = """
UPDATE ingest.quarantine
   SET status = $2, settled_at = $3, settled_by = $4, note = $5, attempts = attempts + 1
 WHERE id = $1
"""
_REFUSE_AGAIN = """
UPDATE ingest.quarantine
   SET status = $2, reason = $3, pointer = $4, detail = $5, account_id = $6,
       retry_at = $7, attempts = attempts + 1
 WHERE id = $1
"""
_DUE = """
SELECT id FROM ingest.quarantine WHERE status = 'open' AND retry_at <= $1
 ORDER BY retry_at, id LIMIT $2
"""


class LockedRow:
    """A quarantined input, locked by the transaction that read it."""

    def __init__(self, connection: Connection, full: FullEntry) -> None:
        self._connection = connection
        self.full = full

    async def settle(self, status: Status, settlement: EntrySettlement) -> None:
        """Marks it as released or discarded."""
        await self._connection.execute(
            _SETTLE,
            self.full.entry.id,
            status.value,
            settlement.at,
            settlement.by,
            settlement.note,
        )

    async def record_refusal(self, refusal: Refusal, *, account_id: str | None = None) -> None:
        """Stores the current reason; with an account the input is parked."""
        await self._connection.execute(
            _REFUSE_AGAIN,
            self.full.entry.id,
            (Status.PARKED if account_id else Status.OPEN).value,
            refusal.reason.value,
            refusal.pointer,
            rows.storable(refusal.detail),
            account_id,
            refusal.retry_at,
        )


async def lock_entry(connection: Connection, entry_id: int) -> LockedRow | None:
    """Locks an entry until the caller's transaction ends."""
    row = await connection.fetchrow(_LOCK, entry_id)
    return LockedRow(connection, rows.full_entry_of(row)) if row is not None else None


class QuarantineInserts:
    """Stores inputs in quarantine; also inside a transaction that is open already."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, inputs: Sequence[QuarantinedInput]) -> Sequence[int]:
        """Stores inputs, all or none; the same input again counts up under its number."""

        async def write(connection: Connection) -> list[int]:
            return [
                await connection.fetchval(
                    _INSERT_RECORD if each.input.channel is InputChannel.KAFKA else _INSERT_REQUEST,
                    *rows.parameters(each),
                )
                for each in inputs
            ]

        with database_errors():
            return await self._database.in_transaction(write)


class QuarantineTable:
    """Lists and settles quarantined inputs."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._pool = database.pool
        # A locked entry needs a second connection, to look up its account: if every connection had
        # a lock, all would wait for each other.
        self._locks = asyncio.Semaphore(MAX_LOCKS)

    async def entries(
        self, filters: EntryFilters, *, after_id: int, limit: int
    ) -> Sequence[QuarantineEntry]:
        """Returns the inputs after a number, oldest first."""
        scope = filters.scope
        with database_errors():
            matching_rows = await self._pool.fetch(
                _LIST,
                after_id,
                filters.status.value if filters.status else None,
                filters.reason.value if filters.reason else None,
                filters.topic,
                filters.source,
                filters.account_id,
                scope.sender if scope else None,
                [like_pattern(source) for source in scope.sources] if scope else [],
                limit,
            )
        return [rows.entry_of(row) for row in matching_rows]

    async def entry(self, entry_id: int) -> FullEntry | None:
        """Returns a quarantined input with its original bytes."""
        with database_errors():
            row = await self._pool.fetchrow(_ENTRY, entry_id)
        return rows.full_entry_of(row) if row is not None else None

    async def counts(self) -> Sequence[EntryCount]:
        """Returns the number of inputs by status and reason."""
        with database_errors():
            counts = await self._pool.fetch(_COUNTS)
        return [
            EntryCount(
                status=Status(row["status"]),
                reason=RefusalReason(row["reason"]),
                entries=row["entries"],
                offered=row["offered"],
            )
            for row in counts
        ]

    async def due(self, *, at: datetime, limit: int) -> Sequence[int]:
        """Returns the numbers of open inputs whose time has come, the earliest first."""
        with database_errors():
            due = await self._pool.fetch(_DUE, at, limit)
        return [row["id"] for row in due]

    @asynccontextmanager
    async def lock(self, entry_id: int) -> AsyncIterator[LockedEntry | None]:
        """Locks an entry; commits when the block ends without an error."""
        async with self._transaction() as connection:
            yield await lock_entry(connection, entry_id)

    @asynccontextmanager
    async def lock_account(
        self, account_id: str, *, limit: int
    ) -> AsyncIterator[Sequence[LockedEntry]]:
        """Locks an account's parked entries, in the order in which they came."""
        async with self._transaction() as connection:
            await connection.execute(_LOCK_ACCOUNT, account_id)
            parked = await connection.fetch(_LOCK_PARKED, account_id, limit)
            yield [LockedRow(connection, rows.full_entry_of(row)) for row in parked]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        with database_errors():
            async with (
                self._locks,
                self._pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS) as connection,
                connection.transaction(),
            ):
                yield connection
