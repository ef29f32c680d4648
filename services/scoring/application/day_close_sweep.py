"""Brings a day close to every borrower of a partition, a few at a time.

A pass goes through the borrowers in the order of their ids; its cursor is in the database and moves
in the same transaction as the borrowers. Borrowers whose own event has brought them the close are
skipped, and so are isolated ones, whose closes wait. A close that arrives during a pass is folded
along, and the next pass brings it to those who were passed before it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream import faults
from services.scoring import metrics
from services.scoring.application.folding import FoldOutput, PartitionCache
from services.scoring.application.isolation import FoldResults, Isolator
from services.scoring.application.outbox_messages import Failures
from services.scoring.application.ports import CachedBorrower, States, StoredState, Sweep
from services.scoring.application.rebuilding import Rebuilder

# A borrower that a withdrawal reaches is folded again from its whole ledger. After this many events
# the transaction ends: live events wait half a second.
REFOLDED_AT_ONCE = 2_500


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
        page = await self.states.page(connection, partition, sweep, size=self.size)
        output, failures = FoldOutput(), Failures()
        lacking = [row for row in page if row.closed_offset < target]
        changed, last = await self._folded(connection, lacking, cache, output, failures)
        results = self.isolator.encoded(changed, output, failures)
        for borrower_id in failures:
            await self.isolator.isolate(connection, cache, borrower_id, (), results)
        faults.point("mid-sweep")
        if last is None and len(page) < self.size:
            cache.sweep = Sweep(done_offset=target)
            cache.closes = [close for close in cache.closes if close.offset > target]
        else:
            after = page[-1].borrower_id if last is None else last
            cache.sweep = Sweep(sweep.done_offset, target, after)
        await self.states.save_sweep(connection, partition, cache.sweep)
        self.recorder.add(metrics.SWEPT, len(results.saved))
        return results

    async def _folded(
        self,
        connection: Connection,
        rows: Sequence[StoredState],
        cache: PartitionCache,
        output: FoldOutput,
        failures: Failures,
    ) -> tuple[list[CachedBorrower], str | None]:
        """Returns borrowers after the closes that they lack; also the last, if more are left."""
        changed, refolded = list[CachedBorrower](), 0
        for row in rows:
            name = row.borrower_id
            if name in cache.isolated:
                continue
            try:
                cached = cache.borrowers.get(name)
                cached = cached or await self.rebuilder.restored(connection, row)
                refolded += await self.rebuilder.catch_up(
                    connection, cached, cache.closes, output=output
                )
                changed.append(cached)
            except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
                failures[name] = error
            if refolded >= REFOLDED_AT_ONCE:
                return changed, name
        return changed, None
