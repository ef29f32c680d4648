"""Alerts as people change them: one transaction, the borrower locked, the alert re-read.

A step waits for the consumer's running batch of that borrower and the other way round; the
version that the person looked at is compared after the wait.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from services.alerts import metrics
from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.adapters.recording import Recording
from services.alerts.decisions.domain.alert import Alert, Change
from services.kit.clock import Clock
from services.kit.database import Connection, telling_outages
from services.kit.metrics import Recorder

LOCK_BORROWER = """
SELECT borrower.partition FROM alerts.borrower AS borrower
 WHERE borrower.borrower_id = (SELECT borrower_id FROM alerts.alert WHERE alert_id = $1)
   FOR UPDATE
"""
READ_ALERT = f"""
SELECT {alert_rows.columns("alert")} FROM alerts.alert AS alert
 WHERE alert.alert_id = $1
   AND ($2::text IS NULL OR alert.officer_id = $2
        OR (alert.owner_kind = 'OFFICER' AND alert.owner_id = $2))
"""


class PostgresHeldAlert:
    """An alert inside the open transaction of `hold`."""

    def __init__(
        self, alert: Alert, *, partition: int, connection: Connection, book: "PostgresAlertBook"
    ) -> None:
        self._alert = alert
        self.partition = partition
        self._connection = connection
        self._book = book
        self.recorded: list[Change] = []

    @property
    def alert(self) -> Alert:
        """Return the alert as it is now."""
        return self._alert

    async def record(self, change: Change) -> None:
        """Write a step with its history row, deliveries and outbox event."""
        await self._book.recording.record(
            self._connection,
            [(self.partition, change)],
            recorded_at=self._book.clock.now(),
        )
        self._alert = change.alert
        self.recorded.append(change)


class PostgresAlertBook:
    """The alerts of the database."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        recording: Recording,
        recorder: Recorder,
        clock: Clock,
        on_step: Callable[[int], None],
    ) -> None:
        self._pool = pool
        self._on_step = on_step
        self._recorder = recorder
        self.recording = recording
        self.clock = clock

    @asynccontextmanager
    async def hold(
        self, alert_id: str, *, officer_id: str | None
    ) -> AsyncIterator[PostgresHeldAlert | None]:
        """Lock an alert for the length of the block, and commit at its end."""
        with telling_outages():
            async with self._pool.acquire() as connection, connection.transaction():
                held = await self._held(connection, alert_id, officer_id)
                yield held
        if held is None:
            return
        for change in held.recorded:
            self._recorder.add(metrics.ALERT_EVENTS, kind=change.kind.value)
            self._on_step(held.partition)

    async def _held(
        self, connection: Connection, alert_id: str, officer_id: str | None
    ) -> PostgresHeldAlert | None:
        partition = await connection.fetchval(LOCK_BORROWER, alert_id)
        if partition is None:
            return None
        row = await connection.fetchrow(READ_ALERT, alert_id, officer_id)
        if row is None:
            return None
        return PostgresHeldAlert(
            alert_rows.from_row(row), partition=partition, connection=connection, book=self
        )
