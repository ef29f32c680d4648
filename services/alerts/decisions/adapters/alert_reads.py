"""Reads alerts, cards and the feed from PostgreSQL.

Each statement filters what the person may not see, so it never reaches this process.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
import msgspec

from services.alerts.adapters.statements import PoolStatements, Row
from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.adapters.card_texts import card_texts, digest_item
from services.alerts.decisions.application.read_models import (
    AlertDetail,
    AlertEvent,
    AlertFilters,
    AlertSummary,
    BorrowerCard,
    DecisionRecord,
    DigestItem,
    FeedItem,
    OwnerWeek,
    ReadLast,
    ScorePoint,
)
from services.alerts.directory.adapters import scope_sql
from services.alerts.directory.domain.scope import Scope
from services.alerts.primitives import paging
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import Severity

LIST = f"""
SELECT {alert_rows.READ_COLUMNS} FROM alerts.alert AS alert
 WHERE {alert_rows.VISIBLE}
   AND ($2::timestamptz IS NULL OR (alert.updated_at, alert.alert_id) < ($2, $3::text))
   AND (cardinality($4::text[]) = 0 OR alert.status = ANY ($4))
   AND (cardinality($5::text[]) = 0 OR alert.severity = ANY ($5))
   AND (cardinality($6::text[]) = 0 OR alert.state = ANY ($6))
   AND (cardinality($7::text[]) = 0 OR alert.alert_type = ANY ($7))
   AND ($8::text IS NULL OR alert.borrower_id = $8)
   AND ($9::text IS NULL OR alert.owner_id = $9 OR alert.second_owner_id = $9)
   AND ($10::text IS NULL OR alert.segment = $10)
   AND ($11::text IS NULL OR alert.branch_id = $11)
   AND ($12::timestamptz IS NULL OR alert.opened_at >= $12)
   AND ($13::timestamptz IS NULL OR alert.opened_at < $13)
   AND ($14::boolean IS NULL OR alert.is_digest = $14)
   AND (cardinality($15::text[]) = 0 OR alert.factors && $15)
   AND (cardinality($16::text[]) = 0 OR alert.triggers && $16)
   AND (cardinality($17::text[]) = 0 OR alert.stages && $17)
 ORDER BY alert.updated_at DESC, alert.alert_id DESC
 LIMIT $18
"""
HISTORY = "SELECT * FROM alerts.alert_event WHERE alert_id = $1 ORDER BY version"
# What the scope $1 has.
VISIBLE_BORROWER = scope_sql.visible("borrower.borrower_id")
BORROWER = f"""
SELECT borrower_id, sequence, at, isolated_since, assessment, last_message
  FROM alerts.borrower AS borrower
 WHERE borrower_id = $2 AND {VISIBLE_BORROWER} AND assessment::text <> 'null'
"""
DECISIONS = f"""
SELECT decision.* FROM alerts.borrower AS borrower
  LEFT JOIN LATERAL (SELECT * FROM alerts.decision AS own
                      WHERE own.borrower_id = borrower.borrower_id
                        AND ($3::timestamptz IS NULL OR own.at <= $3)
                      ORDER BY own.decision_id DESC LIMIT $4) AS decision ON true
 WHERE borrower.borrower_id = $2 AND {VISIBLE_BORROWER}
 ORDER BY decision.decision_id DESC
"""
# Signals are in the digest while the newest assessment is one that opened no alert, tasks until
# they are done.
DIGEST = f"""
WITH listed AS (
    SELECT borrower_id FROM alerts.decision JOIN alerts.borrower USING (borrower_id, sequence)
     WHERE code = 'NORMAL_STATE' AND decision.at >= $2
    UNION SELECT borrower_id FROM alerts.borrower WHERE has_tasks
    UNION SELECT borrower_id FROM alerts.due_notice WHERE at >= $2
)
SELECT borrower.assessment,
       (SELECT coalesce(json_agg(notice.texts ORDER BY notice.due_on, notice.reference), '[]')
          FROM alerts.due_notice AS notice
         WHERE notice.borrower_id = borrower.borrower_id AND notice.at >= $2) AS due
  FROM alerts.borrower AS borrower JOIN listed USING (borrower_id)
 WHERE {VISIBLE_BORROWER}
 ORDER BY borrower.at DESC, borrower_id LIMIT $3
