"""The clock closes each finished date once, in the bank's own time."""

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.kit.settings import PlatformSettings
from services.kit.stream.outbox import Message
from services.scoring.application.control_events import EventsTopic
from services.scoring.application.day_close import close_messages, finished_dates
from services.scoring.entrypoints.clock import close_finished
from tests.fakes.clock import ManualClock

BERLIN = ZoneInfo("Europe/Berlin")


def finished(now: str, last: date | None) -> list[date]:
    moment = datetime.fromisoformat(now)
    return list(finished_dates(moment, last=last, zone=BERLIN))


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
    def __init__(self, last: date | None) -> None:
        self.last_closed = last

    async def last(self) -> date | None:
        return self.last_closed

    async def save(self, closed: date) -> None:
        self.last_closed = closed


class Sent:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish_in_order(self, messages: list[Message]) -> None:
        self.messages.extend(messages)


async def test_what_was_closed_is_remembered_and_not_closed_again() -> None:
    platform = PlatformSettings(
        kafka_bootstrap="nowhere:1", database_url="postgresql://nowhere/db", partitions=2
    )
    dates, sent = Dates(date(2026, 6, 1)), Sent()
    clock = ManualClock(datetime(2026, 6, 4, 12, tzinfo=UTC))
    assert await close_finished(dates, sent, platform, clock) == 2  # type: ignore[arg-type]
    assert await close_finished(dates, sent, platform, clock) == 0  # type: ignore[arg-type]
    assert dates.last_closed == date(2026, 6, 3)
    assert len(sent.messages) == 4
