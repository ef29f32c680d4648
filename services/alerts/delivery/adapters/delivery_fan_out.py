"""Adds a delivery for each recorded step and each endpoint whose filters it matches.

An endpoint whose target is the directory gets a delivery for each person who is mailed about the
step, so that each mailbox has its own attempts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.alerts.decisions.adapters.step_recorder import FeedChange, RecordedStep
from services.alerts.delivery.domain.mailbox import RESPONSIBLE
from services.alerts.delivery.domain.recipients import Recipient, recipients
from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.primitives.vocabulary import Severity
from services.kit.clock import Clock
from services.kit.database import Connection

_URGENT: Final = Severity.HARD.rank
# An endpoint that received an alert receives its end too, however mild the alert has become.
FAN_OUT = f"""
INSERT INTO alerts.webhook_delivery
       (feed_id, endpoint_id, recipient_id, borrower_id, alert_id, event_id, kind, due_at,
        created_at)
SELECT step.feed_id, endpoint.endpoint_id, recipient.person_id, step.borrower_id, step.alert_id,
       step.event_id, step.kind, greatest(now(), recipient.not_before), now()
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
              $7::text[], $8::text[], $9::text[])
       AS step (feed_id, borrower_id, alert_id, event_id, kind, rank, branch_id, segment,
                officer_id)
       JOIN alerts.webhook_endpoint AS endpoint ON endpoint.is_enabled
       LEFT JOIN unnest($10::bigint[], $11::text[], $12::timestamptz[])
                 AS recipient (feed_id, person_id, not_before)
         ON endpoint.url = '{RESPONSIBLE}' AND recipient.feed_id = step.feed_id
 WHERE (endpoint.url <> '{RESPONSIBLE}' OR recipient.person_id IS NOT NULL)
   AND (endpoint.event_types = '{{}}' OR step.kind = ANY (endpoint.event_types))
   AND (endpoint.branch_ids = '{{}}' OR step.branch_id = ANY (endpoint.branch_ids))
   AND (endpoint.segments = '{{}}' OR step.segment = ANY (endpoint.segments))
   AND (endpoint.officer_ids = '{{}}' OR step.officer_id = ANY (endpoint.officer_ids))
   AND (step.rank >= endpoint.minimum_rank
        OR EXISTS (SELECT FROM alerts.webhook_delivery AS earlier
                    WHERE earlier.alert_id = step.alert_id
                      AND earlier.endpoint_id = endpoint.endpoint_id))
 ORDER BY step.feed_id
"""

# An earlier mail of the borrower that waits for the morning would block the urgent one behind it.
BRING_FORWARD = """
UPDATE alerts.webhook_delivery AS delivery SET due_at = now()
  FROM unnest($1::text[], $2::text[]) AS urgent (borrower_id, person_id)
 WHERE delivery.borrower_id = urgent.borrower_id AND delivery.recipient_id = urgent.person_id
   AND delivery.status = 'PENDING' AND delivery.attempts = 0 AND delivery.lease_token IS NULL
   AND delivery.due_at > now()
"""
Mailed = tuple[int, RecordedStep, Recipient]


class DeliveryFanOut:
    """Writes deliveries inside the transaction that records the steps."""

    def __init__(self, organisations: Organisations, *, clock: Clock) -> None:
        self._organisations = organisations
        self._clock = clock

    async def recorded(self, connection: Connection, changes: Sequence[FeedChange]) -> None:
        """Adds the deliveries of the steps, which are in the order of the feed."""
        steps = [step for _, step in changes]
        organisation = await self._organisations.current(connection)
        mailed = [] if organisation.is_empty else _mailed(changes, organisation, self._clock.now())
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
            [feed_id for feed_id, _, _ in mailed],
            [recipient.person_id for _, _, recipient in mailed],
            [recipient.not_before for _, _, recipient in mailed],
        )
        urgent = [(step, recipient) for _, step, recipient in mailed if step.rank >= _URGENT]
        if urgent:
            await connection.execute(
                BRING_FORWARD,
                [step.borrower_id for step, _ in urgent],
                [recipient.person_id for _, recipient in urgent],
            )


def _mailed(
    changes: Sequence[FeedChange], organisation: Organisation, at: datetime
) -> Sequence[Mailed]:
    """Returns who is mailed about which step."""
    return [
        (feed_id, step, recipient)
        for feed_id, step in changes
        for recipient in recipients(
            step.document, organisation=organisation, at=at, is_urgent=step.rank >= _URGENT
        )
    ]


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
