"""The rulebooks and their steps in PostgreSQL; rows are added and never changed."""

from datetime import datetime
from typing import Any

from services.kit.database import Connection
from services.scoring.application.rulebooks import Draft, StandingRulebook
from services.scoring.domain.approval import NEEDS, PROPOSED, Signatory

ADD = """
INSERT INTO scoring.rulebook (name, version, document, author, author_key, author_officer,
                              drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, version) DO NOTHING
"""
# Nobody may update a row here, so a row lock cannot be had; steps of a rulebook take turns by this.
TAKE_TURN = (
    "SELECT pg_advisory_xact_lock(hashtextextended('scoring.rulebook ' || $1 || ' ' || $2, 0))"
)
COLUMNS = """
name, version, document, sha256, status, author, author_key, author_officer, drafted_at,
proposed_at, approver, approver_key, approved_at, activator, activated_at
"""
FIND = f"SELECT {COLUMNS} FROM scoring.rulebook_standing WHERE name = $1 AND version = $2"
LISTED = f"""
SELECT {COLUMNS} FROM scoring.rulebook_standing
 ORDER BY drafted_at DESC, name, version LIMIT $1
"""
ADD_STEP = """
INSERT INTO scoring.rulebook_step (name, version, step, after, author, author_key, author_officer,
                                   actor, actor_key, actor_officer, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


class PostgresRulebooks:
    """Implements `Rulebooks`."""

    async def add(self, connection: Connection, draft: Draft) -> bool:
        """Store a draft; return False if its name and version are taken."""
        author = draft.author
        status = await connection.execute(
            ADD,
            draft.name,
            draft.version,
            draft.document,
            author.name,
            author.key_id,
            author.officer_id,
            draft.drafted_at,
        )
        return status == "INSERT 0 1"

    async def find(
        self, connection: Connection, name: str, version: str
    ) -> StandingRulebook | None:
        """Return a rulebook, held until the transaction ends."""
        await connection.execute(TAKE_TURN, name, version)
        row = await connection.fetchrow(FIND, name, version)
        return _standing(row) if row else None

    async def listed(self, connection: Connection, *, limit: int) -> list[StandingRulebook]:
        """Return the rulebooks drafted last, the newest first."""
        return [_standing(row) for row in await connection.fetch(LISTED, limit)]

    async def add_step(
        self,
        connection: Connection,
        rulebook: StandingRulebook,
        step: str,
        *,
        actor: Signatory,
        at: datetime,
    ) -> None:
        """Add a step to the history."""
        author = rulebook.author
        await connection.execute(
            ADD_STEP,
            rulebook.name,
            rulebook.version,
            step,
            None if step == PROPOSED else NEEDS[step],
            author.name,
            author.key_id,
            author.officer_id,
            actor.name,
            actor.key_id,
            actor.officer_id,
            at,
        )


def _standing(row: Any) -> StandingRulebook:
    columns = dict(row)
    author = Signatory(
        columns.pop("author"), columns.pop("author_key"), columns.pop("author_officer")
    )
    return StandingRulebook(author=author, **columns)
