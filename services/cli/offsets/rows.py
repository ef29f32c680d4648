"""The rows of partition progress and of the changes to it, as the administrator may write them."""

from dataclasses import dataclass, replace

from services.cli.errors import CommandError
from services.cli.offsets.status import Consumer, PartitionStatus, StoredProgress
from services.kit.database import Connection
from services.kit.stream.progress import RELEASED

READ = """
SELECT progress.consumer, progress.topic, progress.partition, progress.partition_count,
       progress.epoch, progress.owner, progress.generation, progress.next_offset,
       progress.last_digest,
       progress.records, stop.reason AS stop_reason, stop.detail AS stop_detail, stop.stopped_at,
       coalesce((SELECT max(excused_offset) FROM {schema}.offset_change AS change
                  WHERE change.consumer = progress.consumer AND change.topic = progress.topic
                    AND change.partition = progress.partition), 0) AS excused
  FROM {schema}.partition_progress AS progress
  LEFT JOIN {schema}.partition_stop AS stop
    ON (stop.consumer, stop.topic, stop.partition, stop.epoch)
     = (progress.consumer, progress.topic, progress.partition, progress.epoch)
 WHERE progress.consumer = $1 AND ($2::text IS NULL OR progress.topic = $2)
 ORDER BY progress.topic, progress.partition
"""
LOCK = """
SELECT epoch, next_offset, owner FROM {schema}.partition_progress
 WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE
"""
SET = """
UPDATE {schema}.partition_progress
   SET epoch = epoch + 1, owner = $4, next_offset = $5, partition_count = $6, generation = $8,
       last_digest = CASE WHEN $7 THEN NULL ELSE last_digest END
 WHERE consumer = $1 AND topic = $2 AND partition = $3
"""
# A stop of the whole topic ends with it; the other partitions go on.
END_STOP = """
DELETE FROM {schema}.partition_stop WHERE consumer = $1 AND topic = $2 AND partition = $3
"""
AUDIT = """
INSERT INTO {schema}.offset_change
    (consumer, topic, partition, kind, changed_by, reason, from_offset, to_offset,
     from_count, to_count, log_start, log_end, excused_offset, fenced_owner, generation)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
RETURNING change_id
"""
WAITING = "SELECT count(*) FROM {schema}.outbox WHERE partition >= 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetDecision:
    """Who decided a change, and why."""

    by: str
    reason: str


async def read(
    connection: Connection, consumer: Consumer, *, topic: str | None
) -> list[StoredProgress]:
    """Return the rows of a consumer."""
    rows = await connection.fetch(READ.format(schema=consumer.schema), consumer.name, topic)
    return [StoredProgress(**dict(row)) for row in rows]


async def set_offset(
    connection: Connection,
    consumer: Consumer,
    status: PartitionStatus,
    *,
    to: int,
    decision: OffsetDecision,
    force: bool = False,
) -> int:
    """Set an offset in the caller's transaction, fence the owner and record the decision.

    Raises:
        CommandError: If the offset moved since the status was read, unless `force` is given.
    """
    locked = await connection.fetchrow(LOCK.format(schema=consumer.schema), *_key(status))
    if locked["next_offset"] != status.row.next_offset and not force:
        raise CommandError(
            f"The offset moved from {status.row.next_offset} to {locked['next_offset']} while you "
            "decided.",
            remedy="A process works on this partition. Check again: tocsin offsets show",
        )
    now = replace(status, row=replace(status.row, **dict(locked)))
    count = now.row.partition_count
    return await _change(connection, consumer, now, decision, kind="position", to=to, count=count)


async def accept_count(
    connection: Connection,
    consumer: Consumer,
    status: PartitionStatus,
    *,
    count: int,
    decision: OffsetDecision,
) -> int:
    """Accept another number of partitions for one row, fence the owner, record the decision."""
    await connection.fetchrow(LOCK.format(schema=consumer.schema), *_key(status))
    offset = status.row.next_offset
    return await _change(
        connection, consumer, status, decision, kind="partition_count", to=offset, count=count
    )


async def unpublished(connection: Connection, consumer: Consumer) -> int:
    """Return how many messages of a consumer's partitions wait in its outbox."""
    table = f"{consumer.schema}.outbox"
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
        return 0
    waiting: int = await connection.fetchval(WAITING.format(schema=consumer.schema))
    return waiting


async def _change(
    connection: Connection,
    consumer: Consumer,
    status: PartitionStatus,
    decision: OffsetDecision,
    *,
    kind: str,
    to: int,
    count: int,
) -> int:
    """Write the row and the audit; a set offset no longer has the digest of the record before.

    A log that is another one gets the next generation, so that the offsets it uses again are other
    positions.
    """
    row, broker = status.row, status.broker
    assert broker is not None
    generation = row.generation + (kind == "position" and status.is_another_log)
    await connection.execute(
        SET.format(schema=consumer.schema),
        *_key(status),
        RELEASED,
        to,
        count,
        kind == "position",
        generation,
    )
    if kind == "position":
        await connection.execute(END_STOP.format(schema=consumer.schema), *_key(status))
    change_id: int = await connection.fetchval(
        AUDIT.format(schema=consumer.schema),
        *_key(status),
        kind,
        decision.by,
        decision.reason,
        row.next_offset,
        to,
        row.partition_count,
        count,
        broker.start,
        broker.end,
        # What the group has committed so far may be applied again, and no more than that.
        max(broker.end, row.next_offset, broker.committed or 0),
        row.owner,
        generation,
    )
    return change_id


def _key(status: PartitionStatus) -> tuple[str, str, int]:
    return status.row.consumer, status.row.topic, status.row.partition
