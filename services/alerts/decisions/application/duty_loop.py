"""Compares the owners of open alerts with who is on duty, every few seconds.

So the work of who leaves or is absent moves soon after a directory takes effect and after each
day's start, and comes back after the absence. Every process runs the loop; the database decides who
gives an alert away.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from services.alerts import metrics
from services.alerts.decisions.domain.alert import AlertChange
from services.kit.clock import Now
from services.kit.database import DatabaseUnavailable
from services.kit.metrics import Recorder

log = structlog.get_logger(__name__)

POLL_SECONDS = 15.0


class DutySweep(Protocol):
    """The open alerts, shared by all processes."""

    async def give(self, at: datetime, on_step: Callable[[int], None]) -> Sequence[AlertChange]:
        """Gives alerts to who is on duty at a moment, some at a time."""
        ...


class DutyLoop:
    """Gives alerts to who is on duty until it is stopped."""

    def __init__(
        self, *, sweep: DutySweep, now: Now, recorder: Recorder, on_step: Callable[[int], None]
    ) -> None:
        self._sweep = sweep
        self._now = now
        self._recorder = recorder
        self._on_step = on_step

    async def run(self, stop: asyncio.Event) -> None:
        """Gives alerts to who is on duty until `stop` is set."""
        while not stop.is_set():
            try:
                await self.tick()
            except DatabaseUnavailable as error:
                log.warning("duties.delayed", error=repr(error))
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    async def tick(self) -> None:
        """Gives away every alert that belongs to somebody else now."""
        while changes := await self._sweep.give(await self._now(), self._on_step):
            for change in changes:
                self._recorder.add(metrics.ALERT_EVENTS, kind=change.kind.value)
