"""The ledger in PostgreSQL: append-only, de-duplication and replay source in each.

One statement per batch. The unique key (borrower, source, id) drops what was applied before,
wherever it stands in the log, and the statement returns the offsets of the rows that it added. A
row that was there already is a duplicate even at its own offset: an operator may have set the
position back.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.kit.database import Connection
from services.scoring.application.ports import LoggedEvent
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.event import EVERYBODY

ADD = """
INSERT INTO scoring.ledger (borrower_id, source, event_id, partition, "offset", day, event)
SELECT borrower_id, source, event_id, $1, place, day, event
  FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::date[], $7::bytea[])
    AS rows (borrower_id, source, event_id, place, day, event)
ON CONFLICT (borrower_id, source, event_id) DO NOTHING
RETURNING "offset"
"""
ADD_CONTROL = """
INSERT INTO scoring.control (partition, "offset", source, event_id, closed_date, withdrawn_source,
                             withdrawn_id, event)
SELECT $1, place, source, event_id, closed_date, withdrawn_source, withdrawn_id, event
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::date[], $6::text[], $7::text[], $8::bytea[])
    AS rows (place, source, event_id, closed_date, withdrawn_source, withdrawn_id, event)
ON CONFLICT (partition, source, event_id) DO NOTHING
RETURNING "offset"
"""
# A join by the whole key: one row at most for each event.
DIFFERING = """
SELECT rows.place, stored.event
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
    AS rows (borrower_id, source, event_id, place, event)
  JOIN scoring.ledger AS stored USING (borrower_id, source, event_id)
 WHERE stored.event <> rows.event ORDER BY rows.place
"""
DIFFERING_CONTROL = """
SELECT rows.place, stored.event
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[])
    AS rows (source, event_id, place, event)
  JOIN scoring.control AS stored
    ON stored.partition = $1 AND (stored.source, stored.event_id) = (rows.source, rows.event_id)
 WHERE stored.event <> rows.event ORDER BY rows.place
"""
CONTROL = """
SELECT "offset", event FROM scoring.control WHERE partition = $1 ORDER BY "offset"
"""
WAITING = """
SELECT "offset", event FROM scoring.ledger
 WHERE borrower_id = $1 AND "offset" > $2 ORDER BY "offset" LIMIT $3
"""
EVENTS_OF = """
WITH own AS (
    SELECT partition, "offset" AS place, event FROM scoring.ledger WHERE borrower_id = $1
)
SELECT place, event FROM own
UNION ALL
SELECT "offset", event FROM scoring.control
 WHERE partition = (SELECT min(partition) FROM own)
ORDER BY place
"""


class PostgresLedger:
    """Implements `Ledger`."""

    async def add(
        self, connection: Connection, partition: int, events: Sequence[LoggedEvent]
    ) -> set[int]:
        if not events:
            return set()
        offsets = [each.offset for each in events]
        added = await connection.fetch(
            ADD,
            partition,
            [each.event.borrower_id for each in events],
            [each.event.source for each in events],
            [each.event.id for each in events],
            offsets,
            [date.fromordinal(each.event.day) for each in events],
            [each.raw for each in events],
        )
        return set(offsets) - {row["offset"] for row in added}

    async def add_control(
        self, connection: Connection, partition: int, events: Sequence[LoggedEvent]
    ) -> set[int]:
        if not events:
            return set()
        offsets = [each.offset for each in events]
        added = await connection.fetch(
            ADD_CONTROL,
            partition,
            offsets,
            [each.event.source for each in events],
            [each.event.id for each in events],
            [_closed_date(each) for each in events],
            [withdrawn[0] for withdrawn in map(_withdrawn, events)],
            [withdrawn[1] for withdrawn in map(_withdrawn, events)],
            [each.raw for each in events],
        )
        return set(offsets) - {row["offset"] for row in added}

    async def differing(
        self, connection: Connection, partition: int, events: Sequence[LoggedEvent]
    ) -> list[tuple[int, bytes]]:
        own = [each for each in events if each.event.borrower_id != EVERYBODY]
        control = [each for each in events if each.event.borrower_id == EVERYBODY]
        rows = []
        if own:
            borrowers = [each.event.borrower_id for each in own]
            rows += await connection.fetch(DIFFERING, borrowers, *_identities(own))
        if control:
            rows += await connection.fetch(DIFFERING_CONTROL, partition, *_identities(control))
        return [(row["place"], row["event"]) for row in rows]

    async def waiting(
        self, connection: Connection, borrower_id: str, *, after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        rows = await connection.fetch(WAITING, borrower_id, after, limit)
        return [(row["offset"], row["event"]) for row in rows]

    async def control(self, connection: Connection, partition: int) -> list[tuple[int, bytes]]:
        rows = await connection.fetch(CONTROL, partition)
        return [(row["offset"], row["event"]) for row in rows]

    async def events_of(self, connection: Connection, borrower_id: str) -> list[tuple[int, bytes]]:
        rows = await connection.fetch(EVENTS_OF, borrower_id)
        return [(row["place"], row["event"]) for row in rows]


def _identities(events: Sequence[LoggedEvent]) -> tuple[list[Any], ...]:
    """Returns sources, ids, offsets and bytes."""
    return (
        [each.event.source for each in events],
        [each.event.id for each in events],
        [each.offset for each in events],
        [each.raw for each in events],
    )


def _closed_date(logged: LoggedEvent) -> date | None:
    event = logged.event
    return date.fromordinal(event.closed_day) if isinstance(event, DayClosed) else None


def _withdrawn(logged: LoggedEvent) -> tuple[str | None, str | None]:
    event = logged.event
    if isinstance(event, DayCloseWithdrawn):
        return event.closed_source, event.closed_id
    return None, None
