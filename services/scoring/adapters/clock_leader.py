"""Who leads among the clocks: an advisory lock on a connection of its own.

The lock lives as long as the connection, so a leader that dies or loses the database is
replaced without any time-out of ours.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg

TRY_TO_LEAD = "SELECT pg_try_advisory_lock(hashtextextended('tocsin scoring clock', 0))"
LAST = "SELECT closed_date FROM scoring.clock"
REMEMBER = """
INSERT INTO scoring.clock (closed_date) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET closed_date = greatest(scoring.clock.closed_date, $1)
"""


class Leadership:
    """The leader's connection; implements `ClosedDates`."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def last(self) -> date | None:
        """Return the last date that was written, or None before the first."""
        found: date | None = await self._connection.fetchval(LAST)
        return found

    async def remember(self, closed: date) -> None:
        """Store the last date that was written."""
        await self._connection.execute(REMEMBER, closed)


@asynccontextmanager
async def candidate(dsn: str) -> AsyncIterator["Candidate"]:
    """Open a connection that may become the leader's, and close it at the end of the block."""
    connection = await asyncpg.connect(
        dsn,
        timeout=10,
        command_timeout=10,
        server_settings={"role": "tocsin_scoring", "application_name": "tocsin-scoring-clock"},
    )
    try:
        yield Candidate(connection)
    finally:
        await connection.close(timeout=5)


class Candidate:
    """Asks for the lead."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def lead(self) -> Leadership | None:
        """Return the leadership, or None while another process has it."""
        if await self._connection.fetchval(TRY_TO_LEAD):
            return Leadership(self._connection)
        return None
