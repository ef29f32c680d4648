"""Where a partition stands between the database and the broker, judged without either.

`judge` compares what both say in the order in which the consumer itself would stop, so that
`tocsin offsets show` names the same reason as the log line and the metric.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.kit.stream.progress import RELEASED
from services.kit.stream.stop_reasons import RUNBOOK, StopReason


class Match(StrEnum):
    """Whether the record before the position is the one that was applied."""

    SAME = "match"
    DIFFERENT = "differs"
    NOT_KEPT = "not kept"
    NOT_ON_LOG = "not on the log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Who reads, where its rows are, and how its group is called."""

    name: str
    schema: str
    group: str

    def group_of(self, topic: str) -> str:
        """Return the consumer group for a topic; ingest has one for each raw topic."""
        return self.group.format(topic=topic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the database says about a partition."""

    consumer: str
    topic: str
    partition: int
    partition_count: int
    epoch: int
    owner: str
    next_offset: int
    last_digest: bytes | None
    records: int
    stop_reason: str | None
    stop_detail: str | None
    stopped_at: datetime | None
    excused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBroker:
    """What the broker says about it."""

    partition_count: int
    start: int
    end: int
    match: Match
    told: int | None
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Both, and what follows."""

    row: Row
    broker: OnBroker | None
    reason: StopReason | None
    words: str

    @property
    def is_stopped(self) -> bool:
        """Return whether the partition stands still, or will as soon as it is claimed."""
        return self.reason is not None or self.broker is None

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
        """Return how many offsets lie between the position and the end."""
        return None if self.broker is None else max(0, self.broker.end - self.row.next_offset)

    def as_json(self) -> dict[str, object]:
        """Return it for scripts."""
        row, broker = self.row, self.broker
        return {
            "consumer": row.consumer,
            "topic": row.topic,
            "partition": row.partition,
            "position": row.next_offset,
            "epoch": row.epoch,
            "owner": row.owner,
            "log_start": broker.start if broker else None,
            "log_end": broker.end if broker else None,
            "lag": self.lag,
            "digest": broker.match.value if broker else None,
            "partitions_known": row.partition_count,
            "partitions_now": broker.partition_count if broker else None,
            "group_offset": broker.told if broker else None,
            "stopped": self.is_stopped,
            "reason": self.reason.value if self.reason else None,
            "state": self.words,
            "runbook": self.reason.runbook_entry if self.reason else None,
        }


def judge(row: Row, broker: OnBroker | None) -> Place:
    """Return where a partition stands."""
    if broker is None:
        return Place(
            row=row, broker=None, reason=None, words=f"the topic has no partition {row.partition}"
        )
    found = _hole(row, broker) or _noted(row)
    if found is not None:
        return Place(row=row, broker=broker, reason=found[0], words=found[1])
    return Place(row=row, broker=broker, reason=None, words=_in_order(row, broker))


def _hole(row: Row, broker: OnBroker) -> tuple[StopReason, str] | None:
    position, told = row.next_offset, broker.told
    if row.partition_count != broker.partition_count:
        return StopReason.PARTITIONS_CHANGED, (
            f"the topic had {row.partition_count} partitions and has {broker.partition_count}"
        )
    if position < broker.start:
        return StopReason.OFFSET_OUT_OF_RANGE, (
            f"the log begins {broker.start - position} offsets after the position: they are gone"
        )
    if position > broker.end:
        return StopReason.TOPIC_TRUNCATED, (
            f"the log ends {position - broker.end} offsets before the position"
        )
    if broker.match is Match.DIFFERENT:
        return StopReason.TOPIC_RECREATED, (
            f"the record at offset {position - 1} is not the one that was applied"
        )
    if told is not None and told > max(position, row.excused):
        return StopReason.DATABASE_RESTORED, (
            f"the group was told of {told - position} offsets more than the database knows of"
        )
    return None


def _noted(row: Row) -> tuple[StopReason, str] | None:
    """Return what its owner wrote down, for reasons that the log does not show."""
    if row.stop_reason is None:
        return None
    at = f" since {row.stopped_at:%Y-%m-%d %H:%M:%S}Z" if row.stopped_at else ""
    return StopReason(row.stop_reason), f"stopped{at}: {row.stop_detail}"


def _in_order(row: Row, broker: OnBroker) -> str:
    if row.owner == RELEASED:
        return "set by an operator; goes on when a process claims it, within seconds"
    lag = broker.end - row.next_offset
    who = "" if broker.members else "; no process of the group is there"
    return ("everything is applied" if lag == 0 else f"{lag} offsets to do") + who


def remedy(place: Place) -> str:
    """Return where to read on."""
    return place.reason.runbook_entry if place.reason else f"{RUNBOOK}#partition-stopped"
