"""Silence, wages and duties (A-07, A-16, A-17) by hand-worked numbers, at their edges, and where
they cannot be formed."""

import pytest

from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    HARD,
    NOT_APPLICABLE,
    RED,
    UNMEASURABLE,
    Reason,
)
from tests.fakes.story import EVERYTHING_ON, Story
from tests.fakes.units import day, iso


def with_account(segment: str = "SME") -> Story:
    return Story(segment=segment, start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)


def credits_every_tenth_day(*, line: bool = False) -> Story:
    """Return credits on every tenth day from 1 January to 1 March 2024: six gaps of ten days."""
    story = with_account()
    if line:
        story.line(0, 100)
    for number in range(7):
        story.on(iso(day("2024-01-01") + 10 * number)).flow(100)
    return story


def paying_wages(*amounts: float, category: str = "PAYROLL_OUT", segment: str = "SME") -> Story:
    """Return wages on the 26th of each month from January 2024: distances of 31, 29, 31 days."""
    story = with_account(segment)
    sign = -1 if category == "PAYROLL_OUT" else 1
    for month, amount in enumerate(amounts, 1):
        story.on(f"2024-{month:02d}-26").flow(sign * amount, category)
    return story


class TestCreditSilence:
    @pytest.mark.parametrize(
        ("until", "silent", "times", "level"),
        [
            pytest.param("2024-03-20", 19, 1.9, GREEN, id="19 days are not twice the usual ten"),
            pytest.param("2024-03-21", 20, 2.0, AMBER, id="twice the usual pause is amber"),
            pytest.param("2024-04-09", 39, 3.9, AMBER, id="39 days are amber"),
            pytest.param("2024-04-10", 40, 4.0, RED, id="four times the usual pause is red"),
        ],
    )
    def test_the_gap_against_the_own_long_gap(
        self, until: str, silent: int, times: float, level: int
    ) -> None:
        story = credits_every_tenth_day().close_through(until)
        assert story.figure("A-07", component=0) == silent
        assert story.figure("A-07", component=1) == pytest.approx(times)
        assert story.level("A-07") == level

    def test_a_daily_receiver_is_not_silent_before_fifteen_days(self) -> None:
        story = with_account()
        for _ in range(10):
            story.flow(100)
            story.close()
        story.close_through("2024-01-24")  # the last credit came on the 10th
        assert story.figure("A-07", component=1) == 14
        assert story.level("A-07") == GREEN
        story.close()
        assert story.level("A-07") == AMBER

    def test_the_long_gap_is_the_ninetieth_percentile(self) -> None:
        # Gaps of 1 to 10 days: nine of ten are at most 9.
        story = with_account()
        at = day("2024-01-01")
        story.flow(100)
        for gap in range(1, 11):
            at += gap
            story.on(iso(at)).flow(100)
        story.close_through(iso(at + 18))
        assert story.figure("A-07", component=1) == 2

    def test_a_line_without_a_credit_for_ninety_days_is_hard(self) -> None:
        story = credits_every_tenth_day(line=True).close_through("2024-05-29")
        assert story.level("A-07") == RED
        story.close()  # 1 March to 30 May are 90 days
        assert story.figure("A-07", component=2) == 3
        assert story.level("A-07") == HARD

    def test_a_silence_longer_than_the_stored_days_continues(self) -> None:
        story = credits_every_tenth_day().close_through("2024-12-31")
        assert story.figure("A-07") == (day("2024-12-31") - day("2024-03-31"))
        assert story.level("A-07") == RED

    def test_fewer_than_five_gaps_are_unmeasurable(self) -> None:
        story = with_account()
        for number in range(5):
            story.on(f"2024-01-{1 + 5 * number:02d}").flow(100)
        assert story.measure("A-07").reason == Reason.FEW_OBSERVATIONS
        assert Story(accounts="a-1").measure("A-07").reason == Reason.FEW_OBSERVATIONS
        assert Story().measure("A-07").status == NOT_APPLICABLE


