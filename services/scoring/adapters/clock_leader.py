"""Elects the leader among the clocks: an advisory lock on a connection of its own.

The lock lives as long as the connection, so a leader that dies or loses the database is replaced
without a time-out of ours.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg

from services.kit.clock_agreement import DatabaseClock
from services.kit.logins import only_as
from services.scoring.application.close_withdrawal import CloseWithdrawal
from services.scoring.application.day_close import MissedDaysApproval

TRY_TO_LEAD = "SELECT pg_try_advisory_lock(hashtextextended('tocsin scoring clock', 0))"
LAST = "SELECT closed_date FROM scoring.clock"
RELEASED_UNTIL = """
SELECT max(subject)
  FROM scoring.proposal JOIN scoring.proposal_decision ON proposal_id = proposal.id
 WHERE kind = $1 AND outcome = 'APPROVED'
"""
WITHDRAWALS_OF = """
SELECT count(*)
  FROM scoring.proposal JOIN scoring.proposal_decision ON proposal_id = proposal.id
 WHERE kind = $1 AND subject = $2 AND outcome = 'APPROVED'
"""
SAVE = """
INSERT INTO scoring.clock (closed_date) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET closed_date = greatest(scoring.clock.closed_date, $1)
"""


class Leadership:
    """The leader's connection; implements `ClosedDates`."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.clock = DatabaseClock(connection)

    async def last(self) -> date | None:
        """Returns the last date that was written, or None before the first."""
        last: date | None = await self._connection.fetchval(LAST)
        return last

    async def released_until(self) -> date | None:
        """Returns the latest missed date that two people released, or None."""
        released: str | None = await self._connection.fetchval(
            RELEASED_UNTIL, MissedDaysApproval.name
        )
        return date.fromisoformat(released) if released else None

    async def withdrawals_of(self, closed: date) -> int:
        """Returns how often the close of a date was withdrawn."""
        count: int = await self._connection.fetchval(
            WITHDRAWALS_OF, CloseWithdrawal.name, closed.isoformat()
        )
        return count

    async def save(self, closed: date) -> None:
        """Stores the last date that was written."""
        await self._connection.execute(SAVE, closed)


@asynccontextmanager
async def candidate(dsn: str) -> AsyncIterator["LeaderCandidate"]:
    """Opens a connection that may become the leader's, and closes it at the end of the block."""
    connection = await asyncpg.connect(
        dsn,
        timeout=10,
        command_timeout=10,
        server_settings={"application_name": "tocsin-scoring-clock"},
    )
    try:
        await only_as("tocsin_scoring")(connection)
        yield LeaderCandidate(connection)
    finally:
        await connection.close(timeout=5)


class LeaderCandidate:
    """A process that may become the leader."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def lead(self) -> Leadership | None:
        """Returns the leadership, or None while another process has the lock."""
        if await self._connection.fetchval(TRY_TO_LEAD):
            return Leadership(self._connection)
        return None
