"""Counts how often the core judges a day: work costs the changes, not the days.

The counters replace functions of the core, which only the interpreted core allows; so these tests
are not among those that the compiled core is run on.
"""

from typing import Any

import pytest

from services.scoring.domain.arrears import counters, days_past_due, facility_use
from services.scoring.domain.arrears.totals import ArrearsTotals
from services.scoring.domain.borrower.borrower import Facility
from services.scoring.domain.rulebook import calendars
from tests.fakes.story import Story
from tests.fakes.units import day, iso

TODAY = day("2026-03-31")


class Counted:
    """Counts the calls of a function."""

    def __init__(self, function: Any) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        return self.function(*args, **options)


def test_an_excess_since_1970_costs_its_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Facility("F-1")
    facility_use.record(line, day("1970-01-01"), 200, 100, None)
    judged = Counted(facility_use.excess_on)
    monkeypatch.setattr(facility_use, "excess_on", judged)
    assert facility_use.excess_since(line, TODAY) == day("1970-01-01")
    assert judged.calls == 1


def test_arrears_of_ten_years_cost_their_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(start="2014-01-01")
    story.loan(1_000)
    story.schedule(("2016-01-01", 500, 0), ("2016-02-01", 500, 0))
    judged = Counted(ArrearsTotals.is_material)
    monkeypatch.setattr(ArrearsTotals, "is_material", lambda *arguments: judged(*arguments))
    run = counters.material_run(story.borrower, TODAY, story.rules)
    assert run == counters.LONGEST_RUN_DAYS
    # Since 2 February 2016 nothing changed; ten years and seven days end after that day.
    assert judged.calls <= 3


def test_arrears_of_many_loans_cost_the_changes_of_each_loan_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story(start="2014-01-01")
    for number in range(20):
        story.loan(1_000, loan_id=f"L-{number}")
        # Each falls due on days of its own, so that no two loans change on the same day.
        due = [iso(day("2016-01-01") + 40 * month + number) for month in range(12)]
        story.schedule(*((on, 10, 0) for on in due), loan_id=f"L-{number}")
    judged = Counted(days_past_due.past_due)
    monkeypatch.setattr(days_past_due, "past_due", judged)
    counters.material_run(story.borrower, TODAY, story.rules)
    # Once at the end, and once for each of twelve instalments: 20 times 20 more for all together.
    assert judged.calls <= 20 * 14


def test_a_long_row_of_days_off_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = day("2000-01-01")
    off = tuple(range(first, first + 9_000))
    judged = Counted(calendars.is_business_day)
    monkeypatch.setattr(calendars, "is_business_day", judged)
    assert set(calendars.moved_days(list(off[:2_000]), off)) == {day("2024-08-22")}
    assert judged.calls <= 9_001
