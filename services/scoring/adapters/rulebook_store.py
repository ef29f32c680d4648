"""The rulebooks and their activations in PostgreSQL; rows are added and never changed."""

from collections.abc import Iterable
from datetime import datetime

from services.kit.database import Connection
from services.scoring.application.rulebook_cache import RulebookText
from services.scoring.application.rulebook_workflow import RulebookDraft, StoredRulebook

ADD = """
INSERT INTO scoring.rulebook (name, version, document, author, drafted_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name, version) DO NOTHING
"""
# No role may update a row here, so there is no row lock; steps of a rulebook take turns by this.
TAKE_TURN = (
    "SELECT pg_advisory_xact_lock(hashtextextended('scoring.rulebook ' || $1 || ' ' || $2, 0))"
)
COLUMNS = """
name, version, document, sha256, status, author, drafted_at, proposal_id, proposed_at, approver,
approved_at, activator, activated_at, activations
"""
FIND = f"SELECT {COLUMNS} FROM scoring.rulebook_standing WHERE name = $1 AND version = $2"
LISTED = f"""
SELECT {COLUMNS} FROM scoring.rulebook_standing
 ORDER BY drafted_at DESC, name, version LIMIT $1
"""
TEXTS = """
SELECT name, version, document FROM scoring.rulebook AS book
 WHERE EXISTS (SELECT FROM scoring.rulebook_activation AS activation
                WHERE (activation.name, activation.version) = (book.name, book.version))
   AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS known (name, version)
                    WHERE (known.name, known.version) = (book.name, book.version))
"""
ADD_ACTIVATION = """
INSERT INTO scoring.rulebook_activation (name, version, number, author, proposal_id, actor, at,
                                         subject)
VALUES ($1, $2, $3, $4, $5, $6, $7, $1 || ' ' || $2)
"""


class PostgresRulebooks:
    """Implements `RulebookRepository`."""

    async def add(self, connection: Connection, draft: RulebookDraft) -> bool:
        status = await connection.execute(
            ADD, draft.name, draft.version, draft.document, draft.author, draft.drafted_at
        )
        return status == "INSERT 0 1"

    async def find(self, connection: Connection, name: str, version: str) -> StoredRulebook | None:
        await connection.execute(TAKE_TURN, name, version)
        row = await connection.fetchrow(FIND, name, version)
        return StoredRulebook(**row) if row else None

    async def listed(self, connection: Connection, *, limit: int) -> list[StoredRulebook]:
        return [StoredRulebook(**row) for row in await connection.fetch(LISTED, limit)]

    async def add_activation(
        self, connection: Connection, rulebook: StoredRulebook, *, actor: str, at: datetime
    ) -> None:
        await connection.execute(
            ADD_ACTIVATION,
            rulebook.name,
            rulebook.version,
            rulebook.activations + 1,
            rulebook.author,
            rulebook.proposal_id,
            actor,
            at,
        )


class PostgresRulebookTexts:
    """Implements `RulebookTexts`: only what two people approved."""

    async def activated(
        self, connection: Connection, *, known: Iterable[tuple[str, str]]
    ) -> list[RulebookText]:
        pairs = list(known)
        names, versions = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        rows = await connection.fetch(TEXTS, names, versions)
        return [RulebookText(row["name"], row["version"], row["document"]) for row in rows]
