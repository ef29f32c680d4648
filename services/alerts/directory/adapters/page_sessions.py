"""Page sessions in PostgreSQL: a row for each session that has not ended."""

import hashlib
import secrets
from datetime import timedelta

import asyncpg

from services.alerts.adapters.statements import PoolStatements

LASTS = timedelta(hours=8)
BEGIN = """
WITH over AS (DELETE FROM alerts.page_session WHERE ends_at <= now())
INSERT INTO alerts.page_session (token_sha256, key_id, began_at, ends_at)
VALUES ($1, $2, now(), now() + $3)
"""
KEY_OF = "SELECT key_id FROM alerts.page_session WHERE token_sha256 = $1 AND ends_at > now()"
END = "DELETE FROM alerts.page_session WHERE token_sha256 = $1"


class PostgresSessions:
    """Implements `Sessions`; read at every request, so that an end counts at once."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._statements = PoolStatements(pool)

    async def begin(self, key_id: str) -> str:
        token = secrets.token_urlsafe(32)
        await self._statements.execute(BEGIN, _sha256(token), key_id, LASTS)
        return token

    async def key_of(self, token: str) -> str | None:
        rows = await self._statements.fetch(KEY_OF, _sha256(token))
        return rows[0]["key_id"] if rows else None

    async def end(self, token: str) -> None:
        await self._statements.execute(END, _sha256(token))


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
