"""The queue of deliveries in PostgreSQL: rows under leases, taken with SKIP LOCKED.

`due_at` says when a row may be taken; taking it moves `due_at` to the end of the lease, so a
dead dispatcher's rows come back by themselves. A row stays PENDING while it is leased, which
is what keeps later events of the same borrower behind it on an ordered endpoint.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import structlog

from services.alerts.delivery.adapters.delivery_repository import webhook_id
from services.alerts.delivery.adapters.sealing import CannotOpen, Sealer
from services.alerts.delivery.application.dispatch_ports import Leased, Outcome, Recorded, Waiting
from services.alerts.delivery.domain.endpoint import PayloadFormat
from services.alerts.delivery.domain.retry import AttemptResult, Delivered, GivenUp, Next, RetryAt
from services.kit.database import telling_outages

log = structlog.get_logger(__name__)

CLAIM = """
WITH taken AS MATERIALIZED (
    SELECT due.delivery_id
      FROM alerts.webhook_endpoint AS endpoint
           LEFT JOIN unnest($4::text[], $5::integer[]) AS known (endpoint_id, slots)
             ON known.endpoint_id = endpoint.endpoint_id
           CROSS JOIN LATERAL (
               SELECT delivery.delivery_id FROM alerts.webhook_delivery AS delivery
                WHERE delivery.endpoint_id = endpoint.endpoint_id
                  AND delivery.status = 'PENDING' AND delivery.due_at <= $1
                  AND NOT (endpoint.is_ordered AND EXISTS (
                          SELECT FROM alerts.webhook_delivery AS earlier
                           WHERE earlier.endpoint_id = delivery.endpoint_id
                             AND earlier.borrower_id = delivery.borrower_id
                             AND earlier.status = 'PENDING'
                             AND earlier.feed_id < delivery.feed_id))
                ORDER BY delivery.due_at, delivery.feed_id
                LIMIT coalesce(known.slots, $6)
                  FOR UPDATE SKIP LOCKED
           ) AS due
     WHERE endpoint.is_enabled
), leased AS (
    UPDATE alerts.webhook_delivery AS delivery
       SET lease_token = $3, due_at = $2,
           first_attempt_at = coalesce(delivery.first_attempt_at, $1)
      FROM taken WHERE delivery.delivery_id = taken.delivery_id
    RETURNING delivery.*
)
SELECT leased.*, endpoint.url, endpoint.format, endpoint.secret,
       CASE WHEN endpoint.old_secret_expires_at > $1 THEN endpoint.old_secret END AS old_secret,
       event.at, event.document
  FROM leased
       JOIN alerts.webhook_endpoint AS endpoint USING (endpoint_id)
       JOIN alerts.alert_event AS event USING (feed_id)
 ORDER BY leased.feed_id
"""
RENEW = """
UPDATE alerts.webhook_delivery AS delivery SET due_at = $3
  FROM unnest($1::bigint[], $2::text[]) AS held (delivery_id, lease_token)
 WHERE delivery.delivery_id = held.delivery_id AND delivery.lease_token = held.lease_token
   AND delivery.status = 'PENDING'
"""
RECORD = """
WITH moved AS (
    UPDATE alerts.webhook_delivery
       SET status = $3, attempts = attempts + 1, due_at = $4, lease_token = NULL,
           finished_at = $5, last_result = $6
     WHERE delivery_id = $1 AND lease_token = $2 AND status = 'PENDING'
    RETURNING delivery_id
), logged AS (
    INSERT INTO alerts.delivery_attempt
           (delivery_id, attempt, at, duration_ms, result, status_code, error, response)
    VALUES ($1, $7, $8, $9, $6, $10, $11, $12)
)
SELECT count(*) FROM moved
"""
# Only changes of the standing are written, so a busy endpoint's row is not rewritten each time.
FAILS = """
UPDATE alerts.webhook_endpoint SET failing_since = $2
 WHERE endpoint_id = $1 AND failing_since IS NULL
"""
RECOVERS = """
UPDATE alerts.webhook_endpoint SET failing_since = NULL
 WHERE endpoint_id = $1 AND failing_since IS NOT NULL
"""
FAILING_SINCE = "SELECT failing_since FROM alerts.webhook_endpoint WHERE endpoint_id = $1"
DISABLE = """
UPDATE alerts.webhook_endpoint
   SET is_enabled = false, disabled_reason = $2, version = version + 1
 WHERE endpoint_id = $1 AND is_enabled
