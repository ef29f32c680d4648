"""The present of a borrower, from its stored state, is the fold of its whole ledger.

At any moment: in the middle of a sweep, before a close was brought, after a restart.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings

from services.scoring.adapters import state_bytes
from services.scoring.adapters.assessment_json import emitted_changes
from services.scoring.application.borrower_queries import (
    BorrowerQueries,
    FoldedSpan,
    PresentRow,
    Responsibility,
    Viewer,
)
from tests.fakes.scoring_worker import MemoryWorker
from tests.property.scoring.test_closing_paths import logs, plans
from tests.property.scoring.test_withdrawn_closes import mistakes, with_mistakes

EVERYTHING = Viewer(sees_everything=True)
FAR_AWAY = date(2099, 1, 1)


class MemoryRows:
    """Implements `BorrowerRows` on a worker in memory; nobody is isolated."""

    def __init__(self, worker: MemoryWorker) -> None:
        self._worker = worker

    async def hold_snapshot(self, _connection: Any) -> None: ...

    async def responsible(self, _connection: Any, borrower_id: str) -> Responsibility | None:
        is_known = borrower_id in self._worker.states.rows
        return Responsibility(officer_id=None, branch_id=None) if is_known else None

    async def isolation(self, _connection: Any, _borrower_id: str) -> FoldedSpan | None:
        return None

    async def partition_of(self, _connection: Any, _borrower_id: str) -> int:
        return 0

    async def present(self, _connection: Any, borrower_id: str) -> PresentRow:
        states, ledger = self._worker.states, self._worker.ledger
        source, event_id = states.last_events[borrower_id]
        emitted = self._worker.emitted().get(borrower_id)
        return PresentRow(
            stored=states.rows[borrower_id],
            last_own=ledger.rows[borrower_id, source, event_id],
            last_emitted=emitted_changes(emitted[-1]) if emitted else None,
        )

    async def own_events(
        self, connection: Any, borrower_id: str, *, before: int
    ) -> AsyncIterator[list[tuple[int, bytes]]]:
        own = await self._worker.ledger.waiting(connection, borrower_id, after=-1, limit=10_000)
        for row in own:
            if row[0] < before:
                yield [row]


class NoTransactions:
    async def in_transaction(self, work: Any) -> Any:
        return await work(None)


async def check(worker: MemoryWorker) -> None:
    queries = BorrowerQueries(
        database=NoTransactions(),
        rows=MemoryRows(worker),  # type: ignore[arg-type]  # it reads no other port
        ledger=worker.ledger,
        rebuilder=worker.parts.rebuilder,
    )
    for name in worker.states.rows:
        now = await queries.assessment(name, as_of=None, viewer=EVERYTHING)
        whole = await queries.assessment(name, as_of=FAR_AWAY, viewer=EVERYTHING)
        assert now.assessment == whole.assessment
        assert (now.last_emitted is None) == (whole.last_emitted is None)
        if now.last_emitted is not None and whole.last_emitted is not None:
            assert now.last_emitted.changes == whole.last_emitted.changes
            # The withdrawal of a borrower's only close is emitted as of no day.
            assert whole.last_emitted.as_of in (0, now.last_emitted.as_of)
        assert now.rules == whole.rules
        assert state_bytes.encode(now.borrower) == state_bytes.encode(whole.borrower)


async def played(raws: list[bytes], plan: list[tuple[int, int, bool]]) -> None:
    worker, rest, step = MemoryWorker(sweep_size=2, most_cached_borrowers=2), list(raws), 0
    while rest:
        records, pieces, is_restart = plan[step % len(plan)]
        step += 1
        await worker.apply(rest[: records + 1])
        del rest[: records + 1]
        for _ in range(pieces):
            await worker.background_step()
        if is_restart:
            worker.restart()
        if step % 9 == 0 or not rest:
            await check(worker)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raws=logs(), plan=plans())
def test_the_present_is_the_fold_of_the_whole_ledger(
    raws: list[bytes], plan: list[tuple[int, int, bool]]
) -> None:
    asyncio.run(played(raws, plan))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raws=logs(), plan=plans(), wrong=mistakes())
def test_the_present_lacks_no_withdrawal_of_a_close(
    raws: list[bytes], plan: list[tuple[int, int, bool]], wrong: list[tuple[int, int, int]]
) -> None:
    asyncio.run(played(with_mistakes(raws, wrong), plan))
