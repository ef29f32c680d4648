"""The worker changes its rulebook by the log, wherever its batches, sweeps and restarts lie."""

import asyncio

import pytest

from services.kit.stream.stop_reasons import StopPartition, StopReason
from services.scoring.adapters import state_bytes
from services.scoring.adapters.rulebook_reader import read_text
from services.scoring.application.ports import StoredState
from services.scoring.application.rulebook_cache import RulebookCache
from tests.fakes.scoring_store import MemoryTexts
from tests.fakes.scoring_worker import (
    NO_CONNECTION,
    OTHER_RULEBOOKS,
    MemoryWorker,
    activated,
    eager,
)
from tests.fakes.wire_events import booked, closed, failed, registered, scheduled

PEOPLE = ("B-1", "B-2", "B-3")
LOG = [
    *(raw for name in PEOPLE for raw in (registered(name), booked(name), scheduled(name))),
    *(closed(day) for day in range(6, 28)),
    activated("strict", 1, day=28),
    failed("B-1", 1, day=28),
    closed(28),
    failed("B-2", 1, day=29),
    closed(29),
    activated("calm", 1, day=30),
    closed(30),
    closed(31),
    activated("strict", 2, day=32),
    closed(32),
    failed("B-3", 1, day=33),
    closed(33),
]


def expected(log: list[bytes]) -> dict[str, bytes]:
    return {name: state_bytes.encode(state) for name, state in eager(log).borrowers.items()}


@pytest.mark.parametrize("size", [1, 3, 7, len(LOG)])
@pytest.mark.parametrize("sweeps", [True, False])
async def test_cuts_of_the_log_and_restarts_between_change_no_byte(size: int, sweeps: bool) -> None:
    worker = MemoryWorker(sweep_size=1, most_cached_borrowers=1)
    for first in range(0, len(LOG), size):
        await worker.apply(LOG[first : first + size])
        if sweeps:
            await worker.background_step()
        worker.restart()
    await worker.finish_sweeps()
    assert worker.stored() == expected(LOG)


async def test_a_state_of_another_version_is_rebuilt_along_the_rulebooks_of_its_past() -> None:
    worker = MemoryWorker()
    await worker.apply(LOG[:-2])
    await worker.finish_sweeps()
    for name, row in worker.states.rows.items():
        worker.states.rows[name] = StoredState(name, 0, row.closed_offset, b"\x00of old")
    worker.restart()
    await worker.apply(LOG[-2:])
    await worker.finish_sweeps()
    assert worker.stored() == expected(LOG)


def test_a_past_is_folded_with_the_rulebook_that_was_in_force() -> None:
    worker = MemoryWorker()
    asyncio.run(worker.apply(LOG))
    rebuilder = worker.parts.rebuilder
    whole = [(offset, rebuilder.codec.decode(raw)) for offset, raw in enumerate(LOG)]
    own = [pair for pair in whole if pair[1].borrower_id in ("B-1", "*")]
    versions = [
        rebuilder.refold("B-1", own[: index + 1]).context.rulebook.version
        for index, (_, event) in enumerate(own)
        if event.id.startswith("day-closed") and event.day >= own[0][1].day + 27
    ]
    assert versions == ["1.0", "strict", "strict", "calm", "calm", "strict", "strict"]


async def test_a_rulebook_that_nobody_has_stops_the_partition() -> None:
    worker = MemoryWorker(rulebooks=RulebookCache(read_text, MemoryTexts()))
    with pytest.raises(StopPartition) as stopped:
        await worker.apply(LOG)
    assert stopped.value.reason is StopReason.REFERENCE_MISSING
    assert "house strict was activated and is not stored" in stopped.value.detail


async def test_a_rulebook_with_another_text_stops_the_partition() -> None:
    other = OTHER_RULEBOOKS["strict"]
    changed = type(other)(other.name, other.version, other.document + b"# changed\n")
    worker = MemoryWorker(rulebooks=RulebookCache(read_text, MemoryTexts(changed)))
    with pytest.raises(StopPartition) as stopped:
        await worker.handler.apply(worker.batch(LOG), NO_CONNECTION)
    assert stopped.value.reason is StopReason.REFERENCE_MISSING
    assert "the stored text is sha256:" in stopped.value.detail
