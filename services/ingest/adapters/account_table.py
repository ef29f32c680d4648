"""The account directory, in PostgreSQL.

Not cached: another process may have added an account a moment ago, and one query for a whole group
of inputs takes a millisecond.
"""

from collections.abc import Mapping, Sequence

from services.ingest.adapters.translating import database_errors
from services.ingest.application.ports import AccountLookup
from services.ingest.domain.account_log import AccountAssignment
from services.kit.database import Connection, Database

_BORROWERS = """
SELECT account_id, borrower_id FROM ingest.account
 WHERE account_id = ANY($1::text[]) AND borrower_id IS NOT NULL
"""
_PARKED = """
SELECT DISTINCT account_id FROM ingest.quarantine
 WHERE status = 'parked' AND account_id = ANY($1::text[])
"""
# Sorted, so that two writers lock rows in the same order. The update changes nothing; without it, a
# row is not returned that existed already, or that another process stores at this moment.
_CLAIM = """
INSERT INTO ingest.account AS stored (account_id, source)
SELECT account_id, source FROM unnest($1::text[], $2::text[]) AS new (account_id, source)
 ORDER BY account_id
ON CONFLICT (account_id) DO UPDATE SET source = stored.source
RETURNING account_id, source
"""
_ASSIGN = """
INSERT INTO ingest.account AS stored (account_id, borrower_id, source, event_time, event_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
           AS new (account_id, borrower_id, source, event_time, event_id)
 ORDER BY account_id
ON CONFLICT (account_id) DO UPDATE
   SET borrower_id = excluded.borrower_id, event_time = excluded.event_time,
       event_id = excluded.event_id
 WHERE stored.source = excluded.source
   AND (stored.borrower_id IS NULL
        OR (stored.event_time, stored.event_id) < (excluded.event_time, excluded.event_id))
"""
_OWNED = """
SELECT EXISTS (SELECT FROM ingest.account
                WHERE source = $1 AND ($2::text IS NULL OR account_id = $2))
"""
_HAND_OVER = """
UPDATE ingest.account SET source = $3
 WHERE source = $1 AND ($2::text IS NULL OR account_id = $2) RETURNING account_id
"""
_TO_RELEASE = """
SELECT parked.account_id FROM ingest.quarantine AS parked
  JOIN ingest.account USING (account_id)
 WHERE parked.status = 'parked' AND account.borrower_id IS NOT NULL
 GROUP BY parked.account_id ORDER BY min(parked.id) LIMIT $1
"""
_PAGE = """
SELECT account_id, borrower_id FROM ingest.account
 WHERE account_id > $1 AND borrower_id IS NOT NULL ORDER BY account_id LIMIT $2
"""


class AccountTable:
    """Maps accounts to borrowers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look_up(self, account_ids: Sequence[str]) -> AccountLookup:
        """Returns the borrowers of accounts, and the accounts for which inputs are parked."""

        async def read(connection: Connection) -> AccountLookup:
            # The two queries need no common snapshot: only the caller parks inputs, and if a queue
            # empties in between, one more input waits for the next release.
            queued = await connection.fetch(_PARKED, list(account_ids))
            rows = await connection.fetch(_BORROWERS, list(account_ids))
            return AccountLookup(
                borrowers={row["account_id"]: row["borrower_id"] for row in rows},
                queued=frozenset(row["account_id"] for row in queued),
            )

        with database_errors():
            return await self._database.in_transaction(read)

    async def claim(self, sources: Mapping[str, str]) -> Mapping[str, str]:
        """Returns the source that owns each account; one without an owner gets the given source."""

        async def write(connection: Connection) -> Mapping[str, str]:
            rows = await connection.fetch(_CLAIM, list(sources.keys()), list(sources.values()))
            return {row["account_id"]: row["source"] for row in rows}

        with database_errors():
            return await self._database.in_transaction(write)

    async def assign(self, assignments: Sequence[AccountAssignment]) -> None:
        """Stores the borrower of each account where the assignment is its owner's newest."""
        columns = [list(column) for column in zip(*assignments, strict=True)]

        async def write(connection: Connection) -> None:
            await connection.execute(_ASSIGN, *columns)

        with database_errors():
            await self._database.in_transaction(write)

    async def owns(self, source: str, account_id: str | None) -> bool:
        """Returns whether a source owns an account, or any."""

        async def read(connection: Connection) -> bool:
            return bool(await connection.fetchval(_OWNED, source, account_id))

        with database_errors():
            return await self._database.in_transaction(read)

    async def hand_over(self, source: str, account_id: str | None, to: str) -> Sequence[str]:
        """Gives an account of a source, or all, to another source; returns them."""

        async def write(connection: Connection) -> Sequence[str]:
            rows = await connection.fetch(_HAND_OVER, source, account_id, to)
            return sorted(row["account_id"] for row in rows)

        with database_errors():
            return await self._database.in_transaction(write)

    async def ready_to_release(self, *, limit: int) -> Sequence[str]:
        """Returns known accounts that still have parked inputs, longest wait first."""

        async def read(connection: Connection) -> Sequence[str]:
            return [row["account_id"] for row in await connection.fetch(_TO_RELEASE, limit)]

        with database_errors():
            return await self._database.in_transaction(read)

    async def page(self, *, after: str, limit: int) -> Sequence[tuple[str, str]]:
        """Returns known accounts with their borrowers, by account id."""

        async def read(connection: Connection) -> Sequence[tuple[str, str]]:
            rows = await connection.fetch(_PAGE, after, limit)
            return [(row["account_id"], row["borrower_id"]) for row in rows]

        with database_errors():
            return await self._database.in_transaction(read)
