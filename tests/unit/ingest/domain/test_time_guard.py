"""What is ahead of its time: by the wall clock, or by the closes of a load of history."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.ingest.domain.reasons import Refusal, RefusalReason
from services.ingest.domain.time_guard import (
    BusinessCalendar,
    EventTime,
    OpenLoad,
    TimeGuard,
    TimeTolerance,
)

# A Tuesday, 20:00 in Berlin.
NOW = datetime(2026, 3, 31, 18, tzinfo=UTC)
GUARD = TimeGuard(
    zone=ZoneInfo("Europe/Berlin"),
    tolerances={"core/markets*": TimeTolerance(business_days_ahead=5, seconds_ahead=0)},
)


def judged(
    day: date | None = None,
    *,
    booked: datetime = NOW,
    source: str = "core/loans",
    load: OpenLoad | None = None,
    now: datetime = NOW,
) -> Refusal | None:
    event = EventTime(source=source, booked=booked, business_day=day, field="value_date")
    return GUARD.refusal(event, now=now, load=load)


def is_early(day: date | None = None, **given: object) -> bool:
    refusal = judged(day, **given)  # type: ignore[arg-type]
    assert refusal is None or refusal.reason is RefusalReason.AHEAD_OF_TIME
    return refusal is not None


def test_a_booking_up_to_five_minutes_ahead_is_taken() -> None:
    assert not is_early(booked=datetime(2026, 3, 31, 18, 5, tzinfo=UTC))
    assert is_early(booked=datetime(2026, 3, 31, 18, 5, 1, tzinfo=UTC))


def test_a_business_day_up_to_two_business_days_ahead_is_taken() -> None:
    assert not is_early(date(2026, 4, 2))
    assert is_early(date(2026, 4, 3))


def test_over_a_weekend_two_business_days_reach_to_tuesday() -> None:
    saturday = datetime(2026, 4, 4, 10, tzinfo=UTC)
    assert not is_early(date(2026, 4, 7), now=saturday)
    assert is_early(date(2026, 4, 8), now=saturday)


def test_today_is_that_of_the_bank() -> None:
    # 22:30 in UTC is half past midnight in Berlin: the first of April.
    night = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert not is_early(date(2026, 4, 3), now=night)


def test_what_is_early_is_tried_again_when_its_day_comes() -> None:
    refusal = judged(date(2026, 4, 3))
    assert refusal is not None
    # From Wednesday on, Friday is two business days ahead; it begins at 22:00 in UTC.
    assert refusal.retry_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert not is_early(date(2026, 4, 3), now=refusal.retry_at)
    assert refusal.pointer == "/data/value_date"


def test_a_wrong_year_names_its_field_and_waits_for_it() -> None:
    refusal = judged(date(2027, 3, 31))
    assert refusal is not None
    assert (refusal.reason, refusal.pointer) == (
        RefusalReason.AHEAD_OF_TIME,
        "/data/value_date",
    )
    assert refusal.retry_at is not None
    assert refusal.retry_at.date() == date(2027, 3, 29)


def test_a_source_has_a_tolerance_of_its_own() -> None:
    assert not is_early(date(2026, 4, 7), source="core/markets/fx")
    assert is_early(date(2026, 4, 8), source="core/markets/fx")
    assert is_early(booked=datetime(2026, 3, 31, 18, 0, 1, tzinfo=UTC), source="core/markets")


def test_a_business_day_of_more_than_ten_years_ago_is_a_wrong_year() -> None:
    # 3,660 days before 31 March 2026.
    assert judged(date(2016, 3, 23)) is None
    refusal = judged(date(2016, 3, 22))
    assert refusal is not None
    assert (refusal.reason, refusal.retry_at) == (RefusalReason.LONG_PAST, None)


class TestLoads:
    # The tenth of January 2020 is a Friday.
    LOAD = OpenLoad(id=1, sources=("core/*",), last_close=date(2020, 1, 10))

    def test_its_clock_is_its_last_close_and_three_days(self) -> None:
        # Monday the 13th, and two business days after it.
        assert not is_early(date(2020, 1, 15), load=self.LOAD, booked=self.booked(10))
        assert is_early(date(2020, 1, 16), load=self.LOAD, booked=self.booked(10))

    def test_a_booking_is_compared_with_the_same_clock(self) -> None:
        # The 13th ends at 23:00 in UTC; five minutes are tolerated.
        assert not is_early(load=self.LOAD, booked=datetime(2020, 1, 13, 23, 5, tzinfo=UTC))
        assert is_early(load=self.LOAD, booked=datetime(2020, 1, 13, 23, 6, tzinfo=UTC))

    def test_without_a_close_only_the_wall_clock_counts(self) -> None:
        load = OpenLoad(id=1, sources=("core/*",))
        assert not is_early(date(2026, 4, 2), load=load)
        assert is_early(date(2026, 4, 3), load=load)

    def test_it_never_goes_past_the_wall_clock(self) -> None:
        load = OpenLoad(id=1, sources=("core/*",), last_close=date(2026, 3, 31))
        assert is_early(date(2026, 4, 3), load=load)
        assert is_early(booked=datetime(2026, 3, 31, 18, 6, tzinfo=UTC), load=load)

    def test_it_has_no_lower_window(self) -> None:
        assert judged(date(1970, 1, 1), load=self.LOAD, booked=self.booked(10)) is None

    def test_what_is_early_in_it_is_tried_again_soon(self) -> None:
        refusal = judged(date(2020, 6, 1), load=self.LOAD, booked=self.booked(10))
        assert refusal is not None
        assert refusal.retry_at == datetime(2026, 3, 31, 18, 1, tzinfo=UTC)

    @staticmethod
    def booked(day: int) -> datetime:
        return datetime(2020, 1, day, 12, tzinfo=UTC)


class TestCalendars:
    # Good Friday is the third of April 2026, Easter Monday the sixth.
    EASTER = BusinessCalendar(holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
    # Friday and Saturday are free.
    GULF = BusinessCalendar(weekend=frozenset({4, 5}))

    def window_ends(self, calendar: BusinessCalendar, today: date) -> date:
        guard = TimeGuard(zone=UTC, usual=TimeTolerance(calendar=calendar))
        now = datetime.combine(today, datetime.min.time(), tzinfo=UTC)
        return guard.window("core/loans", now=now, load=None).last_day

    def test_two_business_days_lead_over_easter(self) -> None:
        # After Wednesday: Thursday the second, then Tuesday the seventh.
        assert self.window_ends(self.EASTER, date(2026, 4, 1)) == date(2026, 4, 7)

    def test_a_weekend_is_that_of_the_source(self) -> None:
        # After Thursday the second: Sunday the fifth, then Monday.
        assert self.window_ends(self.GULF, date(2026, 4, 2)) == date(2026, 4, 6)

    @pytest.mark.parametrize("number", [0, 1, 2, 5])
    def test_before_undoes_after(self, number: int) -> None:
        tuesday = date(2026, 3, 31)
        for calendar in (BusinessCalendar(), self.EASTER, self.GULF):
            assert calendar.before(calendar.after(tuesday, number), number) == tuesday
