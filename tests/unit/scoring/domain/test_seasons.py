"""Seasons are learned from the year before: months by hand, on `default`."""

import pytest

from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives.measurement import GREEN, RED
from tests.fakes.story import EVERYTHING_ON, Story

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


def paying(
    amounts: list[float], category: str, *, segment: str = "SME", rulebook: str = "default"
) -> Story:
    """Return who pays an amount on the 10th of each month from January 2024 on, 0 being nothing.

    A person is paid it.
    """
    story = Story(segment, "2024-01-01", accounts="a-1", rulebook=rulebook)
    for month, amount in enumerate(amounts):
        text = f"{2024 + month // 12}-{month % 12 + 1:02d}"
        story.on(f"{text}-01").flow(1_000)
        if amount:
            story.on(f"{text}-10").flow(amount if segment == "RETAIL" else -amount, category)
    return story


# What a hotel pays its staff, with the season.
STAFF = [1_200] * 3 + [3_000] * 6 + [1_200] * 3


class TestWages:
    def test_in_the_first_year_autumn_is_a_cut(self) -> None:
        # October's 1,200 against a median of 3,000.
        story = paying(STAFF[:10], "PAYROLL_OUT").close_through("2024-10-20")
        assert story.figure("A-16", component=2) == pytest.approx(-0.6)

    def test_in_the_second_year_it_is_the_season(self) -> None:
        story = paying(STAFF + STAFF[:10], "PAYROLL_OUT").close_through("2025-10-20")
        assert (story.figure("A-16", component=2), story.level("A-16")) == (0, GREEN)

    def test_a_summer_without_the_staff_of_summer_is_a_cut(self) -> None:
        # July's 1,500 are more than the median of 1,350, and half of the 3,000 of a year ago.
        summer = [1_200] * 3 + [1_500] * 4
        story = paying(STAFF + summer, "PAYROLL_OUT").close_through("2025-07-20")
        assert story.figure("A-16", component=2) == pytest.approx(-0.5)
        assert story.level("A-16") == RED

    def test_an_extra_months_pay_of_a_person_is_no_season(self) -> None:
        year = [3_000] * 11
        story = paying([*year, 6_000, *year, 3_000], "SALARY_IN", segment="RETAIL")
        assert story.close_through("2025-12-20").figure("A-16", component=2) == 0


class TestDuties:
    # Taxes that fall due from April to September.
    YEAR = (0, 0, 0, 500, 500, 500, 500, 500, 500, 0, 0, 0)

    def test_nothing_is_missed_in_the_season_without(self) -> None:
        story = paying([*self.YEAR, *self.YEAR], "TAX_OUT", rulebook=EVERYTHING_ON)
        assert story.close_through("2026-01-15").figure("A-17") == 0

    def test_in_the_first_year_the_rhythm_goes_on(self) -> None:
        # 11 October and 11 November, by a rhythm of 31 days; 12 December is not ten days ago.
        story = paying([*self.YEAR], "TAX_OUT", rulebook=EVERYTHING_ON)
        assert story.close_through("2024-12-15").figure("A-17") == 2

    def test_what_came_a_year_ago_is_missed(self) -> None:
        year = [*self.YEAR[:6], 0, *self.YEAR[7:]]
        story = paying([*self.YEAR, *year], "TAX_OUT", rulebook=EVERYTHING_ON)
        assert story.close_through("2026-01-15").figure("A-17") == 0
        story = paying([*self.YEAR, *year[:8]], "TAX_OUT", rulebook=EVERYTHING_ON)
        assert story.close_through("2025-08-25").figure("A-17") == 1
