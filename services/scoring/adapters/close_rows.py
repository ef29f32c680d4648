"""The closes in the log and the clock's last date, in PostgreSQL."""

from collections.abc import Sequence
from datetime import date

from services.kit.database import Connection

CLOSES_OF = """
SELECT DISTINCT source, event_id FROM scoring.day_close WHERE closed_date = $1 ORDER BY 1, 2
"""
LAST_BEFORE = "SELECT max(closed_date) FROM scoring.day_close WHERE closed_date < $1"
FORGET = "DELETE FROM scoring.clock WHERE closed_date = $1"
REMEMBER = "INSERT INTO scoring.clock (closed_date) VALUES ($1)"


class PostgresCloses:
    """Implements `CloseRepository`."""

    async def closes_of(self, connection: Connection, closed: date) -> Sequence[tuple[str, str]]:
        rows = await connection.fetch(CLOSES_OF, closed)
        return [(row["source"], row["event_id"]) for row in rows]

    async def set_clock_back(self, connection: Connection, closed: date) -> None:
        if await connection.execute(FORGET, closed) == "DELETE 1":
            before = await connection.fetchval(LAST_BEFORE, closed)
            if before is not None:
                await connection.execute(REMEMBER, before)
