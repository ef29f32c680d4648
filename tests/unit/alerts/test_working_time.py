"""Deadlines in working time: hand-counted on a calendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.alerts.decisions.domain import policy
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import Severity
from services.kit.bank_holidays import UnknownCalendar, bank_holidays, weekend

BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR = WorkingCalendar(timezone=BERLIN, holidays=bank_holidays("DE"))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        pytest.param("2026-03-02T10:00", 4, "2026-03-02T14:00", id="within one day"),
        pytest.param("2026-03-02T13:00", 4, "2026-03-02T17:00", id="ends at closing time"),
        pytest.param("2026-03-02T15:00", 4, "2026-03-03T11:00", id="goes on next morning"),
        pytest.param("2026-03-02T03:00", 4, "2026-03-02T13:00", id="before opening"),
        pytest.param("2026-03-02T17:00", 4, "2026-03-03T13:00", id="at closing time"),
        pytest.param("2026-03-06T16:00", 4, "2026-03-09T12:00", id="over a weekend"),
        pytest.param("2026-03-07T12:00", 1, "2026-03-09T10:00", id="on a Saturday"),
        pytest.param("2026-04-02T16:00", 2, "2026-04-07T10:00", id="over Easter"),
        pytest.param("2026-03-27T16:00", 2, "2026-03-30T10:00", id="clocks go forward"),
        pytest.param("2026-10-23T16:00", 2, "2026-10-26T10:00", id="clocks go back"),
        pytest.param("2026-03-02T10:00", 24, "2026-03-05T10:00", id="three working days"),
    ],
)
def test_working_hours_pass_only_while_the_bank_is_open(start: str, hours: int, end: str) -> None:
    result = CALENDAR.add_working_time(berlin(start), timedelta(hours=hours))
    assert result == berlin(end)
    assert result.tzinfo is UTC


def test_working_days_skip_weekends_and_holidays() -> None:
    assert CALENDAR.add_working_days(date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert CALENDAR.add_working_days(date(2026, 12, 23), 2) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("severity", "acknowledge_by", "act_by", "escalate_at"),
    [
        (Severity.HARD, "2026-03-02T14:00", "2026-03-03T10:00", "2026-03-02T12:00"),
        (Severity.HIGH, "2026-03-03T10:00", "2026-03-05T10:00", "2026-03-03T10:00"),
        (Severity.MEDIUM, "2026-03-05T10:00", "2026-03-16T10:00", "2026-03-05T10:00"),
        (Severity.LOW, "2026-03-16T10:00", "2026-03-30T10:00", "2026-03-16T10:00"),
    ],
)
def test_the_deadlines_of_each_severity(
    severity: Severity, acknowledge_by: str, act_by: str, escalate_at: str
) -> None:
    result = policy.deadlines_for(severity, opened_at=berlin("2026-03-02T10:00"), calendar=CALENDAR)
    assert result.acknowledge_by == berlin(acknowledge_by)
    assert result.act_by == berlin(act_by)
    assert result.escalate_at == berlin(escalate_at)


def test_a_calendar_that_never_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="must be before"):
        WorkingCalendar(timezone=BERLIN, opens=time(17), closes=time(9))
    with pytest.raises(ValueError, match="no working day"):
        WorkingCalendar(timezone=BERLIN, free_weekdays=frozenset(range(7)))


def test_a_wrong_country_says_what_to_write() -> None:
    with pytest.raises(UnknownCalendar, match="ISO 3166"):
        bank_holidays("ZZ")


def test_a_weekend_is_that_of_the_country() -> None:
    # Monday is 0: Saturday and Sunday in Germany, Friday and Saturday in Saudi Arabia.
    assert (weekend("DE"), weekend("SA")) == ({5, 6}, {4, 5})


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        pytest.param("2026-03-02T10:00", "2026-03-02T14:00", 4, id="within one day"),
        pytest.param("2026-03-02T10:00", "2026-03-03T11:00", 9, id="until next morning"),
        pytest.param("2026-03-02T03:00", "2026-03-02T10:00", 1, id="from before opening"),
        pytest.param("2026-03-02T16:00", "2026-03-02T23:00", 1, id="until after closing"),
        pytest.param("2026-03-06T16:00", "2026-03-09T10:00", 2, id="over a weekend"),
        pytest.param("2026-03-07T10:00", "2026-03-08T16:00", 0, id="on a weekend"),
        pytest.param("2026-04-02T16:00", "2026-04-07T10:00", 2, id="over Easter"),
        pytest.param("2026-03-27T16:00", "2026-03-30T10:00", 2, id="clocks go forward"),
        pytest.param("2026-10-23T16:00", "2026-10-26T10:00", 2, id="clocks go back"),
        pytest.param("2026-03-02T14:00", "2026-03-02T10:00", 0, id="backwards"),
    ],
)
def test_working_time_between_two_moments(begin: str, end: str, hours: int) -> None:
    assert CALENDAR.working_time_between(berlin(begin), berlin(end)) == timedelta(hours=hours)
