"""The queue of deliveries in PostgreSQL: rows under leases, claimed with SKIP LOCKED.

`due_at` is when a row may be claimed; claiming moves it to the end of the lease, so the rows of a
dead dispatcher become due again. A row stays PENDING while it is leased, so on an ordered endpoint
later events of the same borrower wait behind it. Every moment is the database's `now()`: the clocks
of the processes that write and send may differ.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import asyncpg
import msgspec
import structlog

from services.alerts.adapters.statements import PoolStatements, Row
from services.alerts.delivery.adapters import endpoint_notices
from services.alerts.delivery.adapters.sealing import CannotOpen, Sealer
from services.alerts.delivery.application.channel import Address, ChannelMessage
from services.alerts.delivery.application.queue import (
    Backlog,
    FinishedAttempt,
    LeasedDelivery,
    RecordedAttempt,
)
from services.alerts.delivery.domain.attempt import Delivered, Rejected
from services.alerts.delivery.domain.circuit_breaker import ATTEMPTS_TO_DISABLE, FAILURES_TO_OPEN
from services.alerts.delivery.domain.retry_plan import GivenUp, NextStep, RetryAfter
from services.kit.database import translate_outages

log = structlog.get_logger(__name__)

CLAIM = """
WITH bounded AS MATERIALIZED (
    -- One process at a time counts what a bounded endpoint may still get.
    SELECT endpoint_id,
           max_concurrent - (SELECT count(*) FROM alerts.webhook_delivery AS leased
                              WHERE leased.endpoint_id = endpoint.endpoint_id
                                AND leased.lease_token IS NOT NULL AND leased.due_at > now())
               AS concurrent,
           floor(extract(epoch FROM now() - greatest(paced_until, now())
                                    + greatest('1 s', '1 min'::interval / max_per_minute))
                 * max_per_minute / 60) AS paced
      FROM alerts.webhook_endpoint AS endpoint
     WHERE is_enabled AND (max_per_minute IS NOT NULL OR max_concurrent IS NOT NULL)
       FOR UPDATE SKIP LOCKED
), taken AS MATERIALIZED (
    SELECT due.delivery_id, endpoint.endpoint_id
      FROM alerts.webhook_endpoint AS endpoint
           LEFT JOIN bounded ON bounded.endpoint_id = endpoint.endpoint_id
           LEFT JOIN unnest($3::text[], $4::integer[]) AS known (endpoint_id, slots)
             ON known.endpoint_id = endpoint.endpoint_id
           CROSS JOIN LATERAL (
               SELECT delivery.delivery_id FROM alerts.webhook_delivery AS delivery
                WHERE delivery.endpoint_id = endpoint.endpoint_id
                  AND delivery.status = 'PENDING' AND delivery.due_at <= now()
                  AND NOT (endpoint.is_ordered AND EXISTS (
                          SELECT FROM alerts.webhook_delivery AS earlier
                           WHERE earlier.endpoint_id = delivery.endpoint_id
                             AND earlier.borrower_id = delivery.borrower_id
                             AND earlier.recipient_id IS NOT DISTINCT FROM delivery.recipient_id
                             AND earlier.status = 'PENDING'
                             AND earlier.feed_id < delivery.feed_id))
                ORDER BY delivery.due_at, delivery.feed_id
                LIMIT greatest(0, least(coalesce(known.slots, $5), bounded.concurrent,
                                        bounded.paced))
                  FOR UPDATE SKIP LOCKED
           ) AS due
     WHERE endpoint.is_enabled
       AND (bounded.endpoint_id IS NOT NULL
            OR (endpoint.max_per_minute IS NULL AND endpoint.max_concurrent IS NULL))
), paced AS (
    UPDATE alerts.webhook_endpoint AS endpoint
       SET paced_until = greatest(endpoint.paced_until, now())
                         + '1 min'::interval / endpoint.max_per_minute * taken_now.messages
      FROM (SELECT endpoint_id, count(*) AS messages FROM taken GROUP BY endpoint_id) AS taken_now
     WHERE endpoint.endpoint_id = taken_now.endpoint_id AND endpoint.max_per_minute IS NOT NULL
), leased AS (
    UPDATE alerts.webhook_delivery AS delivery
       SET lease_token = $2, due_at = now() + $1::interval,
           first_attempt_at = coalesce(delivery.first_attempt_at, now())
      FROM taken WHERE delivery.delivery_id = taken.delivery_id
    RETURNING delivery.*
)
SELECT leased.*, now() - leased.first_attempt_at AS since_first,
       now() - leased.created_at AS age, endpoint.url, endpoint.format, endpoint.language,
       endpoint.owner_id, endpoint.secret,
       CASE WHEN endpoint.old_secret_expires_at > now() THEN endpoint.old_secret END AS old_secret,
       coalesce(event.at, leased.created_at) AS at,
       coalesce(leased.document, event.document) AS message
  FROM leased
       JOIN alerts.webhook_endpoint AS endpoint USING (endpoint_id)
       LEFT JOIN alerts.alert_event AS event USING (feed_id)
 ORDER BY leased.feed_id
