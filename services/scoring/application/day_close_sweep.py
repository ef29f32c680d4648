"""Brings a day close to every borrower of a partition, a few at a time.

A pass goes through the borrowers in the order of their ids; its cursor is in the database and moves
in the same transaction as the borrowers. Borrowers whose own event has brought them the close are
skipped. A close that arrives during a pass is folded along, and the next pass brings it to those
who were passed before it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream import faults
from services.scoring import metrics
from services.scoring.application.folding import FoldOutput, PartitionCache, catch_up
from services.scoring.application.ports import CachedBorrower, States, StoredState, Sweep
from services.scoring.application.rebuilding import Rebuilder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCloseSweep:
    """Steps through the borrowers of a partition."""

    states: States
    rebuilder: Rebuilder
    recorder: Recorder
    size: int

    async def step(
        self, connection: Connection, partition: int, cache: PartitionCache, output: FoldOutput
    ) -> Sequence[CachedBorrower]:
        """Folds the pending closes into the next borrowers; returns those that changed."""
        sweep = cache.sweep
        if sweep.target_offset is None:
            sweep = Sweep(sweep.done_offset, cache.closes[-1].offset, "")
        target = sweep.target_offset
        assert target is not None
        page = await self.states.page(connection, partition, sweep, size=self.size)
        changed = [
            cached
            for row in page
            if row.closed_offset < target
            and (cached := await self._caught_up(connection, row, cache, output)) is not None
        ]
        faults.point("mid-sweep")
        if len(page) < self.size:
            cache.sweep = Sweep(done_offset=target)
            cache.closes = [close for close in cache.closes if close.offset > target]
        else:
            cache.sweep = Sweep(sweep.done_offset, target, page[-1].borrower_id)
        await self.states.save_sweep(connection, partition, cache.sweep)
        self.recorder.add(metrics.SWEPT, len(changed))
        return changed

    async def _caught_up(
        self, connection: Connection, row: StoredState, cache: PartitionCache, output: FoldOutput
    ) -> CachedBorrower | None:
        cached = cache.borrowers.get(row.borrower_id)
        if cached is None:
            cached = await self.rebuilder.restored(connection, row)
        own_output = FoldOutput()
        try:
            catch_up(cached, cache.closes, output=own_output)
        except Exception:
            # One borrower must not prevent a partition from closing its day. Its own next event
            # meets the same failure and is quarantined, so the failure does not go unnoticed.
            log.exception("sweep.borrower_failed", partition=row.partition)
            self.recorder.add(metrics.SWEEP_FAILURES)
            cache.borrowers.pop(row.borrower_id, None)
            return None
        output.assessments += own_output.assessments
        output.effects += own_output.effects
        return cached
