"""The deliveries of digests in PostgreSQL, and their headlines in three languages."""

from collections.abc import Mapping
from datetime import date

import asyncpg
import msgspec

from services.alerts.adapters.statements import PoolStatements
from services.alerts.delivery.application.digests import EVENT_TYPE, PlannedDigest
from services.alerts.primitives.vocabulary import Severity
from services.wording.figures import Figures
from services.wording.messages import Language

# The id names mailbox and day, so a second process adds nothing.
ADD = """
INSERT INTO alerts.webhook_delivery
       (endpoint_id, recipient_id, event_id, kind, document, due_at, created_at)
VALUES ($1, $2, $3, $4, $5, now(), now())
ON CONFLICT DO NOTHING
"""


class PostgresDigestRows:
    """Implements `DigestRows`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._statements = PoolStatements(pool)

    async def add(self, digest: PlannedDigest) -> bool:
        """Adds a digest; returns False if that mailbox has one for that day."""
        document = msgspec.json.encode(digest.document).decode("utf-8")
        event_id = f"digest-{digest.endpoint_id}-{digest.day.isoformat()}"
        added = await self._statements.execute(
            ADD, digest.endpoint_id, digest.recipient_id, event_id, EVENT_TYPE, document
        )
        return added == 1


def headlines(day: date, counts: Mapping[Severity, int], waiting: int) -> dict[str, str]:
    """Returns the counts of a digest as a sentence in each language."""
    return {
        language.value: Figures(language).messages.text(
            "digest.headline",
            day=Figures(language).day(day.toordinal()),
            open=str(sum(counts.values())),
            hard=str(counts.get(Severity.HARD, 0)),
            waiting=str(waiting),
        )
        for language in Language
    }
