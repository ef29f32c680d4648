"""A log that uses offsets again is another generation: what was applied stays, and time goes on."""

import pytest

from services.kit.stream.handler import Tally
from services.scoring.adapters import state_bytes
from tests.fakes.scoring_worker import MemoryWorker, eager
from tests.unit.scoring.application.test_isolation import LOG

CUT = 11


@pytest.mark.parametrize("to", [0, 6, CUT])
async def test_a_log_that_uses_offsets_again_ends_in_the_fold_of_everything(to: int) -> None:
    worker = MemoryWorker()
    await worker.apply(LOG[:CUT])
    await worker.finish_sweeps()
    worker.change_log(to=to)
    # The restored copy has lost its tail; what comes next has the offsets of what was applied.
    assert await worker.apply(LOG[CUT:]) == Tally()
    await worker.finish_sweeps()
    assert worker.stored() == {
        name: state_bytes.encode(state) for name, state in eager(LOG).borrowers.items()
    }
    assert {name: len(raws) for name, raws in worker.emitted().items()} == {
        name: len(raws) for name, raws in eager(LOG).assessments.items()
    }
    # A refold of the ledger has the same order as the two logs.
    worker.restart()
    for name, row in worker.states.rows.items():
        row.state = b"\x00of an older version"
        worker.states.rows[name] = row
    await worker.apply([LOG[-1]])
    rebuilt = worker.parts.rebuilder
    for row in worker.states.rows.values():
        cached = await rebuilt.restored(None, row)  # type: ignore[arg-type]  # in memory
        borrower = eager(LOG).borrowers[row.borrower_id]
        assert state_bytes.encode(cached.borrower) == state_bytes.encode(borrower)


async def test_a_recreated_topic_that_is_sent_everything_again_counts_duplicates() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG[:CUT])
    worker.change_log(to=0)
    assert await worker.apply(LOG) == Tally(duplicates=CUT)
    await worker.finish_sweeps()
    assert worker.stored() == {
        name: state_bytes.encode(state) for name, state in eager(LOG).borrowers.items()
    }
