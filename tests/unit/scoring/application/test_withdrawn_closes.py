"""A wrong close defaults a borrower; its withdrawal takes that back and says so."""

import json
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import pytest

from services.contracts.control import DayCloseWithdrawnV1
from services.kit.approvals.proposals import DecisionOutcome, Step
from services.scoring import metrics
from services.scoring.adapters import state_bytes
from services.scoring.adapters.offline import (
    OfflineScorer,
    OfflineSettings,
    withdrawn_closes,
)
from services.scoring.application import day_close_sweep
from services.scoring.application.borrower_queries import known_by
from services.scoring.application.close_withdrawal import CloseWithdrawal
from services.scoring.application.control_events import EventsTopic
from services.scoring.domain.borrower.risk import STATE_NAMES
from tests.fakes.approvals_in_memory import approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.rulebooks_in_memory import KeptOutbox
from tests.fakes.scoring_worker import RULEBOOK, ZONE, MemoryWorker, is_as_eager
from tests.fakes.wire_events import (
    START,
    booked,
    closed,
    failed,
    paid,
    registered,
    scheduled,
    validated,
    withdrawn,
)
from tests.unit.scoring.application.test_day_close import NOW

# The first instalment falls due on day 5; on day 205 it is 200 days late.
WRONG = 205


def opening() -> list[bytes]:
    log = [registered("B-1"), booked("B-1"), scheduled("B-1")]
    return log + [closed(day) for day in range(9)]


async def played(*raws: bytes) -> MemoryWorker:
    worker = MemoryWorker()
    await worker.apply([*opening(), *raws])
    await worker.finish_sweeps()
    return worker


def last(worker: MemoryWorker) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(worker.emitted()["B-1"][-1])["data"]
    return data


def state(worker: MemoryWorker) -> str:
    raw = worker.states.rows["B-1"].state
    assert raw is not None
    return STATE_NAMES[worker.parts.codec.decode_state(raw).risk.state]


async def test_a_close_dated_200_days_late_defaults_and_its_withdrawal_heals() -> None:
    before, wrong = await played(), await played(closed(WRONG))
    assert (state(before), state(wrong)) == ("NORMAL", "DEFAULT")
    healed = await played(closed(WRONG), withdrawn(WRONG, day=9))
    assert state(healed) == "NORMAL"
    emitted = last(healed)
    assert (emitted["corrected"], emitted["state"], emitted["from_state"]) == (
        True,
        "NORMAL",
        "DEFAULT",
    )
    assert emitted["as_of"] == str(START + timedelta(days=8))
    # What was emitted before stays, and the number goes on from it.
    assert healed.emitted()["B-1"][:-1] == wrong.emitted()["B-1"]
    assert emitted["sequence"] == last(wrong)["sequence"] + 1


async def test_a_withdrawal_that_changes_nothing_emits_nothing() -> None:
    worker = await played(closed(9), withdrawn(9, day=9))
    assert worker.emitted() == (await played()).emitted()


async def test_days_go_on_after_the_last_close_that_was_not_withdrawn() -> None:
    healed = await played(closed(WRONG), withdrawn(WRONG, day=9), closed(9), closed(10))
    never = await played(closed(9), closed(10))
    assert last(healed)["dpd_operational"] == last(never)["dpd_operational"]
    assert state(healed) == state(never)


async def test_a_withdrawal_of_a_close_that_never_was_changes_nothing() -> None:
    worker = await played(withdrawn(WRONG, day=9))
    assert worker.stored() == (await played()).stored()


async def test_a_withdrawn_close_ends_no_date_of_a_question() -> None:
    worker = await played(closed(WRONG), withdrawn(WRONG, day=9), closed(9), closed(10))
    codec = worker.parts.codec
    control = [(offset, codec.decode(raw)) for offset, raw in await worker.ledger.control(None, 0)]
    day_nine = (START + timedelta(days=9)).toordinal()
    assert known_by(control, day_nine).control[-1][1].id == f"day-closed:{date_of(9)}"
    # At the close of day 8 nothing was known of it.
    assert known_by(control, day_nine - 1).control[-1][1].id == f"day-closed:{date_of(8)}"


def date_of(day: int) -> date:
    return START + timedelta(days=day)


async def test_the_gauge_of_time_follows_the_closes_that_were_not_withdrawn() -> None:
    def ended(day: int) -> float:
        """Returns the end of a day, midnight in UTC."""
        midnight = datetime.combine(START + timedelta(days=day + 1), time(), tzinfo=UTC)
        return midnight.timestamp()

    worker = await played(closed(WRONG))
    recorder = worker.parts.recorder
    assert isinstance(recorder, MemoryRecorder)
    assert recorder.latest(metrics.LATEST_CLOSE) == ended(WRONG)
    await worker.apply([withdrawn(WRONG, day=9)])
    assert recorder.latest(metrics.LATEST_CLOSE) == ended(8)