"""
WAITING = """
SELECT count(*) AS pending, min(due_at) FILTER (WHERE due_at <= $1) AS oldest_due_at
  FROM alerts.webhook_delivery AS delivery
       JOIN alerts.webhook_endpoint AS endpoint USING (endpoint_id)
 WHERE delivery.status = 'PENDING' AND endpoint.is_enabled
"""

Row = Mapping[str, Any]


class PostgresDeliveryQueue:
    """The queue of the database."""

    def __init__(self, *, pool: asyncpg.Pool, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def claim(
        self,
        *,
        now: datetime,
        lease_until: datetime,
        lease_token: str,
        slots: Mapping[str, int],
        default_slots: int,
    ) -> Sequence[Leased]:
        """Lease what is due."""
        with telling_outages():
            rows = await self._pool.fetch(
                CLAIM,
                now,
                lease_until,
                lease_token,
                list(slots),
                list(slots.values()),
                default_slots,
            )
        leased = []
        for row in rows:
            try:
                leased.append(self._leased(row))
            except CannotOpen as error:
                # One endpoint's trouble must not stop the others; its rows wait with it.
                log.error("webhook secret cannot be opened", error=str(error))  # noqa: TRY400 - the text says all
                await self.disable(row["endpoint_id"], reason="its secret cannot be opened")
        return leased

    async def renew(self, leased: Sequence[Leased], *, lease_until: datetime) -> None:
        """Prolong leases that still hold."""
        await self._execute(
            RENEW,
            [one.delivery_id for one in leased],
            [one.lease_token for one in leased],
            lease_until,
        )

    async def record(self, outcome: Outcome) -> Recorded:
        """Write an attempt down under its lease token."""
        leased, answer = outcome.leased, outcome.answer
        status, due_at, finished_at = _moved(outcome.next, outcome.at)
        with telling_outages():
            async with self._pool.acquire() as connection, connection.transaction():
                moved = await connection.fetchval(
                    RECORD,
                    leased.delivery_id,
                    leased.lease_token,
                    status,
                    due_at,
                    finished_at,
                    answer.result.value,
                    leased.attempts_before + 1,
                    outcome.at,
                    answer.duration_ms,
                    answer.status_code,
                    answer.error,
                    answer.response,
                )
                if answer.result is AttemptResult.DELIVERED:
                    await connection.execute(RECOVERS, leased.endpoint_id)
                    return Recorded(held_lease=moved == 1, failing_since=None)
                await connection.execute(FAILS, leased.endpoint_id, outcome.at)
                since = await connection.fetchval(FAILING_SINCE, leased.endpoint_id)
        return Recorded(held_lease=moved == 1, failing_since=since)

    async def disable(self, endpoint_id: str, *, reason: str) -> bool:
        """Disable an endpoint."""
        return await self._execute(DISABLE, endpoint_id, reason) == "UPDATE 1"

    async def waiting(self, *, now: datetime) -> Waiting:
        """Return what waits."""
        with telling_outages():
            row = await self._pool.fetchrow(WAITING, now)
        return Waiting(pending=row["pending"], oldest_due_at=row["oldest_due_at"])

    async def _execute(self, statement: str, *values: Any) -> str:
        with telling_outages():
            status: str = await self._pool.execute(statement, *values)
        return status

    def _leased(self, row: Row) -> Leased:
        endpoint_id = row["endpoint_id"]
        sealed = (row["secret"], row["old_secret"])
        return Leased(
            delivery_id=row["delivery_id"],
            lease_token=row["lease_token"],
            endpoint_id=endpoint_id,
            url=row["url"],
            format=PayloadFormat(row["format"]),
            secrets=tuple(self._sealer.open(one, endpoint_id=endpoint_id) for one in sealed if one),
            webhook_id=webhook_id(row["event_id"]),
            kind=row["kind"],
            at=row["at"],
            borrower_id=row["borrower_id"],
            document=msgspec.json.decode(row["document"]),
            attempts_before=row["attempts"],
            first_attempt_at=row["first_attempt_at"],
            created_at=row["created_at"],
        )


def _moved(follows: Next, at: datetime) -> tuple[str, datetime, datetime | None]:
    """Return status, due moment and end of a delivery after an attempt.

    A delivery whose endpoint is gone waits with it: it goes out should somebody enable it.
    """
    if isinstance(follows, Delivered):
        return "DELIVERED", at, at
    if isinstance(follows, GivenUp):
        return "EXHAUSTED", at, at
    return "PENDING", follows.at if isinstance(follows, RetryAt) else at, None
