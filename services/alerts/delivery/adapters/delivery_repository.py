"""The log of deliveries in PostgreSQL, and sending again.

A resend puts the row back to its beginning under its old webhook id; the attempts made so far
stay in the log. A row that is leased right now keeps its lease until the attempt is over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from services.alerts.delivery.application.read_models import (
    DeliveryDetail,
    DeliveryFilters,
    DeliverySummary,
    LoggedAttempt,
)
from services.alerts.primitives import paging
from services.alerts.primitives.paging import Page
from services.kit.database import translate_outages

_FITS = """($1::text IS NULL OR endpoint_id = $1)
   AND ($2::text IS NULL OR alert_id = $2)
   AND ($3::text IS NULL OR status = $3)
   AND ($4::timestamptz IS NULL OR created_at >= $4)
   AND ($5::timestamptz IS NULL OR created_at < $5)"""
LIST = f"""
SELECT * FROM alerts.webhook_delivery
 WHERE {_FITS} AND ($6::bigint IS NULL OR delivery_id < $6)
 ORDER BY delivery_id DESC LIMIT $7
"""
ONE = "SELECT * FROM alerts.webhook_delivery WHERE delivery_id = $1"
ATTEMPTS = "SELECT * FROM alerts.delivery_attempt WHERE delivery_id = $1 ORDER BY attempt_id"
_AGAIN = """
UPDATE alerts.webhook_delivery
   SET status = 'PENDING', attempts = 0, first_attempt_at = NULL, finished_at = NULL,
       due_at = {at}, lease_token = NULL
"""
RESEND = _AGAIN.format(at="$6") + f" WHERE {_FITS} AND status <> 'PENDING'"
RESEND_ONE = _AGAIN.format(at="$2") + " WHERE delivery_id = $1 AND lease_token IS NULL"

Row = Mapping[str, Any]


class PostgresDeliveryRepository:
    """The deliveries of the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def list(
        self, filters: DeliveryFilters, *, cursor: str | None, limit: int
    ) -> Page[DeliverySummary]:
        """Return a page of deliveries, the newest first."""
        before = None if cursor is None else paging.read_position_cursor(cursor)
        rows = await self._fetch(LIST, *_values(filters), before, limit + 1)
        more = len(rows) > limit
        return Page(
            items=[_view(row) for row in rows[:limit]],
            next_cursor=str(rows[limit - 1]["delivery_id"]) if more else None,
        )

    async def get(self, delivery_id: int) -> DeliveryDetail | None:
        """Return a delivery with its attempts."""
        rows = await self._fetch(ONE, delivery_id)
        if not rows:
            return None
        log = [_attempt(row) for row in await self._fetch(ATTEMPTS, delivery_id)]
        return DeliveryDetail(delivery=_view(rows[0]), log=log)

    async def resend(self, filters: DeliveryFilters, *, at: datetime) -> int:
        """Make what fits the filters due again; return how many."""
        status = await self._execute(RESEND, *_values(filters), at)
        return int(status.rpartition(" ")[2])

    async def resend_one(self, delivery_id: int, *, at: datetime) -> bool:
        """Make one delivery due again; return whether there is such a one."""
        if await self._execute(RESEND_ONE, delivery_id, at) == "UPDATE 1":
            return True
        return bool(await self._fetch(ONE, delivery_id))

    async def _fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        with translate_outages():
            rows: Sequence[Row] = await self._pool.fetch(statement, *values)
        return rows

    async def _execute(self, statement: str, *values: Any) -> str:
        with translate_outages():
            status: str = await self._pool.execute(statement, *values)
        return status


def webhook_id(event_id: str) -> str:
    """Return the id under which receivers recognise a repeated message."""
    return f"msg_{event_id}"


def _values(filters: DeliveryFilters) -> tuple[Any, ...]:
    return (
        filters.endpoint_id,
        filters.alert_id,
        filters.status,
        filters.created_from,
        filters.created_before,
    )


def _view(row: Row) -> DeliverySummary:
    return DeliverySummary(
        delivery_id=row["delivery_id"],
        webhook_id=webhook_id(row["event_id"]),
        endpoint_id=row["endpoint_id"],
        alert_id=row["alert_id"],
        borrower_id=row["borrower_id"],
        event_type=row["kind"],
        status=row["status"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        next_attempt_at=row["due_at"] if row["status"] == "PENDING" else None,
        finished_at=row["finished_at"],
        last_result=row["last_result"],
    )


def _attempt(row: Row) -> LoggedAttempt:
    return LoggedAttempt(
        attempt=row["attempt"],
        at=row["at"],
        duration_ms=row["duration_ms"],
        result=row["result"],
        status_code=row["status_code"],
        error=row["error"],
        response=row["response"],
    )
