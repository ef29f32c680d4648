"""Weekdays and calendar months on ordinals."""

from datetime import date

import pytest

from services.scoring.domain.primitives.dates import (
    business_days_after,
    is_business_day,
    is_month_end,
    plus_months,
)


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def test_a_weekend_is_no_business_day() -> None:
    week = [is_business_day(day("2024-07-01") + step) for step in range(7)]
    assert week == [True, True, True, True, True, False, False]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-07-01", "2024-07-01", 0),
        ("2024-07-05", "2024-07-07", 0),
        ("2024-07-05", "2024-07-08", 1),
        ("2024-07-01", "2024-07-15", 10),
        ("2024-07-06", "2024-07-15", 6),
    ],
    ids=["same day", "over a weekend", "Friday to Monday", "two weeks", "from a Saturday"],
)
def test_business_days_between(start: str, end: str, expected: int) -> None:
    assert business_days_after(day(start), day(end)) == expected


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-11-30", 3, "2024-02-29"),
        ("2024-03-15", 12, "2025-03-15"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-12-31", 1, "2025-01-31"),
    ],
)
def test_calendar_months_keep_the_day_or_take_the_last(
    start: str, months: int, expected: str
) -> None:
    assert plus_months(day(start), months) == day(expected)


def test_month_ends() -> None:
    assert is_month_end(day("2024-02-29"))
    assert not is_month_end(day("2024-02-28"))
