"""The identities of events that named only an account, in PostgreSQL."""

from collections.abc import Sequence

from services.ingest.adapters.translating import database_errors
from services.ingest.application.identity import EventIdentity
from services.kit.database import PostgresDatabase

# Sorted, so that two writers lock rows in the same order. The update changes nothing; without it, a
# row is not returned that existed already, or that another process stores at this moment.
_FIRST = """
INSERT INTO ingest.event_identity AS stored (source, event_id, borrower_id, digest)
SELECT source, event_id, borrower_id, digest
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
       AS new (source, event_id, borrower_id, digest)
 ORDER BY source, event_id
ON CONFLICT (source, event_id) DO UPDATE SET digest = stored.digest
RETURNING source, event_id, borrower_id, digest
"""


class IdentityTable:
    """Stores the first borrower of each event.

    Never part of a caller's transaction: what is published must not outlive what is stored.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._pool = database.pool

    async def first(self, identities: Sequence[EventIdentity]) -> Sequence[EventIdentity]:
        """Returns the identity that was stored first for each (source, id), and stores new ones."""
        columns = [list(column) for column in zip(*identities, strict=True)]
        with database_errors():
            rows = await self._pool.fetch(_FIRST, *columns)
        return [EventIdentity(*row) for row in rows]
