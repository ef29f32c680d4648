"""Assessments that came after a missing one: they wait until it comes, borrower by borrower.

Nobody guesses the missing assessment. The rest of the partition goes on; when the missing one
arrives, what waits is applied after it, in order.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from services.alerts.decisions.adapters import assessment_wire
from services.alerts.decisions.adapters.assessment_wire import IncomingAssessment
from services.kit.database import Connection
from services.kit.stream.poison import most_set_aside
from services.kit.stream.stop_reasons import StopPartition, StopReason

READ = """
SELECT borrower_id, sequence, event FROM alerts.waiting_assessment
 WHERE borrower_id = ANY ($1::text[])
"""
ADD = """
INSERT INTO alerts.waiting_assessment (partition, borrower_id, sequence, event)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bytea[])
"""
REMOVE = """
DELETE FROM alerts.waiting_assessment
 WHERE (borrower_id, sequence) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))
"""
COUNT = """
SELECT (SELECT count(DISTINCT borrower_id) FROM alerts.waiting_assessment WHERE partition = $1)
           AS waiting,
       (SELECT count(*) FROM alerts.borrower WHERE partition = $1) AS borrowers
"""
Key = tuple[str, int]


@dataclass(slots=True)
class WaitingAssessments:
    """What waits of the borrowers of a batch, and what the batch changes in it."""

    rows: dict[Key, bytes]
    added: dict[Key, bytes] = field(default_factory=dict)
    taken: list[Key] = field(default_factory=list)

    def add(self, borrower_id: str, sequence: int, event: bytes) -> bool:
        """Lets an assessment wait; returns False if it waits already."""
        key = borrower_id, sequence
        if key in self.rows:
            return False
        self.rows[key] = self.added[key] = event
        return True

    def take(self, borrower_id: str, sequence: int) -> IncomingAssessment | None:
        """Returns the waiting assessment of this number, which waits no longer."""
        key = borrower_id, sequence
        event = self.rows.pop(key, None)
        if event is None:
            return None
        if self.added.pop(key, None) is None:
            self.taken.append(key)
        incoming = assessment_wire.read(event)
        assert isinstance(incoming, IncomingAssessment)
        return incoming


async def read(connection: Connection, borrower_ids: Collection[str]) -> WaitingAssessments:
    """Returns what waits of these borrowers."""
    rows = await connection.fetch(READ, sorted(borrower_ids))
    return WaitingAssessments({(row["borrower_id"], row["sequence"]): row["event"] for row in rows})


async def write(connection: Connection, partition: int, waiting: WaitingAssessments) -> None:
    """Stores the changes.

    Raises:
        StopPartition: If too many borrowers of the partition wait.
    """
    if waiting.taken:
        await connection.execute(REMOVE, *map(list, zip(*waiting.taken, strict=True)))
    if not waiting.added:
        return
    names, numbers = zip(*waiting.added, strict=True)
    await connection.execute(ADD, partition, names, numbers, list(waiting.added.values()))
    row = await connection.fetchrow(COUNT, partition)
    most = most_set_aside(row["borrowers"])
    if row["waiting"] > most:
        raise StopPartition(
            StopReason.SEQUENCE_GAP,
            f"{row['waiting']} borrowers lack an assessment (limit {most})",
        )
