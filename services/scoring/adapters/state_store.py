"""The borrowers' states and their history in PostgreSQL: one statement per table and batch."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from services.kit.database import Connection
from services.kit.stream.quarantine import storable
from services.scoring.application.ports import (
    EmittedAssessment,
    Isolation,
    SavedBorrower,
    StoredState,
    Sweep,
)
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.vocabulary import SEGMENTS

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

LOAD = """
SELECT borrower_id, partition, closed_offset, state
  FROM scoring.borrower WHERE borrower_id = ANY($1::text[])
"""
SAVE = """
INSERT INTO scoring.borrower AS stored (borrower_id, partition, closed_offset, sequence, risk_state,
                                        score_micro, segment, officer_id, branch_id, state,
                                        last_source, last_event_id)
SELECT borrower_id, $1, closed_offset, sequence, risk_state, score_micro, segment, officer_id,
       branch_id, state, last_source, last_event_id
  FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::integer[], $7::text[],
              $8::text[], $9::text[], $10::bytea[], $11::text[], $12::text[])
    AS rows (borrower_id, closed_offset, sequence, risk_state, score_micro, segment, officer_id,
             branch_id, state, last_source, last_event_id)
ON CONFLICT (borrower_id) DO UPDATE
   SET closed_offset = excluded.closed_offset, sequence = excluded.sequence,
       risk_state = excluded.risk_state, score_micro = excluded.score_micro,
       segment = excluded.segment, officer_id = excluded.officer_id,
       branch_id = excluded.branch_id, state = excluded.state,
       last_source = coalesce(excluded.last_source, stored.last_source),
       last_event_id = coalesce(excluded.last_event_id, stored.last_event_id)
 WHERE stored.partition = excluded.partition
"""
PAGE = """
SELECT borrower_id, partition, closed_offset,
       CASE WHEN closed_offset < $3 THEN state END AS state
  FROM scoring.borrower WHERE partition = $1 AND borrower_id > $2
 ORDER BY borrower_id LIMIT $4
"""
ISOLATED = """
SELECT borrower_id, folded_to, isolated_reason, resume_requested
  FROM scoring.borrower WHERE partition = $1 AND isolated_reason IS NOT NULL
 ORDER BY borrower_id
"""
ISOLATE = """
UPDATE scoring.borrower AS stored
   SET folded_to = rows.folded_to, isolated_reason = rows.reason, resume_requested = rows.resume,
       isolated_at = coalesce(isolated_at, now())
  FROM unnest($1::text[], $2::bigint[], $3::text[], $4::boolean[])
    AS rows (borrower_id, folded_to, reason, resume)
 WHERE stored.borrower_id = rows.borrower_id
RETURNING stored.borrower_id, stored.isolated_at
"""
END_ISOLATION = """
UPDATE scoring.borrower
   SET folded_to = NULL, isolated_reason = NULL, resume_requested = false, isolated_at = NULL
 WHERE borrower_id = $1 RETURNING now()
"""
COUNT = "SELECT count(*) FROM scoring.borrower WHERE partition = $1"
SWEEP = """
SELECT done_offset, target_offset, after_borrower FROM scoring.sweep WHERE partition = $1
"""
SAVE_SWEEP = """
INSERT INTO scoring.sweep (partition, done_offset, target_offset, after_borrower)
VALUES ($1, $2, $3, $4)
ON CONFLICT (partition) DO UPDATE
   SET done_offset = $2, target_offset = $3, after_borrower = $4
"""
ADD_ASSESSMENTS = """
INSERT INTO scoring.assessment (borrower_id, sequence, "offset", at, as_of, risk_state,
                                score_micro, rulebook, rulebook_version, event)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::date[],
                     $6::text[], $7::integer[], $8::text[], $9::text[], $10::bytea[])
"""


class PostgresStates:
    """Implements `States`."""

    async def load(self, connection: Connection, borrower_ids: Sequence[str]) -> list[StoredState]:
        rows = await connection.fetch(LOAD, borrower_ids)
        return [StoredState(*row) for row in rows]

    async def save(
        self, connection: Connection, partition: int, borrowers: Sequence[SavedBorrower]
    ) -> None:
        if not borrowers:
            return
        ordered = sorted(borrowers, key=_borrower_id)
        states = [saved.cached.borrower for saved in ordered]
        status = await connection.execute(
            SAVE,
            partition,
            [state.borrower_id for state in states],
            [saved.cached.closed_offset for saved in ordered],
            [state.risk.sequence for state in states],
            [STATE_NAMES[state.risk.state] for state in states],
            [state.risk.shown_score for state in states],
            [SEGMENTS[state.profile.segment] for state in states],
            [state.profile.officer_id for state in states],
            [state.profile.branch_id for state in states],
            [saved.state for saved in ordered],
            [saved.cached.last_event and saved.cached.last_event[0] for saved in ordered],
            [saved.cached.last_event and saved.cached.last_event[1] for saved in ordered],
        )
        if status != f"INSERT 0 {len(borrowers)}":
            raise LookupError("a borrower of the batch belongs to another partition")

    async def page(
        self, connection: Connection, partition: int, sweep: Sweep, *, size: int
    ) -> list[StoredState]:
        rows = await connection.fetch(
            PAGE, partition, sweep.after_borrower, sweep.target_offset, size
        )
        return [StoredState(*row) for row in rows]

    async def isolated(self, connection: Connection, partition: int) -> list[Isolation]:
        rows = await connection.fetch(ISOLATED, partition)
        return [
            Isolation(
                borrower_id=row["borrower_id"],
                folded_to=row["folded_to"],
                reason=row["isolated_reason"],
                is_resume_requested=row["resume_requested"],
            )
            for row in rows
        ]

    async def isolate(
        self, connection: Connection, isolations: Sequence[Isolation]
    ) -> dict[str, datetime]:
        rows = await connection.fetch(
            ISOLATE,
            [each.borrower_id for each in isolations],
            [each.folded_to for each in isolations],
            [storable(each.reason) for each in isolations],
            [each.is_resume_requested for each in isolations],
        )
        return {row["borrower_id"]: row["isolated_at"] for row in rows}

    async def end_isolation(self, connection: Connection, borrower_id: str) -> datetime:
        at: datetime = await connection.fetchval(END_ISOLATION, borrower_id)
        return at

    async def count(self, connection: Connection, partition: int) -> int:
        borrowers: int = await connection.fetchval(COUNT, partition)
        return borrowers

    async def sweep(self, connection: Connection, partition: int) -> Sweep:
        row = await connection.fetchrow(SWEEP, partition)
        return Sweep(*row) if row else Sweep()

    async def save_sweep(self, connection: Connection, partition: int, sweep: Sweep) -> None:
        await connection.execute(
            SAVE_SWEEP, partition, sweep.done_offset, sweep.target_offset, sweep.after_borrower
        )

    async def add_assessments(
        self, connection: Connection, emitted: Sequence[EmittedAssessment]
    ) -> None:
        if not emitted:
            return
        assessments = [each.assessment for each in emitted]
        await connection.execute(
            ADD_ASSESSMENTS,
            [each.borrower_id for each in assessments],
            [each.sequence for each in assessments],
            [each.offset for each in emitted],
            [EPOCH + timedelta(microseconds=each.at_us) for each in assessments],
            [date.fromordinal(each.as_of) for each in assessments],
            [each.state for each in assessments],
            [each.score for each in assessments],
            [each.rulebook for each in assessments],
            [each.rulebook_version for each in assessments],
            [each.encoded for each in emitted],
        )


def _borrower_id(saved: SavedBorrower) -> str:
    return saved.cached.borrower.borrower_id
