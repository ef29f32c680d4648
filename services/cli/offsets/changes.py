"""Plans and applies changes of an offset or of a partition count.

A plan describes what will be skipped or re-read before anything is written. Setting an offset
raises the epoch, so an owner that is still alive is fenced and claims again from the new offset;
nothing is stopped or restarted for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.cli.broker import BrokerReader
from services.cli.errors import CommandError
from services.cli.offsets import rows
from services.cli.offsets.rows import OffsetDecision
from services.cli.offsets.status import (
    BrokerPartition,
    Consumer,
    Match,
    PartitionStatus,
    StoredProgress,
    status_of,
)
from services.kit.database import Connection
from services.kit.stream.records import digest

# Its state belongs to the partition: sweeps, day closes and the order per borrower depend on it.
PARTITION_LOCAL = frozenset({"scoring"})
REBUILD = (
    "Rebuild by replay instead: choose a new TOCSIN_TOPIC_PREFIX and database, run "
    "`tocsin migrate` and `tocsin topics` with the new TOCSIN_PARTITIONS, then `tocsin replay` "
    "(or let the sources send again); see docs/runbook.md, 'Partition stopped: partitions changed'."
)


async def statuses(
    connection: Connection, broker: BrokerReader, consumer: Consumer, *, topic: str | None = None
) -> list[PartitionStatus]:
    """Return the status of each partition of a consumer."""
    return [
        status_of(row, await _on_broker(broker, row, consumer.group_of(row.topic)))
        for row in await rows.read(connection, consumer, topic=topic)
    ]


async def _on_broker(
    broker: BrokerReader, row: StoredProgress, group: str
) -> BrokerPartition | None:
    count = await broker.partition_count(row.topic)
    if row.partition >= count:
        return None
    start, end = (await broker.spans(row.topic, [row.partition]))[row.partition]
    match = Match.NOT_STORED
    if row.last_digest is not None:
        match = Match.NOT_ON_LOG
        record = None
        if start < row.next_offset <= end:
            record = await broker.record(row.topic, row.partition, row.next_offset - 1)
        if record is not None:
            is_same = record.offset == row.next_offset - 1 and digest(record) == row.last_digest
            match = Match.SAME if is_same else Match.DIFFERENT
    return BrokerPartition(
        partition_count=count,
        start=start,
        end=end,
        match=match,
        committed=await broker.committed(group, row.topic, row.partition),
        members=await broker.members(group),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetPlan:
    """A new offset and what it would skip or re-read."""

    status: PartitionStatus
    broker: BrokerPartition
    to: int

    @property
    def skipped(self) -> int:
        """Return the number of offsets that would never be applied."""
        return max(0, self.to - self.status.row.next_offset)

    @property
    def read_again(self) -> int:
        """Return the number of offsets that would be read a second time."""
        return max(0, min(self.status.row.next_offset, self.broker.end) - self.to)

    @property
    def gone(self) -> int:
        """Return how many of the skipped offsets are no longer on the log."""
        return min(self.skipped, max(0, self.broker.start - self.status.row.next_offset))

    def sentences(self) -> list[str]:
        """Return what happens, one sentence each."""
        row = self.status.row
        sentences = [
            f"{row.consumer} continues with {row.topic}/{row.partition} at offset {self.to} "
            f"(now {row.next_offset}; the log holds {self.broker.start} to {self.broker.end})."
        ]
        if self.skipped:
            sentences.append(
                f"{self.skipped} offsets are skipped and never applied unless they are sent "
                f"again: {self.gone} are gone from the log, {self.skipped - self.gone} are still "
                "on it."
            )
        if self.read_again:
            sentences.append(
                f"{self.read_again} offsets are read again; what was applied before is recognised "
                "by its id and counted as a duplicate."
            )
        if self.status.is_another_log:
            sentences.append(
                "The log is another one than was read, or has lost its tail: from now on its "
                f"offsets count as generation {row.generation + 1}."
            )
        if not self.skipped and not self.read_again:
            sentences.append("Nothing is skipped and nothing is read again.")
        sentences.append(
            "The record before the offset is not compared this once: you confirm that this log "
            "continues the one that was read."
        )
        return sentences


def planned(status: PartitionStatus, *, to: int | None, to_start: bool, to_end: bool) -> OffsetPlan:
    """Return the plan of a new offset.

    Raises:
        CommandError: If not exactly one offset is named, or the log does not hold it.
    """
    if (to is not None) + to_start + to_end != 1:
        raise CommandError(
            "Name exactly one offset.", remedy="Give --to N, --to-start or --to-end."
        )
    row, broker = status.row, status.broker
    if broker is None:
        raise CommandError(
            f"{row.topic} has no partition {row.partition} on the broker.",
            remedy="Restore the topic, or create it with `tocsin topics`.",
        )
    if row.partition_count != broker.partition_count:
        raise CommandError(
            f"{row.topic} had {row.partition_count} partitions and has {broker.partition_count}; "
            "another offset does not help.",
            remedy="See `tocsin offsets accept-partitions --help`.",
        )
    offset = broker.start if to_start else broker.end if to_end else to
    assert offset is not None
    if not broker.start <= offset <= broker.end:
        raise CommandError(
            f"--to {offset} is not on the log of {row.topic}/{row.partition}, which holds "
            f"{broker.start} to {broker.end}.",
            remedy="Give an offset of that span, or --to-start or --to-end.",
        )
    return OffsetPlan(status=status, broker=broker, to=offset)


def refuse_live(status: PartitionStatus, *, force: bool) -> None:
    """Refuse to move a partition that a process works on.

    Raises:
        CommandError: Unless the partition is stopped or `force` is given.
    """
    if status.is_live and not status.is_stopped and not force:
        row = status.row
        raise CommandError(
            f"{row.owner} works on {row.topic}/{row.partition}: {status.text}.",
            remedy="A running partition needs no new offset. With --force it is fenced first.",
        )


async def unsafe_reasons(
    connection: Connection, consumer: Consumer, partitions: Sequence[PartitionStatus]
) -> list[str]:
    """Return why the new number of partitions cannot be accepted; nothing if it can."""
    if any(status.broker is None for status in partitions):
        topic = partitions[0].row.topic
        return [f"{topic} has fewer partitions than before: it was recreated, not extended."]
    reasons = []
    behind = [
        f"{status.row.partition}: {status.lag}"
        for status in partitions
        if status.row.partition < status.row.partition_count and status.lag
    ]
    if behind:
        reasons.append(
            f"Old partitions hold what is not applied yet (partition: offsets {', '.join(behind)});"
            " newer events of the same borrowers may be in other partitions and would overtake "
            "them."
        )
    applied = sum(status.row.records for status in partitions)
    if consumer.name in PARTITION_LOCAL and applied:
        reasons.append(
            f"{applied} records are applied and the borrowers' states belong to the partitions "
            "they came from; with another number most borrowers move to a partition that does "
            "not own their state."
        )
    if waiting := await rows.unpublished(connection, consumer):
        reasons.append(f"{waiting} messages of old partitions wait in the outbox.")
    return reasons


async def accept_partitions(
    connection: Connection,
    consumer: Consumer,
    partitions: Sequence[PartitionStatus],
    *,
    decision: OffsetDecision,
) -> list[int]:
    """Accept the new number in the caller's transaction; return the ids of the audit rows.

    Raises:
        CommandError: If the order per borrower could be lost by it.
    """
    reasons = await unsafe_reasons(connection, consumer, partitions)
    if reasons:
        raise CommandError(
            "The new number of partitions cannot be accepted. " + " ".join(reasons), remedy=REBUILD
        )
    return [
        await rows.accept_count(
            connection,
            consumer,
            status,
            count=status.broker.partition_count,
            decision=decision,
        )
        for status in partitions
        if status.broker is not None
    ]
