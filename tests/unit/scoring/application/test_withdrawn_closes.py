"""A wrong close defaults a borrower; its withdrawal takes that back and says so."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.contracts.control import DayCloseWithdrawnV1
from services.kit.approvals import DecisionOutcome, Step
from services.scoring import metrics
from services.scoring.application.borrower_queries import known_by
from services.scoring.application.close_withdrawal import CloseWithdrawal
from services.scoring.application.control_events import EventsTopic
from services.scoring.domain.borrower.risk import STATE_NAMES
from tests.fakes.approvals_in_memory import approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.rulebooks_in_memory import KeptOutbox
from tests.fakes.scoring_worker import ZONE, MemoryWorker
from tests.fakes.wire_events import (
    START,
    booked,
    closed,
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
    await approvals.decide(proposal.id, DecisionOutcome.APPROVED, ben)
    assert [message.to_partition for message in outbox.messages] == [0, 1, 0, 1]
    data = [validated(message.value).event.data for message in outbox.messages[::2]]
    assert all(isinstance(each, DayCloseWithdrawnV1) for each in data)
    assert [(each.closed_source, each.approved_by) for each in data] == [  # type: ignore[attr-defined]
        ("core/calendar", "ben"),
        ("tocsin/clock", "ben"),
    ]
    assert closes.set_back == ["2026-04-20"]
