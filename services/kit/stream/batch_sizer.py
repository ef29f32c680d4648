"""How many records go into the next batch, and when it begins.

As many as fit into the time that one may take: big batches are cheap per record, long transactions
are not, because a revoke waits for them, and everything else in the process waits while the handler
computes. And as soon as a partition that keeps up has spent a third of its time in transactions.
So both follow what the last batches cost.
"""

from services.kit.stream.ports import Limits

# Nothing is known yet about the cost of a record; doubling reaches the limit in a moment.
FIRST_RECORDS = 250
# Of a partition's time, one part in so many is for its transactions.
SHARE_OF_TIME = 3


class Pace:
    """The batch size of one partition, and the time from one batch's beginning to the next."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.records = min(limits.most_records, FIRST_RECORDS)
        self.seconds_between = limits.least_seconds_between

    def learn(self, *, records: int, seconds: float) -> None:
        """Adapt to what a batch cost: halve when it took too long, grow when it was quick."""
        limits = self._limits
        self.seconds_between = max(
            limits.least_seconds_between, min(limits.most_seconds_between, SHARE_OF_TIME * seconds)
        )
        if seconds > limits.batch_seconds:
            self.records = max(1, min(self.records, records) // 2)
        elif seconds < limits.batch_seconds / 2 and records >= self.records:
            self.records = min(limits.most_records, 2 * self.records)
