"""The row of a partition: which process may write for it, and its position.

The position is the offset of the next record to apply, in the generation of the log that is read.
The row is the fence: `claim` raises its epoch, so every later `advance` of an earlier owner matches
no row and rolls its transaction back. `advance` also compares the position with the batch's own
first offset, so one owner cannot apply the same batch twice either, and is refused while another
partition's stop stops the topic.
"""

from dataclasses import dataclass
from typing import Protocol

from services.kit.database import Connection
from services.kit.stream import incidents
from services.kit.stream.handler import Tally
from services.kit.stream.records import Batch, digest
from services.kit.stream.stop_reasons import AlreadyCommitted, Fenced, StopPartition, StopReason

# The owner of a row whose position an operator has set: the process that the group gave the
# partition claims it again.
RELEASED = ""

TABLES = """
CREATE TABLE {schema}.partition_progress (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    partition_count integer NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    owner text NOT NULL DEFAULT '',
    generation integer NOT NULL DEFAULT 0 CHECK (generation BETWEEN 0 AND 32767),
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
RETURNING epoch, generation, next_offset, last_digest, partition_count
"""
ADVANCE = """
UPDATE {schema}.partition_progress
   SET next_offset = $6, last_digest = $7, records = records + $8, advanced_at = now()
 WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch = $4 AND next_offset = $5
   AND NOT EXISTS (SELECT {topic_stops})
"""
COUNT = """
UPDATE {schema}.partition_progress
   SET duplicates = duplicates + $5, quarantined = quarantined + $6
 WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch = $4
"""
CURRENT_ROW = """
SELECT epoch, next_offset, owner,
       (SELECT min(format('partition %s is stopped: %s', other.partition, other.reason))
          {topic_stops}) AS topic_stop
  FROM {schema}.partition_progress
 WHERE consumer = $1 AND topic = $2 AND partition = $3
"""
RELEASE = """
UPDATE {schema}.partition_progress SET epoch = epoch + 1, owner = $4
 WHERE consumer = $1 AND topic = $2 AND partition = $3
"""
LOCK_ROW = """
SELECT epoch FROM {schema}.partition_progress
 WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write for a partition, until another process claims it."""

    topic: str
    partition: int
    epoch: int
    next_offset: int
    last_digest: bytes | None
    partition_count: int
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRow:
    """The row as it is now, whichever process owns it.

    Attributes:
        topic_stop: Which other partition stops the topic, and why; None when none does.
    """

    epoch: int
    next_offset: int
    owner: str
    topic_stop: str | None = None


class Progress(Protocol):
    """The rows of one consumer."""

    async def claim(
        self, connection: Connection, *, topic: str, partition: int, partition_count: int
    ) -> Claim:
        """Takes the partition over from its owner, if it has one."""
        ...

    async def advance(self, connection: Connection, claim: Claim, batch: Batch) -> None:
        """Moves the position over the batch.

        Raises:
            Fenced: If another process has claimed the partition, or the batch does not start at
                its position.
            AlreadyCommitted: If this very batch is committed.
            StopPartition: If another partition stops the topic.
        """
        ...

    async def lock_row(self, connection: Connection, claim: Claim) -> None:
        """Fences a transaction that moves no position.

        Raises:
            Fenced: If another process has claimed the partition.
        """
        ...

    async def count(self, connection: Connection, claim: Claim, tally: Tally) -> None:
        """Adds what was not applied to the partition's totals."""
        ...

    async def current_row(self, connection: Connection, claim: Claim) -> PartitionRow | None:
        """Returns the row as it is now; None when there is none."""
        ...

    async def record_stop(self, connection: Connection, claim: Claim, stop: StopPartition) -> None:
        """Stores why the partition is stopped, while the claim is valid."""
        ...

    async def lift_stop(self, connection: Connection, claim: Claim) -> None:
        """Ends a stop from before the claim: the log was compared and is the one that was read."""
        ...

    async def accepted_replay(self, connection: Connection, claim: Claim) -> int:
        """Returns the offset up to which an operator accepted that work is done again."""
        ...


