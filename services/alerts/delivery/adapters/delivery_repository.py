"""The log of deliveries in PostgreSQL, and sending again.

A resend resets the row under its old webhook id; the attempts so far stay in the log. A row that is
leased is not reset: its attempt is running.
"""

from typing import Any

import asyncpg
import msgspec

from services.alerts.adapters.statements import PoolStatements, Row
from services.alerts.delivery.adapters.delivery_queue import webhook_id
from services.alerts.delivery.application.read_models import (
    DeliveryDetail,
    DeliveryFilters,
    DeliverySummary,
    LoggedAttempt,
)
from services.alerts.primitives import paging
from services.alerts.primitives.paging import CursorPage

_MATCHES = """($1::text IS NULL OR endpoint_id = $1)
   AND ($2::text IS NULL OR alert_id = $2)
   AND ($3::text IS NULL OR status = $3)
   AND ($4::timestamptz IS NULL OR created_at >= $4)
   AND ($5::timestamptz IS NULL OR created_at < $5)"""
LIST = f"""
SELECT * FROM alerts.webhook_delivery
 WHERE {_MATCHES} AND ($6::bigint IS NULL OR delivery_id < $6)
 ORDER BY delivery_id DESC LIMIT $7
"""
ONE = "SELECT * FROM alerts.webhook_delivery WHERE delivery_id = $1"
ATTEMPTS = "SELECT * FROM alerts.delivery_attempt WHERE delivery_id = $1 ORDER BY attempt_id"
_RESET = """
UPDATE alerts.webhook_delivery
   SET status = 'PENDING', attempts = 0, first_attempt_at = NULL, finished_at = NULL,
       due_at = now(), lease_token = NULL
"""
RESEND = _RESET + f" WHERE {_MATCHES} AND status <> 'PENDING'"
RESEND_ONE = _RESET + " WHERE delivery_id = $1 AND lease_token IS NULL"


class PostgresDeliveryRepository:
    """The deliveries of the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._statements = PoolStatements(pool)

    async def list(
        self, filters: DeliveryFilters, *, cursor: str | None, limit: int
    ) -> CursorPage[DeliverySummary]:
        """Returns a page of deliveries, the newest first."""
        before = None if cursor is None else paging.read_position_cursor(cursor)
        rows = await self._statements.fetch(LIST, *_values(filters), before, limit + 1)
        next_cursor = str(rows[limit - 1]["delivery_id"]) if len(rows) > limit else None
        return CursorPage(items=[_summary(row) for row in rows[:limit]], next_cursor=next_cursor)

    async def get(self, delivery_id: int) -> DeliveryDetail | None:
        """Returns a delivery with its attempts."""
        rows = await self._statements.fetch(ONE, delivery_id)
        if not rows:
            return None
        attempts = await self._statements.fetch(ATTEMPTS, delivery_id)
        log = [msgspec.convert(dict(attempt), type=LoggedAttempt) for attempt in attempts]
        return DeliveryDetail(delivery=_summary(rows[0]), log=log)

    async def resend(self, filters: DeliveryFilters) -> int:
        """Makes the matching deliveries due again; returns how many."""
        return await self._statements.execute(RESEND, *_values(filters))

    async def resend_one(self, delivery_id: int) -> bool:
        """Makes one delivery due again; returns whether it exists."""
        if await self._statements.execute(RESEND_ONE, delivery_id):
            return True
        return bool(await self._statements.fetch(ONE, delivery_id))


def _values(filters: DeliveryFilters) -> tuple[Any, ...]:
    return (
        filters.endpoint_id,
        filters.alert_id,
        filters.status,
        filters.created_from,
        filters.created_before,
    )


def _summary(row: Row) -> DeliverySummary:
    renamed = {
        "webhook_id": webhook_id(row["event_id"], row["recipient_id"], row["delivery_id"]),
        "event_type": row["kind"],
        "next_attempt_at": row["due_at"] if row["status"] == "PENDING" else None,
    }
    return msgspec.convert({**row, **renamed}, type=DeliverySummary)
