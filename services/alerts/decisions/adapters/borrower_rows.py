"""The row of each borrower: the last assessment, the last notice and the scores.

The row is also the lock: the consumer and the steps of people lock it before they change an alert
of the borrower. Rows are locked in the order of their ids, so two transactions cannot deadlock.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import msgspec

from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.adapters.assessment_wire import (
    IncomingAssessment,
    IncomingIsolation,
)
from services.alerts.decisions.domain import data_incident
from services.alerts.decisions.domain.alert import Alert
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.data_incident import DataIncident, IsolatedState
from services.alerts.decisions.domain.decision import NO_PRIOR_STATE, state_after
from services.alerts.decisions.domain.differences import LastMessage
from services.alerts.decisions.domain.novelty import LastNotified
from services.alerts.decisions.domain.pending_notice import AlertDecision, PriorState
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.primitives.vocabulary import RiskState
from services.kit.database import Connection

# Alerts are a statement of their own: after a wait for the lock, a join would return the alert as
# it was before the wait.
LOCK = """
SELECT borrower_id, partition, sequence, state, told, last_message, green_since, officer_id,
       segment, branch_id, isolated_since, changed_on
  FROM alerts.borrower
 WHERE borrower_id = ANY ($1::text[]) ORDER BY borrower_id FOR UPDATE
"""
OPEN_ALERTS = f"""
SELECT {alert_rows.columns("alert")} FROM alerts.alert AS alert
 WHERE alert.borrower_id = ANY ($1::text[]) AND alert.status <> 'RESOLVED'
"""
WRITE = """
INSERT INTO alerts.borrower AS existing
       (borrower_id, partition, sequence, at, as_of, state, state_since, score, segment,
        officer_id, branch_id, told, last_message, green_since, has_tasks, assessment, changed_on)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::timestamptz[], $5::date[],
                     $6::text[], $7::date[], $8::double precision[], $9::text[], $10::text[],
                     $11::text[], $12::json[], $13::json[], $14::json[],
                     $15::boolean[], $16::json[], $17::date[])
ON CONFLICT (borrower_id) DO UPDATE
   SET partition = excluded.partition, sequence = excluded.sequence, at = excluded.at,
       as_of = excluded.as_of, state = excluded.state, state_since = excluded.state_since,
       score = excluded.score, segment = excluded.segment, officer_id = excluded.officer_id,
       branch_id = excluded.branch_id, told = excluded.told, last_message = excluded.last_message,
       green_since = excluded.green_since, has_tasks = excluded.has_tasks,
       assessment = excluded.assessment, changed_on = excluded.changed_on
"""
WRITE_SCORES = """
INSERT INTO alerts.score_point (borrower_id, as_of, score, state)
SELECT * FROM unnest($1::text[], $2::date[], $3::double precision[], $4::text[])
ON CONFLICT (borrower_id, as_of) DO UPDATE SET score = excluded.score, state = excluded.state
"""
MARK_ISOLATED = """
UPDATE alerts.borrower AS existing SET isolated_since = marks.since
  FROM unnest($1::text[], $2::timestamptz[]) AS marks (borrower_id, since)
 WHERE existing.borrower_id = marks.borrower_id
