"""The clock closes each finished date once, in the bank's own time."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from services.kit.approvals.proposals import NoSuchProposal, ProposalConflict, Step
from services.kit.clock_agreement import RemoteClock
from services.kit.stream.outbox import Message
from services.kit.stream.producer import Producer
from services.scoring.application.control_events import EventsTopic
from services.scoring.application.day_close import (
    MissedDaysApproval,
    TooManyMissed,
    close_messages,
    finished_dates,
)
from services.scoring.entrypoints.clock import close_finished
from tests.fakes.approvals_in_memory import approvals_in_memory
from tests.fakes.clock import ManualClock

BERLIN = ZoneInfo("Europe/Berlin")
TOPIC = EventsTopic(name="events", partitions=2, zone=BERLIN)


def finished(now: str, last: date | None) -> list[date]:
    moment = datetime.fromisoformat(now)
    return finished_dates(moment, last=last, zone=BERLIN)


def test_a_date_is_over_at_midnight_of_the_bank_not_of_utc() -> None:
    last = date(2026, 6, 1)
    assert finished("2026-06-02T21:59:59+00:00", last) == []
    assert finished("2026-06-02T22:00:00+00:00", last) == [date(2026, 6, 2)]


def test_every_date_of_a_pause_is_closed_in_order() -> None:
    assert finished("2026-03-30T10:00:00+00:00", date(2026, 3, 26)) == [
        date(2026, 3, 27),
        date(2026, 3, 28),
        date(2026, 3, 29),
    ]


def test_the_first_start_closes_yesterday_only() -> None:
    assert finished("2026-03-30T10:00:00+00:00", None) == [date(2026, 3, 29)]


def test_the_close_is_written_to_every_partition_and_has_no_clock_of_its_own() -> None:
    messages = close_messages(
        date(2026, 6, 2), topic=EventsTopic(name="events", partitions=3, zone=BERLIN)
    )
    assert [message.to_partition for message in messages] == [0, 1, 2]
    assert len({message.value for message in messages}) == 1
    assert json.loads(messages[0].value) == {
        "specversion": "1.0",
        "id": "day-closed:2026-06-02",
        "source": "tocsin/clock",
        "type": "day.closed.v1",
        "subject": "*",
        "time": "2026-06-02T22:00:00Z",
        "data": {"closed_date": "2026-06-02"},
    }


class Dates:
    def __init__(self, last: date | None, released: date | None = None) -> None:
        self.last_closed = last
        self.released = released
        self.withdrawn: list[date] = []

    async def released_until(self) -> date | None:
        return self.released

    async def withdrawals_of(self, closed: date) -> int:
        return self.withdrawn.count(closed)

    async def last(self) -> date | None:
        return self.last_closed

    async def save(self, closed: date) -> None:
        self.last_closed = closed


class Sent:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        self.messages.extend(messages)


class Remote:
    """A clock that differs from the true one by some seconds."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.moment = NOW + timedelta(seconds=seconds)

    async def now(self) -> datetime:
        return self.moment


NOW = datetime(2026, 6, 4, 12, tzinfo=UTC)


async def closed(
    dates: Dates, sent: Sent, *, ahead: float = 0.0, database: float = 0.0, broker: float = 0.0
) -> int:
    """Runs the clock of a process that is some seconds ahead."""
    clock = ManualClock(NOW + timedelta(seconds=ahead))
    remotes: dict[str, RemoteClock] = {
        "PostgreSQL": Remote(database),
        "the broker": Remote(broker),
    }
    from_here = cast(Producer, sent)
    return await close_finished(dates, from_here, TOPIC, clock, remotes)


async def test_what_was_closed_is_remembered_and_not_closed_again() -> None:
    dates, sent = Dates(date(2026, 6, 1)), Sent()
    assert await closed(dates, sent) == 2
    assert await closed(dates, sent) == 0
    assert dates.last_closed == date(2026, 6, 3)
    assert len(sent.messages) == 4


