"""Silences in PostgreSQL; the consumer reads those that may concern a batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from services.alerts.decisions.application.silences import PastAlert
from services.alerts.decisions.domain.silence import Matchers, NoticeSubject, Silence
from services.alerts.directory.adapters import scope_sql
from services.alerts.directory.domain.scope import Scope
from services.alerts.primitives.vocabulary import Severity
from services.kit.database import Connection

MATCHERS: Final = tuple(Matchers.__slots__)
SELECT: Final = f"""
SELECT silence.silence_id, begins_at, coalesce(ended_at, expires_at) AS ends_at, silence.reason,
       author, {", ".join(MATCHERS)}
  FROM alerts.silence LEFT JOIN alerts.silence_end USING (silence_id)
"""
# `ended_at` can only be earlier than the expiry, so the index on the expiry serves.
IN_FORCE: Final = SELECT + " WHERE expires_at > $1 ORDER BY silence_id"
LISTED: Final = f"""{SELECT}
 WHERE ($2::timestamptz IS NULL
        OR (expires_at > $2 AND begins_at <= $2 AND coalesce(ended_at, expires_at) > $2))
   AND NOT EXISTS (SELECT FROM unnest(borrower_ids) AS silenced (borrower_id)
                    WHERE NOT {scope_sql.visible("silenced.borrower_id")})
 ORDER BY ends_at DESC, silence_id LIMIT 500
"""
ADD: Final = f"""
INSERT INTO alerts.silence (silence_id, begins_at, expires_at, reason, author, approved_by,
                            {", ".join(MATCHERS)})
VALUES ($1, $2, $3, $4, $5, $6, {", ".join(f"${7 + n}" for n in range(len(MATCHERS)))})
"""
END: Final = """
INSERT INTO alerts.silence_end (silence_id, ended_at, ended_by, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT (silence_id) DO NOTHING
"""
UNSEEN: Final = f"""
SELECT wanted.borrower_id FROM unnest($2::text[]) AS wanted (borrower_id)
 WHERE NOT {scope_sql.visible("wanted.borrower_id")}
"""
# Days are those up to the newest assessment, so that played history shows its own.
PAST_ALERTS: Final = f"""
SELECT alert_id, owner_id, borrower_id, branch_id, segment, severity, reasons
  FROM alerts.alert AS alert
 WHERE {scope_sql.visible("alert.borrower_id")} AND severity <> 'HARD'
   AND opened_at > (SELECT max(at) FROM alerts.borrower) - make_interval(days => $2)
 ORDER BY opened_at DESC, alert_id
"""


async def in_force(connection: Connection, *, since: datetime) -> tuple[Silence, ...]:
    """Returns the silences that may be in force at a moment or later."""
    return tuple(_silence(row) for row in await connection.fetch(IN_FORCE, since))


class PostgresSilences:
    """Implements `SilenceRepository`."""

    async def add(
        self, connection: Connection, silence: Silence, *, approved_by: str | None
    ) -> None:
        matchers = [sorted(getattr(silence.matchers, name)) for name in MATCHERS]
        await connection.execute(
            ADD,
            silence.silence_id,
            silence.begins_at,
            silence.ends_at,
            silence.reason,
            silence.author,
            approved_by,
            *matchers,
        )

    async def end(
        self, connection: Connection, silence_id: str, *, by: str, reason: str, at: datetime
    ) -> bool:
        status = await connection.execute(END, silence_id, at, by, reason)
        return str(status).endswith(" 1")

    async def listed(
        self, connection: Connection, *, scope: Scope, at: datetime | None
    ) -> Sequence[Silence]:
        rows = await connection.fetch(LISTED, scope_sql.parameter(scope), at)
        return [_silence(row) for row in rows]

    async def past_alerts(
        self, connection: Connection, *, scope: Scope, days: int
    ) -> Sequence[PastAlert]:
        rows = await connection.fetch(PAST_ALERTS, scope_sql.parameter(scope), days)
        return [_past_alert(row) for row in rows]

    async def unseen(
        self, connection: Connection, borrower_ids: frozenset[str], *, scope: Scope
    ) -> frozenset[str]:
        rows = await connection.fetch(UNSEEN, scope_sql.parameter(scope), sorted(borrower_ids))
        return frozenset(row["borrower_id"] for row in rows)


def _silence(row: Any) -> Silence:
    columns = dict(row)
    columns["matchers"] = {name: columns.pop(name) for name in MATCHERS}
    return msgspec.convert(columns, type=Silence)


def _past_alert(row: Any) -> PastAlert:
    reasons = msgspec.json.decode(row["reasons"])
    return PastAlert(
        alert_id=row["alert_id"],
        owner_id=row["owner_id"],
        subject=NoticeSubject(
            borrower_id=row["borrower_id"],
            branch_id=row["branch_id"],
            segment=row["segment"],
            severity=Severity(row["severity"]),
            risk_types=frozenset(reason["risk_type"] for reason in reasons),
            indicators=frozenset(reason["indicator"] for reason in reasons),
        ),
    )
