"""Reads what is sent again from PostgreSQL: assessments, and how far a borrower is folded."""

from collections.abc import Sequence

from services.kit.database import Connection
from services.scoring.adapters.borrower_rows import SNAPSHOT
from services.scoring.application.ports import StoredState

STORED = """
SELECT borrower_id, partition, closed_offset, folded_to FROM scoring.borrower
 WHERE borrower_id = $1
"""
FROM_SEQUENCE = """
SELECT sequence, event FROM scoring.assessment
 WHERE borrower_id = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3
"""


class PostgresResendRows:
    """Implements `ResendRows`."""

    async def hold_snapshot(self, connection: Connection) -> None:
        await connection.execute(SNAPSHOT)

    async def stored(
        self, connection: Connection, borrower_id: str
    ) -> tuple[StoredState, int | None] | None:
        row = await connection.fetchrow(STORED, borrower_id)
        if row is None:
            return None
        stored = StoredState(row["borrower_id"], row["partition"], row["closed_offset"], None)
        return stored, row["folded_to"]

    async def from_sequence(
        self, connection: Connection, borrower_id: str, first: int, *, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        rows = await connection.fetch(FROM_SEQUENCE, borrower_id, first, limit)
        return [(row["sequence"], row["event"]) for row in rows]
