"""How many records go into the next batch: as many as fit into the time that one may take.

Big batches are cheap per record, long transactions are not: a revoke waits for them, and
everything else in the process waits while the handler computes. So the size follows what the
last batches cost.
"""

# Nothing is known yet about the cost of a record; doubling reaches the limit in a moment.
FIRST_RECORDS = 250


class Pace:
    """The batch size of one partition."""

    def __init__(self, *, most_records: int, batch_seconds: float) -> None:
        self._most_records = most_records
        self._batch_seconds = batch_seconds
        self.records = min(most_records, FIRST_RECORDS)

    def learn(self, *, records: int, seconds: float) -> None:
        """Adapt to what a batch cost: halve when it took too long, grow when it was quick."""
        if seconds > self._batch_seconds:
            self.records = max(1, min(self.records, records) // 2)
        elif seconds < self._batch_seconds / 2 and records >= self.records:
            self.records = min(self._most_records, 2 * self.records)
