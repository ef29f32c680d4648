"""Why a partition is stopped, and the exceptions of the fenced consumer.

A partition stops when going on would hide a loss. The other partitions of the process go on; the
operator finds the reason in `tocsin_partition_stopped`, in the log and in the runbook.
"""

from enum import StrEnum

RUNBOOK = "docs/runbook.md"


class StopReason(StrEnum):
    """The reasons; each has an entry of the same name in the runbook."""

    OFFSET_OUT_OF_RANGE = "offset_out_of_range"
    TOPIC_RECREATED = "topic_recreated"
    TOPIC_TRUNCATED = "topic_truncated"
    TOPIC_STOPPED = "topic_stopped"
    PARTITIONS_CHANGED = "partitions_changed"
    DATABASE_RESTORED = "database_restored"
    TOO_MUCH_POISON = "too_much_poison"
    TOO_MANY_ISOLATED = "too_many_isolated"
    QUARANTINE_FAILED = "quarantine_failed"
    QUARANTINE_FULL = "quarantine_full"
    SEQUENCE_GAP = "sequence_gap"
    REFERENCE_MISSING = "reference_missing"

    @property
    def stops_topic(self) -> bool:
        """Returns whether the other partitions of the topic stop too: the broker lost their log."""
        return self in (StopReason.TOPIC_RECREATED, StopReason.TOPIC_TRUNCATED)

    @property
    def runbook_entry(self) -> str:
        """Returns the address of the runbook's entry."""
        return f"{RUNBOOK}#partition-stopped-{self.value.replace('_', '-')}"


class StopPartition(Exception):
    """Going on would hide a loss. Handlers raise it too."""

    def __init__(self, reason: StopReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Fenced(Exception):
    """Another process has claimed the partition since; this one must not write."""


class AlreadyCommitted(Exception):
    """The batch is in the database: the answer to an earlier commit was lost."""


class NoProgress(Exception):
    """A partition has work and does not move; only a new process helps."""
