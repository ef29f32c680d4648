"""Repayment indicators by hand-worked numbers, at their edges, and where they cannot be formed."""

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
from tests.fakes.story import Story

MONTHS = [f"2024-{month:02d}-10" for month in range(1, 13)]


def monthly(segment: str = "SME", amount: float = 1_000) -> Story:
    """Return a borrower with twelve instalments on the 10th, from 1 January 2024."""
    story = Story(segment=segment, start="2024-01-01")
    story.loan(12 * amount)
    story.schedule(*[(due, amount) for due in MONTHS])
    return story


class TestWithoutLoans:
    @pytest.mark.parametrize("indicator", ["R-01", "R-02", "R-03", "R-05", "R-06", "R-08", "R-09"])
    def test_a_borrower_without_a_loan_has_no_repayment_indicators(self, indicator: str) -> None:
        assert Story().measure(indicator).status == NOT_APPLICABLE

    @pytest.mark.parametrize("indicator", ["R-01", "R-02", "R-03", "R-05", "R-06", "R-09"])
    def test_a_loan_without_a_schedule_is_unmeasurable_not_green(self, indicator: str) -> None:
        story = Story()
        story.loan(1_000)
        measurement = story.measure(indicator)
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NO_SCHEDULE)


@pytest.mark.parametrize(
    ("last_close", "days", "level"),
    [
        pytest.param("2024-01-14", 4, GREEN, id="four days are green"),
        pytest.param("2024-01-15", 5, AMBER, id="five days are amber"),
        pytest.param("2024-02-09", 30, AMBER, id="thirty days are amber still"),
        pytest.param("2024-02-10", 31, RED, id="more than thirty are red"),
        pytest.param("2024-03-20", 70, RED, id="seventy stay red: critical is a state rule"),
    ],
)
def test_operational_days_past_due(last_close: str, days: int, level: int) -> None:
    story = monthly().close_through(last_close)
    assert story.figure("R-01") == days
    assert story.level("R-01") == level


@pytest.mark.parametrize(
    ("last_close", "days", "level"),
    [
        pytest.param("2024-01-10", 0, GREEN, id="nothing on the due day"),
        pytest.param("2024-01-11", 1, AMBER, id="one material day is amber"),
        pytest.param("2024-02-09", 30, AMBER, id="thirty are amber"),
        pytest.param("2024-02-10", 31, RED, id="thirty-one are red"),
        pytest.param("2024-04-09", 90, RED, id="ninety are red"),
        pytest.param("2024-04-10", 91, HARD, id="more than ninety are hard"),
    ],
)
def test_regulatory_days_past_due(last_close: str, days: int, level: int) -> None:
    story = monthly().close_through(last_close)
    assert story.figure("R-02") == days
    assert story.level("R-02") == level


class TestLatePayments:
    def test_counts_settled_and_open_instalments_five_days_late(self) -> None:
        story = monthly()
        story.on("2024-01-10").pays(1_000)  # in time
        story.on("2024-02-14").pays(1_000)  # 4 days late: not late
        story.on("2024-03-15").pays(1_000)  # 5 days late: late
        story.close_through("2024-04-14")  # open for 4 days: not late yet
        assert story.figure("R-03") == 1
        story.close_through("2024-04-15")
        assert story.figure("R-03") == 2
        assert story.level("R-03") == AMBER
        story.close_through("2024-05-15")
        assert story.figure("R-03") == 3
        assert story.level("R-03") == RED

    def test_only_the_last_six_due_count(self) -> None:
        story = monthly()
        for due in MONTHS[:2]:
            story.on(due[:8] + "20").pays(1_000)
        for due in MONTHS[2:8]:
            story.on(due).pays(1_000)
        story.close()
        assert story.figure("R-03") == 0

    def test_a_part_payment_settles_nothing(self) -> None:
        story = monthly()
        story.on("2024-01-10").pays(500)
        story.close_through("2024-01-15")
        assert story.figure("R-03") == 1

    def test_loans_are_pooled_by_due_date(self) -> None:
        story = monthly()
        story.loan(300, loan_id="l-2")
        story.schedule(*[(f"2024-01-{day}", 100) for day in (12, 13, 14)], loan_id="l-2")
        story.close_through("2024-01-19")
        # 10, 12, 13 and 14 January are open for 9, 7, 6 and 5 days.
        assert story.figure("R-03") == 4

    def test_before_anything_is_due_it_is_unmeasurable(self) -> None:
        story = monthly().close_through("2024-01-05")
        assert story.measure("R-03").reason == Reason.FEW_OBSERVATIONS


