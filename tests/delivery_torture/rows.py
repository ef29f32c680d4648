"""The rows of the torture: endpoints, the steps of alerts and their deliveries."""

from collections.abc import Sequence

import asyncpg

from services.alerts.delivery.adapters.sealing import Sealer, new_secret
from tests.delivery_torture.dispatcher_process import SEALING_KEY
from tests.delivery_torture.profiles import Profile

KINDS = (
    "alert.opened.v1",
    "alert.reminded.v1",
    "alert.acknowledged.v1",
    "alert.assigned.v1",
    "alert.resolved.v1",
)
ENDPOINT = """
INSERT INTO alerts.webhook_endpoint
       (endpoint_id, url, description, format, language, event_types, minimum_severity,
        minimum_rank, branch_ids, segments, officer_ids, is_ordered, created_at, created_by, secret)
VALUES ($1, $2, '', 'standard', 'en', '{}', 'LOW', 0, '{}', '{}', '{}', $3, now(), 'test', $4)
"""
# The steps of one borrower come one round after the other, as they would over days.
EVENTS = """
INSERT INTO alerts.alert_event (feed_id, event_id, kind, alert_id, borrower_id, version, at, actor,
                                why, owner_id, document, recorded_at)
SELECT number, 'e-' || number, ($2::text[])[step], 'a-' || borrower, 'b-' || borrower, step, now(),
       'tocsin', '', 'o-1',
       json_build_object('event_id', 'e-' || number, 'borrower_id', 'b-' || borrower,
                         'position', step),
       now()
  FROM generate_series(1, cardinality($2::text[])) AS step,
       generate_series(1, $1::integer) AS borrower,
       LATERAL (SELECT (step - 1) * $1::integer + borrower AS number) AS numbered
"""
DELIVERIES = """
INSERT INTO alerts.webhook_delivery
       (feed_id, endpoint_id, borrower_id, alert_id, event_id, kind, due_at, created_at)
SELECT feed_id, endpoint_id, borrower_id, alert_id, event_id, kind, now(), now()
  FROM alerts.alert_event, alerts.webhook_endpoint ORDER BY feed_id
"""
LEASED_BY = """
SELECT endpoint_id, event_id FROM alerts.webhook_delivery
 WHERE lease_token LIKE $1 AND status = 'PENDING'
"""
# The receiver may have accepted a message whose answer came too late for the process that sent it.
ANSWERED_LATE = """
SELECT DISTINCT endpoint_id, event_id
  FROM alerts.delivery_attempt JOIN alerts.webhook_delivery USING (delivery_id)
 WHERE result IN ('timed_out', 'unreachable')
"""
STATUSES = "SELECT endpoint_id, event_id, status FROM alerts.webhook_delivery"


def is_ordered(number: int) -> bool:
    """Returns whether an endpoint is ordered; one in four is not."""
    return number % 4 != 3


async def add(connection: asyncpg.Connection, profile: Profile, *, port: int) -> dict[str, str]:
    """Adds all rows; returns the secret of each path of the receivers."""
    sealer, secrets = Sealer([SEALING_KEY]), {}
    for number in range(profile.endpoints):
        name, secret = f"w-{number}", new_secret()
        secrets[f"/{name}"] = secret
        sealed = sealer.seal(secret, endpoint_id=name)
        url = f"http://127.0.0.1:{port}/{name}"
        await connection.execute(ENDPOINT, name, url, is_ordered(number), sealed)
    await connection.execute(EVENTS, profile.borrowers, list(KINDS))
    await connection.execute(DELIVERIES)
    await connection.execute("ANALYZE alerts.webhook_delivery")
    return secrets


async def leased_by(connection: asyncpg.Connection, name: str) -> Sequence[tuple[str, str]]:
    """Returns the deliveries that a process was about to send or to record."""
    return _keys(await connection.fetch(LEASED_BY, f"{name}-%"))


async def answered_late(connection: asyncpg.Connection) -> Sequence[tuple[str, str]]:
    """Returns the deliveries with an attempt that no answer ended."""
    return _keys(await connection.fetch(ANSWERED_LATE))


async def statuses(connection: asyncpg.Connection) -> dict[tuple[str, str], str]:
    """Returns the status of each delivery."""
    rows = await connection.fetch(STATUSES)
    return {(f"/{row['endpoint_id']}", row["event_id"]): row["status"] for row in rows}


def _keys(found: Sequence[asyncpg.Record]) -> Sequence[tuple[str, str]]:
    return [(f"/{row['endpoint_id']}", row["event_id"]) for row in found]