class TestWages:
    @pytest.mark.parametrize(
        ("until", "late", "level"),
        [
            # 26 April + the median distance of 31 days is 27 May.
            pytest.param("2024-05-27", 0, GREEN, id="expected today"),
            pytest.param("2024-06-06", 10, GREEN, id="ten days late are green"),
            pytest.param("2024-06-07", 11, AMBER, id="eleven days late are amber"),
            pytest.param("2024-06-26", 30, AMBER, id="a day before the next cycle ends"),
            pytest.param("2024-06-27", 31, RED, id="a full cycle missed is red"),
        ],
    )
    def test_days_after_the_expected_day(self, until: str, late: int, level: int) -> None:
        story = paying_wages(1_000, 1_000, 1_000, 1_000).close_through(until)
        assert story.figure("A-16", component=0) == late
        assert story.figure("A-16", component=1) == pytest.approx(late / 31, abs=1e-6)
        assert story.level("A-16") == level

    @pytest.mark.parametrize(
        ("newest", "change", "level"),
        [
            pytest.param(1_000, 0.0, GREEN, id="as always"),
            pytest.param(701, -0.299, GREEN, id="29.9 per cent less is green"),
            pytest.param(700, -0.300, RED, id="30 per cent less is red"),
            pytest.param(2_000, 1.0, GREEN, id="a bonus is no warning"),
        ],
    )
    def test_the_amount_against_the_usual_one(
        self, newest: float, change: float, level: int
    ) -> None:
        story = paying_wages(1_000, 900, 1_100, 1_000, newest).close_through("2024-05-31")
        assert story.figure("A-16", component=2) == pytest.approx(change)
        assert story.level("A-16") == level

    def test_a_payroll_that_is_still_being_paid_is_not_cut(self) -> None:
        story = paying_wages(1_000, 1_000, 1_000, 1_000, 400).close_through("2024-05-30")
        assert story.figure("A-16", component=2) == 0
        story.flow(-600, "PAYROLL_OUT")  # the rest, five days after the first part
        story.close()
        assert story.figure("A-16", component=2) == 0
        assert story.level("A-16") == GREEN

    def test_a_run_is_complete_even_where_no_weekend_is_closed(self) -> None:
        story = paying_wages(1_000, 1_000, 1_000, 1_000, 400)
        story.close_through("2024-05-29")
        story.today += 3
        story.close()
        assert story.level("A-16") == RED

    def test_wages_that_come_end_the_delay(self) -> None:
        story = paying_wages(1_000, 1_000, 1_000, 1_000).on("2024-06-10")
        assert story.level("A-16") == AMBER
        story.flow(-1_000, "PAYROLL_OUT")
        assert story.level("A-16") == GREEN

    def test_wages_taken_back_never_came(self) -> None:
        story = paying_wages(1_000, 1_000, 1_000, 1_000).on("2024-05-26")
        wages = story.flow(-1_000, "PAYROLL_OUT")
        story.close_through("2024-06-10")
        assert story.level("A-16") == GREEN
        story.flow(-1_000, "PAYROLL_OUT", value="2024-05-26", reverses=wages)
        assert story.figure("A-16") == 14
        assert story.level("A-16") == AMBER

    def test_for_people_it_is_the_pay_that_comes_in(self) -> None:
        story = paying_wages(2_000, 2_000, 2_000, 2_000, category="SALARY_IN", segment="RETAIL")
        story.close_through("2024-06-07")
        assert story.figure("A-16") == 11
        assert story.level("A-16") == AMBER

    def test_what_a_person_pays_a_helper_is_no_pay(self) -> None:
        story = paying_wages(100, 100, 100, 100, segment="RETAIL")
        assert story.measure("A-16").status == NOT_APPLICABLE

    def test_a_rhythm_needs_four_runs(self) -> None:
        measurement = paying_wages(1_000, 1_000, 1_000).measure("A-16")
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.FEW_OBSERVATIONS)

    def test_who_never_paid_wages_has_none_to_miss(self) -> None:
        assert with_account().measure("A-16").status == NOT_APPLICABLE

    def test_the_newest_wages_are_the_evidence(self) -> None:
        story = paying_wages(1_000, 1_000, 1_000, 1_000).close_through("2024-06-07")
        contributors = [
            contributor
            for contributor in story.assessments[-1].contributors
            if contributor.indicator == "A-16"
        ]
        assert contributors[0].evidence == [story.borrower.recurring.ref]


class TestDuties:
    def tax_payer(self) -> Story:
        """Return taxes on the 10th of January to April 2024: the next is expected on 11 May."""
        story = with_account()
        for month in range(1, 5):
            story.on(f"2024-{month:02d}-10").flow(-500, "TAX_OUT")
        return story

    @pytest.mark.parametrize(
        ("until", "missed", "level"),
        [
            pytest.param("2024-05-20", 0, GREEN, id="nine days late"),
            pytest.param("2024-05-21", 1, AMBER, id="ten days late is missed: amber"),
            pytest.param("2024-06-20", 1, AMBER, id="the second is expected on 11 June"),
            pytest.param("2024-06-21", 2, RED, id="two missed are red"),
        ],
    )
    def test_counts_expected_payments_that_did_not_come(
        self, until: str, missed: int, level: int
    ) -> None:
        story = self.tax_payer().close_through(until)
        assert story.figure("A-17") == missed
        assert story.level("A-17") == level

    def test_each_duty_has_its_own_rhythm(self) -> None:
        story = self.tax_payer()
        for number in range(4):
            story.on(iso(day("2024-04-11") + 7 * number)).flow(-20, "UTILITY_OUT")
        # Bills every seventh day until 2 May: expected on the 9th, missed on the 19th.
        story.close_through("2024-05-21")
        assert story.figure("A-17") == 2

    def test_a_payment_that_came_two_weeks_late_was_missed(self) -> None:
        story = self.tax_payer().on("2024-05-26")
        story.flow(-500, "TAX_OUT")
        story.close()
        assert story.figure("A-17") == 1

    def test_what_was_missed_leaves_after_120_days(self) -> None:
        story = self.tax_payer().on("2024-05-26")
        for number in range(4):
            story.on(iso(day("2024-05-26") + 30 * number)).flow(-500, "TAX_OUT")
        # The median distance has become 30 days, so it was expected on 10 May.
        story.close_through("2024-09-06")
        assert story.figure("A-17") == 1  # 10 May is the first of the 120 days
        story.close()
        assert story.figure("A-17") == 0

    def test_a_rhythm_needs_four_payments(self) -> None:
        story = with_account()
        story.flow(-500, "SOCIAL_OUT")
        assert story.measure("A-17").reason == Reason.FEW_OBSERVATIONS
        assert with_account().measure("A-17").status == NOT_APPLICABLE


def test_a_guess_of_the_source_is_no_habit() -> None:
    sure, guessed = with_account("RETAIL"), with_account("RETAIL")
    for story, is_guess in ((sure, False), (guessed, True)):
        for month in range(1, 6):
            story.on(f"2024-{month:02d}-26").flow(100, "SALARY_IN", is_guess=is_guess)
        story.close_through("2024-08-10")
    assert sure.level("A-16") == RED
    assert guessed.measure("A-16").status == NOT_APPLICABLE
