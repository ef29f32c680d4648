"""The quarantine of a consumer, for people: lists, retries, releases and discards its records.

Called by REST. A release sends the record's bytes to the end of the log that it came from: there it
is read like any other, after all that was applied meanwhile, and never out of the log's order. What
must stay true: a record is settled once, and only after the broker has acknowledged it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.kit.access.keys import like_pattern
from services.kit.clock import Clock
from services.kit.database import Connection, Database
from services.kit.stream.outbox import Message, unpack_headers
from services.kit.stream.producer import Producer
from services.kit.stream.records import generation_and_offset

MAX_AT_ONCE = 1_000
_COLUMNS = """
    entry.id, entry.topic, entry.partition, entry."offset", entry.source, entry.event_id,
    entry.reason, entry.detail, entry.quarantined_at AS received_at,
    coalesce(settlement.status, 'open') AS status, settlement.settled_at, settlement.settled_by,
    settlement.note
"""
_FROM = """
  FROM {schema}.quarantine AS entry
  LEFT JOIN {schema}.quarantine_settlement AS settlement ON settlement.quarantine_id = entry.id
"""
_LIST = (
    "SELECT"
    + _COLUMNS
    + _FROM
    + """
 WHERE entry.id > $1
   AND ($2::text IS NULL OR coalesce(settlement.status, 'open') = $2)
   AND ($3::text IS NULL OR entry.reason = $3)
   AND ($4::text IS NULL OR entry.source = $4)
   AND ($5::text[] IS NULL OR entry.source LIKE ANY ($5))
 ORDER BY entry.id LIMIT $6
"""
)
_ENTRY = (
    "SELECT" + _COLUMNS + ", entry.key, entry.value, entry.headers" + _FROM + " WHERE entry.id = $1"
)
_COUNTS = (
    "SELECT coalesce(settlement.status, 'open') AS status, entry.reason, count(*) AS entries"
    + _FROM
    + " GROUP BY 1, 2 ORDER BY 1, 2"
)
# Two people settle a record one after the other; the table itself is never updated.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('{schema}.quarantine', $1))"
_SETTLE = """
INSERT INTO {schema}.quarantine_settlement (quarantine_id, status, settled_at, settled_by, note)
VALUES ($1, $2, $3, $4, $5)
"""

Check = Callable[[bytes | None], str | None]
"""Returns why a record cannot be applied by the present code; None if it can be read."""


class EntryStatus(StrEnum):
    """The status of a quarantined record."""

    OPEN = "open"
    RELEASED = "released"
    DISCARDED = "discarded"


class NoSuchEntry(Exception):
    """No quarantined record has this number."""


class EntrySettled(Exception):
    """The record was released or discarded before."""


class StillUnreadable(Exception):
    """The present code cannot read the record either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRecord:
    """A quarantined record without its bytes."""

    id: int
    topic: str
    partition: int
    generation: int
    offset: int
    source: str | None
    event_id: str | None
    reason: str
    detail: str
    received_at: datetime
    status: EntryStatus
    settled_at: datetime | None
    settled_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRecord:
    """A quarantined record with its bytes."""

    entry: QuarantinedRecord
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilters:
    """A choice of quarantined records; None means any."""

    status: EntryStatus | None = None
    reason: str | None = None
    source: str | None = None


