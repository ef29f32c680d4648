"""Seasons are learned from the year before: months by hand, on `default`."""

import pytest

from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives.measurement import GREEN, RED
from tests.fakes.story import Story

# What the months from January 2024 on bring: a hotel that lives from summer.
YEAR = [200, 200, 300, 500, 800, 1_000, 1_000, 1_000, 700, 400, 200, 200]


def hotel(months: int, *, later: float = 1, rulebook: str = "default") -> Story:
    """Return a hotel after so many full months; those of the second year times ``later``."""
    story = Story(start="2024-01-01", accounts="a-1", industry="55.10", rulebook=rulebook)
    for month in range(months):
        year, number = divmod(month, 12)
        story.on(f"{2024 + year}-{number + 1:02d}-01")
        story.flow(YEAR[number] * (later if year else 1))
    story.on(f"{2024 + months // 12}-{months % 12 + 1:02d}-01")
    return story


class TestTheYearBefore:
    def test_with_thirteen_months_the_newest_is_compared(self) -> None:
        # January brought 120 after 200; a year of months alone would be 700 below the median.
        assert hotel(13, later=0.6).figure("A-01") == pytest.approx(0.4)

    def test_with_fourteen_the_two_newest(self) -> None:
        assert hotel(14, later=0.8).figure("A-01") == pytest.approx(0.2)

    def test_with_fifteen_and_more_three(self) -> None:
        assert hotel(20, later=0.7).figure("A-01") == pytest.approx(0.3)

    def test_a_sound_winter_is_no_fall(self) -> None:
        story = hotel(25)
        assert (story.figure("A-01"), story.level("A-01"), story.state) == (0, GREEN, "NORMAL")

    def test_another_rulebook_waits_for_fifteen(self) -> None:
        # The three months to January: 200, 200 and 200, against a median of 700.
        story = hotel(13, rulebook="reference")
        assert story.figure("A-01") == pytest.approx(1 - 200 / 700)


class TestTheOverlayOfTheTrade:
    def test_it_serves_the_first_year(self) -> None:
        # October to December, 267 a month, are 62 % below the median of 700, and it is a season.
        story = hotel(12)
        assert story.figure("A-01") == pytest.approx(1 - 800 / 2_100)
        assert (story.level("A-01"), story.state) == (GREEN, "NORMAL")
        rule = story.rules.by_slot[slot_of("A-01")]
        assert rule is not None
        assert rule.seasoned is not None
        assert (rule.weight, rule.seasoned.weight) == (300_000, 400_000)

    def test_a_lost_season_counts_in_full_afterwards(self) -> None:
        # 40 % below the year before is red (.40), where the overlay has nothing below 40 %.
        story = hotel(20, later=0.6)
        assert story.level("A-01") == RED
        (cause,) = [each for each in story.latest.contributors if each.indicator == "A-01"]
        assert (cause.red, cause.intensity) == (">= 0.4", 1_000_000)
