"""Adds a delivery for each recorded step and each endpoint whose filters it matches."""

from collections.abc import Sequence

from services.alerts.decisions.adapters.step_recorder import FeedChange, RecordedStep
from services.kit.database import Connection

# An endpoint that received an alert receives its end too, however mild the alert has become.
FAN_OUT = """
INSERT INTO alerts.webhook_delivery
       (feed_id, endpoint_id, borrower_id, alert_id, event_id, kind, due_at, created_at)
SELECT step.feed_id, endpoint.endpoint_id, step.borrower_id, step.alert_id, step.event_id,
       step.kind, now(), now()
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
              $7::text[], $8::text[], $9::text[])
       AS step (feed_id, borrower_id, alert_id, event_id, kind, rank, branch_id, segment,
                officer_id)
       JOIN alerts.webhook_endpoint AS endpoint ON endpoint.is_enabled
 WHERE (endpoint.event_types = '{}' OR step.kind = ANY (endpoint.event_types))
   AND (endpoint.branch_ids = '{}' OR step.branch_id = ANY (endpoint.branch_ids))
   AND (endpoint.segments = '{}' OR step.segment = ANY (endpoint.segments))
   AND (endpoint.officer_ids = '{}' OR step.officer_id = ANY (endpoint.officer_ids))
   AND (step.rank >= endpoint.minimum_rank
        OR EXISTS (SELECT FROM alerts.webhook_delivery AS earlier
                    WHERE earlier.alert_id = step.alert_id
                      AND earlier.endpoint_id = endpoint.endpoint_id))
 ORDER BY step.feed_id
"""


class DeliveryFanOut:
    """Writes deliveries inside the transaction that records the steps."""

    async def recorded(self, connection: Connection, changes: Sequence[FeedChange]) -> None:
        """Adds the deliveries of the steps, which are in the order of the feed."""
        steps = [step for _, step in changes]
        await connection.execute(
            FAN_OUT,
            [feed_id for feed_id, _ in changes],
            [step.borrower_id for step in steps],
            [step.alert_id for step in steps],
            [step.event_id for step in steps],
            [step.kind.value for step in steps],
            peaks(steps),
            [step.branch_id for step in steps],
            [step.segment for step in steps],
            [step.officer_id for step in steps],
        )


def peaks(steps: Sequence[RecordedStep]) -> list[int]:
    """Returns the highest severity that each alert has had up to here, as ranks.

    Steps of one alert in one batch cannot see each other's deliveries in the statement.
    """
    highest: dict[str, int] = {}
    ranks = []
    for step in steps:
        highest[step.alert_id] = max(step.rank, highest.get(step.alert_id, 0))
        ranks.append(highest[step.alert_id])
    return ranks
