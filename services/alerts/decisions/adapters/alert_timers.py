"""The timers of alerts in PostgreSQL, taken once by any number of processes.

A timer is a column of its alert. Whoever takes it locks the row of the borrower, as the consumer
and the steps of people do, reads the alert after that and writes the step and the next moment in
one transaction. So three things hold without a lease and without a second table:

- Two processes never take the same step. `SKIP LOCKED` passes over borrowers that another one is
  working on; a timer that was taken in between is no longer due when the alert is read. The history
  is unique by alert and version, so even a defect here could not record a step twice.
- An acknowledgement cancels the rest in its own transaction, because it changes the same row: what
  comes after it in the order of the locks reads an acknowledged alert.
- A process that dies in the middle leaves the timer as it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import structlog

from services.alerts.decisions.adapters import alert_rows, decision_rows
from services.alerts.decisions.adapters.decision_rows import DecisionRow
from services.alerts.decisions.adapters.step_recorder import StepRecorder
from services.alerts.decisions.application.timer_loop import TakenTimers
from services.alerts.decisions.domain import timers
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.policy import RoutingPlan
from services.alerts.decisions.domain.timers import Elapsed
from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.primitives.vocabulary import AlertEventKind, DecisionCode, DecisionStep
from services.kit.clock import Clock
from services.kit.database import translate_outages

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 100
# When an alert is tried again whose step could not be worked out.
RETRY_AFTER = timedelta(hours=1)
LOCK = """
SELECT borrower.borrower_id, borrower.partition FROM alerts.borrower AS borrower
 WHERE borrower.borrower_id IN (SELECT borrower_id FROM alerts.alert
                                 WHERE timer_due_at <= $1 ORDER BY timer_due_at LIMIT $2)
 ORDER BY borrower.borrower_id FOR UPDATE SKIP LOCKED
"""
# A statement of its own: it reads what was committed before the locks were granted.
DUE = f"""
SELECT {alert_rows.columns("alert")} FROM alerts.alert AS alert
 WHERE alert.borrower_id = ANY ($2::text[]) AND alert.timer_due_at <= $1
 ORDER BY alert.timer_due_at, alert.alert_id
"""
OLDEST = "SELECT min(timer_due_at) AS at FROM alerts.alert WHERE timer_due_at IS NOT NULL"


_DECISIONS = {
    AlertEventKind.REMINDED: (DecisionStep.REMIND, DecisionCode.REMINDED),
    AlertEventKind.SNOOZE_ENDED: (DecisionStep.REMIND, DecisionCode.SNOOZE_ENDED),
    AlertEventKind.ESCALATED: (DecisionStep.ESCALATE, DecisionCode.ESCALATED),
}


class PostgresAlertTimers:
    """The timers of the database."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        step_recorder: StepRecorder,
        organisations: Organisations,
        routing: RoutingPlan,
        clock: Clock,
        on_step: Callable[[int], None],
    ) -> None:
        self._pool = pool
        self._step_recorder = step_recorder
        self._organisations = organisations
        self._routing = routing
        self._clock = clock
        self._on_step = on_step

    async def take_due(self, at: datetime) -> TakenTimers:
        """Takes what is due at a moment, `MOST_AT_ONCE` alerts at most."""
        with translate_outages():
            async with self._pool.acquire() as connection, connection.transaction():
                locked = await connection.fetch(LOCK, at, MOST_AT_ONCE)
                partitions = {row["borrower_id"]: row["partition"] for row in locked}
                rows = await connection.fetch(DUE, at, list(partitions))
                organisation = await self._organisations.current(connection)
                taken = self._elapse([alert_rows.from_row(row) for row in rows], at, organisation)
                await self._step_recorder.record(
                    connection,
                    [(partitions[change.alert.borrower_id], change) for change in taken.changes],
                    recorded_at=self._clock.now(),
                    refreshed=taken.scheduled,
                )
                await decision_rows.write(connection, [_decision(each) for each in taken.changes])
        for change in taken.changes:
            self._on_step(partitions[change.alert.borrower_id])
        return taken

    async def oldest_due(self) -> datetime | None:
        """Returns when the oldest timer is due; None without any."""
        with translate_outages():
            oldest: datetime | None = await self._pool.fetchval(OLDEST)
        return oldest

    def _elapse(
        self, alerts: Sequence[Alert], at: datetime, organisation: Organisation
    ) -> TakenTimers:
        changes, scheduled, failed = [], [], 0
        for alert in alerts:
            try:
                elapsed = timers.elapse(
                    alert, at=at, organisation=organisation, routing=self._routing
                )
            except (ArithmeticError, LookupError, TypeError, ValueError):
                # One alert or calendar with a fault must not delay all others.
                log.exception("timers.step_failed", alert_id=alert.alert_id)
                failed += 1
                later = replace(alert.timer, due_at=at + RETRY_AFTER)
                elapsed = Elapsed(alert=replace(alert, timer=later), change=None)
            if elapsed.change is None:
                scheduled.append(elapsed.alert)
            else:
                changes.append(elapsed.change)
        return TakenTimers(changes=changes, scheduled=scheduled, failed=failed)


def _decision(change: AlertChange) -> DecisionRow:
    step, code = _DECISIONS[change.kind]
    return decision_rows.without_assessment(change, step=step, code=code)