class QuarantineReview:
    """The quarantined records of one service."""

    def __init__(
        self, *, schema: str, database: Database, producer: Producer, check: Check, clock: Clock
    ) -> None:
        self._database = database
        self._producer = producer
        self._check = check
        self._clock = clock
        self._list, self._entry, self._counts, self._lock, self._settle = (
            statement.format(schema=schema)
            for statement in (_LIST, _ENTRY, _COUNTS, _LOCK, _SETTLE)
        )

    async def entries(
        self,
        filters: RecordFilters,
        *,
        of_sources: Sequence[str] | None = None,
        after_id: int = 0,
        limit: int = 50,
    ) -> Sequence[QuarantinedRecord]:
        """Returns quarantined records, oldest first.

        Args:
            of_sources: Only records of these sources, where `core/*` is a prefix.
        """

        async def read(connection: Connection) -> Sequence[QuarantinedRecord]:
            rows = await connection.fetch(
                self._list,
                after_id,
                filters.status.value if filters.status else None,
                filters.reason,
                filters.source,
                None if of_sources is None else [like_pattern(each) for each in of_sources],
                limit,
            )
            return [_entry_of(row) for row in rows]

        return await self._database.in_transaction(read)

    async def counts(self) -> Sequence[tuple[EntryStatus, str, int]]:
        """Returns the number of records by status and reason."""

        async def read(connection: Connection) -> Sequence[tuple[EntryStatus, str, int]]:
            rows = await connection.fetch(self._counts)
            return [(EntryStatus(row["status"]), row["reason"], row["entries"]) for row in rows]

        return await self._database.in_transaction(read)

    async def entry(self, entry_id: int) -> FullRecord:
        """Returns one quarantined record with its bytes.

        Raises:
            NoSuchEntry: If there is none of that number.
        """

        async def read(connection: Connection) -> FullRecord:
            return await self._full(connection, entry_id)

        return await self._database.in_transaction(read)

    async def retry(self, entry_id: int, *, by: str) -> FullRecord:
        """Releases a record that the present code can read.

        Raises:
            StillUnreadable: If it cannot.
            NoSuchEntry, EntrySettled, ProduceFailed: As `release`.
        """
        full = await self.entry(entry_id)
        fault = self._check(full.value)
        if fault is not None:
            raise StillUnreadable(f"record {entry_id} cannot be read: {fault}")
        return await self.release(entry_id, by=by)

    async def release(self, entry_id: int, *, by: str) -> FullRecord:
        """Sends a record to the end of its log, and returns it with its new status.

        Raises:
            NoSuchEntry: If there is none of that number.
            EntrySettled: If it was released or discarded before.
            StillUnreadable: If it has no value.
            ProduceFailed: If the broker does not acknowledge it; nothing has changed.
        """

        async def work(connection: Connection) -> None:
            full = await self._open(connection, entry_id)
            if full.value is None:
                raise StillUnreadable(f"record {entry_id} has no value; discard it")
            await self._producer.publish([_message(full)])
            await self._store(connection, full, EntryStatus.RELEASED, by=by)

        await self._database.in_transaction(work)
        return await self.entry(entry_id)

    async def discard(self, entry_id: int, *, by: str, reason: str) -> FullRecord:
        """Marks a record as one that will never be applied, with the reason; its bytes stay.

        Raises:
            NoSuchEntry: If there is none of that number.
            EntrySettled: If it was released or discarded before.
        """

        async def work(connection: Connection) -> None:
            full = await self._open(connection, entry_id)
            await self._store(connection, full, EntryStatus.DISCARDED, by=by, note=reason)

        await self._database.in_transaction(work)
        return await self.entry(entry_id)

    async def _full(self, connection: Connection, entry_id: int) -> FullRecord:
        row = await connection.fetchrow(self._entry, entry_id)
        if row is None:
            raise NoSuchEntry(f"no quarantined record has the number {entry_id}")
        return FullRecord(
            entry=_entry_of(row),
            key=row["key"],
            value=row["value"],
            headers=unpack_headers(row["headers"]),
        )

    async def _open(self, connection: Connection, entry_id: int) -> FullRecord:
        await connection.execute(self._lock, entry_id)
        full = await self._full(connection, entry_id)
        if full.entry.status is not EntryStatus.OPEN:
            raise EntrySettled(f"record {entry_id} is {full.entry.status.value} already")
        return full

    async def _store(
        self,
        connection: Connection,
        full: FullRecord,
        status: EntryStatus,
        *,
        by: str,
        note: str | None = None,
    ) -> None:
        await connection.execute(
            self._settle, full.entry.id, status.value, self._clock.now(), by, note
        )


def _message(full: FullRecord) -> Message:
    return Message(
        topic=full.entry.topic,
        key=full.key,
        value=full.value or b"",
        headers=full.headers,
        to_partition=full.entry.partition,
    )


def _entry_of(row: Any) -> QuarantinedRecord:
    generation, offset = generation_and_offset(row["offset"])
    return QuarantinedRecord(
        id=row["id"],
        topic=row["topic"],
        partition=row["partition"],
        generation=generation,
        offset=offset,
        source=row["source"],
        event_id=row["event_id"],
        reason=row["reason"],
        detail=row["detail"],
        received_at=row["received_at"],
        status=EntryStatus(row["status"]),
        settled_at=row["settled_at"],
        settled_by=row["settled_by"],
        note=row["note"],
    )
