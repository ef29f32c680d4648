"""Limits how much may be set aside before the partition stops: records in a row, and borrowers.

A bad deploy makes the records of every source bad. Without this limit it would drain the topic into
quarantine, and an operator would have to bring the backlog back by hand. One source whose records
are bad is that source's fault, and must not stop the topic for the others.
"""

from services.kit.stream.handler import Tally
from services.kit.stream.stop_reasons import StopPartition, StopReason

ANY_SOURCE = ""
FEW_BORROWERS = 20
BORROWERS_PER_ONE = 1_000


def most_set_aside(borrowers: int) -> int:
    """Returns how many of a partition's borrowers may wait while the others go on.

    If more do, the cause must be a defect of ours or a loss of the topic. It is a few, or one of so
    many borrowers, whichever is more.
    """
    return max(FEW_BORROWERS, borrowers // BORROWERS_PER_ONE)


class PoisonLimit:
    """Counts the quarantined records in a row of one partition, and their sources."""

    def __init__(self, *, max_in_a_row: int) -> None:
        self._max_in_a_row = max_in_a_row
        self._in_a_row = 0
        self._failing: frozenset[str] = frozenset()

    def check(self, tally: Tally, *, records: int) -> None:
        """Refuses a batch that would quarantine too many records.

        Sources fail whose records are mostly bad. A batch in which another source does not fail
        passes, and so does one of a single source, where the handler names sources. A batch without
        a good record continues the row; a mixed one counts alone.

        Raises:
            StopPartition: If more than the allowed number would be quarantined.
        """
        failing = _failing(tally, records)
        if not failing:
            return
        bad = tally.quarantined
        if bad == records:
            bad, failing = self._in_a_row + bad, self._failing | failing
        if bad > self._max_in_a_row and (len(failing) > 1 or failing == {ANY_SOURCE}):
            raise StopPartition(
                StopReason.TOO_MUCH_POISON,
                f"{bad} records in a row cannot be applied (limit {self._max_in_a_row})",
            )

    def committed(self, tally: Tally, *, records: int) -> None:
        """Continues or ends the row, once a batch is durable."""
        failing = _failing(tally, records)
        if failing and tally.quarantined == records:
            self._in_a_row += tally.quarantined
            self._failing |= failing
        else:
            self._in_a_row, self._failing = 0, frozenset()


def _failing(tally: Tally, records: int) -> frozenset[str]:
    """Returns the sources of a batch if the records of each are mostly bad; else none."""
    sources = tally.sources or {ANY_SOURCE: (tally.quarantined, records)}
    failing = frozenset(source for source, (bad, total) in sources.items() if 2 * bad > total)
    return failing if len(failing) == len(sources) else frozenset()
