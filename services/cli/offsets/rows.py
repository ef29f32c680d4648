"""The rows of positions and of decisions about them; `tocsin offsets` works as administrator."""

from dataclasses import dataclass, replace
from typing import Any

from services.cli.errors import CommandError
from services.cli.offsets.places import Consumer, Place, Row
from services.kit.database import Connection
from services.kit.stream.progress import RELEASED

READ = """
SELECT held.consumer, held.topic, held.partition, held.partition_count, held.epoch, held.owner,
       held.next_offset, held.last_digest, held.records,
       stop.reason AS stop_reason, stop.detail AS stop_detail, stop.stopped_at,
       coalesce((SELECT max(excused_offset) FROM {schema}.offset_change AS change
                  WHERE change.consumer = held.consumer AND change.topic = held.topic
                    AND change.partition = held.partition), 0) AS excused
  FROM {schema}.partition_progress AS held
  LEFT JOIN {schema}.partition_stop AS stop
    ON (stop.consumer, stop.topic, stop.partition, stop.epoch)
     = (held.consumer, held.topic, held.partition, held.epoch)
 WHERE held.consumer = $1 AND ($2::text IS NULL OR held.topic = $2)
 ORDER BY held.topic, held.partition
"""
LOCK = """
SELECT epoch, next_offset, owner FROM {schema}.partition_progress
 WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE
"""
SET = """
UPDATE {schema}.partition_progress
   SET epoch = epoch + 1, owner = $4, next_offset = $5, partition_count = $6,
       last_digest = CASE WHEN $7 THEN NULL ELSE last_digest END
 WHERE consumer = $1 AND topic = $2 AND partition = $3
"""
AUDIT = """
INSERT INTO {schema}.offset_change
    (consumer, topic, partition, kind, changed_by, reason, from_offset, to_offset,
     from_count, to_count, log_start, log_end, excused_offset, fenced_owner)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
RETURNING change_id
"""
WAITING = "SELECT count(*) FROM {schema}.outbox WHERE partition >= 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decided a change, and why."""

    by: str
    reason: str


async def read(connection: Connection, consumer: Consumer, *, topic: str | None) -> list[Row]:
    """Return the rows of a consumer."""
    rows = await connection.fetch(READ.format(schema=consumer.schema), consumer.name, topic)
    return [Row(**dict(row)) for row in rows]


async def set_position(
    connection: Connection,
    consumer: Consumer,
    place: Place,
    *,
    to: int,
    decision: Decision,
    force: bool = False,
) -> int:
    """Set a position in the caller's transaction, fence the owner, keep the audit row.

    Raises:
        CommandError: If the position moved since it was looked at, unless `force` is given.
    """
    held = await connection.fetchrow(LOCK.format(schema=consumer.schema), *_key(place.row))
    if held["next_offset"] != place.row.next_offset and not force:
        raise CommandError(
            f"The position moved from {place.row.next_offset} to {held['next_offset']} while you "
            "decided.",
            remedy="A process works on this partition. Look again: tocsin offsets show",
        )
    now = replace(place, row=replace(place.row, **dict(held)))
    await connection.execute(
        SET.format(schema=consumer.schema),
        *_key(now.row),
        RELEASED,
        to,
        now.row.partition_count,
        True,
    )
    return await _audit(connection, consumer, now, _change(now, "position", to), decision)


async def accept_count(
    connection: Connection, consumer: Consumer, place: Place, *, count: int, decision: Decision
) -> int:
    """Accept another number of partitions for one row, fence the owner, keep the audit row."""
    row = place.row
    await connection.fetchrow(LOCK.format(schema=consumer.schema), *_key(row))
    await connection.execute(
        SET.format(schema=consumer.schema), *_key(row), RELEASED, row.next_offset, count, False
    )
    change = _change(place, "partition_count", row.next_offset) | {"to_count": count}
    return await _audit(connection, consumer, place, change, decision)


async def waiting_to_be_told(connection: Connection, consumer: Consumer) -> int:
    """Return how many messages a consumer's partitions have not published yet."""
    table = f"{consumer.schema}.outbox"
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
        return 0
    waiting: int = await connection.fetchval(WAITING.format(schema=consumer.schema))
    return waiting


def _change(place: Place, kind: str, to: int) -> dict[str, Any]:
    count = place.row.partition_count
    return {"kind": kind, "to_offset": to, "from_count": count, "to_count": count}


async def _audit(
    connection: Connection,
    consumer: Consumer,
    place: Place,
    change: dict[str, Any],
    decision: Decision,
) -> int:
    row, broker = place.row, place.broker
    assert broker is not None
    change_id: int = await connection.fetchval(
        AUDIT.format(schema=consumer.schema),
        *_key(row),
        change["kind"],
        decision.by,
        decision.reason,
        row.next_offset,
        change["to_offset"],
        change["from_count"],
        change["to_count"],
        broker.start,
        broker.end,
        # What the group was told until now is agreed to be done again, and no more than that.
        max(broker.end, row.next_offset, broker.told or 0),
        row.owner,
    )
    return change_id


def _key(row: Row) -> tuple[str, str, int]:
    return row.consumer, row.topic, row.partition