"""


@dataclass(slots=True)
class BorrowerRow:
    """A borrower's row as it is stored and as the batch changes it."""

    borrower_id: str
    sequence: int = 0
    before: PriorState = NO_PRIOR_STATE
    partition: int = 0
    is_changed: bool = False
    latest: IncomingAssessment | None = None
    scores: dict[date, AssessmentSummary] = field(default_factory=dict)
    refreshed: Alert | None = None
    officer_id: str | None = None
    segment: str | None = None
    branch_id: str | None = None
    isolated_since: datetime | None = None
    changed_on: date | None = None

    def isolate(self, isolation: IncomingIsolation, policy: AlertPolicy) -> DataIncident | None:
        """Applies the begin or the end of an isolation; returns the incident if it is news.

        Of a borrower without an assessment nobody is responsible yet.
        """
        before, self.isolated_since = self.isolated_since, isolation.since
        if before == isolation.since or not self.sequence:
            return None
        borrower = IsolatedState(
            borrower_id=self.borrower_id,
            state=self.before.state,
            officer_id=self.officer_id,
            segment=self.segment,
            branch_id=self.branch_id,
            open_alert=self.before.open_alert,
        )
        if isolation.since is not None:
            return data_incident.begun(borrower, since=isolation.since, policy=policy)
        assert before is not None
        return data_incident.ended(borrower, since=before, at=isolation.at, policy=policy)

    def change_alert(self, alert: Alert) -> None:
        """Replaces the open alert by its next version, which has the newest figures."""
        self.before = replace(self.before, open_alert=alert)
        self.refreshed = None

    def apply(
        self, incoming: IncomingAssessment, decision: AlertDecision, *, partition: int
    ) -> None:
        """Applies one assessment and its decision."""
        assessment = incoming.assessment
        if decision.changes or decision.present is not None:
            self.refreshed = decision.present
        self.before = state_after(self.before, assessment, decision)
        self.sequence = assessment.sequence
        self.officer_id, self.segment = assessment.officer_id, assessment.segment
        self.branch_id = assessment.branch_id
        self.partition = partition
        self.is_changed = True
        self.latest = incoming
        self.scores[assessment.as_of] = assessment


class Borrowers:
    """Reads, locks and writes borrowers' rows."""

    async def lock(
        self, connection: Connection, borrower_ids: Collection[str]
    ) -> dict[str, BorrowerRow]:
        """Returns a row for each borrower, locked where there is one already."""
        rows = {borrower_id: BorrowerRow(borrower_id) for borrower_id in borrower_ids}
        ids = sorted(rows)
        stored = await connection.fetch(LOCK, ids)
        if not stored:
            return rows
        alerts = {
            row["borrower_id"]: alert_rows.from_row(row)
            for row in await connection.fetch(OPEN_ALERTS, ids)
        }
        for row in stored:
            borrower = rows[row["borrower_id"]]
            borrower.sequence, borrower.partition = row["sequence"], row["partition"]
            borrower.officer_id, borrower.segment = row["officer_id"], row["segment"]
            borrower.branch_id, borrower.isolated_since = row["branch_id"], row["isolated_since"]
            borrower.changed_on = row["changed_on"]
            borrower.before = PriorState(
                state=RiskState(row["state"]),
                open_alert=alerts.get(row["borrower_id"]),
                notified=msgspec.json.decode(row["told"], type=LastNotified),
                last_message=msgspec.json.decode(row["last_message"], type=LastMessage | None),
                green_since=msgspec.json.decode(row["green_since"], type=dict[str, date | None]),
            )
        return rows

    async def mark_isolated(
        self, connection: Connection, since: Mapping[str, datetime | None]
    ) -> None:
        """Stores since when the states of borrowers stand; one without an assessment has no row."""
        if since:
            await connection.execute(MARK_ISOLATED, list(since), list(since.values()))

    async def write(self, connection: Connection, rows: Sequence[BorrowerRow]) -> None:
        """Writes the rows that changed, and the day's scores."""
        if not rows:
            return
        await connection.execute(WRITE, *_columns([_values(row) for row in rows], 17))
        points = [
            (row.borrower_id, as_of, scored.score, scored.state.value)
            for row in rows
            for as_of, scored in row.scores.items()
        ]
        await connection.execute(WRITE_SCORES, *_columns(points, 4))


def _values(row: BorrowerRow) -> tuple[Any, ...]:
    assert row.latest is not None
    assessment = row.latest.assessment
    return (
        row.borrower_id,
        row.partition,
        row.sequence,
        assessment.at,
        assessment.as_of,
        assessment.state.value,
        assessment.state_since,
        assessment.score,
        assessment.segment,
        assessment.officer_id,
        assessment.branch_id,
        msgspec.json.encode(row.before.notified).decode("utf-8"),
        msgspec.json.encode(row.before.last_message).decode("utf-8"),
        msgspec.json.encode(row.before.green_since).decode("utf-8"),
        bool(assessment.tasks),
        row.latest.document,
        row.changed_on,
    )


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [[row[index] for row in rows] for index in range(count)]
