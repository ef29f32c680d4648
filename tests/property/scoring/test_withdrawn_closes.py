"""A withdrawn close equals one that never was, wherever batches, sweeps and restarts cut the log.

Wrong closes (up to two years ahead) are put anywhere into a log and withdrawn later, before or
after they have come to every borrower.
"""

import asyncio
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from services.scoring.adapters import state_bytes
from services.scoring.domain.borrower.borrower import ALL_PARTS, Borrower
from services.scoring.domain.borrower.risk import Emitted
from tests.fakes.scoring_worker import eager, is_as_eager
from tests.fakes.wire_events import START, booked, closed, registered, scheduled, withdrawn
from tests.property.scoring.test_closing_paths import carried_out, logs, plans
from tests.property.scoring.test_isolation import Poisoned, defects, disturbed

LAST_DAY = 70
Plan = list[tuple[int, int, bool]]


@st.composite
def mistakes(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Wrong closes: the day that each closes, its place in the log, and how far its withdrawal."""
    days = st.integers(LAST_DAY + 1, LAST_DAY + 700)
    wrong = st.tuples(days, st.integers(0, 200), st.integers(1, 60))
    return draw(st.lists(wrong, min_size=1, max_size=2, unique_by=lambda each: each[0]))


def with_mistakes(raws: Sequence[bytes], wrong: Sequence[tuple[int, int, int]]) -> list[bytes]:
    """Return a log with wrong closes and their withdrawals."""
    log = list(raws)
    for day, place, later in wrong:
        at = min(place, len(log))
        log.insert(at, closed(day))
        log.insert(min(at + later, len(log)), withdrawn(day, day=LAST_DAY))
    return log


def but_numbers(borrower: Borrower) -> bytes:
    """Return the bytes of a borrower without what was emitted and sent before."""
    borrower.risk.sequence, borrower.risk.emitted = 0, Emitted()
    borrower.credit_file.effects_sent = 0
    borrower.changed, borrower.stored = ALL_PARTS, []
    return state_bytes.encode(borrower)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raws=logs(), wrong=mistakes())
def test_a_withdrawn_close_equals_one_that_never_was(
    raws: list[bytes], wrong: list[tuple[int, int, int]]
) -> None:
    never = eager(raws).borrowers
    after = eager(with_mistakes(raws, wrong)).borrowers
    assert {name: but_numbers(each) for name, each in after.items()} == {
        name: but_numbers(each) for name, each in never.items()
    }


def test_a_withdrawn_first_close_is_corrected_as_of_the_day_of_its_withdrawal() -> None:
    log = [registered("B-1"), booked("B-1"), scheduled("B-1"), closed(400), withdrawn(400, day=70)]
    worker = asyncio.run(carried_out(log, [(17, 3, False)]))
    *_, wrong, corrected = (each.assessment for each in worker.states.emitted)
    assert wrong.as_of == START.toordinal() + 400
    assert corrected.as_of == START.toordinal() + 70
    assert corrected.corrected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raws=logs(), plan=plans(), wrong=mistakes())
def test_batches_sweeps_and_restarts_change_nothing_about_a_withdrawal(
    raws: list[bytes], plan: Plan, wrong: list[tuple[int, int, int]]
) -> None:
    log = with_mistakes(raws, wrong)
    worker = asyncio.run(carried_out(log, plan))
    is_as_eager(worker, log)
    for emitted in worker.states.emitted:
        assert emitted.encoded
    sequences: dict[str, list[int]] = {}
    for emitted in worker.states.emitted:
        name = emitted.assessment.borrower_id
        sequences.setdefault(name, []).append(emitted.assessment.sequence)
    for numbers in sequences.values():
        assert numbers == list(range(1, len(numbers) + 1))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    raws=logs(),
    plan=plans(),
    wrong=mistakes(),
    defect=defects(),
    repaired_after=st.integers(1, 40),
)
def test_an_isolated_borrower_comes_through_a_withdrawal_when_it_resumes(
    raws: list[bytes],
    plan: Plan,
    wrong: list[tuple[int, int, int]],
    defect: Poisoned,
    repaired_after: int,
) -> None:
    log = with_mistakes(raws, wrong)
    with capture_logs():
        worker = asyncio.run(disturbed(log, plan, defect, repaired_after))
    assert worker.states.isolations == {}
    is_as_eager(worker, log, isolates=True)
