"""From which amount on something overdue counts for early warning: by hand, on `default`.

Above the lower of EUR 100 (retail 25) and 1 % of the exposure, and above 5 % of the late loan's
oldest unpaid instalment.
"""

import pytest

from services.scoring.domain.arrears import exposure
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.rulebook import CountedArrears
from tests.fakes.story import Story

DUE = "2024-01-31"


def firm(instalment: float, paid: float, *, exposure: float = 240_000) -> Story:
    """Return a firm with a large loan that pays a part of an instalment of a second one."""
    story = Story(rulebook="default")
    story.loan(exposure, "l-1")
    story.schedule(("2025-12-31", exposure))
    story.loan(6_000, "l-2")
    story.schedule(
        (DUE, instalment), ("2024-02-29", instalment), ("2025-01-31", 100), loan_id="l-2"
    )
    story.on(DUE)
    if paid:
        story.pays(paid, loan_id="l-2")
    return story


class TestFromWhichAmountOn:
    def test_twelve_euros_of_a_sound_firm_are_a_note(self) -> None:
        story = Story(rulebook="default")
        story.loan(240_000)
        story.schedule(("2025-12-31", 240_000))
        story.loan(6_000, "l-2")
        story.schedule((DUE, 600), ("2025-01-31", 5_400), loan_id="l-2")
        story.on(DUE).pays(588, loan_id="l-2")
        story.close_through("2024-05-05")
        assert (story.state, story.flags) == ("NORMAL", {"SMALL_ARREARS"})
        assert story.days == (95, 95, 0)
        assert [story.figure(name) for name in ("R-01", "R-04", "R-09")] == [0, 0, 0]
        assert (story.figure("R-13", 1), story.figure("R-03")) == (0, 0)
        labels = story.latest.regimes
        assert (labels["ifrs9"], labels["eu_default"]) == ("STAGE_1", False)
        # India knows no materiality, and China has its own rule: any day overdue.
        assert labels["rbi"] == "NPA"
        story.pays(12, loan_id="l-2")
        assert story.flags == set()

    @pytest.mark.parametrize(
        ("instalment", "paid", "days"),
        [
            pytest.param(600, 500, 0, id="EUR 100 is not above EUR 100"),
            pytest.param(600, 499.99, 10, id="a cent more is"),
            pytest.param(4_000, 3_800, 0, id="EUR 200 of 4,000 are 5 %"),
            pytest.param(4_000, 3_799.99, 10, id="a cent more is more"),
        ],
    )
    def test_it_is_above_both(self, instalment: float, paid: float, days: int) -> None:
        story = firm(instalment, paid).close_through("2024-02-10")
        assert story.figure("R-01") == days

    @pytest.mark.parametrize(("unpaid", "days"), [(25, 0), (25.01, 10)])
    def test_people_and_micro_firms_have_twenty_five(self, unpaid: float, days: int) -> None:
        story = Story(segment="RETAIL", rulebook="default")
        story.loan(8_000)
        story.schedule((DUE, 100), ("2025-01-31", 7_900))
        story.on(DUE).pays(100 - unpaid)
        assert story.close_through("2024-02-10").figure("R-01") == days

    def test_a_micro_loan_is_not_silenced(self) -> None:
        # 3 of a loan of 100: above 1 % of the exposure, and above 5 % of the instalment of 10.
        story = Story(segment="MICRO", rulebook="default")
        story.loan(100)
        story.schedule((DUE, 10), ("2025-01-31", 90))
        story.on(DUE).pays(7)
        assert story.close_through("2024-02-10").figure("R-01") == 10

    def test_arrears_of_all_loans_add_up(self) -> None:
        # 60 of 600 each: 120 in all, and 10 % of an instalment.
        story = firm(600, 540)
        story.loan(6_000, "l-3")
        story.schedule((DUE, 600), ("2025-01-31", 5_400), loan_id="l-3")
        story.pays(540, loan_id="l-3")
        assert story.close_through("2024-02-10").figure("R-01") == 10

    @pytest.mark.parametrize(("drawn", "days"), [(50_100, 0), (50_101, 9)])
    def test_an_excess_has_no_instalment(self, drawn: float, days: int) -> None:
        story = Story(rulebook="default")
        for _ in range(10):
            story.line(drawn, 50_000)
            story.close()
        assert story.figure("R-01") == days

    def test_other_rulebooks_count_every_amount(self) -> None:
        story = Story()
        story.loan(240_000)
        story.schedule((DUE, 600), ("2025-12-31", 239_400))
        story.on(DUE).pays(588)
        story.close_through("2024-02-10")
        assert (story.figure("R-01"), story.flags) == (10, set())


