"""What a batch leaves behind, and what a batch that failed does not."""

import copy
from typing import Any

import pytest

from services.kit.stream.handler import Tally
from services.kit.stream.records import Batch
from services.scoring.adapters import state_bytes
from services.scoring.application.ports import StoredState
from tests.fakes.scoring_worker import NO_CONNECTION, MemoryWorker, eager
from tests.fakes.stream import FakeRecord
from tests.fakes.wire_events import (
    booked,
    closed,
    failed,
    paid,
    registered,
    repayment,
    scheduled,
    validated,
    written,
)

LOG = [
    registered("B-1"),
    booked("B-1"),
    scheduled("B-1"),
    closed(4),
    failed("B-1", 1, day=5),
    closed(5),
    paid("B-1", 2, day=6, amount="100.00"),
    closed(6),
    failed("B-1", 3, day=25),
]


def expected(log: list[bytes]) -> dict[str, bytes]:
    return {name: state_bytes.encode(state) for name, state in eager(log).borrowers.items()}


async def test_what_a_failed_transaction_folded_is_not_remembered() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG[:4])
    before = copy.deepcopy((worker.ledger.__dict__, worker.states.__dict__))

    async def fail(*_arguments: Any, **_named: Any) -> None:
        raise ValueError("the outbox refuses")

    append, worker.outbox.append = worker.outbox.append, fail  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="refuses"):
        await worker.apply(LOG[4:7])
    worker.ledger.__dict__, worker.states.__dict__ = before
    worker.outbox.append = append  # type: ignore[method-assign]
    worker.handler.rolled_back(0)
    await worker.apply(LOG[4:7])
    await worker.apply(LOG[7:])
    await worker.finish_sweeps()
    assert worker.stored() == expected(LOG)


async def apply_records(worker: MemoryWorker, *records: FakeRecord) -> Tally:
    batch = Batch(topic="events", partition=0, first_offset=0, records=records)
    return await worker.handler.apply(batch, NO_CONNECTION)


async def test_what_cannot_be_read_is_kept_and_its_neighbours_are_applied() -> None:
    worker = MemoryWorker()
    tally = await apply_records(
        worker,
        FakeRecord(offset=0, value=b"\xff{", key=b"B-1"),
        FakeRecord(offset=1, value=None, key=b"B-1"),
        FakeRecord(offset=2, value=registered("B-1"), key=b"B-1"),
        FakeRecord(offset=3, value=registered("B-2"), key=b"B-1"),
        FakeRecord(offset=4, value=registered("B-3"), key=None),
    )
    reasons = [record.reason for record in worker.quarantine.rejected]
    assert reasons == ["undecodable", "no_value", "key_mismatch", "key_mismatch"]
    # The source is the one that a record names, even where nothing else of it can be read.
    assert tally == Tally(
        duplicates=0, quarantined=4, sources={"unknown": (2, 2), "core/test": (2, 3)}
    )
    assert set(worker.stored()) == {"B-1"}


async def test_a_repeat_inside_a_batch_and_across_batches_is_a_duplicate() -> None:
    worker = MemoryWorker()
    assert (await worker.apply([*LOG, LOG[4], LOG[5]])).duplicates == 2
    assert (await worker.apply([LOG[0], LOG[3]])).duplicates == 2
    await worker.finish_sweeps()
    assert worker.stored() == expected(LOG)


async def test_other_content_under_a_known_id_is_quarantined() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG)
    other = [
        failed("B-1", 3, day=26),
        paid("B-1", 2, day=6, amount="100.01"),
        closed(5).replace(b'_date": "2026-01-10"', b'_date": "2026-01-11"'),
        LOG[0],
    ]
    sources = {"core/test": (0, 4)}
    assert await worker.apply(other) == Tally(duplicates=1, quarantined=3, sources=sources)
    rejected = worker.quarantine.rejected
    assert [(each.reason, each.record.value) for each in rejected] == [
        ("id_reused", raw) for raw in other[:3]
    ]
    twice = [failed("B-2", 1, day=27), failed("B-2", 1, day=28)]
    assert (await worker.apply(twice)).quarantined == 1
    await worker.finish_sweeps()
    assert worker.stored() == expected([*LOG, twice[0]])


async def test_a_resend_in_other_bytes_is_a_duplicate() -> None:
    worker = MemoryWorker()
    document = {**repayment(), "extra": "1"}
    traced = {**document, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    typed = {**document, "datacontenttype": "application/json"}
    await worker.apply([validated(written(document)).value])
    tally = await worker.apply([validated(written(each)).value for each in (traced, typed)])
    assert tally == Tally(duplicates=2)
    assert not worker.quarantine.rejected


async def test_a_borrower_of_another_partition_is_refused() -> None:
    worker = MemoryWorker()
    worker.states.rows["B-1"] = StoredState("B-1", 7, -1, b"")
    with pytest.raises(LookupError, match="partition 7"):
        await worker.apply([registered("B-1")])


async def test_a_state_of_another_version_is_rebuilt_from_the_ledger() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG[:6])
    await worker.finish_sweeps()
    row = worker.states.rows["B-1"]
    worker.states.rows["B-1"] = StoredState("B-1", 0, row.closed_offset, b"\x00of old")
    worker.restart()
    await worker.apply(LOG[6:])
    await worker.finish_sweeps()
    assert worker.stored() == expected(LOG)


async def test_a_sweep_rebuilds_a_state_of_another_version_too() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG[:6])
    row = worker.states.rows["B-1"]
    worker.states.rows["B-1"] = StoredState("B-1", 0, row.closed_offset, b"\x00of old")
    worker.restart()
    await worker.finish_sweeps()
    assert worker.stored() == expected(LOG[:6])


async def test_a_close_that_comes_during_a_sweep_reaches_everybody() -> None:
    known = [raw for name in ("B-1", "B-2", "B-3") for raw in (registered(name), booked(name))]
    worker = MemoryWorker(sweep_size=1)
    await worker.apply([*known, closed(4)])
    await worker.background_step()
    await worker.apply([closed(5)])
    await worker.finish_sweeps()
    assert worker.stored() == expected([*known, closed(4), closed(5)])


async def test_a_sweep_that_ended_is_not_begun_again_by_the_next_owner() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG)
    await worker.finish_sweeps()
    worker.restart()
    await worker.handler.claimed(0, NO_CONNECTION)
    assert not worker.handler.has_background_work(0)


async def test_a_risk_event_leaves_keyed_by_its_borrower() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG)
    assert worker.outbox.messages
    assert {(message.topic, message.key) for message in worker.outbox.messages} == {
        ("risk", b"B-1")
    }


async def test_memory_is_bounded_for_the_worker_and_not_for_each_partition() -> None:
    worker = MemoryWorker(most_cached_borrowers=4)
    for round_ in (0, 1):
        for partition in (0, 1):
            names = [f"B-{partition}-{round_}-{number}" for number in range(3)]
            records = [
                FakeRecord(offset=3 * round_ + index, value=registered(name), key=name.encode())
                for index, name in enumerate(names)
            ]
            batch = Batch(
                topic="events", partition=partition, first_offset=3 * round_, records=records
            )
            await worker.handler.apply(batch, NO_CONNECTION)
    assert worker.handler.cached_borrowers == 4
    assert len(worker.stored()) == 12
