"""Baselines do not forget, signals do not blink: by hand, on `default`."""

import pytest

from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.events import credit_file
from services.scoring.domain.primitives.measurement import GREEN, NOT_APPLICABLE, RED
from tests.fakes.story import Story
from tests.fakes.units import day, iso


def eroded(rulebook: str = "default") -> Story:
    """Return a firm whose balance of 1,000 was 400 from July on."""
    story = Story(start="2024-01-01", accounts="a-1", rulebook=rulebook)
    story.balance(1_000)
    story.on("2024-07-01").balance(400)
    return story


def through(story: Story, text: str, balance: float) -> Story:
    """Close the days up to the date, with a balance every fortnight."""
    while iso(story.today) <= text:
        if story.today % 14 == 0:
            story.balance(balance)
        story.close()
    return story


class TestBases:
    def test_what_lasts_does_not_become_usual(self) -> None:
        story = through(eroded(), "2024-07-24", 400)
        assert story.level("A-02") == GREEN
        # 25 days of 400 and 5 of 1,000 are half of the usual 1,000.
        assert through(story, "2024-07-25", 400).level("A-02") > GREEN
        assert through(story, "2025-02-28", 400).figure("A-02") == pytest.approx(0.4)
        # A year after it turned, what has lasted is usual.
        assert through(story, "2025-07-24", 400).figure("A-02") == pytest.approx(0.4)
        assert through(story, "2025-07-25", 400).figure("A-02") == 1

    def test_a_base_that_moves_on_forgets(self) -> None:
        assert through(eroded("reference"), "2025-02-28", 400).figure("A-02") == 1

    def test_it_is_green_again_when_the_money_is_back(self) -> None:
        story = through(eroded(), "2024-09-30", 400)
        assert story.level("A-02") > GREEN
        story.balance(1_000)
        assert through(story, "2024-10-31", 1_000).level("A-02") == GREEN
        assert story.borrower.risk.base_slots == [slot_of("A-02")]
        # Thirty days later it is compared with the newest base again.
        assert through(story, "2024-12-15", 1_000).borrower.risk.base_slots == []


class TestTheNextInstalment:
    def uncovered(self, rulebook: str = "default") -> Story:
        story = Story(start="2024-01-01", accounts="a-1", rulebook=rulebook)
        story.loan(10_000)
        story.schedule(("2024-07-20", 1_000), ("2025-07-20", 9_000))
        for month in range(1, 7):
            story.on(f"2024-{month:02d}-05").flow(1_000)
            story.balance(2_000)
        story.on("2024-07-01").balance(100)
        return story

    def test_it_stays_lit_until_the_instalment_is_paid(self) -> None:
        story = self.uncovered().close_through("2024-07-04")
        assert story.measure("A-14").status == NOT_APPLICABLE
        # From 15 days before: 100 of 1,000 are there, and none comes in these days.
        assert story.close_through("2024-07-05").level("A-14") == RED
        since = story.borrower.signals.since
        began = max(since)
        story.on("2024-07-21").balance(100)
        assert story.close_through("2024-08-05").level("A-14") == RED
        assert began in story.borrower.signals.since
        story.pays(1_000)
        assert story.level("A-14") == GREEN

    def test_a_payment_taken_back_lights_it_as_if_it_had_never_come(self) -> None:
        story = self.uncovered().close_through("2024-07-25")
        other = story.fork()
        paid = other.pays(1_000)
        assert other.level("A-14") == GREEN
        other.reverses(paid, 1_000)
        # 100 of 1,000 were there on the eve, whatever lies there since.
        assert (other.figure("A-14"), other.level("A-14")) == (0.1, RED)
        story.balance(5_000)
        assert story.figure("A-14") == 0.1

    def test_it_names_the_instalment_that_was_missed(self) -> None:
        story = self.uncovered().close_through("2024-07-25")
        (cause,) = [each for each in story.latest.contributors if each.indicator == "A-14"]
        assert (cause.subjects[0].id, cause.subjects[0].since) == ("l-1", day("2024-07-20"))

    def test_what_was_there_on_the_eve_is_no_missing_money(self) -> None:
        story = self.uncovered()
        story.on("2024-07-19").balance(1_500)
        assert story.close_through("2024-07-25").measure("A-14").status == NOT_APPLICABLE

    def test_elsewhere_it_ends_with_the_due_day(self) -> None:
        story = self.uncovered("reference").close_through("2024-07-21")
        assert story.measure("A-14").status == NOT_APPLICABLE


class TestDiversion:
    def diverted(self) -> Story:
        story = Story(start="2024-01-01", accounts="a-1", rulebook="default")
        story.balance(0)
        story.loan(10_000)
        story.schedule(("2025-01-31", 10_000))
        story.on("2024-01-10").draws(10_000)
        story.flow(10_000, "LOAN_IN_OWN")
        story.on("2024-01-11").flow(-9_000, "SECURITIES_OUT")
        return story.close_through("2024-01-11")

    def test_it_stays_until_somebody_explains_it(self) -> None:
        story = self.diverted()
        assert (story.figure("A-12"), story.state) == (0.9, "WATCH")
        assert "FRAUD_RED_FLAG_PROPOSED" in story.latest.flags
        story.close_through("2024-08-31")
        assert (story.figure("A-12"), story.state) == (0.9, "WATCH")
        story.happens(
            credit_file.FindingRaised,
            finding_id="f-1",
            code="USE_OF_PROCEEDS",
            severity=1,
            raised_day=story.today,
            is_settled=True,
        )
        assert story.close_through("2024-09-01").level("A-12") == GREEN

    def test_it_ends_with_the_loan(self) -> None:
        story = self.diverted().close_through("2024-08-31")
        story.ends()
        assert story.close_through("2024-09-01").measure("A-12").status == NOT_APPLICABLE


class TestLiquidity:
    def running_dry(self, balance: float) -> Story:
        """Return a firm that spends 10 a day and whose balance fell from 1,000 in a day."""
        story = Story(start="2024-01-01", accounts="a-1", rulebook="default")
        story.balance(1_000)
        story.on("2024-01-15").flow(-900, "RENT_OUT")
        story.on("2024-03-30").balance(balance)
        story.close()
        return story

    @pytest.mark.parametrize(
        ("balance", "days", "points"),
        [
            pytest.param(900, 90, 0, id="90 days are no reason"),
            pytest.param(500, 50, 60_000, id="g .4 x 40 of 80 days: .2 of .30"),
            pytest.param(100, 10, 120_000, id="g .4 at ten days"),
            pytest.param(60, 6, 210_000, id="g .4 + .6 x 4 of 8 days: .7"),
            pytest.param(20, 2, 300_000, id="all at two days"),
        ],
    )
    def test_the_points_grow_over_a_wide_range(
        self, balance: float, days: float, points: int
    ) -> None:
        story = self.running_dry(balance)
        # 900 in the 90 days known, 1 January to 30 March, are 10 a day.
        assert story.figure("A-19") == days
        assert story.borrower.signals.contribution[slot_of("A-19")] == points

    def test_cover_grows_from_two_down(self) -> None:
        # 500 are left of a worst fall of 500: g .4.
        story = self.running_dry(500)
        assert story.figure("A-23") == 1
        assert story.borrower.signals.contribution[slot_of("A-23")] == 120_000