class PostgresProgress:
    """The rows of one consumer in the schema of its service."""

    def __init__(self, *, schema: str, consumer: str, owner: str) -> None:
        self._consumer = consumer
        self._owner = owner
        self._claim = CLAIM.format(schema=schema)
        topic_stops = incidents.TOPIC_STOPS.format(schema=schema)
        self._advance = ADVANCE.format(schema=schema, topic_stops=topic_stops)
        self._count = COUNT.format(schema=schema)
        self._lock_row = LOCK_ROW.format(schema=schema)
        self._release = RELEASE.format(schema=schema)
        self._current_row = CURRENT_ROW.format(schema=schema, topic_stops=topic_stops)
        self._record_stop = incidents.RECORD_STOP.format(schema=schema)
        self._lift_stop = incidents.LIFT_STOP.format(schema=schema)
        self._accepted_replay = incidents.ACCEPTED_REPLAY.format(schema=schema)

    async def claim(
        self, connection: Connection, *, topic: str, partition: int, partition_count: int
    ) -> Claim:
        """Takes the partition over from its owner; a new partition begins at offset 0.

        The row's lock makes this wait for the owner's running transaction, so the claim reads the
        position that the transaction leaves.
        """
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
            generation=row["generation"],
        )

    async def advance(self, connection: Connection, claim: Claim, batch: Batch) -> None:
        """Moves the position over the batch: the compare-and-set that is the fence.

        It compares with the batch's own first offset and not with a position in this process's
        memory, which is wrong after a lost answer, a late batch or a rebalance.
        """
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
        row = await self.current_row(connection, claim)
        if row and (row.epoch, row.next_offset) == (claim.epoch, batch.next_offset):
            # The commit succeeded and its answer was lost; applying again would double the batch.
            raise AlreadyCommitted
        is_ours = row and (row.epoch, row.next_offset) == (claim.epoch, batch.first_offset)
        if row and is_ours and row.topic_stop:
            raise StopPartition(StopReason.TOPIC_STOPPED, row.topic_stop)
        raise Fenced(
            f"{claim.topic}/{claim.partition}: this process has epoch {claim.epoch} and offset "
            f"{batch.first_offset}, the database has {row or 'no row'}"
        )

    async def lock_row(self, connection: Connection, claim: Claim) -> None:
        """Fences a transaction that moves no position: no process can claim before it ends."""
        epoch = await connection.fetchval(
            self._lock_row, self._consumer, claim.topic, claim.partition
        )
        if epoch != claim.epoch:
            raise Fenced(
                f"{claim.topic}/{claim.partition}: this process has epoch {claim.epoch}, the "
                f"database has {epoch}"
            )

    async def count(self, connection: Connection, claim: Claim, tally: Tally) -> None:
        """Adds what was not applied to the partition's totals."""
        await connection.execute(
            self._count,
            self._consumer,
            claim.topic,
            claim.partition,
            claim.epoch,
            tally.duplicates,
            tally.quarantined,
        )

    async def lock(self, connection: Connection, *, topic: str, partition: int) -> None:
        """Locks the row until the transaction ends: the owner's next one waits, unfenced."""
        await connection.fetchval(self._lock_row, self._consumer, topic, partition)

    async def release(self, connection: Connection, *, topic: str, partition: int) -> None:
        """Fences the owner; the process that the group gave the partition claims it again."""
        await connection.execute(self._release, self._consumer, topic, partition, RELEASED)

    async def current_row(self, connection: Connection, claim: Claim) -> PartitionRow | None:
        """Returns the row as it is now; None when there is none."""
        row = await connection.fetchrow(
            self._current_row, self._consumer, claim.topic, claim.partition
        )
        return None if row is None else PartitionRow(**dict(row))

    async def record_stop(self, connection: Connection, claim: Claim, stop: StopPartition) -> None:
        """Stores why the partition is stopped, while the claim is valid."""
        await connection.execute(
            self._record_stop,
            self._consumer,
            claim.topic,
            claim.partition,
            claim.epoch,
            stop.reason.value,
            stop.detail,
            stop.reason.stops_topic,
        )

    async def lift_stop(self, connection: Connection, claim: Claim) -> None:
        """Ends a stop from before the claim: the log was compared and is the one that was read."""
        await connection.execute(
            self._lift_stop, self._consumer, claim.topic, claim.partition, claim.epoch
        )

    async def accepted_replay(self, connection: Connection, claim: Claim) -> int:
        """Returns the offset up to which an operator accepted that work is done again."""
        accepted: int = await connection.fetchval(
            self._accepted_replay, self._consumer, claim.topic, claim.partition
        )
        return accepted
