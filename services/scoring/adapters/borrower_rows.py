"""Read-side queries in PostgreSQL: the rows of one borrower, and of many page by page."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final, cast

import asyncpg
import msgspec

from services.contracts.currencies import decimals_of
from services.kit.database import Connection
from services.scoring.adapters.assessment_json import emitted_changes
from services.scoring.adapters.wire.values import scaled
from services.scoring.application.borrower_queries import (
    FoldedSpan,
    HistoryRow,
    LedgerRow,
    PresentRow,
    Responsibility,
    Viewer,
)
from services.scoring.application.portfolio_queries import (
    BorrowerFilter,
    MonthEnd,
    Period,
    PortfolioRow,
)
from services.scoring.application.ports import StoredState
from services.scoring.domain.portfolio.risk_points import BorrowerMonth
from services.scoring.domain.primitives.dates import month_of

RESPONSIBLE = "SELECT officer_id, branch_id FROM scoring.borrower WHERE borrower_id = $1"
# The borrowers that a viewer may see; the first three parameters are those of `_rights`.
VISIBLE = "($1::boolean OR officer_id = ANY ($2::text[]) OR branch_id = ANY ($3::text[]))"
ISOLATION = """
SELECT folded_to, closed_offset, isolated_at AS since FROM scoring.borrower
 WHERE borrower_id = $1 AND isolated_reason IS NOT NULL
"""
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
PRESENT = """
SELECT stored.borrower_id, stored.partition, stored.closed_offset, stored.state,
       own."offset" AS own_offset, own.event AS own_event, emitted.event AS emitted
  FROM scoring.borrower AS stored
       LEFT JOIN scoring.ledger AS own
              ON own.borrower_id = stored.borrower_id AND own.source = stored.last_source
             AND own.event_id = stored.last_event_id
       LEFT JOIN LATERAL (
           SELECT event FROM scoring.assessment
            WHERE assessment.borrower_id = stored.borrower_id
            ORDER BY sequence DESC LIMIT 1
       ) AS emitted ON true
 WHERE stored.borrower_id = $1
"""
PARTITION = "SELECT partition FROM scoring.borrower WHERE borrower_id = $1"
OWN_EVENTS = """
SELECT "offset", event FROM scoring.ledger
 WHERE borrower_id = $1 AND "offset" < $2 ORDER BY "offset"
"""
EVENTS_AT_ONCE = 500
LEDGER = """
SELECT partition, "offset", day, event FROM scoring.ledger
 WHERE borrower_id = $1 AND "offset" > $2 ORDER BY "offset" LIMIT $3
"""
HISTORY = """
SELECT sequence, event FROM scoring.assessment
 WHERE borrower_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3
"""
PAGE = f"""
SELECT borrower_id, partition, closed_offset, state, isolated_at
  FROM scoring.borrower
 WHERE {VISIBLE} AND borrower_id > $4
   AND ($5::text IS NULL OR officer_id = $5)
   AND ($6::text IS NULL OR branch_id = $6)
   AND ($7::text IS NULL OR segment = $7)
   AND (cardinality($8::text[]) = 0 OR risk_state = ANY ($8))
 ORDER BY borrower_id LIMIT $9
"""
MONTH_ENDS = f"""
SELECT borrower_id, assessment.sequence, as_of, event
  FROM scoring.assessment JOIN scoring.borrower USING (borrower_id)
 WHERE {VISIBLE} AND (borrower_id, assessment.sequence) > ($4, $5)
   AND as_of BETWEEN $6 AND $7
   AND position('"MONTH_CLOSE"'::bytea IN event) > 0
 ORDER BY borrower_id, assessment.sequence LIMIT $8
