"""The stored assessments in PostgreSQL, as they are sent again."""

from collections.abc import Sequence

from services.kit.database import Connection

PARTITION_OF = "SELECT partition FROM scoring.borrower WHERE borrower_id = $1"
FROM_SEQUENCE = """
SELECT sequence, event FROM scoring.assessment
 WHERE borrower_id = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3
"""


class PostgresAssessmentRows:
    """Implements `AssessmentRows`."""

    async def partition_of(self, connection: Connection, borrower_id: str) -> int | None:
        partition: int | None = await connection.fetchval(PARTITION_OF, borrower_id)
        return partition

    async def from_sequence(
        self, connection: Connection, borrower_id: str, first: int, *, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        rows = await connection.fetch(FROM_SEQUENCE, borrower_id, first, limit)
        return [(row["sequence"], row["event"]) for row in rows]