"""
RENEW = """
UPDATE alerts.webhook_delivery AS delivery SET due_at = now() + $3::interval
  FROM unnest($1::bigint[], $2::text[]) AS held (delivery_id, lease_token)
 WHERE delivery.delivery_id = held.delivery_id AND delivery.lease_token = held.lease_token
   AND delivery.status = 'PENDING'
"""
RECORD = """
WITH moved AS (
    UPDATE alerts.webhook_delivery
       SET status = $3, attempts = attempts + 1, due_at = now() + $4::interval, lease_token = NULL,
           finished_at = CASE WHEN $3 <> 'PENDING' THEN now() END, last_result = $5
     WHERE delivery_id = $1 AND lease_token = $2 AND status = 'PENDING'
    RETURNING delivery_id
), logged AS (
    INSERT INTO alerts.delivery_attempt
           (delivery_id, attempt, at, duration_ms, result, status_code, error, response)
    VALUES ($1, $6, now(), $7, $5, $8, $9, $10)
)
SELECT count(*) FROM moved
"""
# Once enough failures to disable are counted, a busy endpoint writes none of them.
FAILS = f"""
UPDATE alerts.webhook_endpoint
   SET failing_since = coalesce(failing_since, now()), failures = failures + 1
 WHERE endpoint_id = $1 AND failures < {ATTEMPTS_TO_DISABLE}
RETURNING failures
"""
FAILING = """
SELECT failures, coalesce(now() - failing_since, '0') AS failing_for
  FROM alerts.webhook_endpoint WHERE endpoint_id = $1
"""
RECOVERS = """
UPDATE alerts.webhook_endpoint SET failing_since = NULL, failures = 0
 WHERE endpoint_id = $1 AND failing_since IS NOT NULL
"""
DISABLE = """
UPDATE alerts.webhook_endpoint
   SET is_enabled = false, disabled_reason = $2, version = version + 1
 WHERE endpoint_id = $1 AND is_enabled
RETURNING endpoint_id
"""
BACKLOG = """
SELECT count(*) AS pending, min(due_at) FILTER (WHERE due_at <= now()) AS oldest_due_at
  FROM alerts.webhook_delivery AS delivery
       JOIN alerts.webhook_endpoint AS endpoint USING (endpoint_id)
 WHERE delivery.status = 'PENDING' AND endpoint.is_enabled