"""
LIT: Final = frozenset({"AMBER", "RED", "HARD"})


class _Contributor(msgspec.Struct, gc=False):
    risk_type: str
    level: str


class _EmittedData(msgspec.Struct, gc=False):
    currency: str
    exposure: str
    segment: str
    contributors: list[_Contributor]


class _EmittedEvent(msgspec.Struct, gc=False):
    data: _EmittedData


_decoder: Final = msgspec.json.Decoder(_EmittedEvent)


class PostgresBorrowerRows:
    """Implements `BorrowerRows`, each query by primary key."""

    async def responsible(self, connection: Connection, borrower_id: str) -> Responsibility | None:
        row = await connection.fetchrow(RESPONSIBLE, borrower_id)
        return Responsibility(**dict(row)) if row else None

    async def hold_snapshot(self, connection: Connection) -> None:
        await connection.execute(SNAPSHOT)

    async def isolation(self, connection: Connection, borrower_id: str) -> FoldedSpan | None:
        row = await connection.fetchrow(ISOLATION, borrower_id)
        return FoldedSpan(**dict(row)) if row else None

    async def present(self, connection: Connection, borrower_id: str) -> PresentRow:
        row = await connection.fetchrow(PRESENT, borrower_id)
        emitted = row["emitted"]
        return PresentRow(
            stored=StoredState(
                row["borrower_id"], row["partition"], row["closed_offset"], row["state"]
            ),
            last_own=(row["own_offset"], row["own_event"]) if row["own_event"] else None,
            last_emitted=emitted_changes(emitted) if emitted else None,
        )

    async def partition_of(self, connection: Connection, borrower_id: str) -> int:
        return int(await connection.fetchval(PARTITION, borrower_id))

    async def own_events(
        self, connection: Connection, borrower_id: str, *, before: int
    ) -> AsyncIterator[list[tuple[int, bytes]]]:
        # Only PostgreSQL has a cursor; the simulated database answers no queries about borrowers.
        postgres = cast(asyncpg.Connection, connection)
        cursor = await postgres.cursor(OWN_EVENTS, borrower_id, before)
        while rows := await cursor.fetch(EVENTS_AT_ONCE):
            yield [(row["offset"], row["event"]) for row in rows]

    async def ledger(
        self, connection: Connection, borrower_id: str, *, after: int, limit: int
    ) -> list[LedgerRow]:
        rows = await connection.fetch(LEDGER, borrower_id, after, limit)
        return [LedgerRow(**dict(row)) for row in rows]

    async def history(
        self, connection: Connection, borrower_id: str, *, before: int, limit: int
    ) -> list[HistoryRow]:
        rows = await connection.fetch(HISTORY, borrower_id, before, limit)
        return [HistoryRow(**dict(row)) for row in rows]


class PostgresPortfolioRows:
    """Implements `PortfolioRows`."""

    async def page(
        self, connection: Connection, borrowers: BorrowerFilter, viewer: Viewer
    ) -> list[PortfolioRow]:
        rows = await connection.fetch(
            PAGE,
            *_rights(viewer),
            borrowers.after,
            borrowers.officer_id,
            borrowers.branch_id,
            borrowers.segment,
            list(borrowers.states),
            borrowers.limit,
        )
        return [PortfolioRow(StoredState(*stored), since) for *stored, since in rows]

    async def month_ends(
        self,
        connection: Connection,
        period: Period,
        viewer: Viewer,
        *,
        after: tuple[str, int],
        limit: int,
    ) -> list[MonthEnd]:
        first, last = date.fromordinal(period.first), date.fromordinal(period.last)
        rows = await connection.fetch(MONTH_ENDS, *_rights(viewer), *after, first, last, limit)
        return [
            month_end(
                row["borrower_id"], row["sequence"], row["as_of"].toordinal(), row["event"], period
            )
            for row in rows
        ]


def _rights(viewer: Viewer) -> tuple[bool, list[str], list[str]]:
    return viewer.sees_everything, sorted(viewer.officer_ids), sorted(viewer.branch_ids)


def month_end(
    borrower_id: str, sequence: int, as_of: int, event: bytes, period: Period
) -> MonthEnd:
    """Returns the assessment at a month's close; without a month if it is not of the period's."""
    data = _decoder.decode(event).data
    if data.currency != period.currency or period.segment not in (None, data.segment):
        return MonthEnd(borrower_id, sequence, None)
    month = BorrowerMonth(
        borrower_id=borrower_id,
        month=month_of(as_of),
        exposure_minor=scaled(data.exposure, decimals_of(data.currency), "exposure"),
        risk_types=frozenset(each.risk_type for each in data.contributors if each.level in LIT),
    )
    return MonthEnd(borrower_id, sequence, month)
