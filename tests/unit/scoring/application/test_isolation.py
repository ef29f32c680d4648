"""A borrower whose data break the fold is isolated alone, and resumes with the same bytes."""

import json

import pytest

from services.kit.stream.handler import Tally
from services.kit.stream.stop_reasons import StopPartition
from services.scoring.adapters import state_bytes
from services.scoring.adapters.codec import ISOLATION_CHANGED
from services.scoring.application.ports import StoredState
from services.scoring.metrics import ISOLATED
from tests.fakes.poisoned_codec import breaking_assessment, breaking_event, breaking_state
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.scoring_worker import MemoryWorker, eager
from tests.fakes.wire_events import START, booked, closed, failed, paid, registered, scheduled

OPENED = [raw for name in ("B-1", "B-2") for raw in (registered(name), booked(name))] + [
    scheduled("B-1"),
    scheduled("B-2"),
]
LOG = [
    *OPENED,
    closed(4),
    failed("B-1", 1, day=5),
    paid("B-2", 1, day=5, amount="100.00"),
    paid("B-1", 2, day=5, amount="100.00"),
    closed(5),
    closed(6),
    failed("B-1", 3, day=25),
    failed("B-2", 3, day=25),
    closed(26),
]
POISON = "B-1-paid-2"
POISON_OFFSET = 9
CLOSE_OFFSETS = {4: 6, 5: 10, 6: 11, 26: 14}


def expected(log: list[bytes]) -> dict[str, bytes]:
    return {name: state_bytes.encode(state) for name, state in eager(log).borrowers.items()}


def without_waiting(log: list[bytes], first: int) -> list[bytes]:
    """Return the log without what B-1 waits for: its own events and all closes."""
    return [
        raw
        for offset, raw in enumerate(log)
        if offset < first or not (b"day.closed" in raw or b'"B-1"' in raw)
    ]


async def test_an_event_that_breaks_the_fold_isolates_its_borrower_alone() -> None:
    worker = MemoryWorker()
    worker.deploy(breaking_event(worker.codec, POISON))
    assert await worker.apply(LOG) == Tally()
    await worker.finish_sweeps()
    assert worker.quarantine.rejected == []
    assert worker.stored()["B-2"] == expected(LOG)["B-2"]
    assert worker.stored()["B-1"] == expected(without_waiting(LOG, POISON_OFFSET))["B-1"]
    isolation = worker.states.isolations["B-1"]
    assert isolation.folded_to == POISON_OFFSET - 1
    assert isolation.reason.startswith("IndexError: ")
    assert worker.states.rows["B-1"].closed_offset == CLOSE_OFFSETS[4]
    assert set(worker.states.isolations) == {"B-1"}


@pytest.mark.parametrize("size", [1, 3, 20])
async def test_an_isolated_borrower_resumes_to_the_bytes_of_one_that_never_was(size: int) -> None:
    worker = MemoryWorker()
    worker.deploy(breaking_event(worker.codec, POISON))
    for start in range(0, len(LOG), size):
        await worker.apply(LOG[start : start + size])
        await worker.background_step()
    worker.deploy(worker.codec)
    await worker.resume("B-1")
    assert worker.states.isolations == {}
    assert worker.stored() == expected(LOG)
    undisturbed = MemoryWorker()
    await undisturbed.apply(LOG)
    await undisturbed.finish_sweeps()
    assert worker.emitted() == undisturbed.emitted()
    sent = [json.loads(message.value) for message in worker.outbox.messages]
    notices = [event for event in sent if event["type"] == ISOLATION_CHANGED]
    # Whoever owns the borrower hears that its state stands, and that it moves again; once each.
    assert [(event["subject"], event["data"]["isolated_since"]) for event in notices] == [
        ("B-1", "2026-03-01T12:00:00Z"),
        ("B-1", None),
    ]
    assert sent[-1] == notices[-1]
    assert len({event["id"] for event in notices}) == 2
    others = sorted(
        message.value
        for message, event in zip(worker.outbox.messages, sent, strict=True)
        if event not in notices
    )
    assert others == sorted(message.value for message in undisturbed.outbox.messages)
    # From now on it is folded like every other.
    for live in (worker, undisturbed):
        await live.apply([paid("B-1", 9, day=27)])
    assert worker.stored() == undisturbed.stored()


