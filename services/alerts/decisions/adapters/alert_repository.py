"""Alerts as people change them: one transaction, the borrower locked, the alert read after that.

A step waits for the consumer's running batch of that borrower, and the consumer waits for the step;
the version that the person has read is compared after the wait.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import msgspec

from services.alerts import metrics
from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.adapters.step_recorder import StepRecorder
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.undo import UndoableStep
from services.alerts.directory.adapters import scope_sql
from services.alerts.directory.domain.scope import Scope
from services.alerts.primitives.errors import StepRefused
from services.kit.clock import Clock
from services.kit.database import Connection, translate_outages
from services.kit.metrics import Recorder

LOCK_BORROWER = """
SELECT borrower.partition FROM alerts.borrower AS borrower
 WHERE borrower.borrower_id = (SELECT borrower_id FROM alerts.alert WHERE alert_id = $1)
   FOR UPDATE
"""
ONE_OPEN_ALERT = "one_open_alert_per_borrower"
# A command is of no use after a minute; a day is enough to look into a complaint.
WRITE_COMMAND = """
WITH expired AS (DELETE FROM alerts.command WHERE at < $4::timestamptz - interval '1 day')
INSERT INTO alerts.command (command_id, alert_id, person, at, kind, version, before)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
COMMANDS = "SELECT * FROM alerts.command WHERE command_id = $1 ORDER BY alert_id"


class PostgresLockedAlert:
    """An alert inside the open transaction of `lock`."""

    def __init__(
        self,
        alert: Alert,
        *,
        partition: int,
        isolated_since: datetime | None,
        connection: Connection,
        step_recorder: StepRecorder,
        clock: Clock,
    ) -> None:
        self.alert = alert
        self.partition = partition
        self.isolated_since = isolated_since
        self.recorded: list[AlertChange] = []
        self._connection = connection
        self._step_recorder = step_recorder
        self._clock = clock

    async def record(self, change: AlertChange, *, command: UndoableStep | None = None) -> None:
        """Writes a step with its history row, deliveries and outbox event."""
        try:
            await self._step_recorder.record(
                self._connection, [(self.partition, change)], recorded_at=self._clock.now()
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != ONE_OPEN_ALERT:
                raise
            raise StepRefused("another alert of the borrower is open; work on that one") from error
        if command is not None:
            await self._connection.execute(
                WRITE_COMMAND,
                command.command_id,
                command.alert_id,
                command.person,
                command.at,
                command.kind.value,
                command.version,
                msgspec.json.encode(command.before).decode("utf-8"),
            )
        self.alert = change.alert
        self.recorded.append(change)


class PostgresAlertRepository:
    """The alerts of the database."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        step_recorder: StepRecorder,
        recorder: Recorder,
        clock: Clock,
        on_step: Callable[[int], None],
    ) -> None:
        self._pool = pool
        self._step_recorder = step_recorder
        self._recorder = recorder
        self._clock = clock
        self._on_step = on_step

    @asynccontextmanager
    async def lock(
        self, alert_id: str, *, scope: Scope
    ) -> AsyncIterator[PostgresLockedAlert | None]:
        """Locks an alert for the length of the block, and commits at its end."""
        with translate_outages():
            async with self._pool.acquire() as connection, connection.transaction():
                locked = await self._locked(connection, alert_id, scope)
                yield locked
        if locked is None:
            return
        for change in locked.recorded:
            self._recorder.add(metrics.ALERT_EVENTS, kind=change.kind.value)
            self._on_step(locked.partition)

    async def commands(self, command_id: str) -> Sequence[UndoableStep]:
        """Returns what a command did, an alert each."""
        with translate_outages():
            rows = await self._pool.fetch(COMMANDS, command_id)
        return [
            msgspec.convert(
                {**row, "before": msgspec.json.decode(row["before"])}, type=UndoableStep
            )
            for row in rows
        ]

    async def _locked(
        self, connection: Connection, alert_id: str, scope: Scope
    ) -> PostgresLockedAlert | None:
        partition = await connection.fetchval(LOCK_BORROWER, alert_id)
        if partition is None:
            return None
        row = await connection.fetchrow(alert_rows.READ_ALERT, scope_sql.parameter(scope), alert_id)
        if row is None:
            return None
        return PostgresLockedAlert(
            alert_rows.from_row(row),
            partition=partition,
            isolated_since=row["isolated_since"],
            connection=connection,
            step_recorder=self._step_recorder,
            clock=self._clock,
        )