"""


class PostgresDeliveryQueue:
    """The queue of the database."""

    def __init__(
        self, *, pool: asyncpg.Pool, sealer: Sealer, card_link: Callable[[str | None], str]
    ) -> None:
        self._pool = pool
        self._statements = PoolStatements(pool)
        self._sealer = sealer
        self._card_link = card_link

    async def claim(
        self,
        *,
        lease: timedelta,
        lease_token: str,
        slots: Mapping[str, int],
        default_slots: int,
    ) -> Sequence[LeasedDelivery]:
        """Leases what is due."""
        rows = await self._statements.fetch(
            CLAIM,
            lease,
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
                # One endpoint must not stop the others; its rows stay pending.
                log.error("delivery_queue.secret_not_opened", error=str(error))  # noqa: TRY400 - the error has no cause to show
                await self.disable(row["endpoint_id"], reason="its secret cannot be opened")
        return leased

    async def renew(self, deliveries: Sequence[LeasedDelivery], *, lease: timedelta) -> None:
        """Prolongs the leases that are still valid."""
        await self._statements.execute(
            RENEW,
            [delivery.delivery_id for delivery in deliveries],
            [delivery.lease_token for delivery in deliveries],
            lease,
        )

    async def record(self, attempt: FinishedAttempt) -> RecordedAttempt:
        """Logs an attempt and moves the delivery on under its lease token."""
        delivery, report = attempt.delivery, attempt.result.report
        status, delay = _moved(attempt.next_step)
        with translate_outages():
            async with self._pool.acquire() as connection, connection.transaction():
                moved = await connection.fetchval(
                    RECORD,
                    delivery.delivery_id,
                    delivery.lease_token,
                    status,
                    delay,
                    report.code.value,
                    delivery.attempts_before + 1,
                    attempt.duration_ms,
                    report.status_code,
                    report.error,
                    report.response,
                )
                if isinstance(attempt.result, Delivered):
                    await connection.execute(RECOVERS, delivery.endpoint_id)
                    return RecordedAttempt(
                        had_lease=moved == 1, failures=0, failing_for=timedelta()
                    )
                if not isinstance(attempt.result, Rejected):
                    failures = await connection.fetchval(FAILS, delivery.endpoint_id)
                    if failures == FAILURES_TO_OPEN:
                        # Once for each time that the endpoint stops answering.
                        notice = endpoint_notices.failing(delivery.endpoint_id)
                        await endpoint_notices.add(connection, notice)
                failing = await connection.fetchrow(FAILING, delivery.endpoint_id)
        return RecordedAttempt(had_lease=moved == 1, **dict(failing))

    async def disable(self, endpoint_id: str, *, reason: str) -> bool:
        """Disables an endpoint."""
        with translate_outages():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(DISABLE, endpoint_id, reason) is None:
                    return False
                notice = endpoint_notices.disabled(endpoint_id, reason=reason)
                await endpoint_notices.add(connection, notice)
        return True

    async def backlog(self) -> Backlog:
        """Measures what is pending."""
        [row] = await self._statements.fetch(BACKLOG)
        return Backlog(pending=row["pending"], oldest_due_at=row["oldest_due_at"])

    def _leased(self, row: Row) -> LeasedDelivery:
        message = ChannelMessage(
            message_id=webhook_id(row["event_id"], row["recipient_id"], row["delivery_id"]),
            event_type=row["kind"],
            at=row["at"],
            document=msgspec.json.decode(row["message"]),
            link=self._card_link(row["borrower_id"]),
            address=self._address(row),
        )
        return LeasedDelivery(
            delivery_id=row["delivery_id"],
            lease_token=row["lease_token"],
            endpoint_id=row["endpoint_id"],
            message=message,
            attempts_before=row["attempts"],
            since_first=row["since_first"],
            age=row["age"],
        )

    def _address(self, row: Row) -> Address:
        sealed = [secret for secret in (row["secret"], row["old_secret"]) if secret]
        return Address(
            format=row["format"],
            language=row["language"],
            target=row["url"],
            secrets=tuple(
                self._sealer.open(secret, endpoint_id=row["endpoint_id"]) for secret in sealed
            ),
            recipient_id=row["recipient_id"],
            owner_id=row["owner_id"],
        )


def webhook_id(event_id: str, recipient_id: str | None, delivery_id: int) -> str:
    """Returns the id under which receivers recognise a repeated message.

    Each person's mail of one step is a message of its own.
    """
    return f"msg_{event_id}" if recipient_id is None else f"msg_{event_id}_{delivery_id}"


def _moved(next_step: NextStep) -> tuple[str, timedelta]:
    """Returns the status of a delivery after an attempt, and when it is due from now.

    A delivery whose endpoint is gone stays pending and goes out if an operator enables it again.
    """
    if isinstance(next_step, Delivered):
        return "DELIVERED", timedelta()
    if isinstance(next_step, GivenUp):
        return "EXHAUSTED", timedelta()
    return "PENDING", next_step.delay if isinstance(next_step, RetryAfter) else timedelta()
