"""Repayment: the thresholds of the catalogue from both sides, and gaps.

What an indicator is about is tested with its subject; here are the edges: the last figure that is
still green or amber, and the first that is not.
"""

import pytest

from services.scoring.domain.primitives.measurement import AMBER, GREEN, HARD, RED, Reason
from services.scoring.domain.primitives.vocabulary import CARD
from tests.fakes.edges import borrower, owing
from tests.fakes.story import Story
from tests.fakes.units import day, iso


class TestArrears:
    @pytest.mark.parametrize(
        ("paid_on", "days", "level"),
        [
            pytest.param("2024-01-25", 14, GREEN, id="open for the last time on day 14"),
            pytest.param("2024-01-26", 15, AMBER, id="15 days are amber"),
            pytest.param("2024-02-09", 29, AMBER, id="29 days are amber"),
            pytest.param("2024-02-10", 30, RED, id="30 days are red"),
        ],
    )
    def test_worst_delay_of_the_year(self, paid_on: str, days: int, level: int) -> None:
        story = owing(("2024-01-10", 1_000)).on(paid_on)
        story.pays(1_000)
        story.close()
        assert story.figure("R-04") == days
        assert story.level("R-04") == level

    @pytest.mark.parametrize("indicator", ["R-04", "R-13"])
    def test_a_loan_without_a_schedule_hides_its_history(self, indicator: str) -> None:
        story = borrower()
        story.loan(1_000)
        assert story.measure(indicator).reason == Reason.NO_SCHEDULE

    @pytest.mark.parametrize(
        ("late", "before", "creep", "level"),
        [
            pytest.param(4, 0, 4, GREEN, id="four days later"),
            pytest.param(5, 0, 5, AMBER, id="five days later are amber"),
            pytest.param(11, 0, 11, AMBER, id="eleven days later are amber"),
            pytest.param(12, 0, 12, RED, id="twelve days later are red"),
            pytest.param(2, -10, 12, GREEN, id="two days late on average are no delay"),
            pytest.param(3, -9, 12, RED, id="three days late on average are one"),
        ],
    )
    def test_creep_and_its_mean(self, late: int, before: int, creep: int, level: int) -> None:
        dues = [f"2024-{month:02d}-15" for month in range(1, 7)]
        story = owing(*[(due, 1_000.0) for due in dues])
        for due in dues[:3]:
            story.on(iso(day(due) + before)).pays(1_000)
        for due in dues[3:]:
            story.on(iso(day(due) + late)).pays(1_000)
        story.close()
        assert story.figure("R-05") == creep
        assert story.figure("R-05", component=1) == late
        assert story.level("R-05") == level

    @pytest.mark.parametrize(
        ("short", "share", "level"),
        [
            pytest.param(597, 0.199, AMBER, id="19.9 per cent are amber"),
            pytest.param(600, 0.200, RED, id="a fifth is red"),
        ],
    )
    def test_shortfall(self, short: float, share: float, level: int) -> None:
        story = owing(("2024-01-10", 1_000), ("2024-02-10", 1_000), ("2024-03-10", 1_000))
        story.on("2024-01-10").pays(3_000 - short)
        story.close_through("2024-03-20")
        assert story.figure("R-06") == pytest.approx(share)
        assert story.level("R-06") == level

    @pytest.mark.parametrize(
        ("until", "days", "level"),
        [
            pytest.param("2024-01-14", 4, GREEN, id="four days"),
            pytest.param("2024-01-15", 5, AMBER, id="five days are amber"),
            pytest.param("2024-02-09", 30, AMBER, id="thirty days are amber"),
            pytest.param("2024-02-10", 31, RED, id="thirty-one are red"),
        ],
    )
    def test_interest(self, until: str, days: int, level: int) -> None:
        story = borrower()
        story.loan(1_000)
        story.schedule(("2024-01-10", 0, 50), ("2024-12-10", 1_000, 50))
        story.close_through(until)
        assert story.figure("R-09") == days
        assert story.level("R-09") == level

    @pytest.mark.parametrize(
        ("until", "ends", "level"),
        [
            pytest.param("2024-03-30", 2, GREEN, id="two month-ends"),
            pytest.param("2024-03-31", 3, AMBER, id="three are amber"),
            pytest.param("2024-06-29", 5, AMBER, id="five are amber"),
            pytest.param("2024-06-30", 6, RED, id="six are red"),
        ],
    )
    def test_month_ends_in_arrears(self, until: str, ends: int, level: int) -> None:
        story = owing(("2024-01-10", 1_000)).close_through(until)
        assert story.figure("R-13") == ends
        assert story.level("R-13") == level

    @pytest.mark.parametrize(
        ("late", "share", "level"),
        [
            pytest.param(0, 0.0, GREEN, id="none"),
            pytest.param(100, 0.01, AMBER, id="anything is amber"),
            pytest.param(990, 0.099, AMBER, id="9.9 per cent are amber"),
            pytest.param(1_000, 0.10, RED, id="a tenth is red"),
        ],
    )
    def test_share_of_what_is_a_month_late(self, late: float, share: float, level: int) -> None:
        story = owing(("2030-01-10", 10_000 - late))
        if late:
            story.loan(late, loan_id="l-2")
            story.schedule(("2024-01-10", late), loan_id="l-2")
        story.close_through("2024-02-10")
        assert story.figure("R-15") == pytest.approx(share)
        assert story.level("R-15") == level

    @pytest.mark.parametrize(
        ("late", "share", "level"),
        [
            pytest.param(1_990, 0.199, RED, id="19.9 per cent over 90 days are red"),
            pytest.param(2_000, 0.200, HARD, id="a fifth is hard"),
        ],
    )
    def test_share_of_what_is_three_months_late(
        self, late: float, share: float, level: int
    ) -> None:
        story = owing(("2030-01-10", 10_000 - late))
        story.loan(late, loan_id="l-2")
        story.schedule(("2024-01-10", late), loan_id="l-2")
        story.close_through("2024-04-10")
        assert story.figure("R-15", component=1) == pytest.approx(share)
        assert story.level("R-15") == level

    def test_nothing_owed_has_no_shares(self) -> None:
        story = owing(("2024-01-10", 1_000))
        story.pays(1_000)
        story.close_through("2024-01-10")
        assert story.measure("R-15").reason == Reason.NO_EXPOSURE


