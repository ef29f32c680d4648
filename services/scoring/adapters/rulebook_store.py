"""The rulebooks and their steps in PostgreSQL; rows are added and never changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.kit.database import Connection
from services.scoring.application.rulebook_cache import RulebookText
from services.scoring.application.rulebook_workflow import RulebookDraft, StoredRulebook
from services.scoring.domain.rulebook.approval import NEEDS, PROPOSED, Signatory

ADD = """
INSERT INTO scoring.rulebook (name, version, document, author, author_key, author_officer,
                              drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, version) DO NOTHING
"""
# No role may update a row here, so there is no row lock; steps of a rulebook take turns by this.
TAKE_TURN = (
    "SELECT pg_advisory_xact_lock(hashtextextended('scoring.rulebook ' || $1 || ' ' || $2, 0))"
)
COLUMNS = """
name, version, document, sha256, status, author, author_key, author_officer, drafted_at,
proposed_at, approver, approver_key, approved_at, activator, activated_at, activations
"""
FIND = f"SELECT {COLUMNS} FROM scoring.rulebook_standing WHERE name = $1 AND version = $2"
LISTED = f"""
SELECT {COLUMNS} FROM scoring.rulebook_standing
 ORDER BY drafted_at DESC, name, version LIMIT $1
"""
TEXTS = """
SELECT name, version, document FROM scoring.rulebook AS book
 WHERE EXISTS (SELECT FROM scoring.rulebook_step AS taken
                WHERE (taken.name, taken.version, taken.step)
                      = (book.name, book.version, 'ACTIVATED'))
   AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS known (name, version)
                    WHERE (known.name, known.version) = (book.name, book.version))
"""
ADD_STEP = """
INSERT INTO scoring.rulebook_step (name, version, step, after, author, author_key, author_officer,
                                   actor, actor_key, actor_officer, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
ADD_ACTIVATION = """
INSERT INTO scoring.rulebook_activation (name, version, number, actor, actor_key, actor_officer, at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class PostgresRulebooks:
    """Implements `RulebookRepository`."""

    async def add(self, connection: Connection, draft: RulebookDraft) -> bool:
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

    async def find(self, connection: Connection, name: str, version: str) -> StoredRulebook | None:
        await connection.execute(TAKE_TURN, name, version)
        row = await connection.fetchrow(FIND, name, version)
        return _stored(row) if row else None

    async def listed(self, connection: Connection, *, limit: int) -> list[StoredRulebook]:
        return [_stored(row) for row in await connection.fetch(LISTED, limit)]

    async def add_step(
        self,
        connection: Connection,
        rulebook: StoredRulebook,
        step: str,
        *,
        actor: Signatory,
        at: datetime,
    ) -> None:
        if rulebook.activations:
            await connection.execute(
                ADD_ACTIVATION,
                rulebook.name,
                rulebook.version,
                rulebook.activations + 1,
                actor.name,
                actor.key_id,
                actor.officer_id,
                at,
            )
            return
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


class PostgresRulebookTexts:
    """Implements `RulebookTexts`: only what two people approved."""

    async def activated(
        self, connection: Connection, *, known: Iterable[tuple[str, str]]
    ) -> list[RulebookText]:
        pairs = list(known)
        names, versions = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        rows = await connection.fetch(TEXTS, names, versions)
        return [RulebookText(row["name"], row["version"], row["document"]) for row in rows]


def _stored(row: Any) -> StoredRulebook:
    columns = dict(row)
    author = Signatory(
        columns.pop("author"), columns.pop("author_key"), columns.pop("author_officer")
    )
    return StoredRulebook(author=author, **columns)
