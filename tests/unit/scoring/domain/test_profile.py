"""The five factors, what is measured good, and the tasks of people: by hand, on `default`."""

from datetime import date, timedelta

import pytest

from services.scoring.adapters.assessment_json import assessment_data
from services.scoring.domain.assess.assessment import FactorProfile
from services.scoring.domain.primitives.measurement import AMBER, GREEN, MICRO, RED
from tests.fakes.story import Story
from tests.unit.scoring.domain.test_small_arrears import firm

MONTH_ENDS = (
    "2024-01-31",
    "2024-02-29",
    "2024-03-31",
    "2024-04-30",
    "2024-05-31",
    "2024-06-30",
    "2024-07-31",
    "2024-08-31",
)


def payer(months: int, *, late_days: int = 0) -> Story:
    """Return a firm that paid so many instalments, the last one late."""
    story = Story(rulebook="default")
    story.loan(8_000)
    story.schedule(*((month_end, 1_000) for month_end in MONTH_ENDS))
    for month_end in MONTH_ENDS[: months - bool(late_days)]:
        story.on(month_end).pays(1_000)
    if late_days:
        late = date.fromisoformat(MONTH_ENDS[months - 1]) + timedelta(days=late_days)
        story.on(late.isoformat()).pays(1_000)
    return story


def factor(story: Story, name: str) -> FactorProfile:
    [profile] = [each for each in story.latest.factors if each.factor == name]
    return profile


def positives(story: Story) -> dict[str, int]:
    return {each.indicator: each.value // MICRO for each in story.latest.positives}


class TestFactors:
    def test_the_factors_are_always_the_same_five(self) -> None:
        names = [each.factor for each in payer(1).latest.factors]
        assert names == ["CAPACITY", "WILLINGNESS", "RECORD", "PERFORMANCE", "FINANCE"]

    def test_a_factor_has_the_worst_level_and_the_strongest_of_its_signals(self) -> None:
        # EUR 500 of 600 unpaid for ten days: R-01 is amber from five on, and R-06 counts the same
        # fact as capacity, for more; a firm that sent no statements has no figure of its finances.
        story = firm(600, 100).close_through("2024-02-10")
        record, finance = factor(story, "RECORD"), factor(story, "FINANCE")
        assert (record.level, record.strongest, record.share) == (AMBER, "R-01", 0)
        capacity = factor(story, "CAPACITY")
        assert (capacity.level, capacity.strongest) == (RED, "R-06")
        assert capacity.share == story.latest.score * 100
        assert (finance.level, finance.share, finance.strongest) == (None, 0, "")
        assert finance.measured == 0

    def test_a_factor_says_how_much_of_it_is_measured(self) -> None:
        # Eight instalments measure; without accounts willingness has no more.
        story = payer(8).close_through("2024-09-01")
        willingness, finance = factor(story, "WILLINGNESS"), factor(story, "FINANCE")
        assert (willingness.level, willingness.measured) == (GREEN, MICRO)
        assert (finance.level, finance.measured) == (None, 0)

    def test_the_shares_of_the_factors_add_up_to_the_score(self) -> None:
        story = firm(600, 100).close_through("2024-02-10")
        assert sum(each.share for each in story.latest.factors) == pytest.approx(
            story.latest.score * 100, abs=5
        )


class TestPositives:
    def test_instalments_paid_on_time_in_a_row_are_counted(self) -> None:
        assert positives(payer(7).close_through("2024-08-01")) == {"R-03": 7}

    def test_five_instalments_are_no_habit(self) -> None:
        assert "R-03" not in positives(payer(5).close_through("2024-06-01"))

    def test_an_instalment_paid_a_day_late_ends_the_row(self) -> None:
        assert "R-03" not in positives(payer(8, late_days=1).close_through("2024-09-02"))

    def test_what_is_good_scores_nothing(self) -> None:
        story = payer(8).close_through("2024-09-01")
        assert (story.latest.score, positives(story)) == (0, {"R-03": 8})


class TestTasks:
    def test_a_small_rest_is_a_task_that_names_loan_amount_and_due_day(self) -> None:
        story = firm(600, 588).close_through("2024-02-10")
        [task] = assessment_data(story.latest)["tasks"]
        [loan] = task["subjects"]
        assert (task["code"], loan["kind"], loan["id"]) == ("SMALL_ARREARS", "LOAN", "l-2")
        assert (loan["amount"], loan["currency"], loan["since"]) == ("12.00", "EUR", "2024-01-31")
        assert loan["evidence_event_ids"]

    def test_once_it_is_paid_there_is_no_task(self) -> None:
        story = firm(600, 588).close_through("2024-02-10")
        story.pays(12, loan_id="l-2")
        assert story.latest.tasks == []

    def test_a_decision_that_expired_is_a_task_that_names_it(self) -> None:
        story = payer(1)
        story.decide("TIGHTEN", state="WATCH", until="2024-03-01", name="o-1")
        story.close_through("2024-02-28")
        assert story.latest.tasks == []
        story.close_through("2024-03-02")
        [task] = assessment_data(story.latest)["tasks"]
        [decision] = task["subjects"]
        assert (task["code"], decision["kind"]) == ("REVIEW_DUE", "OVERRIDE")
        assert (decision["id"], decision["since"]) == ("o-1", "2024-03-01")
