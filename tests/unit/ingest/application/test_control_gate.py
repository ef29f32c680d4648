"""Day closes and exchange rates at the door: what is published, and what waits with its bytes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.ingest.application.errors import Unavailable
from services.ingest.application.inputs import Status
from services.ingest.domain.day_closes import DayCloseRules
from services.ingest.domain.reasons import RefusalReason
from tests.fakes.ingest_in_memory import MemoryIngest, ingest_in_memory, take
from tests.fakes.wire_events import cloud_event, repayment, written

# The clock of the fake is in the evening of 31 March 2026.
TODAY = "2026-03-31"
TODAY_NOON = "2026-03-31T12:00:00Z"


def close(day: str, *, source: str = "core/demo") -> dict[str, Any]:
    return cloud_event(
        "day.closed.v1",
        f"day-closed:{day}",
        borrower="*",
        data={"closed_date": day},
        source=source,
    )


def rates(number: int, *, day: str, usd: str) -> dict[str, Any]:
    return cloud_event(
        "fx.published.v1",
        f"FX-{number}",
        borrower="*",
        data={
            "rate_date": day,
            "base_currency": "EUR",
            "rates": [{"currency": "USD", "rate": usd}],
        },
    )


async def test_a_close_of_the_year_2199_waits_with_its_bytes_and_the_others_go_on() -> None:
    memory = ingest_in_memory()
    reasons = await take(
        memory, close("2026-03-30"), close("2199-12-31"), repayment(), close("2026-03-31")
    )
    assert reasons == [None, RefusalReason.AWAITS_APPROVAL, None, None]
    assert memory.publisher.ids == ["day-closed:2026-03-30", "PAY-1", "day-closed:2026-03-31"]
    [full] = memory.quarantine.rows
    assert full.input.raw == written(close("2199-12-31"))
    assert (full.entry.event_id, full.entry.event_type) == (
        "day-closed:2199-12-31",
        "day.closed.v1",
    )


async def test_a_retry_by_one_person_releases_no_close_that_waits() -> None:
    memory = ingest_in_memory()
    await take(memory, close("2199-12-31"))
    full = await memory.ingest.quarantine.retry(1, by="operator")
    assert full.entry.status is Status.OPEN
    assert full.entry.reason is RefusalReason.AWAITS_APPROVAL
    assert memory.publisher.ids == []


async def test_closes_of_one_request_follow_each_other() -> None:
    memory = ingest_in_memory()
    dates = ("2026-03-01", "2026-03-08", "2026-03-15", "2026-03-23")
    assert await take(memory, *(close(date) for date in dates)) == [
        None,
        None,
        None,
        RefusalReason.AWAITS_APPROVAL,
    ]


async def test_a_close_that_waits_behind_a_gap_is_taken_when_the_gap_is_closed() -> None:
    memory = ingest_in_memory()
    await take(memory, close("2026-03-01"), close("2026-03-09"), close("2026-03-08"))
    full = await memory.ingest.quarantine.retry(1, by="operator")
    assert full.entry.status is Status.RELEASED
    assert memory.publisher.ids[-1] == "day-closed:2026-03-09"


@pytest.mark.parametrize(
    "rules",
    [DayCloseRules(closer="clock", source=""), DayCloseRules(closer="events", source="core/other")],
)
async def test_a_close_of_who_closes_no_days_is_refused(rules: DayCloseRules) -> None:
    memory = ingest_in_memory(rules)
    assert await take(memory, close(TODAY)) == [RefusalReason.DAY_CLOSE_NOT_ALLOWED]
    assert memory.publisher.ids == []
    assert len(memory.quarantine.rows) == 1


async def test_a_close_is_compared_with_nothing_that_the_broker_did_not_take() -> None:
    memory = ingest_in_memory()
    memory.publisher.is_down = True
    with pytest.raises(Unavailable, match="the broker"):
        await take(memory, close("2026-03-01"))
    assert memory.controls.closes == []


def with_rate(day: str, usd: str) -> MemoryIngest:
    """Return an ingest that has a first rate."""
    memory = ingest_in_memory()
    memory.controls.rates["EUR", "USD", date.fromisoformat(day)] = Decimal(usd)
    return memory


async def test_the_first_rate_of_a_currency_waits_outside_a_load_of_history() -> None:
    memory = ingest_in_memory()
    first, second = rates(1, day="2026-03-30", usd="0.92"), rates(2, day="2026-03-31", usd="0.93")
    assert await take(memory, first) == [RefusalReason.AWAITS_APPROVAL]
    load = await memory.ingest.history_loads.open(["core/*"], reason="first rates", by="operator-1")
    memory.clock.advance(1)
    assert await take(memory, first) == [None]
    await memory.ingest.history_loads.close(load.id, by="operator-1")
    memory.clock.advance(1)
    assert await take(memory, second) == [None]


async def test_other_content_under_the_id_of_a_control_event_is_refused() -> None:
    memory = with_rate("2026-03-27", "0.92")
    first = rates(1, day="2026-03-30", usd="0.92")
    again, other = {**first, "datacontenttype": "application/json"}, {**first, "time": TODAY_NOON}
    assert await take(memory, first, again, other, rates(1, day="2026-03-30", usd="0.95")) == [
        None,
        None,
        *[RefusalReason.ID_REUSED] * 2,
    ]
    assert memory.publisher.ids == ["FX-1", "FX-1"]
    assert memory.controls.rates["EUR", "USD", date(2026, 3, 30)] == Decimal("0.92")


async def test_what_waits_for_two_people_may_be_corrected_under_its_id() -> None:
    memory = with_rate("2026-03-27", "0.92")
    wrong, right = rates(1, day="2026-03-30", usd="92"), rates(1, day="2026-03-30", usd="0.92")
    assert await take(memory, wrong, right) == [RefusalReason.AWAITS_APPROVAL, None]


async def test_a_rate_with_a_shifted_point_waits() -> None:
    memory = with_rate("2026-03-27", "0.92")
    reasons = await take(
        memory,
        rates(1, day="2026-03-30", usd="0.92"),
        rates(2, day="2026-03-31", usd="92"),
        rates(3, day="2026-03-31", usd="0.93"),
    )
    assert reasons == [None, RefusalReason.AWAITS_APPROVAL, None]
    assert memory.publisher.ids == ["FX-1", "FX-3"]


async def test_a_rate_of_the_past_is_compared_with_that_time() -> None:
    memory = with_rate("2020-01-01", "0.40")
    # 0.41 is half as much again as the newest rate, and near the one of the day before.
    assert await take(
        memory,
        rates(1, day="2020-01-02", usd="0.40"),
        rates(2, day="2020-06-01", usd="0.33"),
        rates(3, day="2021-01-04", usd="0.27"),
        rates(4, day="2020-01-03", usd="0.41"),
    ) == [None, None, None, None]


async def test_rates_of_one_date_do_not_climb_in_small_steps() -> None:
    memory = with_rate("2026-03-27", "0.8")
    # Each is a quarter above the one before; only the first is within a quarter of yesterday's.
    reasons = await take(
        memory,
        rates(1, day="2026-03-30", usd="0.8"),
        rates(2, day="2026-03-31", usd="1.0"),
        rates(3, day="2026-03-31", usd="1.25"),
        rates(4, day="2026-03-31", usd="1.56"),
    )
    assert reasons == [None, None, *[RefusalReason.AWAITS_APPROVAL] * 2]


async def test_the_first_rate_of_a_currency_is_corrected_within_the_band() -> None:
    memory = with_rate("2026-03-31", "0.8")
    reasons = await take(
        memory,
        rates(1, day="2026-03-31", usd="0.8"),
        rates(2, day="2026-03-31", usd="0.9"),
        rates(3, day="2026-03-31", usd="9"),
    )
    assert reasons == [None, None, RefusalReason.AWAITS_APPROVAL]