"""
SCORES = """
WITH mine AS (SELECT as_of, score, state FROM alerts.score_point WHERE borrower_id = $1),
     window_begins AS (SELECT max(as_of) - $2::integer AS as_of FROM mine)
SELECT as_of, score, state FROM mine
 -- The last one before the window too: a score holds until the next.
 WHERE as_of >= coalesce((SELECT max(as_of) FROM mine
                           WHERE as_of <= (SELECT as_of FROM window_begins)), '-infinity'::date)
 ORDER BY as_of
"""
ALERTS_OF_BORROWER = f"""
SELECT {alert_rows.READ_COLUMNS} FROM alerts.alert AS alert
 WHERE alert.borrower_id = $1 ORDER BY alert.opened_at DESC, alert.alert_id LIMIT 20
"""
# Weeks are those of the newest assessment, so that played history shows its own.
ALERT_BUDGET = f"""
SELECT alert.owner_id, date_trunc('week', alert.opened_at AT TIME ZONE 'UTC')::date AS week,
       count(*) AS opened,
       count(*) FILTER (WHERE alert.outcome_code = 'NO_ACTION_RECOVERED' AND alert.ends_by_itself)
           AS ended_by_themselves,
       count(*) FILTER (WHERE alert.is_ignored) AS ignored
  FROM alerts.alert AS alert
 WHERE {alert_rows.VISIBLE}
   AND alert.opened_at >= (SELECT max(at) FROM alerts.borrower) - make_interval(weeks => $2)
 GROUP BY alert.owner_id, week ORDER BY week DESC, opened DESC, alert.owner_id
"""
FEED = f"""
SELECT * FROM alerts.alert_event AS event
 WHERE feed_id > $2 AND {scope_sql.visible("event.borrower_id")}
 ORDER BY feed_id LIMIT $3
"""
COUNT_WAITING = "SELECT count(DISTINCT borrower_id) AS waiting FROM alerts.waiting_assessment"
CASES_WITH_ONE_OWNER = """
SELECT count(*) AS cases FROM alerts.alert
 WHERE status <> 'RESOLVED' AND state = 'DEFAULT' AND second_owner_id IS NULL
"""
COUNT_OPEN = f"""
SELECT severity, count(*) AS alerts FROM alerts.alert AS alert
 WHERE {alert_rows.VISIBLE} AND alert.status <> 'RESOLVED' GROUP BY severity
