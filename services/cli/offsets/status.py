"""Compares the offset of a partition in the database with the broker, in the consumer's order.

`status_of` checks in the order in which the consumer itself would stop, so that `tocsin offsets
show` names the same reason as the log line and the metric. Pure.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.kit.stream.progress import RELEASED
from services.kit.stream.stop_reasons import RUNBOOK, StopReason


class Match(StrEnum):
    """Whether the record before the offset is the one that was applied."""

    SAME = "match"
    DIFFERENT = "differs"
    NOT_STORED = "not stored"
    NOT_ON_LOG = "not on the log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A consumer: its schema, and its group, with `{topic}` where there is one per topic."""

    name: str
    schema: str
    group: str

    def group_of(self, topic: str) -> str:
        """Return the consumer group for a topic."""
        return self.group.format(topic=topic)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProgress:
    """What the database has about a partition."""

    consumer: str
    topic: str
    partition: int
    partition_count: int
    epoch: int
    owner: str
    generation: int
    next_offset: int
    last_digest: bytes | None
    records: int
    stop_reason: str | None
    stop_detail: str | None
    stopped_at: datetime | None
    excused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPartition:
    """What the broker has about it; `committed` is the offset of the group."""

    partition_count: int
    start: int
    end: int
    match: Match
    committed: int | None
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionStatus:
    """Both, and what follows."""

    row: StoredProgress
    broker: BrokerPartition | None
    reason: StopReason | None
    text: str

    @property
    def is_stopped(self) -> bool:
        """Return whether the partition is stopped, or will be as soon as it is claimed."""
        return self.reason is not None or self.broker is None

    @property
    def is_another_log(self) -> bool:
        """Return whether the broker's log is not the one that was read, or has lost its tail.

        Its next records get offsets that other records had.
        """
        broker = self.broker
        return broker is not None and (
            broker.match is Match.DIFFERENT or broker.end < self.row.next_offset
        )

    @property
    def is_live(self) -> bool:
        """Return whether a process may be applying records of the partition now."""
        return (
            self.broker is not None
            and self.broker.members > 0
            and self.row.stop_reason is None
            and self.row.owner != RELEASED
        )

    @property
    def lag(self) -> int | None:
        """Return the number of offsets between the next one and the end."""
        return None if self.broker is None else max(0, self.broker.end - self.row.next_offset)

    @property
    def runbook_entry(self) -> str:
        """Return the entry of the runbook about a stop."""
        return self.reason.runbook_entry if self.reason else f"{RUNBOOK}#partition-stopped"

    def as_json(self) -> dict[str, object]:
        """Return the status with names for scripts."""
        row, broker = self.row, self.broker
        return {
            "consumer": row.consumer,
            "topic": row.topic,
            "partition": row.partition,
            "generation": row.generation,
            "position": row.next_offset,
            "epoch": row.epoch,
            "owner": row.owner,
            "log_start": broker.start if broker else None,
            "log_end": broker.end if broker else None,
            "lag": self.lag,
            "digest": broker.match.value if broker else None,
            "partitions_known": row.partition_count,
            "partitions_now": broker.partition_count if broker else None,
            "group_offset": broker.committed if broker else None,
            "stopped": self.is_stopped,
            "reason": self.reason.value if self.reason else None,
            "state": self.text,
            "runbook": self.runbook_entry if self.reason else None,
        }


def status_of(row: StoredProgress, broker: BrokerPartition | None) -> PartitionStatus:
    """Return the status of a partition; `broker` is None if the topic does not have it."""
    if broker is None:
        reason, text = None, f"the topic has no partition {row.partition}"
    else:
        reason, text = _hole(row, broker) or _recorded_stop(row) or (None, _progress(row, broker))
    return PartitionStatus(row=row, broker=broker, reason=reason, text=text)


def _hole(row: StoredProgress, broker: BrokerPartition) -> tuple[StopReason, str] | None:
    offset, committed = row.next_offset, broker.committed
    if row.partition_count != broker.partition_count:
        return StopReason.PARTITIONS_CHANGED, (
            f"the topic had {row.partition_count} partitions and has {broker.partition_count}"
        )
    if offset < broker.start:
        return StopReason.OFFSET_OUT_OF_RANGE, (
            f"the log begins {broker.start - offset} offsets after the stored one: they are gone"
        )
    if offset > broker.end:
        return StopReason.TOPIC_TRUNCATED, (
            f"the log ends {offset - broker.end} offsets before the stored one"
        )
    if broker.match is Match.DIFFERENT:
        return StopReason.TOPIC_RECREATED, (
            f"the record at offset {offset - 1} is not the one that was applied"
        )
    if committed is not None and committed > max(offset, row.excused):
        return StopReason.DATABASE_RESTORED, (
            f"the group has committed {committed - offset} offsets more than the database has"
        )
    return None


def _recorded_stop(row: StoredProgress) -> tuple[StopReason, str] | None:
    """Return the stop that the owner recorded, for reasons that the log does not show."""
    if row.stop_reason is None:
        return None
    at = f" since {row.stopped_at:%Y-%m-%d %H:%M:%S}Z" if row.stopped_at else ""
    return StopReason(row.stop_reason), f"stopped{at}: {row.stop_detail}"


def _progress(row: StoredProgress, broker: BrokerPartition) -> str:
    if row.owner == RELEASED:
        return "set by an operator; continues when a process claims it, within seconds"
    lag = broker.end - row.next_offset
    absent = "" if broker.members else "; no process of the group is running"
    return ("everything is applied" if lag == 0 else f"{lag} offsets to apply") + absent
