"""Limits how many records in a row may be quarantined before the partition stops.

A bad deploy makes every record bad. Without this limit it would drain the topic into quarantine,
and an operator would have to bring the backlog back by hand.
"""

from services.kit.stream.handler import Tally
from services.kit.stream.stop_reasons import StopPartition, StopReason


class PoisonLimit:
    """Counts the quarantined records in a row of one partition."""

    def __init__(self, *, max_in_a_row: int) -> None:
        self._max_in_a_row = max_in_a_row
        self._in_a_row = 0

    def check(self, tally: Tally, *, records: int) -> None:
        """Refuses a batch that would quarantine too many records.

        A batch without a good record continues the row; a mixed one counts alone, when most of it
        is bad.

        Raises:
            StopPartition: If more than the allowed number would be quarantined.
        """
        is_all_bad = tally.quarantined == records
        bad = self._in_a_row + tally.quarantined if is_all_bad else tally.quarantined
        if bad > self._max_in_a_row and 2 * tally.quarantined > records:
            raise StopPartition(
                StopReason.TOO_MUCH_POISON,
                f"{bad} records in a row cannot be applied (limit {self._max_in_a_row})",
            )

    def committed(self, tally: Tally, *, records: int) -> None:
        """Continues or ends the row, once a batch is durable."""
        if tally.quarantined == records:
            self._in_a_row += tally.quarantined
        else:
            self._in_a_row = 0