"""
NEWEST = "SELECT max(at) AS at FROM alerts.borrower"
FEED_END = "SELECT last_id FROM alerts.feed"


class PostgresAlertReads:
    """The reads of the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._statements = PoolStatements(pool)

    async def list_alerts(
        self, filters: AlertFilters, *, scope: Scope, cursor: str | None, limit: int
    ) -> CursorPage[AlertSummary]:
        """Returns a page of alerts, the latest change first."""
        at, last_id = paging.read_moment_cursor(cursor)
        rows = await self._statements.fetch(
            LIST,
            scope_sql.parameter(scope),
            at,
            last_id,
            [status.value for status in filters.statuses],
            [severity.value for severity in filters.severities],
            [state.value for state in filters.states],
            [alert_type.value for alert_type in filters.alert_types],
            filters.borrower_id,
            filters.owner_id,
            filters.segment,
            filters.branch_id,
            filters.opened_from,
            filters.opened_before,
            filters.is_digest,
            list(filters.factors),
            list(filters.triggers),
            list(filters.stages),
            limit + 1,
        )
        alerts = [_summary(row) for row in rows[:limit]]
        next_cursor = (
            paging.moment_cursor(alerts[-1].updated_at, alerts[-1].alert_id)
            if len(rows) > limit
            else None
        )
        return CursorPage(items=alerts, next_cursor=next_cursor)

    async def alert(self, alert_id: str, *, scope: Scope) -> AlertDetail | None:
        """Returns one alert with its history."""
        rows = await self._statements.fetch(
            alert_rows.READ_ALERT, scope_sql.parameter(scope), alert_id
        )
        return await self._detail(rows[0]) if rows else None

    async def count_open(self, *, scope: Scope) -> Mapping[Severity, int]:
        """Counts the alerts that are not resolved, by severity."""
        rows = await self._statements.fetch(COUNT_OPEN, scope_sql.parameter(scope))
        return {Severity(row["severity"]): row["alerts"] for row in rows}

    async def count_waiting(self) -> int:
        """Counts the borrowers whose assessments wait for a missing one."""
        rows = await self._statements.fetch(COUNT_WAITING)
        count: int = rows[0]["waiting"]
        return count

    async def count_cases_with_one_owner(self) -> int:
        """Counts the open alerts in default that lack the loan or collection responsibility."""
        rows = await self._statements.fetch(CASES_WITH_ONE_OWNER)
        count: int = rows[0]["cases"]
        return count

    async def card(self, borrower_id: str, *, scope: Scope, score_days: int) -> BorrowerCard | None:
        """Returns the card of a borrower."""
        borrowers = await self._statements.fetch(BORROWER, scope_sql.parameter(scope), borrower_id)
        if not borrowers:
            return None
        scores = await self._statements.fetch(SCORES, borrower_id, score_days)
        alerts = await self._statements.fetch(ALERTS_OF_BORROWER, borrower_id)
        open_alert = next((row for row in alerts if row["status"] != "RESOLVED"), None)
        return BorrowerCard(
            borrower_id=borrower_id,
            sequence=borrowers[0]["sequence"],
            at=borrowers[0]["at"],
            isolated_since=borrowers[0]["isolated_since"],
            assessment=msgspec.json.decode(borrowers[0]["assessment"]),
            read_last=msgspec.json.decode(borrowers[0]["last_message"], type=ReadLast),
            texts=card_texts(borrowers[0]["assessment"], borrowers[0]["last_message"]),
            scores=[msgspec.convert(dict(score), type=ScorePoint) for score in scores],
            open_alert=None if open_alert is None else await self._detail(open_alert),
            past_alerts=[_summary(row) for row in alerts if row["status"] == "RESOLVED"],
        )

    async def decisions(
        self, borrower_id: str, *, scope: Scope, until: datetime | None, limit: int
    ) -> Sequence[DecisionRecord] | None:
        """Returns the decisions about a borrower up to a moment; None if it may not be seen."""
        rows = await self._statements.fetch(
            DECISIONS, scope_sql.parameter(scope), borrower_id, until, limit
        )
        if not rows:
            return None
        return [_decision(row) for row in rows if row["decision_id"] is not None]

    async def digest(self, *, scope: Scope, since: datetime, limit: int) -> Sequence[DigestItem]:
        """Returns who has signals that opened no alert, or a task that waits."""
        rows = await self._statements.fetch(DIGEST, scope_sql.parameter(scope), since, limit)
        return [digest_item(row["assessment"], due=msgspec.json.decode(row["due"])) for row in rows]

    async def alert_budget(self, *, scope: Scope, weeks: int) -> Sequence[OwnerWeek]:
        """Returns the alerts by owner and week, the newest week first."""
        rows = await self._statements.fetch(ALERT_BUDGET, scope_sql.parameter(scope), weeks)
        return [msgspec.convert(dict(row), type=OwnerWeek) for row in rows]

    async def feed_after(self, cursor: str, *, scope: Scope, limit: int) -> Sequence[FeedItem]:
        """Returns the events after a position in the feed."""
        position = paging.read_position_cursor(cursor)
        rows = await self._statements.fetch(FEED, scope_sql.parameter(scope), position, limit)
        return [FeedItem(cursor=str(row["feed_id"]), event=_event(row)) for row in rows]

    async def feed_end(self) -> str:
        """Returns the last position in the feed."""
        rows = await self._statements.fetch(FEED_END)
        return str(rows[0]["last_id"])

    async def newest_moment(self) -> datetime | None:
        """Returns the moment of the newest assessment."""
        rows = await self._statements.fetch(NEWEST)
        moment: datetime | None = rows[0]["at"]
        return moment

    async def _detail(self, row: Row) -> AlertDetail:
        history = await self._statements.fetch(HISTORY, row["alert_id"])
        return AlertDetail.of(
            alert_rows.from_row(row),
            [_event(step) for step in history],
            isolated_since=row["isolated_since"],
        )


def _summary(row: Row) -> AlertSummary:
    return AlertSummary.of(alert_rows.from_row(row), isolated_since=row["isolated_since"])


def _decision(row: Row) -> DecisionRecord:
    signals = msgspec.json.decode(row["signals"])
    return msgspec.convert({**row, "signals": signals}, type=DecisionRecord)


def _event(row: Row) -> AlertEvent:
    document = msgspec.json.decode(row["document"])
    return msgspec.convert({**row, "data": document}, type=AlertEvent)