async def test_a_close_that_breaks_in_a_sweep_waits_and_is_not_lost() -> None:
    worker = MemoryWorker()
    worker.deploy(breaking_state(worker.codec, "B-1", from_day=(START.toordinal() + 5)))
    await worker.apply(LOG[:7])
    await worker.finish_sweeps()
    assert worker.states.rows["B-1"].closed_offset == CLOSE_OFFSETS[4]
    await worker.apply(LOG[7:12])
    await worker.finish_sweeps()
    # The borrower stays at the close before, and those of its partition go on.
    assert worker.states.rows["B-1"].closed_offset == CLOSE_OFFSETS[4]
    assert worker.states.rows["B-2"].closed_offset == CLOSE_OFFSETS[6]
    assert worker.states.isolations["B-1"].folded_to == CLOSE_OFFSETS[5] - 1
    await worker.apply(LOG[12:])
    await worker.finish_sweeps()
    worker.deploy(worker.codec)
    await worker.resume("B-1")
    assert worker.states.rows["B-1"].closed_offset == CLOSE_OFFSETS[26]
    assert worker.stored() == expected(LOG)


async def test_an_assessment_that_cannot_be_written_leaves_no_part_of_its_event() -> None:
    worker = MemoryWorker()
    worker.deploy(breaking_assessment(worker.codec, "B-1", sequence=2))
    await worker.apply(LOG)
    await worker.finish_sweeps()
    assert len(worker.emitted()["B-1"]) == 1
    assert len(worker.emitted()["B-2"]) == len(eager(LOG).assessments["B-2"])
    keys = [message.key for message in worker.outbox.messages]
    # One assessment, and the message that the state stands.
    assert keys.count(b"B-1") == 2
    worker.deploy(worker.codec)
    await worker.resume("B-1")
    assert worker.stored() == expected(LOG)
    assert len(worker.emitted()["B-1"]) == len(eager(LOG).assessments["B-1"])


async def test_a_borrower_whose_first_event_breaks_the_fold_is_known_and_waits() -> None:
    worker = MemoryWorker()
    worker.deploy(breaking_event(worker.codec, "B-1-registered"))
    await worker.apply([closed(-1), *LOG])
    await worker.finish_sweeps()
    assert worker.states.isolations["B-1"].folded_to == 0
    worker.deploy(worker.codec)
    await worker.resume("B-1")
    assert worker.stored() == expected([closed(-1), *LOG])


async def test_an_isolation_survives_the_process_and_one_that_breaks_again_goes_on_from_there() -> (
    None
):
    worker = MemoryWorker()
    worker.deploy(breaking_event(worker.codec, POISON))
    await worker.apply(LOG[:11])
    worker.restart()
    await worker.apply(LOG[11:])
    await worker.resume("B-1")
    assert worker.states.isolations["B-1"].folded_to == POISON_OFFSET - 1
    assert not worker.states.isolations["B-1"].is_resume_requested
    worker.deploy(breaking_event(worker.codec, "B-1-failed-3"))
    await worker.resume("B-1")
    assert worker.states.isolations["B-1"].folded_to == LOG.index(failed("B-1", 3, day=25)) - 1
    worker.deploy(worker.codec)
    await worker.resume("B-1")
    assert worker.stored() == expected(LOG)


async def test_a_ledger_that_cannot_be_refolded_isolates_and_leaves_the_stored_bytes() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG[:11])
    await worker.finish_sweeps()
    row = worker.states.rows["B-1"]
    old = StoredState("B-1", 0, row.closed_offset, b"\x00of an older version")
    worker.states.rows["B-1"] = old
    worker.deploy(breaking_event(worker.codec, POISON))
    await worker.apply(LOG[11:])
    await worker.finish_sweeps()
    assert worker.states.rows["B-1"] == old
    assert worker.stored()["B-2"] == expected(LOG)["B-2"]
    worker.deploy(worker.codec)
    await worker.resume("B-1")
    assert worker.stored() == expected(LOG)


async def test_too_many_isolated_borrowers_stop_the_partition() -> None:
    worker = MemoryWorker(recorder=(recorder := MemoryRecorder()))
    names = [f"B-{number:02}" for number in range(21)]
    await worker.apply([registered(name) for name in names])
    worker.deploy(breaking_event(worker.codec, "poison"))
    poison = [paid(name, 1, day=5).replace(f"{name}-paid-1".encode(), b"poison") for name in names]
    await worker.apply(poison[:20])
    assert len(worker.states.isolations) == 20
    assert recorder.latest(ISOLATED) == 20
    with pytest.raises(StopPartition, match="too_many_isolated: 21 borrowers"):
        await worker.apply(poison[20:])
    assert len(worker.states.isolations) == 20
