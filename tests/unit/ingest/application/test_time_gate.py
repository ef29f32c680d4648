"""Events ahead of their time are quarantined, tried again alone, never by a wrong clock."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.ingest.application.errors import NotFound, Unavailable
from services.ingest.application.inputs import Status
from services.ingest.domain.reasons import RefusalReason
from tests.fakes.ingest_in_memory import MemoryIngest, ingest_in_memory, take
from tests.fakes.wire_events import cloud_event, flow, registration, repayment, written

DAY = 24 * 3600


@pytest.fixture
def memory() -> MemoryIngest:
    return ingest_in_memory()


def paid(event_id: str, value_date: str, *, time: str = "2026-03-31T17:05:00Z") -> dict[str, Any]:
    return {**repayment(event_id, value_date=value_date), "time": time}


def close(day: date, *, hour: int = 23) -> dict[str, Any]:
    return cloud_event(
        "day.closed.v1",
        f"day-closed:{day}",
        borrower="*",
        data={"closed_date": day.isoformat()},
        time=f"{day}T{hour}:00:00Z",
    )


async def open_load(memory: MemoryIngest) -> int:
    load = await memory.ingest.history_loads.open(["core/*"], reason="ten years", by="operator-1")
    return load.id


async def test_a_payment_of_a_wrong_year_waits_with_its_bytes_and_the_others_go_on(
    memory: MemoryIngest,
) -> None:
    wrong = paid("PAY-2", "2027-03-31")
    reasons = await take(memory, paid("PAY-1", "2026-03-31"), wrong, paid("PAY-3", "2026-04-02"))
    assert reasons == [None, RefusalReason.AHEAD_OF_TIME, None]
    assert memory.publisher.ids == ["PAY-1", "PAY-3"]
    [full] = memory.quarantine.rows
    assert full.input.raw == written(wrong)
    assert "when its day comes" in full.entry.remedy


async def test_what_was_early_is_published_when_its_day_comes(memory: MemoryIngest) -> None:
    await take(memory, paid("PAY-1", "2026-04-03"))
    assert await memory.ingest.quarantine.retry_due() == 0
    # Midnight in Berlin, four hours later: two business days before Friday the third.
    memory.clock.advance(4 * 3600)
    assert await memory.ingest.quarantine.retry_due() == 1
    assert memory.publisher.ids == ["PAY-1"]
    entry = memory.quarantine.rows[0].entry
    assert (entry.status, entry.settled_by) == (Status.RELEASED, "time guard")


def valued(event_id: str, **dates: str) -> dict[str, Any]:
    return cloud_event(
        "external-delinquency.reported.v1",
        event_id,
        borrower="B-1",
        data={"reporter": "BUREAU", "kind": "ARREARS", **dates},
    )


async def test_a_report_of_a_wrong_year_is_refused_by_the_event_alone(
    memory: MemoryIngest,
) -> None:
    taken = valued("X-1", report_date="2026-05-01")
    wrong = valued("X-2", report_date="2027-03-31")
    await open_load(memory)
    assert await take(memory, taken, wrong) == [None, RefusalReason.INVALID_FIELD]


async def test_rates_of_a_wrong_year_are_ahead_of_their_time(memory: MemoryIngest) -> None:
    rates = cloud_event(
        "fx.published.v1",
        "FX-1",
        borrower="*",
        data={
            "rate_date": "2027-03-31",
            "base_currency": "EUR",
            "rates": [{"currency": "USD", "rate": "0.9"}],
        },
    )
    memory.controls.rates["EUR", "USD", date(2026, 3, 30)] = Decimal("0.9")
    assert await take(memory, rates) == [RefusalReason.AHEAD_OF_TIME]


async def test_dates_that_lie_ahead_by_their_nature_are_taken(memory: MemoryIngest) -> None:
    promise = cloud_event(
        "promise.made.v1",
        "PR-1",
        borrower="B-1",
        data={
            "loan_id": "L-1",
            "promise_amount": "100.00",
            "currency": "EUR",
            "promise_date": "2027-01-31",
            "made_date": "2026-03-31",
        },
    )
    assert await take(memory, promise) == [None]


async def test_a_parked_flow_is_judged_when_it_is_released(memory: MemoryIngest) -> None:
    await take(
        memory, flow("TX-1", value_date="2027-03-31"), registration("B-1", accounts=["AC-1"])
    )
    await memory.ingest.release.release_all()
    assert "TX-1" not in memory.publisher.ids
    assert memory.quarantine.rows[0].entry.reason is RefusalReason.AHEAD_OF_TIME


@pytest.mark.parametrize("seconds_apart", [-600, -60, 60, 600])
async def test_while_the_clocks_disagree_nothing_is_taken_and_nothing_quarantined(
    memory: MemoryIngest, seconds_apart: int
) -> None:
    memory.loads.seconds_apart = seconds_apart
    with pytest.raises(Unavailable, match="PostgreSQL differs"):
        await take(memory, paid("PAY-1", "2027-03-31"), repayment("PAY-2"))
    assert (memory.publisher.ids, memory.quarantine.rows) == ([], [])
    memory.loads.seconds_apart = 0
    memory.clock.advance(1)
    assert await take(memory, repayment("PAY-2")) == [None]


async def test_clocks_less_than_a_minute_apart_agree(memory: MemoryIngest) -> None:
    memory.loads.seconds_apart = 59
    assert await take(memory, repayment()) == [None]


async def test_without_the_database_events_are_judged_by_the_own_clock(
    memory: MemoryIngest,
) -> None:
    memory.loads.is_down = True
    assert await take(memory, repayment()) == [None]


async def test_without_the_database_the_days_go_on(memory: MemoryIngest) -> None:
    # 3,660 days before 31 March 2026.
    assert await take(memory, paid("PAY-1", "2016-03-23")) == [None]
    memory.loads.is_down = True
    memory.clock.advance(DAY)
    assert await take(memory, paid("PAY-2", "2016-03-23")) == [RefusalReason.LONG_PAST]


async def test_within_the_second_of_a_reading_the_clock_goes_on(memory: MemoryIngest) -> None:
    # 300 seconds ahead of 18:00:00 are usual.
    assert await take(memory, paid("PAY-1", "2026-03-31", time="2026-03-31T18:05:00Z")) == [None]
    memory.clock.advance(0.5)
    assert await take(memory, paid("PAY-2", "2026-03-31", time="2026-03-31T18:05:00.4Z")) == [None]
    assert await take(memory, paid("PAY-3", "2026-03-31", time="2026-03-31T18:05:00.6Z")) == [
        RefusalReason.AHEAD_OF_TIME
    ]


async def test_a_source_that_was_away_for_five_days_is_taken(memory: MemoryIngest) -> None:
    days = [date(2026, 3, 31) - timedelta(days=back) for back in range(6)]
    late = [
        {**repayment(f"PAY-{day}", value_date=str(day)), "time": f"{day}T09:00:00Z"} for day in days
    ]
    assert await take(memory, *late) == [None] * len(late)


async def test_ten_years_are_loaded_without_one_refusal(memory: MemoryIngest) -> None:
    await open_load(memory)
    first, last = date(2016, 1, 1), date(2025, 12, 31)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    refused = 0
    for start in range(0, len(days), 200):
        documents = []
        for day in days[start : start + 200]:
            ahead = day + timedelta(days=2)
            documents += [
                paid(f"PAY-{day}", str(ahead), time=f"{day}T20:00:00Z"),
                close(day),
            ]
        refused += sum(reason is not None for reason in await take(memory, *documents))
    assert (len(days), refused) == (3_653, 0)


async def test_a_load_counts_from_the_moment_it_is_opened(memory: MemoryIngest) -> None:
    assert await take(memory, repayment("PAY-1")) == [None]
    # Within the second for which the reading before lasts.
    await open_load(memory)
    assert await take(memory, paid("PAY-2", "1999-12-31")) == [None]


async def test_in_a_load_a_wrong_year_of_the_past_is_found(memory: MemoryIngest) -> None:
    await open_load(memory)
    wrong = paid("PAY-1", "2021-01-05", time="2020-01-05T10:00:00Z")
    assert await take(memory, close(date(2020, 1, 3)), wrong) == [
        None,
        RefusalReason.AHEAD_OF_TIME,
    ]
    # Nobody waits for the day: the load gets there.
    memory.clock.advance(60)
    await take(memory, close(date(2021, 1, 4)))
    assert await memory.ingest.quarantine.retry_due() == 1
    assert memory.publisher.ids[-1] == "PAY-1"


async def test_after_a_load_is_closed_its_sources_are_live_again(memory: MemoryIngest) -> None:
    number = await open_load(memory)
    assert await take(memory, paid("PAY-1", "1999-12-31")) == [None]
    await memory.ingest.history_loads.close(number, by="operator-1")
    memory.clock.advance(1)
    assert await take(memory, paid("PAY-2", "1999-12-31")) == [RefusalReason.LONG_PAST]
    with pytest.raises(NotFound):
        await memory.ingest.history_loads.close(number, by="operator-1")


async def test_another_source_is_not_part_of_the_load(memory: MemoryIngest) -> None:
    await memory.ingest.history_loads.open(["old/*"], reason="ten years", by="operator-1")
    assert await take(memory, paid("PAY-1", "1999-12-31")) == [RefusalReason.LONG_PAST]
