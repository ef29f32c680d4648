"""The account directory, in PostgreSQL.

Not cached: another process may have added an account a moment ago, and one query for a whole group
of inputs takes a millisecond.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.ingest.adapters.translating import database_errors
from services.ingest.application.ports import AccountLookup
from services.kit.database import Connection, Database

_BORROWERS = "SELECT account_id, borrower_id FROM ingest.account WHERE account_id = ANY($1::text[])"
_PARKED = """
SELECT DISTINCT account_id FROM ingest.quarantine
 WHERE status = 'parked' AND account_id = ANY($1::text[])
"""
# Sorted, so that two writers lock rows in the same order.
_UPSERT = """
INSERT INTO ingest.account (account_id, borrower_id, source, learned_at)
SELECT account_id, borrower_id, $3, $4
  FROM unnest($1::text[], $2::text[]) AS new (account_id, borrower_id) ORDER BY account_id
ON CONFLICT (account_id) DO UPDATE
   SET borrower_id = excluded.borrower_id, source = excluded.source,
       learned_at = excluded.learned_at
 WHERE account.borrower_id <> excluded.borrower_id
"""
_TO_RELEASE = """
SELECT parked.account_id FROM ingest.quarantine AS parked
  JOIN ingest.account USING (account_id)
 WHERE parked.status = 'parked'
 GROUP BY parked.account_id ORDER BY min(parked.id) LIMIT $1
"""
_PAGE = """
SELECT account_id, borrower_id FROM ingest.account
 WHERE account_id > $1 ORDER BY account_id LIMIT $2
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

    async def learn(self, borrowers: Mapping[str, str], *, source: str, at: datetime) -> None:
        """Stores the borrower of each account; a later one replaces the earlier one."""

        async def write(connection: Connection) -> None:
            await connection.execute(
                _UPSERT, list(borrowers.keys()), list(borrowers.values()), source, at
            )

        with database_errors():
            await self._database.in_transaction(write)

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
