"""Who may write for a partition and where it stands: one row per partition, in PostgreSQL.

The row is the fence. `claim` raises its epoch, so every earlier owner's next `advance`
matches no row and rolls its transaction back. `advance` also compares the position with the
batch's own first offset, so the same batch cannot be applied twice by one owner either.
"""

from dataclasses import dataclass
from typing import Protocol

from services.kit.database import Connection
from services.kit.stream import incidents
from services.kit.stream.handler import Tally
from services.kit.stream.records import Batch, digest
from services.kit.stream.stop_reasons import AlreadyCommitted, Fenced, StopPartition

# The owner's name after an operator has set a position: whoever works there claims again.
RELEASED = ""

TABLES = """
CREATE TABLE {schema}.partition_progress (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    partition_count integer NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    owner text NOT NULL DEFAULT '',
    next_offset bigint NOT NULL DEFAULT 0,
    last_digest bytea,
    records bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    advanced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);
"""

CLAIM = """
INSERT INTO {schema}.partition_progress AS held
    (consumer, topic, partition, partition_count, epoch, owner)
SELECT $1, $2, $3::integer, coalesce(min(partition_count), $4::integer), 1, $5::text
  FROM {schema}.partition_progress WHERE consumer = $1 AND topic = $2
ON CONFLICT (consumer, topic, partition) DO UPDATE SET epoch = held.epoch + 1, owner = $5
RETURNING epoch, next_offset, last_digest, partition_count
"""
ADVANCE = """
UPDATE {schema}.partition_progress
   SET next_offset = $6, last_digest = $7, records = records + $8, advanced_at = now()
 WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch = $4 AND next_offset = $5
"""
COUNT = """
UPDATE {schema}.partition_progress
   SET duplicates = duplicates + $5, quarantined = quarantined + $6
 WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch = $4
"""
STANDING = """
SELECT epoch, next_offset, owner FROM {schema}.partition_progress
 WHERE consumer = $1 AND topic = $2 AND partition = $3
"""
HOLD = """
SELECT epoch FROM {schema}.partition_progress
 WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write for a partition, until somebody else claims it."""

    topic: str
    partition: int
    epoch: int
    next_offset: int
    last_digest: bytes | None
    partition_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the row says right now, whoever holds it."""

    epoch: int
    next_offset: int
    owner: str


class Progress(Protocol):
    """The rows of one consumer."""

    async def claim(
        self, connection: Connection, *, topic: str, partition: int, partition_count: int
    ) -> Claim:
        """Take the partition over from whoever had it."""
        ...

    async def advance(self, connection: Connection, claim: Claim, batch: Batch) -> None:
        """Move the position over the batch, or raise.

        Raises:
            Fenced: If somebody else has claimed the partition, or the batch does not start
                at its position.
            AlreadyCommitted: If this very batch is in already.
        """
        ...

    async def hold(self, connection: Connection, claim: Claim) -> None:
        """Fence a transaction that moves no position.

        Raises:
            Fenced: If somebody else has claimed the partition.
        """
        ...

    async def count(self, connection: Connection, claim: Claim, tally: Tally) -> None:
        """Add what was not applied to the partition's totals."""
        ...

    async def standing(self, connection: Connection, claim: Claim) -> Standing | None:
        """Return the row as it is now; None when it is gone."""
        ...

    async def note_stop(self, connection: Connection, claim: Claim, stop: StopPartition) -> None:
        """Write down why the partition stands still, if it is still the claim's."""
        ...

    async def excused(self, connection: Connection, claim: Claim) -> int:
        """Return up to which offset an operator agreed that work is done again."""
        ...


class PostgresProgress:
    """The rows of one consumer in the schema of its service."""

    def __init__(self, *, schema: str, consumer: str, owner: str) -> None:
        self._consumer = consumer
        self._owner = owner
        self._claim = CLAIM.format(schema=schema)
        self._advance = ADVANCE.format(schema=schema)
        self._count = COUNT.format(schema=schema)
        self._hold = HOLD.format(schema=schema)
        self._standing = STANDING.format(schema=schema)
        self._note_stop = incidents.NOTE_STOP.format(schema=schema)
        self._excused = incidents.EXCUSED.format(schema=schema)

    async def claim(
        self, connection: Connection, *, topic: str, partition: int, partition_count: int
    ) -> Claim:
        """Take the partition over from whoever had it; a new one begins at offset 0."""
        row = await connection.fetchrow(
            self._claim, self._consumer, topic, partition, partition_count, self._owner
        )
        return Claim(
            topic=topic,
            partition=partition,
            epoch=row["epoch"],
            next_offset=row["next_offset"],
            last_digest=row["last_digest"],
            partition_count=row["partition_count"],
        )

    async def advance(self, connection: Connection, claim: Claim, batch: Batch) -> None:
        """Move the position over the batch: the compare-and-set that fences."""
        status = await connection.execute(
            self._advance,
            self._consumer,
            claim.topic,
            claim.partition,
            claim.epoch,
            batch.first_offset,
            batch.next_offset,
            digest(batch.records[-1]),
            len(batch.records),
        )
        if status == "UPDATE 1":
            return
        row = await self.standing(connection, claim)
        if row and (row.epoch, row.next_offset) == (claim.epoch, batch.next_offset):
            raise AlreadyCommitted
        raise Fenced(
            f"{claim.topic}/{claim.partition}: held epoch {claim.epoch} and offset "
            f"{batch.first_offset}, the database has {row or 'no row'}"
        )

    async def hold(self, connection: Connection, claim: Claim) -> None:
        """Fence a transaction that moves no position: nobody can claim before it ends."""
        epoch = await connection.fetchval(self._hold, self._consumer, claim.topic, claim.partition)
        if epoch != claim.epoch:
            raise Fenced(f"{claim.topic}/{claim.partition}: held epoch {claim.epoch}, now {epoch}")

    async def count(self, connection: Connection, claim: Claim, tally: Tally) -> None:
        """Add what was not applied to the partition's totals."""
        await connection.execute(
            self._count,
            self._consumer,
            claim.topic,
            claim.partition,
            claim.epoch,
            tally.duplicates,
            tally.quarantined,
        )

    async def standing(self, connection: Connection, claim: Claim) -> Standing | None:
        """Return the row as it is now; None when it is gone."""
        row = await connection.fetchrow(
            self._standing, self._consumer, claim.topic, claim.partition
        )
        return None if row is None else Standing(**dict(row))

    async def note_stop(self, connection: Connection, claim: Claim, stop: StopPartition) -> None:
        """Write down why the partition stands still, if it is still the claim's."""
        await connection.execute(
            self._note_stop,
            self._consumer,
            claim.topic,
            claim.partition,
            claim.epoch,
            stop.reason.value,
            stop.detail,
        )

    async def excused(self, connection: Connection, claim: Claim) -> int:
        """Return up to which offset an operator agreed that work is done again."""
        agreed: int = await connection.fetchval(
            self._excused, self._consumer, claim.topic, claim.partition
        )
        return agreed