class TestDaysInARow:
    def test_a_rest_that_is_small_starts_the_count_again(self) -> None:
        story = firm(600, 0).on("2024-02-20")
        story.pays(588, loan_id="l-2")
        assert story.level("R-01") == 0
        story.close_through("2024-03-10")
        # The rest of 12 is 39 days old; the second instalment is unpaid since 29 February.
        assert (story.figure("R-01"), story.days[1]) == (10, 39)
        # On 19 February 600 had been open for 19 days; from then on 12.
        assert story.figure("R-04") == 19

    def test_days_go_on_while_anything_that_counts_is_open(self) -> None:
        story = firm(600, 0).on("2024-03-05")
        story.pays(600, loan_id="l-2")
        story.close()
        # Since 1 February something is overdue, since 29 February the oldest of it.
        assert (story.figure("R-01"), story.days[1]) == (34, 5)
        assert story.state == "WATCH"
        assert story.latest.regimes["ifrs9"] == "STAGE_2"

    def test_a_payment_dated_back_is_counted_as_if_it_had_come(self) -> None:
        story = firm(600, 0).close_through("2024-03-10")
        assert story.figure("R-01") == 39
        story.pays(588, value="2024-02-20", loan_id="l-2")
        assert story.close_through("2024-03-11").figure("R-01") == 11

    def test_a_reversal_counts_the_days_again(self) -> None:
        story = firm(600, 0).on("2024-02-05")
        payment = story.pays(600, loan_id="l-2")
        story.close_through("2024-02-09")
        assert story.figure("R-01") == 0
        story.reverses(payment, 600)
        assert story.close_through("2024-02-10").figure("R-01") == 10

    def test_contractual_grace_comes_first(self) -> None:
        story = Story(rulebook="default")
        story.loan(10_000, contractual_grace_days=5)
        story.schedule((DUE, 1_000), ("2025-01-31", 9_000))
        assert story.close_through("2024-02-05").figure("R-01") == 0
        assert story.flags == set()
        assert story.close_through("2024-02-06").figure("R-01") == 6

    def test_a_dispute_suspends_the_count(self) -> None:
        story = Story(rulebook="default")
        story.loan(6_000)
        story.schedule((DUE, 600), ("2025-01-31", 5_400))
        story.close_through("2024-02-10").disputes(600, due=DUE)
        story.close_through("2024-02-20")
        assert (story.figure("R-01"), story.flags) == (0, {"DISPUTED"})
        story.disputes(600, due=DUE, status="REJECTED")
        assert story.close_through("2024-02-25").figure("R-01") == 25

    def test_months_late_are_counted_at_month_ends_that_count(self) -> None:
        small, large = firm(600, 588), firm(600, 0)
        for story in (small, large):
            story.on("2024-02-29").pays(600, loan_id="l-2")
            story.close_through("2024-04-30")
        assert small.figure("R-13", 1) == 0
        # Paid on 29 February; then 600 of 29 February are open: 31 and 61 days, two and three.
        assert large.figure("R-13", 1) == 2 + 3

    def test_the_clock_of_an_exit_goes_by_what_counts(self) -> None:
        story = firm(600, 588).on("2024-02-29")
        story.pays(600, loan_id="l-2")
        story.close_through("2024-04-30")
        assert story.borrower.risk.no_arrears_since == story.log[0].day


def test_the_lower_of_both_thresholds_decides() -> None:
    threshold = CountedArrears()
    absolute = threshold.absolute_minor("SME", "EUR", None, 0)
    assert absolute == 10_000
    # 1 % of 5,000 is 50: 50 is not above it, 50.01 is.
    assert not threshold.is_material(absolute, 5_000, 500_000)
    assert threshold.is_material(absolute, 5_001, 500_000)


def test_without_an_exposure_every_amount_is_above_its_share() -> None:
    story = Story(rulebook="default")
    assert exposure.exceeds_counted(story.borrower, story.rules, story.today, 1, 0)
    assert story.rules.counted_arrears is not None
    assert story.rules.counted_arrears.instalment_micro == 0.05 * MICRO
