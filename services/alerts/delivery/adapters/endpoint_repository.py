"""The repository of webhook endpoints in PostgreSQL; secrets are stored sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from services.alerts.adapters.statements import PoolStatements, Row
from services.alerts.delivery.adapters.sealing import Sealer
from services.alerts.delivery.domain.endpoint import Endpoint, EndpointSettings

ADD = """
INSERT INTO alerts.webhook_endpoint
       (endpoint_id, url, description, format, language, event_types, minimum_severity,
        minimum_rank, branch_ids, segments, officer_ids, is_ordered, owner_id, notice_endpoint_id,
        max_per_minute, max_concurrent, created_at, created_by, secret)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
"""
LIST = "SELECT * FROM alerts.webhook_endpoint ORDER BY created_at, endpoint_id"
ONE = "SELECT * FROM alerts.webhook_endpoint WHERE endpoint_id = $1"
SECRETS = """
SELECT secret, CASE WHEN old_secret_expires_at > $2 THEN old_secret END AS old_secret
  FROM alerts.webhook_endpoint WHERE endpoint_id = $1
"""
# An endpoint that is enabled again starts with a clean slate, or it would be disabled at once.
SAVE = """
UPDATE alerts.webhook_endpoint
   SET version = version + 1, url = $3, description = $4, format = $5, language = $6,
       event_types = $7, minimum_severity = $8, minimum_rank = $9, branch_ids = $10, segments = $11,
       officer_ids = $12, is_ordered = $13, owner_id = $14, notice_endpoint_id = $15,
       max_per_minute = $16, max_concurrent = $17,
       failing_since = CASE WHEN $18 AND NOT is_enabled THEN NULL ELSE failing_since END,
       failures = CASE WHEN $18 AND NOT is_enabled THEN 0 ELSE failures END,
       is_enabled = $18, disabled_reason = $19
 WHERE endpoint_id = $1 AND version = $2
RETURNING *
"""
ROTATE = """
UPDATE alerts.webhook_endpoint
   SET version = version + 1, old_secret = secret, old_secret_expires_at = $4, secret = $3
 WHERE endpoint_id = $1 AND version = $2
RETURNING *
"""


class PostgresEndpointRepository:
    """The endpoints of the database."""

    def __init__(self, *, pool: asyncpg.Pool, sealer: Sealer) -> None:
        self._statements = PoolStatements(pool)
        self._sealer = sealer

    async def add(self, endpoint: Endpoint, *, secret: str) -> None:
        """Writes a new endpoint with its secret."""
        await self._statements.execute(
            ADD,
            endpoint.endpoint_id,
            *_settings(endpoint),
            endpoint.created_at,
            endpoint.created_by,
            self._sealer.seal(secret, endpoint_id=endpoint.endpoint_id),
        )

    async def list(self) -> Sequence[Endpoint]:
        """Returns all endpoints, the oldest first."""
        return [_endpoint(row) for row in await self._statements.fetch(LIST)]

    async def get(self, endpoint_id: str) -> Endpoint | None:
        """Returns an endpoint; None if there is none of this id."""
        rows = await self._statements.fetch(ONE, endpoint_id)
        return _endpoint(rows[0]) if rows else None

    async def secrets(self, endpoint_id: str, *, at: datetime) -> tuple[str, ...]:
        """Returns the secrets that sign at a moment, the newest first."""
        rows = await self._statements.fetch(SECRETS, endpoint_id, at)
        sealed = [secret for row in rows for secret in row.values() if secret]
        return tuple(self._sealer.open(secret, endpoint_id=endpoint_id) for secret in sealed)

    async def save(self, endpoint: Endpoint, *, expected_version: int) -> Endpoint | None:
        """Writes a changed endpoint; None if its version has moved on."""
        rows = await self._statements.fetch(
            SAVE,
            endpoint.endpoint_id,
            expected_version,
            *_settings(endpoint),
            endpoint.is_enabled,
            endpoint.disabled_reason,
        )
        return _endpoint(rows[0]) if rows else None

    async def rotate(
        self,
        endpoint_id: str,
        *,
        secret: str,
        old_expires_at: datetime,
        expected_version: int,
    ) -> Endpoint | None:
        """Writes a new secret and retains the former one until it expires."""
        sealed = self._sealer.seal(secret, endpoint_id=endpoint_id)
        rows = await self._statements.fetch(
            ROTATE, endpoint_id, expected_version, sealed, old_expires_at
        )
        return _endpoint(rows[0]) if rows else None


def _settings(settings: EndpointSettings) -> tuple[Any, ...]:
    return (
        settings.url,
        settings.description,
        settings.format,
        settings.language,
        [kind.value for kind in settings.event_types],
        settings.minimum_severity.value,
        settings.minimum_severity.rank,
        list(settings.branch_ids),
        list(settings.segments),
        list(settings.officer_ids),
        settings.is_ordered,
        settings.owner_id,
        settings.notice_endpoint_id,
        settings.max_per_minute,
        settings.max_concurrent,
    )


def _endpoint(row: Row) -> Endpoint:
    return msgspec.convert(dict(row), type=Endpoint)
