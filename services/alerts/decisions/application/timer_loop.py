"""Reminds and escalates: looks every few seconds for alerts whose timer is due.

Every process runs the loop. The database decides who takes a step, so any number of them remind and
escalate each alert once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from services.alerts import metrics
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.kit.clock import Now
from services.kit.database import DatabaseUnavailable
from services.kit.metrics import Recorder

log = structlog.get_logger(__name__)

POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenTimers:
    """What became of the alerts whose timer was due.

    Attributes:
        changes: The reminders and escalations.
        scheduled: Alerts for which nothing was due yet.
        failed: How many alerts have a step that could not be worked out.
    """

    changes: Sequence[AlertChange]
    scheduled: Sequence[Alert]
    failed: int


class AlertTimers(Protocol):
    """The timers of all alerts, shared by all processes."""

    async def take_due(self, at: datetime) -> TakenTimers:
        """Takes what is due at a moment, some alerts at a time."""
        ...

    async def oldest_due(self) -> datetime | None:
        """Returns when the oldest timer is due; None without any."""
        ...


class TimerLoop:
    """Takes what is due until it is stopped. `now` is the moment that timers compare with."""

    def __init__(
        self,
        *,
        timers: AlertTimers,
        now: Now,
        recorder: Recorder,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._timers = timers
        self._now = now
        self._recorder = recorder
        self._poll_seconds = poll_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Takes what is due until `stop` is set."""
        while not stop.is_set():
            try:
                await self.tick()
            except DatabaseUnavailable as error:
                log.warning("timers.delayed", error=repr(error))
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await stop.wait()
            except TimeoutError:
                continue

    async def tick(self) -> None:
        """Takes everything that is due now."""
        while True:
            taken = await self._timers.take_due(await self._now())
            if not taken.changes and not taken.scheduled:
                return
            self._recorder.add(metrics.TIMERS_FAILED, taken.failed)
            for change in taken.changes:
                self._recorder.add(metrics.ALERT_EVENTS, kind=change.kind.value)
                if not change.details.get("recipients"):
                    log.error("timers.nobody_to_notify", alert_id=change.alert.alert_id)

    async def measure(self) -> None:
        """Measures for how long the oldest timer has been due."""
        now, oldest = await self._now(), await self._timers.oldest_due()
        overdue = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
        self._recorder.set(metrics.TIMERS_OVERDUE_SECONDS, overdue)
