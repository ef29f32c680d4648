"""The brake: a few bad records are set aside, a flood of them stops the partition.

A bad deploy makes every record bad. Without a brake it would drain the topic into
quarantine, and the backlog would have to be brought back by hand.
"""

from services.kit.stream.handler import Tally
from services.kit.stream.stop_reasons import StopPartition, StopReason


class Brake:
    """Counts bad records in a row of one partition."""

    def __init__(self, *, most_in_a_row: int) -> None:
        self._most_in_a_row = most_in_a_row
        self._in_a_row = 0

    def judge(self, tally: Tally, *, records: int) -> None:
        """Refuse to commit a batch that would set too many aside.

        A batch that is bad throughout continues the row; a mixed one counts when most of it
        is bad.

        Raises:
            StopPartition: If more than the allowed number would be set aside.
        """
        whole = tally.quarantined == records
        bad = self._in_a_row + tally.quarantined if whole else tally.quarantined
        if bad > self._most_in_a_row and 2 * tally.quarantined > records:
            raise StopPartition(
                StopReason.TOO_MUCH_POISON,
                f"{bad} records in a row cannot be applied (more than {self._most_in_a_row})",
            )

    def passed(self, tally: Tally, *, records: int) -> None:
        """Learn that a batch was committed."""
        if tally.quarantined == records:
            self._in_a_row += tally.quarantined
        else:
            self._in_a_row = 0
