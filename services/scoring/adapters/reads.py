"""The read side's queries, by primary key each."""

from services.kit.database import Connection
from services.scoring.application.reading import HistoryRow, LedgerRow

OFFICER = "SELECT officer_id FROM scoring.borrower WHERE borrower_id = $1"
LEDGER = """
SELECT partition, "offset", day, event FROM scoring.ledger
 WHERE borrower_id = $1 AND "offset" > $2 ORDER BY "offset" LIMIT $3
"""
HISTORY = """
SELECT sequence, event FROM scoring.assessment
 WHERE borrower_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3
"""


class PostgresReads:
    """Implements `Reads`."""

    async def officer_of(
        self, connection: Connection, borrower_id: str
    ) -> tuple[str | None] | None:
        """Return the borrower's officer in a tuple, or None if there is no such borrower."""
        row = await connection.fetchrow(OFFICER, borrower_id)
        return (row["officer_id"],) if row else None

    async def ledger(
        self, connection: Connection, borrower_id: str, *, after: int, limit: int
    ) -> list[LedgerRow]:
        """Return applied events behind an offset."""
        rows = await connection.fetch(LEDGER, borrower_id, after, limit)
        return [LedgerRow(**dict(row)) for row in rows]

    async def history(
        self, connection: Connection, borrower_id: str, *, before: int, limit: int
    ) -> list[HistoryRow]:
        """Return emitted assessments below a sequence, the newest first."""
        rows = await connection.fetch(HISTORY, borrower_id, before, limit)
        return [HistoryRow(**dict(row)) for row in rows]
