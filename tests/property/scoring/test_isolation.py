"""A borrower that was isolated and resumed has the bytes of one that never was.

Whatever breaks the fold (an event, the state after a close, an assessment), and wherever batches,
sweeps and restarts cut the log.
"""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from services.scoring.application.ports import Codec
from tests.fakes.poisoned_codec import breaking_assessment, breaking_event, breaking_state
from tests.fakes.scoring_worker import MemoryWorker, is_as_eager
from tests.fakes.wire_events import START
from tests.property.scoring.test_closing_paths import PEOPLE, logs, plans

Poisoned = Callable[[Codec], Codec]


@st.composite
def defects(draw: st.DrawFn) -> Poisoned:
    """A defect of a version that concerns one borrower."""
    name = draw(st.sampled_from(PEOPLE))
    kind = draw(st.sampled_from(("event", "state", "assessment")))
    number = draw(st.integers(1, 30))
    if kind == "event":
        what = draw(st.sampled_from(("registered", "booked", f"paid-{number}", f"failed-{number}")))
        return lambda codec: breaking_event(codec, f"{name}-{what}")
    if kind == "state":
        return lambda codec: breaking_state(codec, name, from_day=START.toordinal() + number)
    return lambda codec: breaking_assessment(codec, name, sequence=1 + number % 4)


async def disturbed(
    raws: list[bytes], plan: list[tuple[int, int, bool]], defect: Poisoned, repaired_after: int
) -> MemoryWorker:
    """Play a log under a defect that is repaired after a while."""
    worker = MemoryWorker(sweep_size=2, most_cached_borrowers=2)
    worker.deploy(defect(worker.codec))
    rest, step = list(raws), 0
    while rest:
        records, pieces, is_restart = plan[step % len(plan)]
        step += 1
        await worker.apply(rest[: records + 1])
        del rest[: records + 1]
        for _ in range(pieces):
            await worker.background_step()
        if is_restart:
            worker.restart()
        if step == repaired_after:
            break
    worker.deploy(worker.codec)
    await worker.resume(*worker.states.isolations)
    while rest:
        await worker.apply(rest[:5])
        del rest[:5]
    await worker.finish_sweeps()
    return worker


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raws=logs(), plan=plans(), defect=defects(), repaired_after=st.integers(1, 40))
def test_isolated_and_resumed_is_as_if_it_never_was(
    raws: list[bytes],
    plan: list[tuple[int, int, bool]],
    defect: Poisoned,
    repaired_after: int,
) -> None:
    with capture_logs():  # A rendered traceback takes longer than the example.
        worker = asyncio.run(disturbed(raws, plan, defect, repaired_after))
    assert worker.states.isolations == {}
    assert worker.quarantine.rejected == []
    is_as_eager(worker, raws, isolates=True)