def card_holder(*paid: float) -> Story:
    """Return a card with a limit of 1,000 on which so much was paid back in each month."""
    story = borrower()
    story.loan(0, loan_id="card", loan_type=CARD)
    story.card(500, 1_000)
    for month, amount in enumerate(paid, 1):
        story.on(f"2024-{month:02d}-10")
        story.card(500, 1_000)
        if amount:
            story.pays(amount, loan_id="card")
    return story.on(f"2024-{len(paid) + 1:02d}-01")


class TestCards:
    @pytest.mark.parametrize(
        ("paid", "share", "level"),
        [
            pytest.param(9.1, 0.0091, GREEN, id="0.91 per cent of the limit"),
            pytest.param(9.0, 0.0090, AMBER, id="0.9 per cent are amber"),
            pytest.param(5.1, 0.0051, AMBER, id="0.51 per cent are amber"),
            pytest.param(5.0, 0.0050, RED, id="half a per cent is red"),
        ],
    )
    def test_payment_against_the_limit(self, paid: float, share: float, level: int) -> None:
        story = card_holder(paid, paid, paid)
        assert story.figure("R-16") == pytest.approx(share)
        assert story.level("R-16") == level

    @pytest.mark.parametrize(
        ("paid", "count", "level"),
        [
            pytest.param((50, 50, 0), 1, GREEN, id="one month without a payment"),
            pytest.param((50, 0, 0), 2, AMBER, id="two are amber"),
            pytest.param((0, 0, 0), 3, RED, id="three are red"),
        ],
    )
    def test_months_without_payment(self, paid: tuple[float, ...], count: int, level: int) -> None:
        story = card_holder(*paid)
        assert story.figure("R-17") == count
        assert story.level("R-17") == level

    @pytest.mark.parametrize("indicator", ["R-16", "R-17"])
    def test_a_card_that_is_a_day_old_is_unmeasurable(self, indicator: str) -> None:
        story = borrower()
        story.loan(0, loan_id="card", loan_type=CARD)
        story.card(500, 1_000)
        assert story.measure(indicator).reason == Reason.FEW_OBSERVATIONS