class TestDelayCreep:
    def test_the_last_three_against_the_six_before(self) -> None:
        story = monthly()
        for due in MONTHS[:6]:
            story.on(due).pays(1_000)
        for due, late in zip(MONTHS[6:9], (6, 9, 12), strict=True):
            story.on(f"{due[:8]}{10 + late}").pays(1_000)
        story.close()
        assert story.figure("R-05", component=0) == 9  # mean of 6, 9, 12 less 0
        assert story.figure("R-05", component=1) == 9
        assert story.level("R-05") == AMBER

    def test_paying_early_before_makes_the_creep_larger(self) -> None:
        story = monthly()
        for due in MONTHS[:3]:
            story.on(f"{due[:8]}04").pays(1_000)
        for due, late in zip(MONTHS[3:6], (3, 3, 3), strict=True):
            story.on(f"{due[:8]}{10 + late}").pays(1_000)
        story.close()
        assert story.figure("R-05", component=0) == 9  # 3 less -6

    def test_a_rise_to_less_than_three_days_is_not_late(self) -> None:
        story = monthly()
        for due in MONTHS[:3]:
            story.on(f"{due[:8]}02").pays(1_000)
        for due in MONTHS[3:6]:
            story.on(f"{due[:8]}12").pays(1_000)
        story.close()
        assert story.figure("R-05", component=0) == 10
        assert story.level("R-05") == GREEN

    def test_needs_three_instalments_before_the_last_three(self) -> None:
        story = monthly().close_through("2024-05-31")
        assert story.measure("R-05").reason == Reason.FEW_OBSERVATIONS


class TestShortfall:
    @pytest.mark.parametrize(
        ("paid", "share", "level"),
        [
            pytest.param(1_000, 0, GREEN, id="paid in full"),
            pytest.param(860, 0.14 / 3, GREEN, id="under five per cent short of three"),
            pytest.param(850, 0.05, AMBER, id="five per cent short"),
            pytest.param(400, 0.20, RED, id="a fifth short"),
        ],
    )
    def test_share_of_three_instalments_unpaid_ten_days_on(
        self, paid: float, share: float, level: int
    ) -> None:
        story = monthly()
        story.on("2024-01-10").pays(1_000)
        story.on("2024-02-10").pays(1_000)
        story.on("2024-03-10").pays(paid)
        story.close_through("2024-03-20")
        assert story.figure("R-06") == pytest.approx(share, abs=1e-6)
        assert story.level("R-06") == level

    def test_money_that_comes_on_the_tenth_day_counts_and_on_the_eleventh_not(self) -> None:
        story = monthly()
        story.on("2024-01-20").pays(1_000)
        story.on("2024-02-21").pays(1_000)
        story.close_through("2024-02-21")
        assert story.figure("R-06") == 0.5

    def test_an_instalment_counts_only_when_its_ten_days_are_over(self) -> None:
        story = monthly().close_through("2024-01-19")
        assert story.measure("R-06").reason == Reason.FEW_OBSERVATIONS
        story.close()
        assert story.figure("R-06") == 1


class TestFailedCollections:
    @pytest.mark.parametrize(
        ("failures", "level"),
        [
            pytest.param(0, GREEN, id="none"),
            pytest.param(1, AMBER, id="one is amber"),
            pytest.param(2, AMBER, id="two are amber"),
            pytest.param(3, RED, id="three are red"),
        ],
    )
    def test_counts_those_without_funds_in_thirty_days(self, failures: int, level: int) -> None:
        story = monthly()
        for _ in range(failures):
            story.fails()
        story.fails(reason="TECHNICAL")
        story.close()
        assert story.figure("R-08") == failures
        assert story.level("R-08") == level

    def test_the_thirtieth_day_is_in_and_the_thirty_first_out(self) -> None:
        story = monthly()
        story.fails()  # 1 January
        story.close_through("2024-01-30")
        assert story.figure("R-08") == 1
        story.close()
        assert story.figure("R-08") == 0

    def test_the_events_are_the_evidence(self) -> None:
        story = monthly()
        failed = story.fails()
        contributors = {
            contributor.indicator: contributor for contributor in story.assessments[-1].contributors
        }
        assert contributors["R-08"].evidence == [f"core#{failed}"]


class TestArrearsHistory:
    def test_interest_can_be_behind_while_principal_is_not_due(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(10_000)
        story.schedule(("2024-01-10", 0, 80), ("2024-02-10", 10_000, 80))
        story.close_through("2024-01-15")
        assert story.figure("R-09") == 5
        assert story.level("R-09") == AMBER

    def test_inside_an_instalment_interest_is_paid_before_principal(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(10_000)
        story.schedule(("2024-01-10", 920, 80))
        story.on("2024-01-10").pays(80)
        story.close_through("2024-01-20")
        assert story.figure("R-09") == 0
        assert story.figure("R-01") == 10

    def test_worst_delay_of_the_year_remembers_and_forgets(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(2_000)
        story.schedule(("2024-01-10", 1_000), ("2025-12-10", 1_000))
        story.on("2024-01-30").pays(1_000)
        story.close_through("2024-06-30")
        assert story.figure("R-04") == 19  # 29 January was the last day unpaid
        # On 27 January 2025 the window begins on 29 January 2024, a day later it is empty.
        story.close_through("2025-01-27")
        assert story.figure("R-04") == 19
        story.close()
        assert story.figure("R-04") == 0

    def test_month_ends_in_material_arrears(self) -> None:
        story = monthly().close_through("2024-03-31")
        assert story.figure("R-13", component=0) == 3
        # 21, 50 and 81 days: one, two and three months begun.
        assert story.figure("R-13", component=1) == 6
        assert story.level("R-13") == AMBER

    def test_the_share_of_loans_over_thirty_days(self) -> None:
        story = monthly()
        story.loan(48_000, loan_id="l-2")
        story.close_through("2024-02-10")  # l-1 is 31 days late, 12,000 of 60,000
        assert story.figure("R-15", component=0) == 0.2