async def test_a_process_whose_clock_is_400_days_ahead_closes_nothing() -> None:
    # It closed 400 dates within a minute, and every borrower with a loan was in default for good.
    dates, sent = Dates(date(2026, 6, 3)), Sent()
    with pytest.raises(TooManyMissed, match="400 dates"):
        await closed(dates, sent, ahead=400 * 86_400)
    assert await closed(dates, sent, ahead=5 * 86_400) == 0
    assert dates.last_closed == date(2026, 6, 3)
    assert sent.messages == []


@pytest.mark.parametrize(
    ("ahead", "database", "broker", "count"),
    [
        (0, 60, 0, 1),
        (0, 61, 0, 0),
        (0, 0, -61, 0),
        (61, 0, 0, 0),
        (0, 40, -40, 0),
        (0, 30, -30, 1),
    ],
)
async def test_the_clocks_agree_within_a_minute(
    ahead: float, database: float, broker: float, count: int
) -> None:
    dates = Dates(date(2026, 6, 2))
    assert await closed(dates, Sent(), ahead=ahead, database=database, broker=broker) == count


async def test_a_slow_answer_is_no_difference() -> None:
    clock, dates = ManualClock(NOW), Dates(date(2026, 6, 2))

    class Slow(Remote):
        async def now(self) -> datetime:
            clock.advance(90)
            return NOW + timedelta(seconds=45)

    remotes: dict[str, RemoteClock] = {"PostgreSQL": Slow()}
    assert await close_finished(dates, cast(Producer, Sent()), TOPIC, clock, remotes) == 1


def test_the_clock_catches_up_seven_dates_and_no_more() -> None:
    last = date(2026, 6, 1)
    assert len(finished("2026-06-09T12:00:00+00:00", last)) == 7
    with pytest.raises(TooManyMissed, match="8 dates after 2026-06-01"):
        finished("2026-06-10T12:00:00+00:00", last)


async def test_two_people_let_the_clock_close_a_long_row_of_missed_dates() -> None:
    # 20 to 31 May and 1 to 3 June: 15 dates; released are those until the 28th.
    dates, sent = Dates(date(2026, 5, 19), released=date(2026, 5, 28)), Sent()
    assert await closed(dates, sent) == 9
    assert dates.last_closed == date(2026, 5, 28)
    assert await closed(dates, sent) == 6
    assert dates.last_closed == date(2026, 6, 3)


async def test_a_release_of_the_past_releases_nothing_more() -> None:
    dates = Dates(date(2026, 5, 19), released=date(2026, 5, 19))
    with pytest.raises(TooManyMissed):
        await closed(dates, Sent())


async def test_only_dates_that_are_over_are_released() -> None:
    approvals = approvals_in_memory(
        [MissedDaysApproval(clock=ManualClock(NOW), zone=BERLIN)], clock=ManualClock(NOW)
    )
    ana = Step(by="ana", reason="two weeks without a pod")
    for subject in ("2026-06-04", "2199-12-31"):
        with pytest.raises(ProposalConflict, match="not over yet"):
            await approvals.propose("missed-days", subject, ana)
    for subject in ("yesterday", "2026-02-30", "20260603"):
        with pytest.raises(NoSuchProposal):
            await approvals.propose("missed-days", subject, ana)
    assert (await approvals.propose("missed-days", "2026-06-03", ana)).subject == "2026-06-03"


async def test_a_date_whose_close_was_withdrawn_is_closed_by_another_event() -> None:
    dates, sent = Dates(date(2026, 6, 1)), Sent()
    dates.withdrawn = [date(2026, 6, 3)]
    assert await closed(dates, sent) == 2
    ids = [json.loads(message.value)["id"] for message in sent.messages[::2]]
    assert ids == ["day-closed:2026-06-02", "day-closed:2026-06-03:2"]
