"""Gives open alerts to who is on duty, in PostgreSQL, once with any number of processes.

As with the timers, whoever gives an alert away locks the row of its borrower first and reads the
alert and the directory after that. An alert that another process gave away in between is with who
is on duty, so nothing is left to do.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import asyncpg

from services.alerts.adapters.statements import Row
from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.adapters.step_recorder import StepRecorder
from services.alerts.decisions.domain.alert import AlertChange, Owner
from services.alerts.decisions.domain.duties import reassigned
from services.alerts.decisions.domain.ownership import owner_on_duty
from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.primitives.vocabulary import OwnerKind
from services.kit.clock import Clock
from services.kit.database import Connection, translate_outages

MOST_AT_ONCE = 100
OWNERS = """
SELECT owner_kind AS kind, owner_id AS id, owner_substitute_for AS substitute_for
  FROM alerts.alert WHERE status <> 'RESOLVED'
 UNION
SELECT second_owner_kind, second_owner_id, second_owner_substitute_for
  FROM alerts.alert WHERE status <> 'RESOLVED' AND second_owner_id IS NOT NULL
"""
_OWNER = "{0}_kind || ' ' || {0}_id || ' ' || coalesce({0}_substitute_for, '')"
LOCK = f"""
SELECT borrower.borrower_id, borrower.partition FROM alerts.borrower AS borrower
 WHERE borrower.borrower_id IN (
           SELECT borrower_id FROM alerts.alert
            WHERE status <> 'RESOLVED'
              AND ({_OWNER.format("owner")} = ANY ($1::text[])
                   OR {_OWNER.format("second_owner")} = ANY ($1::text[]))
            ORDER BY alert_id LIMIT $2)
 ORDER BY borrower.borrower_id FOR UPDATE SKIP LOCKED
"""
# A statement of its own: it reads what was committed before the locks were granted.
READ = f"""
SELECT {alert_rows.columns("alert")} FROM alerts.alert AS alert
 WHERE alert.borrower_id = ANY ($1::text[]) AND alert.status <> 'RESOLVED'
 ORDER BY alert.alert_id
"""


class PostgresDutySweep:
    """The open alerts of the database, and who is on duty."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        step_recorder: StepRecorder,
        organisations: Organisations,
        fallback_queue: str,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._step_recorder = step_recorder
        self._organisations = organisations
        self._fallback_queue = fallback_queue
        self._clock = clock

    async def give(self, at: datetime, on_step: Callable[[int], None]) -> Sequence[AlertChange]:
        """Gives alerts to who is on duty at a moment, `MOST_AT_ONCE` borrowers at most."""
        with translate_outages():
            async with self._pool.acquire() as connection, connection.transaction():
                organisation = await self._organisations.current(connection)
                moved = await self._moved_owners(connection, organisation, at)
                if not moved:
                    return []
                locked = await connection.fetch(LOCK, moved, MOST_AT_ONCE)
                partitions = {row["borrower_id"]: row["partition"] for row in locked}
                rows = await connection.fetch(READ, list(partitions))
                changes = self._changes(rows, organisation, at)
                await self._step_recorder.record(
                    connection,
                    [(partitions[change.alert.borrower_id], change) for change in changes],
                    recorded_at=self._clock.now(),
                )
        for partition in {partitions[change.alert.borrower_id] for change in changes}:
            on_step(partition)
        return changes

    async def _moved_owners(
        self, connection: Connection, organisation: Organisation, at: datetime
    ) -> list[str]:
        """Returns the owners of open alerts whose work belongs to somebody else now."""
        if organisation.is_empty:
            return []
        moved = []
        for row in await connection.fetch(OWNERS):
            owner = Owner(
                kind=OwnerKind(row["kind"]),
                id=row["id"],
                route="",
                substitute_for=row["substitute_for"],
            )
            on_duty = owner_on_duty(
                owner, organisation=organisation, fallback_queue=self._fallback_queue, at=at
            )
            if (on_duty.kind, on_duty.id) != (owner.kind, owner.id):
                moved.append(f"{owner.kind} {owner.id} {owner.substitute_for or ''}")
        return moved

    def _changes(
        self, rows: Sequence[Row], organisation: Organisation, at: datetime
    ) -> list[AlertChange]:
        changes = (
            reassigned(
                alert_rows.from_row(row),
                organisation=organisation,
                fallback_queue=self._fallback_queue,
                at=at,
            )
            for row in rows
        )
        return [change for change in changes if change is not None]
