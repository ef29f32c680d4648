"""Publishes the drift metrics: how far the population has moved since a PD model was trained.

One task per process; each reads the counts of all partitions, so the figures are the same
everywhere. A month close in progress is counted in part: `tocsin_scoring_pd_counted_borrowers` is
the number of borrowers behind a figure. The series of a model that is no longer counted is removed,
so that a detached model does not show the figure of its last day for ever.
"""

import asyncio
from typing import Final

import structlog

from services.kit.clock import Clock
from services.kit.database import Connection, Database, DatabaseUnavailable
from services.kit.metrics import Recorder
from services.scoring import metrics
from services.scoring.application.ports import Census

log = structlog.get_logger(__name__)

INTERVAL_SECONDS: Final = 60.0
_MIGRATED: Final = "SELECT to_regclass('scoring.pd_census') IS NOT NULL"


class DriftMonitor:
    """The task; call it with the event that ends it."""

    def __init__(
        self, database: Database, *, census: Census, recorder: Recorder, clock: Clock
    ) -> None:
        self._database = database
        self._census = census
        self._recorder = recorder
        self._clock = clock
        self._shown: set[tuple[str, str, str]] = set()

    async def __call__(self, stop: asyncio.Event) -> None:
        """Measures until the event is set."""
        while not stop.is_set():
            try:
                await self._database.in_transaction(self.measure)
            except DatabaseUnavailable as error:
                log.info("drift.not_measured", error=repr(error))
            waiting = asyncio.create_task(stop.wait())
            sleeping = asyncio.create_task(self._clock.sleep(INTERVAL_SECONDS))
            await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            sleeping.cancel()

    async def measure(self, connection: Connection) -> None:
        """Sets the gauges to the counts of the latest month close."""
        if not await connection.fetchval(_MIGRATED):
            return
        latest = await self._census.latest(connection)
        counted = {(count.model, count.version, count.figure) for count in latest}
        gone = self._shown - counted
        for model, version, figure in gone:
            self._recorder.forget(metrics.PD_PSI, model=model, version=version, figure=figure)
        for model, version in _models(gone) - _models(counted):
            self._recorder.set(metrics.PD_COUNTED, 0, model=model, version=version)
        self._shown = counted
        for count in latest:
            self._recorder.set(
                metrics.PD_PSI,
                count.stability_index,
                model=count.model,
                version=count.version,
                figure=count.figure,
            )
            self._recorder.set(
                metrics.PD_COUNTED, count.borrowers, model=count.model, version=count.version
            )


def _models(shown: set[tuple[str, str, str]]) -> set[tuple[str, str]]:
    return {(model, version) for model, version, _ in shown}
