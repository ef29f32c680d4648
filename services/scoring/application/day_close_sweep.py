"""Brings a day close to every borrower of a partition, a few at a time.

A pass goes through the borrowers in the order of their ids; its cursor is in the database and moves
in the same transaction as the borrowers. Borrowers whose own event has brought them the close are
skipped, and so are isolated ones, whose closes wait. A close that arrives during a pass is folded
along, and the next pass brings it to those who were passed before it came.
"""

from dataclasses import dataclass
from typing import Final

from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream import faults
from services.scoring import metrics
from services.scoring.application.folding import FoldOutput, PartitionCache, catch_up
from services.scoring.application.isolation import FoldResults, Isolator
from services.scoring.application.outbox_messages import Failures
from services.scoring.application.ports import CachedBorrower, States, StoredState, Sweep
from services.scoring.application.rebuilding import Rebuilder, RefoldFailed

# Each is folded again from its whole ledger.
WITHDRAWN_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCloseSweep:
    """Steps through the borrowers of a partition."""

    states: States
    rebuilder: Rebuilder
    isolator: Isolator
    recorder: Recorder
    size: int

    async def step(
        self, connection: Connection, partition: int, cache: PartitionCache
    ) -> FoldResults:
        """Folds the pending closes into the next borrowers; returns those that changed."""
        sweep = cache.sweep
        if sweep.target_offset is None:
            sweep = Sweep(sweep.done_offset, cache.closes[-1].offset, "")
        target = sweep.target_offset
        assert target is not None
        size = self._size(cache)
        page = await self.states.page(connection, partition, sweep, size=size)
        output, changed, failures = FoldOutput(), list[CachedBorrower](), Failures()
        for row in page:
            if row.closed_offset < target and row.borrower_id not in cache.isolated:
                try:
                    cached = await self._restored(connection, row, cache, output)
                except RefoldFailed as error:
                    failures[row.borrower_id] = error
                    continue
                try:
                    catch_up(cached, cache.closes, output=output)
                    changed.append(cached)
                except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
                    failures[row.borrower_id] = error
        results = self.isolator.encoded(changed, output, failures)
        for borrower_id in failures:
            await self.isolator.isolate(connection, cache, borrower_id, (), results)
        faults.point("mid-sweep")
        if len(page) < size:
            cache.sweep = Sweep(done_offset=target)
            cache.closes = [close for close in cache.closes if close.offset > target]
        else:
            cache.sweep = Sweep(sweep.done_offset, target, page[-1].borrower_id)
        await self.states.save_sweep(connection, partition, cache.sweep)
        self.recorder.add(metrics.SWEPT, len(results.saved))
        return results

    async def _restored(
        self, connection: Connection, row: StoredState, cache: PartitionCache, output: FoldOutput
    ) -> CachedBorrower:
        """Returns the borrower of a row, after the withdrawals of closes that it lacks."""
        known = cache.borrowers.get(row.borrower_id)
        cached = known or await self.rebuilder.restored(connection, row)
        withdrawal = cache.withdrawal(after=cached.closed_offset)
        if withdrawal is not None:
            await self.rebuilder.withdraw(connection, cached, at=withdrawal, output=output)
        return cached

    def _size(self, cache: PartitionCache) -> int:
        is_plain = cache.withdrawal(after=cache.sweep.done_offset) is None
        return self.size if is_plain else min(self.size, WITHDRAWN_AT_ONCE)
