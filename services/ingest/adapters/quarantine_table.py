"""The quarantine, in PostgreSQL: original bytes, where they came from, and why they are here."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.ingest.adapters import quarantine_rows as rows
from services.ingest.adapters.translating import database_errors
from services.ingest.application.inputs import Channel, QuarantinedInput, Status
from services.ingest.application.ports import (
    Count,
    Entry,
    EntryFilters,
    FullEntry,
    LockedEntry,
    Settlement,
)
from services.ingest.domain.reasons import Reason, Refusal
from services.kit.database import (
    CONNECT_TIMEOUT_SECONDS,
    Connection,
    Database,
    PostgresDatabase,
)

MOST_HOLDERS = 4

_COLUMNS = """
INSERT INTO ingest.quarantine
    (status, reason, pointer, detail, channel, raw, digest, headers, content_type, topic,
     partition, record_offset, sender, sender_sources, source, event_id, event_type, account_id,
     received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
"""
# `id = …id` changes nothing; it makes the row that is there already come back.
_KEEP_RECORD = (
    _COLUMNS
    + """
ON CONFLICT (topic, partition, record_offset, digest) WHERE channel = 'kafka'
DO UPDATE SET times_seen = quarantine.times_seen RETURNING id
"""
)
_KEEP_REQUEST = (
    _COLUMNS
    + """
ON CONFLICT (sender, digest) WHERE channel = 'http' AND status IN ('open', 'parked')
DO UPDATE SET times_seen = quarantine.times_seen + 1 RETURNING id
"""
)
_LIST = """
SELECT * FROM ingest.quarantine
 WHERE id > $1
   AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR reason = $3)
   AND ($4::text IS NULL OR topic = $4) AND ($5::text IS NULL OR source = $5)
   AND ($6::text IS NULL OR account_id = $6)
 ORDER BY id LIMIT $7
"""
_ONE = "SELECT * FROM ingest.quarantine WHERE id = $1"
_HOLD = _ONE + " FOR UPDATE"
_HOLD_ACCOUNT = """
SELECT * FROM ingest.quarantine WHERE status = 'parked' AND account_id = $1
 ORDER BY id LIMIT $2 FOR UPDATE
"""
# Everybody who releases an account takes this first, so its queue has one reader at a time.
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
       attempts = attempts + 1
 WHERE id = $1
"""


class LockedRow:
    """A kept input, locked by the transaction that reads it."""

    def __init__(self, connection: Connection, full: FullEntry) -> None:
        self._connection = connection
        self.full = full

    async def settle(self, status: Status, settlement: Settlement) -> None:
        """Say that it is done with."""
        await self._connection.execute(
            _SETTLE,
            self.full.entry.id,
            status.value,
            settlement.at,
            settlement.by,
            settlement.note,
        )

    async def record_refusal(self, refusal: Refusal, *, account_id: str | None = None) -> None:
        """Keep it with the reason that holds now; with an account it is parked."""
        await self._connection.execute(
            _REFUSE_AGAIN,
            self.full.entry.id,
            (Status.PARKED if account_id else Status.OPEN).value,
            refusal.reason.value,
            refusal.pointer,
            rows.storable(refusal.detail),
            account_id,
        )


class PostgresQuarantineWriter:
    """Puts inputs into quarantine; also inside a transaction that is open already."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, inputs: Sequence[QuarantinedInput]) -> Sequence[int]:
        """Keep inputs, all or none; the same input again counts up and gives the same number."""

        async def write(connection: Connection) -> list[int]:
            return [
                await connection.fetchval(
                    _KEEP_RECORD if kept.input.channel is Channel.KAFKA else _KEEP_REQUEST,
                    *rows.parameters(kept),
                )
                for kept in inputs
            ]

        with database_errors():
            return await self._database.in_transaction(write)


class PostgresQuarantine:
    """The inputs that are kept, to look at and to settle."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._pool = database.pool
        # Who holds an entry needs a second connection to look accounts up; a pool full of
        # holders would wait for itself.
        self._holders = asyncio.Semaphore(MOST_HOLDERS)

    async def entries(self, filters: EntryFilters, *, after_id: int, limit: int) -> Sequence[Entry]:
        """Return kept inputs after a number, oldest first."""
        with database_errors():
            found = await self._pool.fetch(
                _LIST,
                after_id,
                filters.status.value if filters.status else None,
                filters.reason.value if filters.reason else None,
                filters.topic,
                filters.source,
                filters.account_id,
                limit,
            )
        return [rows.entry_of(row) for row in found]

    async def entry(self, entry_id: int) -> FullEntry | None:
        """Return one kept input with its original bytes."""
        with database_errors():
            row = await self._pool.fetchrow(_ONE, entry_id)
        return rows.full_entry_of(row) if row is not None else None

    async def counts(self) -> Sequence[Count]:
        """Return how many inputs stand where."""
        with database_errors():
            found = await self._pool.fetch(_COUNTS)
        return [
            Count(
                status=Status(row["status"]),
                reason=Reason(row["reason"]),
                entries=row["entries"],
                offered=row["offered"],
            )
            for row in found
        ]

    @asynccontextmanager
    async def lock(self, entry_id: int) -> AsyncIterator[LockedEntry | None]:
        """Lock an entry; commit when the block ends without an error."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_HOLD, entry_id)
            yield LockedRow(connection, rows.full_entry_of(row)) if row is not None else None

    @asynccontextmanager
    async def lock_account(
        self, account_id: str, *, limit: int
    ) -> AsyncIterator[Sequence[LockedEntry]]:
        """Lock an account's parked entries, in the order in which they came."""
        async with self._transaction() as connection:
            await connection.execute(_LOCK_ACCOUNT, account_id)
            found = await connection.fetch(_HOLD_ACCOUNT, account_id, limit)
            yield [LockedRow(connection, rows.full_entry_of(row)) for row in found]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        with database_errors():
            async with (
                self._holders,
                self._pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS) as connection,
                connection.transaction(),
            ):
                yield connection
