"""Brings a day close to every borrower of a partition, a few at a time.

A pass goes through the borrowers in the order of their ids; its cursor is in the database and
moves in the same transaction as the borrowers. Who was caught up by an event of their own is
passed over. A close that arrives during a pass is folded along, and the next pass looks after
those who were passed before it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream import faults
from services.scoring import metrics
from services.scoring.application.folding import News, catch_up
from services.scoring.application.memory import Memory
from services.scoring.application.ports import Held, States, StoredState, Sweep
from services.scoring.application.rebuilding import Rebuilder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """Steps through the borrowers of a partition."""

    states: States
    rebuilder: Rebuilder
    recorder: Recorder
    size: int

    async def step(
        self, connection: Connection, partition: int, memory: Memory, news: News
    ) -> Sequence[Held]:
        """Fold the pending closes into the next borrowers; return those that moved."""
        sweep = memory.sweep
        if sweep.target_offset is None:
            sweep = Sweep(sweep.done_offset, memory.closes[-1].offset, "")
        target = sweep.target_offset
        assert target is not None
        page = await self.states.page(connection, partition, sweep, size=self.size)
        moved = [
            held
            for row in page
            if row.closed_offset < target
            and (held := await self._caught_up(connection, row, memory, news)) is not None
        ]
        faults.point("mid-sweep")
        if len(page) < self.size:
            memory.sweep = Sweep(done_offset=target)
            memory.closes = [close for close in memory.closes if close.offset > target]
        else:
            memory.sweep = Sweep(sweep.done_offset, target, page[-1].borrower_id)
        await self.states.save_sweep(connection, partition, memory.sweep)
        self.recorder.add(metrics.SWEPT, len(moved))
        return moved

    async def _caught_up(
        self, connection: Connection, row: StoredState, memory: Memory, news: News
    ) -> Held | None:
        held = memory.borrowers.get(row.borrower_id)
        if held is None:
            held = await self.rebuilder.held(connection, row)
        mine = News()
        try:
            catch_up(held, memory.closes, news=mine)
        except Exception:
            # One borrower must not keep a whole partition from closing its day; its own next
            # event meets the same failure and is quarantined, so it cannot go unnoticed.
            log.exception("day close failed for a borrower", partition=row.partition)
            self.recorder.add(metrics.SWEEP_FAILURES)
            memory.borrowers.pop(row.borrower_id, None)
            return None
        news.said += mine.said
        news.effects += mine.effects
        return held
