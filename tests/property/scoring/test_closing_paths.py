"""However a log is cut into batches and sweeps, states and risk events are the same bytes.

The worker's ways (batches of any size, a sweep in pieces at any moment, lazy catch-up before a
borrower's next event, a restart in between, repeated events) are compared with an eager fold
that does none of that.
"""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.scoring_worker import OTHER_RULEBOOKS, MemoryWorker, activated, is_as_eager
from tests.fakes.wire_events import (
    booked,
    closed,
    failed,
    holidays,
    paid,
    rates,
    registered,
    scheduled,
    stress,
)

PEOPLE = ("B-1", "B-2", "B-3")
DAYS = 70

Maker = Callable[[str, int, int], bytes]
MAKERS: tuple[Maker, ...] = (
    lambda name, number, day: paid(name, number, day=day),
    lambda name, number, day: paid(name, number, day=day, amount="400.00"),
    lambda name, number, day: failed(name, number, day=day),
)


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """A log of three borrowers over weeks, one close a day, some days without any."""
    log: list[bytes] = []
    starts = {name: draw(st.integers(0, 12)) for name in PEOPLE}
    number = 0
    for day in range(0, draw(st.integers(14, DAYS)), draw(st.integers(1, 4))):
        for name in PEOPLE:
            if name in starts and day >= starts[name]:
                del starts[name]
                money = "USD" if name == "B-2" else "EUR"
                log += [
                    registered(name, day=day, industry_code="41.20"),
                    booked(name, day=day, currency=money, holiday_calendar="DE"),
                    scheduled(name, day=day, currency=money),
                ]
            elif name not in starts and draw(st.integers(0, 3)) == 0:
                number += 1
                log.append(draw(st.sampled_from(MAKERS))(name, number, day))
        if draw(st.integers(0, 9)) == 0:
            version = draw(st.sampled_from(sorted(OTHER_RULEBOOKS)))
            number += 1
            log.append(holidays(*range(5, 5 + number % 7), number=number, day=day))
            log.append(rates(number, day=day, usd=f"0.{number:02d}1"))
            z, age = draw(st.sampled_from(["0", "2.1", "3"])), draw(st.integers(0, 70))
            log.append(stress(number, day=day, z=z, measured=day - age))
            log.append(activated(version, number, day=day, ahead=draw(st.integers(-1, 9))))
        if draw(st.integers(0, 5)):
            log.append(closed(day))
    return log


@st.composite
def plans(draw: st.DrawFn) -> list[tuple[int, int, bool]]:
    """Steps: records to apply, pieces of a sweep, whether memory is lost."""
    step = st.tuples(st.integers(0, 17), st.integers(0, 3), st.booleans())
    return draw(st.lists(step, min_size=1, max_size=30))


async def carried_out(raws: list[bytes], plan: list[tuple[int, int, bool]]) -> MemoryWorker:
    worker = MemoryWorker(sweep_size=2, most_cached_borrowers=2)
    rest = list(raws)
    step = 0
    while rest:
        records, pieces, is_restart = plan[step % len(plan)]
        step += 1
        if step > 10_000:
            records = 1
        if records:
            await worker.apply(rest[:records])
            del rest[:records]
        elif step % len(plan) == 0:
            await worker.apply(rest[:1])
            del rest[:1]
        for _ in range(pieces):
            await worker.background_step()
        if is_restart:
            worker.restart()
    await worker.finish_sweeps()
    return worker


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raws=logs(), plan=plans())
def test_batches_sweeps_and_restarts_change_nothing(
    raws: list[bytes], plan: list[tuple[int, int, bool]]
) -> None:
    worker = asyncio.run(carried_out(raws, plan))
    is_as_eager(worker, raws)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raws=logs(), plan=plans(), data=st.data())
def test_repeated_events_are_counted_and_change_nothing(
    raws: list[bytes], plan: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    noisy: list[bytes] = []
    repeats = 0
    for raw in raws:
        noisy.append(raw)
        if data.draw(st.integers(0, 4)) == 0:
            noisy.append(data.draw(st.sampled_from(noisy)))
            repeats += 1
    worker = asyncio.run(carried_out(noisy, plan))
    assert {name: digests for name, digests in worker.emitted().items()} == {
        name: digests for name, digests in asyncio.run(carried_out(raws, plan)).emitted().items()
    }
    assert len(worker.ledger.rows) + len(worker.ledger.control_rows) == len(noisy) - repeats
