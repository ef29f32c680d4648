"""Reads the list that people work off from PostgreSQL: tabs, order and counts in SQL."""

from datetime import datetime

import asyncpg
import msgspec

from services.alerts.adapters.statements import PoolStatements, Row
from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.adapters.assessment_wire import decode_stored
from services.alerts.decisions.application.read_models import AlertSummary
from services.alerts.decisions.application.work_list import (
    BorrowerPosition,
    DayEnds,
    NextInstalment,
    WorkItem,
    WorkList,
    WorkQuery,
    WorkTab,
)
from services.alerts.decisions.domain import lifecycle
from services.alerts.directory.adapters import scope_sql
from services.alerts.directory.domain.scope import Scope
from services.alerts.primitives import paging

# An alert is in the first tab that fits: resolved in the last 30 days, snoozed, due by the end of
# the owner's working day or worse than when it was acknowledged, acknowledged, later.
_TABBED = f"""
WITH seen AS (
    SELECT {alert_rows.columns("alert")}, borrower.isolated_since, borrower.exposure,
           borrower.assessment,
           CASE WHEN alert.status = 'OPEN' THEN alert.acknowledge_by
                WHEN alert.status <> 'RESOLVED' THEN alert.act_by END AS deadline
      FROM alerts.alert AS alert JOIN alerts.borrower AS borrower USING (borrower_id)
     WHERE {alert_rows.VISIBLE}
       AND (alert.status <> 'RESOLVED'
            OR alert.resolved_at >= $2::timestamptz - interval '30 days')
), tabbed AS (
    SELECT seen.*,
           coalesce(deadline < $2 AND snooze_until IS NULL, false) AS is_overdue,
           array_position('{{LOW,MEDIUM,HIGH,HARD}}'::text[], severity) AS rank,
           CASE WHEN status = 'RESOLVED' THEN 'done'
                WHEN snooze_until IS NOT NULL THEN 'snoozed'
                WHEN deadline <= coalesce(own.ends_at, $3)
                  OR status = 'OPEN' AND (severity = 'HARD' OR timer_round > 1) THEN 'now'
                WHEN status <> 'OPEN' THEN 'waiting'
                ELSE 'later' END AS tab
      FROM seen LEFT JOIN unnest($4::text[], $5::text[], $6::timestamptz[])
                       AS own (kind, id, ends_at)
                ON own.kind = seen.owner_kind AND own.id = seen.owner_id
)"""
_ORDER = "is_overdue, rank, coalesce(exposure, 0), alert_id"
PAGE = f"""{_TABBED}
SELECT * FROM tabbed
 WHERE tab = $7
   AND ($8::text IS NULL
        OR ({_ORDER}) < (SELECT {_ORDER} FROM tabbed AS last WHERE last.alert_id = $8))
 ORDER BY is_overdue DESC, rank DESC, coalesce(exposure, 0) DESC, alert_id DESC LIMIT $9
"""
COUNTS = f"{_TABBED} SELECT tab, count(*) AS alerts FROM tabbed GROUP BY tab"
MOMENT = """
SELECT (SELECT max(as_of) FROM alerts.borrower) AS last_close,
       (SELECT last_id FROM alerts.feed) AS stream_position
"""


class PostgresWorkListReads:
    """The reads of the database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._statements = PoolStatements(pool)

    async def work_list(
        self, query: WorkQuery, *, scope: Scope, now: datetime, day_ends: DayEnds
    ) -> WorkList:
        """Returns a page of a tab, with the number of alerts in each."""
        # Read before the list: the stream repeats a step rather than missing it.
        [moment] = await self._statements.fetch(MOMENT)
        values = (
            scope_sql.parameter(scope),
            now,
            day_ends.default,
            [kind.value for kind, _ in day_ends.own],
            [owner_id for _, owner_id in day_ends.own],
            list(day_ends.own.values()),
        )
        rows = await self._statements.fetch(
            PAGE, *values, query.tab.value, query.after, query.limit + 1
        )
        counts = await self._statements.fetch(COUNTS, *values)
        shown = rows[: query.limit]
        is_last = len(rows) <= query.limit
        return WorkList(
            items=[_item(row, query.language, now) for row in shown],
            next_cursor=None if is_last else paging.moment_cursor(now, shown[-1]["alert_id"]),
            counts={tab: 0 for tab in WorkTab}
            | {WorkTab(row["tab"]): row["alerts"] for row in counts},
            now=now,
            last_close=moment["last_close"],
            stream_position=str(moment["stream_position"]),
        )


def _item(row: Row, language: str, now: datetime) -> WorkItem:
    alert = alert_rows.from_row(row)
    return WorkItem(
        alert=AlertSummary.of(alert, isolated_since=row["isolated_since"]),
        name=None,
        sentence=alert.texts[language].headline,
        news=alert.news[0].texts[language] if alert.news else (),
        deadline=row["deadline"],
        is_overdue=row["is_overdue"],
        position=_position(row["assessment"]),
        allowed_actions=lifecycle.allowed_actions(alert, at=now),
    )


def _position(document: str) -> BorrowerPosition:
    data = decode_stored(document)
    following = data.next_due or None
    return BorrowerPosition(
        as_of=data.as_of,
        currency=data.currency,
        exposure=str(data.exposure),
        past_due=str(data.past_due),
        next_due=following and NextInstalment(date=following.date, amount=str(following.amount)),
        undrawn=None if data.undrawn is msgspec.UNSET else data.undrawn,
    )
