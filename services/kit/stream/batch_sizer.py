"""Chooses the size of the next batch and when it begins, from what the last ones cost.

A batch has as many records as fit into `batch_seconds`. Big batches are cheap per record; long
transactions are not, because a revoke waits for them, and everything else in the process waits
while the handler computes. A partition that keeps up begins its next batch when it has spent a
third of its time in transactions.
"""

from services.kit.stream.ports import Limits

# The cost of a record is unknown at first; doubling reaches the limit within a few batches.
FIRST_RECORDS = 250
# A partition spends at most 1 / TRANSACTION_SHARE of its time in transactions.
TRANSACTION_SHARE = 3


class BatchSizer:
    """The size of a partition's next batch, and the time between the beginnings of two."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.records = min(limits.max_records, FIRST_RECORDS)
        self.seconds_between = limits.min_seconds_between

    def record_batch(self, *, records: int, seconds: float) -> None:
        """Halves the size after a slow batch, and doubles it after a quick and full one."""
        limits = self._limits
        self.seconds_between = max(
            limits.min_seconds_between,
            min(limits.max_seconds_between, TRANSACTION_SHARE * seconds),
        )
        if seconds > limits.batch_seconds:
            self.records = max(1, min(self.records, records) // 2)
        elif seconds < limits.batch_seconds / 2 and records >= self.records:
            self.records = min(limits.max_records, 2 * self.records)
