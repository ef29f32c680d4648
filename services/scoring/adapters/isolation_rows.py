"""The marks of isolated borrowers in PostgreSQL, as operators read and change them."""

from services.kit.database import Connection
from services.scoring.application.isolated_borrowers import IsolatedBorrower

LISTED = """
SELECT borrower_id, partition, folded_to, isolated_reason AS reason, isolated_at,
       resume_requested AS is_resume_requested,
       (SELECT count(*) FROM scoring.ledger AS ledger
         WHERE ledger.borrower_id = borrower.borrower_id
           AND ledger."offset" > borrower.folded_to) AS waiting
  FROM scoring.borrower AS borrower
 WHERE isolated_reason IS NOT NULL AND borrower_id > $1
 ORDER BY borrower_id LIMIT $2
"""
PARTITION_OF = """
SELECT partition FROM scoring.borrower WHERE borrower_id = $1 AND isolated_reason IS NOT NULL
"""
REQUEST_RESUME = """
WITH requested AS (
    UPDATE scoring.borrower SET resume_requested = true
     WHERE borrower_id = $1 AND isolated_reason IS NOT NULL
    RETURNING borrower_id, partition, folded_to, isolated_at, isolated_reason)
INSERT INTO scoring.borrower_resume
       (borrower_id, partition, folded_to, isolated_at, isolated_reason, requested_by, reason)
SELECT requested.*, $2, $3 FROM requested
"""


class PostgresIsolationRows:
    """Implements `IsolationRows`."""

    async def listed(
        self, connection: Connection, *, after: str, limit: int
    ) -> list[IsolatedBorrower]:
        rows = await connection.fetch(LISTED, after, limit)
        return [IsolatedBorrower(**dict(row)) for row in rows]

    async def partition_of(self, connection: Connection, borrower_id: str) -> int | None:
        partition: int | None = await connection.fetchval(PARTITION_OF, borrower_id)
        return partition

    async def request_resume(
        self, connection: Connection, borrower_id: str, *, actor: str, reason: str
    ) -> None:
        await connection.execute(REQUEST_RESUME, borrower_id, actor, reason)