def scored(*raws: bytes, **options: Any) -> OfflineScorer:
    """Return the scorer of a file after all of its lines."""
    lines = [*opening(), *raws]
    withdrawn_ids = withdrawn_closes(BytesIO(b"\n".join(lines)), ZONE)
    settings = OfflineSettings(zone=ZONE, closes_days=False, withdrawn=withdrawn_ids, **options)
    scorer = OfflineScorer(RULEBOOK, settings)
    assert list(scorer.fold_lines(lines))
    assert scorer.counts.undecodable == []
    return scorer


def encoded(scorer: OfflineScorer) -> dict[str, bytes | None]:
    return {name: state_bytes.encode(each) for name, each in scorer.borrowers.items()}


FOLLOWING = (closed(9), failed("B-1", 1, day=10), closed(10))


async def test_a_file_with_a_withdrawn_close_gives_the_states_of_the_worker() -> None:
    log = (closed(WRONG), paid("B-1", 7, day=9), withdrawn(WRONG, day=9), *FOLLOWING)
    worker = await played(*log)
    # Booked on day 205, the wrong close is neither out of order nor after the end.
    assert encoded(scored(*log)) == worker.stored()
    assert encoded(scored(*log, as_of=(START + timedelta(days=10)).toordinal())) == worker.stored()


def test_where_it_is_left_out_a_withdrawn_close_never_was() -> None:
    left_out = scored(closed(WRONG), withdrawn(WRONG, day=9), *FOLLOWING, leaves_out_withdrawn=True)
    assert encoded(left_out) == encoded(scored(*FOLLOWING))
    assert left_out.counts.days_closed == 11


def test_a_file_is_scored_until_before_the_withdrawal_as_it_was_known_then() -> None:
    log = (closed(WRONG), withdrawn(WRONG, day=12), closed(13))
    scorer = scored(*log, as_of=(START + timedelta(days=9)).toordinal())
    assert STATE_NAMES[scorer.borrowers["B-1"].risk.state] == "DEFAULT"


class Closes:
    """Implements `CloseRepository`."""

    def __init__(self) -> None:
        self.dates = {"2026-04-20": [("core/calendar", "EOD-1"), ("tocsin/clock", "day-closed")]}
        self.set_back: list[str] = []

    async def closes_of(self, _connection: Any, closed: Any) -> list[tuple[str, str]]:
        return self.dates.get(str(closed), [])

    async def set_clock_back(self, _connection: Any, closed: Any) -> None:
        self.set_back.append(str(closed))


async def test_two_people_withdraw_every_close_of_a_date_on_every_partition() -> None:
    closes, outbox, clock = Closes(), KeptOutbox(), ManualClock(NOW)
    kind = CloseWithdrawal(
        closes,
        outbox=outbox,  # type: ignore[arg-type]  # the one method that is used
        topic=EventsTopic(name="events", partitions=2, zone=ZONE),
        clock=clock,
    )
    approvals = approvals_in_memory([kind], clock=clock)
    ana, ben = Step(by="ana", reason="a wrong month"), Step(by="ben", reason="seen")
    proposal = await approvals.propose(kind.name, "2026-04-20", ana)
    assert outbox.messages == []
    await approvals.decide(proposal.id, DecisionOutcome.APPROVED, ben, digest=proposal.digest)
    assert [message.to_partition for message in outbox.messages] == [0, 1, 0, 1]
    data = [validated(message.value).event.data for message in outbox.messages[::2]]
    assert all(isinstance(each, DayCloseWithdrawnV1) for each in data)
    assert [(each.closed_source, each.approved_by) for each in data] == [  # type: ignore[attr-defined]
        ("core/calendar", "ben"),
        ("tocsin/clock", "ben"),
    ]
    assert closes.set_back == ["2026-04-20"]


async def test_a_sweep_refolds_a_bounded_number_of_events_in_one_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"B-{number}" for number in range(6)]
    log = [raw for name in names for raw in (registered(name), booked(name), scheduled(name))]
    log += [closed(0), closed(WRONG), withdrawn(WRONG, day=9)]
    worker = MemoryWorker(sweep_size=4)
    await worker.apply(log[:-1])
    await worker.finish_sweeps()
    # Each has three events of its own and two closes before the withdrawal.
    monkeypatch.setattr(day_close_sweep, "REFOLDED_AT_ONCE", 6)
    await worker.apply(log[-1:])
    steps = []
    while worker.handler.has_background_work(0):
        await worker.background_step()
        at = len(log) - 1
        steps.append(sum(row.closed_offset == at for row in worker.states.rows.values()))
    # Two borrowers reach six events; a page has four; the last step finds nobody.
    assert steps == [2, 4, 6, 6]
    is_as_eager(worker, log)
