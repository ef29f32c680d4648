"""Counts changes of state by segment and day, and begins the storm of a segment.

A segment is spread over all partitions, so the count is a row that every partition adds to in the
transaction of its batch. Adding locks the row until the commit. Two batches that change states in
one segment on one day therefore decide one after the other, and each sees the changes of those
before it: exactly one of them reaches the number at which the storm begins. Rows are locked in the
order of segment and day, after those of the borrowers and before that of the feed, as in every
other transaction, so nobody waits in a circle. A batch without a change of state locks nothing.

A borrower counts once a day (`alerts.borrower.changed_on`), however often its state changes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from services.alerts.decisions.adapters.borrower_rows import BorrowerRow
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.storm import Storm, changes_of_a_storm
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import RiskState
from services.kit.database import Connection

ADD: Final = """
INSERT INTO alerts.segment_day AS counted (segment, day, changed)
SELECT * FROM unnest($1::text[], $2::date[], $3::integer[]) AS new (segment, day, changed)
 ORDER BY segment, day
ON CONFLICT (segment, day) DO UPDATE SET changed = counted.changed + excluded.changed
RETURNING segment, day, changed, limit_changed
"""
# The size of a segment is counted once a day, when it may matter for the first time.
SET_LIMIT: Final = """
UPDATE alerts.segment_day SET limit_changed = $3 WHERE segment = $1 AND day = $2
"""
COUNT_BORROWERS: Final = "SELECT count(*) FROM alerts.borrower WHERE segment = $1"
BEGIN: Final = "UPDATE alerts.segment_day SET ends_on = $3 WHERE segment = $1 AND day = $2"
# The subject of the portfolio alert: steps of people and timers lock this row as any other.
ADD_SUBJECT: Final = """
INSERT INTO alerts.borrower (borrower_id, partition, sequence, at, as_of, state, state_since, score,
                             told, last_message, green_since, has_tasks, assessment)
VALUES ($1, $2, 1, $3, $4, 'NORMAL', $4, 0, '{}', 'null', '{}', false, 'null')
"""
IN_FORCE: Final = "SELECT segment, day, ends_on FROM alerts.segment_day WHERE ends_on > $1"
Key = tuple[str, date]


@dataclass(slots=True)
class StormCounts:
    """The storms that concern a batch.

    Attributes:
        storms: Those in force before the batch.
        begins: The storms that begin in the batch, by the index of the change that reaches the
            limit among all assessments of the batch.
    """

    storms: list[Storm] = field(default_factory=list)
    begins: dict[int, Storm] = field(default_factory=dict)

    def at(self, index: int, assessment: AssessmentSummary) -> tuple[Storm | None, bool]:
        """Returns the storm that an assessment is in, and whether it begins with it."""
        begun = self.begins.get(index)
        if begun is not None:
            self.storms.append(begun)
        for storm in self.storms:
            if storm.includes(assessment.segment, assessment.as_of):
                return storm, begun is not None
        return None, False


async def count(
    connection: Connection,
    assessments: Sequence[tuple[AssessmentSummary, BorrowerRow]],
    calendar: WorkingCalendar,
) -> StormCounts:
    """Counts the changes of state of a batch, and returns its storms."""
    since = min(assessment.as_of for assessment, _ in assessments)
    changes = _changes(assessments)
    added = await _add(connection, changes) if changes else {}
    counts = StormCounts()
    for (segment, day), (before, limit) in added.items():
        indexes = [index for index, key in changes if key == (segment, day)]
        if before < limit <= before + len(indexes):
            storm = Storm(segment=segment, day=day, ends_on=calendar.next_working_day(day))
            await connection.execute(BEGIN, segment, day, storm.ends_on)
            counts.begins[indexes[limit - before - 1]] = storm
    begun = {(storm.segment, storm.day) for storm in counts.begins.values()}
    counts.storms = [
        Storm(segment=row["segment"], day=row["day"], ends_on=row["ends_on"])
        for row in await connection.fetch(IN_FORCE, since)
        if (row["segment"], row["day"]) not in begun
    ]
    return counts


async def add_subject(
    connection: Connection, storm: Storm, *, partition: int, at: datetime
) -> None:
    """Stores what the portfolio alert of a storm is about."""
    await connection.execute(ADD_SUBJECT, storm.storm_id, partition, at, storm.day)


def _changes(
    assessments: Sequence[tuple[AssessmentSummary, BorrowerRow]],
) -> list[tuple[int, Key]]:
    """Returns the index, segment and day of each first change of state of a borrower on a day."""
    states: dict[str, RiskState] = {}
    changes = []
    for index, (assessment, row) in enumerate(assessments):
        before = states.get(row.borrower_id, row.before.state)
        states[row.borrower_id] = assessment.state
        if before is assessment.state or assessment.segment is None:
            continue
        if row.changed_on != assessment.as_of:
            row.changed_on = assessment.as_of
            changes.append((index, (assessment.segment, assessment.as_of)))
    return changes


async def _add(
    connection: Connection, changes: Sequence[tuple[int, Key]]
) -> dict[Key, tuple[int, int]]:
    """Adds changes; returns how many there were before, and how many make a storm."""
    own = Counter(key for _, key in changes)
    keys = sorted(own)
    rows = await connection.fetch(
        ADD, [key[0] for key in keys], [key[1] for key in keys], [own[key] for key in keys]
    )
    added = {}
    for row in sorted(rows, key=lambda row: (row["segment"], row["day"])):
        key = row["segment"], row["day"]
        limit = row["limit_changed"]
        if limit is None:
            limit = changes_of_a_storm(0)
            if row["changed"] >= limit:
                limit = changes_of_a_storm(await connection.fetchval(COUNT_BORROWERS, key[0]))
                await connection.execute(SET_LIMIT, *key, limit)
        added[key] = row["changed"] - own[key], limit
    return added
