"""A firm's own forecast against what it reported (F-22) by hand-worked numbers, at its edges, and
where it cannot be formed."""

import pytest

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    NOT_APPLICABLE,
    RED,
    UNMEASURABLE,
    Reason,
)
from tests.fakes.statements import firm, statement
from tests.fakes.story import EVERYTHING_ON, Story


def story_of_a_firm() -> Story:
    return Story(start="2024-03-01", rulebook=EVERYTHING_ON)


def reported(story: Story, *months: tuple[str, int, dict[str, int]]) -> Borrower:
    """File statements of (month, length, lines) and judge them."""
    story.borrower.statements = firm(
        *(statement(month, length, **lines) for month, length, lines in months)
    ).statements
    story.borrower.profile.segment = 2
    story.close()
    return story.borrower


def year(**lines: int) -> tuple[str, int, dict[str, int]]:
    return "2024-12", 12, lines


class TestForecastMiss:
    @pytest.mark.parametrize(
        ("actual", "miss", "level"),
        [
            pytest.param(8_100, -0.19, GREEN, id="19 per cent short are green"),
            pytest.param(8_000, -0.20, AMBER, id="20 per cent short are amber"),
            pytest.param(6_100, -0.39, AMBER, id="39 per cent short are amber"),
            pytest.param(6_000, -0.40, RED, id="40 per cent short are red"),
            pytest.param(12_000, 0.20, GREEN, id="more than foretold"),
        ],
    )
    def test_revenue_against_the_forecast(self, actual: int, miss: float, level: int) -> None:
        story = story_of_a_firm()
        reported(story, year(revenue=actual))
        story.forecast("revenue", 10_000, ends="2024-12-31")
        assert story.figure("F-22") == pytest.approx(miss)
        assert story.level("F-22") == level

    def test_ebitda_is_ebit_and_depreciation_and_the_worse_figure_counts(self) -> None:
        story = story_of_a_firm()
        reported(story, year(revenue=10_000, ebit=400, depreciation_amortisation=300))
        story.forecast("revenue", 10_000, ends="2024-12-31")
        story.forecast("ebitda", 1_000, ends="2024-12-31")
        assert story.figure("F-22", component=1) == pytest.approx(-0.3)
        assert story.level("F-22") == AMBER

    def test_half_a_year_is_held_against_half_a_year(self) -> None:
        story = story_of_a_firm()
        reported(story, ("2024-06", 6, {"revenue": 4_000}))
        story.forecast("revenue", 10_000, ends="2024-12-31")
        assert story.measure("F-22").status == NOT_APPLICABLE
        story.forecast("revenue", 5_000, ends="2024-06-30", months=6)
        assert story.figure("F-22") == pytest.approx(-0.2)

    def test_the_newest_forecast_before_the_end_counts_and_none_after_it(self) -> None:
        story = story_of_a_firm()
        reported(story, year(revenue=8_000))
        story.forecast("revenue", 12_000, ends="2024-12-31", received="2024-02-01")
        story.forecast("revenue", 10_000, ends="2024-12-31", received="2024-10-01")
        story.forecast("revenue", 8_000, ends="2024-12-31", received="2025-01-10")
        assert story.figure("F-22") == pytest.approx(-0.2)

    def test_a_period_whose_figure_is_missing_is_unmeasurable(self) -> None:
        story = story_of_a_firm()
        reported(story, year(ebit=100))
        story.forecast("revenue", 10_000, ends="2024-12-31")
        slot = 45 + 21
        assert story.borrower.signals.status[slot] == UNMEASURABLE
        assert story.measure("F-22").reason == Reason.NOT_COMPARABLE

    def test_a_forecast_of_nothing_is_no_measure(self) -> None:
        story = story_of_a_firm()
        reported(story, year(revenue=8_000))
        story.forecast("revenue", 0, ends="2024-12-31")
        assert story.measure("F-22").values == [None, None]

    def test_a_firm_that_foretells_and_never_files_is_unmeasurable(self) -> None:
        story = story_of_a_firm()
        assert story.measure("F-22").status == NOT_APPLICABLE
        story.forecast("revenue", 10_000, ends="2024-12-31")
        assert story.measure("F-22").reason == Reason.NO_STATEMENT

    def test_a_dozen_forecasts_are_stored(self) -> None:
        story = story_of_a_firm()
        for number in range(15):
            story.forecast("revenue", 100, ends=f"{2024 + number}-12-31")
        assert len(story.borrower.forecasts.ends) == 12
