"""Promises, concessions and whose money pays (R-07, R-10, R-11, R-12) by hand-worked numbers, at
their edges, and where they cannot be formed."""

import pytest

from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import AMBER, GREEN, NOT_APPLICABLE, RED, Reason
from tests.fakes.story import EVERYTHING_ON, Story


def with_concessions(*effective: str) -> Story:
    story = Story(start="2024-01-01")
    story.loan(10_000)
    story.schedule(("2026-12-31", 10_000))
    for version, on in enumerate(effective, 2):
        story.on(on).reschedule(("2027-06-30", 10_000), version=version, effective=on)
    return story


class TestConcessions:
    @pytest.mark.parametrize(
        ("effective", "count", "level"),
        [
            pytest.param((), 0, GREEN, id="none"),
            pytest.param(("2024-03-20",), 1, AMBER, id="one is amber"),
            pytest.param(("2024-03-20", "2024-07-01"), 2, RED, id="two are red"),
        ],
    )
    def test_counts_them(self, effective: tuple[str, ...], count: int, level: int) -> None:
        story = with_concessions(*effective)
        assert story.figure("R-10") == count
        assert story.level("R-10") == level

    def test_one_is_forgotten_after_24_calendar_months(self) -> None:
        story = with_concessions("2024-03-20").close_through("2026-03-19")
        assert story.figure("R-10") == 1
        story.close()
        assert story.figure("R-10") == 0
        assert story.level("R-10") == GREEN

    @pytest.mark.parametrize(
        ("until", "level"),
        [
            pytest.param("2024-03-31", AMBER, id="30 days past due leave it amber"),
            pytest.param("2024-04-01", RED, id="31 days past due make it red"),
        ],
    )
    def test_one_with_more_than_thirty_days_past_due_is_red(self, until: str, level: int) -> None:
        story = Story(start="2024-01-01")
        story.loan(10_000)
        story.schedule(("2024-12-31", 10_000))
        story.on("2024-02-01").reschedule(
            ("2024-03-01", 500), ("2024-12-31", 9_500), version=2, effective="2024-02-01"
        )
        story.close_through(until)
        assert story.level("R-10") == level

    def test_the_arrears_leave_after_ninety_days(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(10_000)
        story.schedule(("2024-12-31", 10_000))
        story.on("2024-02-01").reschedule(
            ("2024-03-01", 500), ("2024-12-31", 9_500), version=2, effective="2024-02-01"
        )
        story.on("2024-04-02").pays(500)  # open for the last time on 1 April, 31 days past due
        story.close_through("2024-06-29")
        assert story.level("R-10") == RED
        story.close()
        assert story.level("R-10") == AMBER

    def test_a_loan_without_a_schedule_hides_its_concessions(self) -> None:
        story = Story()
        story.loan(10_000)
        assert story.measure("R-10").reason == Reason.NO_SCHEDULE

    def test_lines_have_no_schedule_to_concede(self) -> None:
        story = Story()
        assert story.measure("R-10").status == NOT_APPLICABLE
        story.loan(0, loan_type=vocabulary.CARD)
        assert story.measure("R-10").status == NOT_APPLICABLE

    def test_the_schedule_is_the_evidence(self) -> None:
        story = with_concessions("2024-03-20")
        contributors = [
            contributor
            for contributor in story.assessments[-1].contributors
            if contributor.indicator == "R-10"
        ]
        assert contributors[0].evidence == [story.borrower.loans[0].schedule_ref]


def with_a_loan() -> Story:
    story = Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
    story.loan(10_000)
    story.schedule(*[(f"2024-{month:02d}-10", 1_000) for month in range(1, 11)])
    return story


class TestPromises:
    @pytest.mark.parametrize(
        ("paid", "count", "level"),
        [
            pytest.param(2_000, 0, GREEN, id="kept"),
            # The tolerance of 2,000 is a thousandth, 2.00.
            pytest.param(1_998, 0, GREEN, id="short by the tolerance is kept"),
            pytest.param(1_997, 1, AMBER, id="short by more is broken: amber"),
            pytest.param(0, 1, AMBER, id="nothing came"),
        ],
    )
    def test_a_promise_is_broken_two_days_after_it(
        self, paid: float, count: int, level: int
    ) -> None:
        story = with_a_loan()
        story.promises(2_000, by="2024-01-10")
        story.on("2024-01-12")
        if paid:
            story.pays(paid)
        assert story.figure("R-07") == 0
        story.close()
        assert story.figure("R-07") == count
        assert story.level("R-07") == level

    def test_two_broken_promises_are_red(self) -> None:
        story = with_a_loan()
        story.promises(500, by="2024-01-10")
        story.promises(500, by="2024-01-20")
        story.close_through("2024-01-22")
        assert story.level("R-07") == RED

    def test_money_from_before_the_promise_keeps_nothing(self) -> None:
        story = with_a_loan()
        story.pays(500)
        story.on("2024-01-05")
        story.promises(500, by="2024-01-10")
        story.close_through("2024-01-12")
        assert story.figure("R-07") == 1

    def test_it_fades_with_sixty_days_and_goes_after_ninety(self) -> None:
        story = with_a_loan()
        story.promises(500, by="2024-01-10")
        story.close_through("2024-01-12")
        slot = 6
        fresh = story.borrower.signals.contribution[slot]
        assert fresh == 100_000  # weight 0.25 x 0.4 at amber
        story.close_through("2024-03-12")  # 60 days later
        assert story.borrower.signals.contribution[slot] == 50_000
        story.close_through("2024-04-10")
        assert story.level("R-07") == AMBER
        story.close()
        assert story.level("R-07") == GREEN

    def test_money_that_was_on_its_way_keeps_it_after_all(self) -> None:
        story = with_a_loan()
        story.promises(500, by="2024-01-10")
        story.close_through("2024-01-15")
        assert story.level("R-07") == AMBER
        story.pays(500, value="2024-01-11")
        assert story.level("R-07") == GREEN

    def test_a_promise_taken_back_never_was(self) -> None:
        story = with_a_loan()
        made = story.promises(500, by="2024-01-10")
        story.close_through("2024-01-15")
        story.promises(500, by="2024-01-10", takes_back=made)
        assert story.level("R-07") == GREEN
        assert story.borrower.promises.days == []

    def test_a_promise_on_an_unknown_loan_cannot_be_judged(self) -> None:
        story = with_a_loan()
        story.promises(500, by="2024-01-10", loan_id="unknown")
        assert story.measure("R-07").reason == Reason.NO_DATA
        assert Story().measure("R-07").status == NOT_APPLICABLE


class TestOthersMoney:
    @pytest.mark.parametrize(
        ("own", "others", "share", "level"),
        [
            pytest.param(7_100, 2_900, 0.29, GREEN, id="29 per cent are green"),
            pytest.param(7_000, 3_000, 0.30, AMBER, id="30 per cent are amber"),
            pytest.param(4_100, 5_900, 0.59, AMBER, id="59 per cent are amber"),
            pytest.param(4_000, 6_000, 0.60, RED, id="60 per cent are red"),
        ],
    )
    def test_the_share_that_somebody_else_paid(
        self, own: float, others: float, share: float, level: int
    ) -> None:
        story = with_a_loan()
        story.pays(own)
        story.third_party_pays(others)
        story.close()
        assert story.figure("R-11") == pytest.approx(share)
        assert story.level("R-11") == level

    @pytest.mark.parametrize(
        ("came", "on", "share"),
        [
            pytest.param(800, "2024-01-05", 1, id="four fifths five days before"),
            pytest.param(799, "2024-01-05", 0, id="less than four fifths"),
            pytest.param(800, "2024-01-04", 0, id="six days before"),
            pytest.param(800, "2024-01-10", 1, id="on the day itself"),
        ],
    )
    def test_money_that_is_no_revenue_came_before(self, came: float, on: str, share: float) -> None:
        story = with_a_loan().on(on)
        story.flow(came, "LOAN_IN_OTHER", counterparty_id="bank-x")
        story.on("2024-01-10").pays(1_000)
        story.close()
        assert story.figure("R-11") == share

    def test_money_explains_a_repayment_once(self) -> None:
        story = with_a_loan().on("2024-01-09")
        story.flow(1_000, "CAPITAL_IN")
        story.pays(1_000)
        story.pays(1_000)
        story.close()
        assert story.figure("R-11") == 0.5

    def test_a_refinancing_or_a_guarantor_is_somebody_else(self) -> None:
        story = with_a_loan()
        story.third_party_pays(600, "REFINANCE")
        story.third_party_pays(400, "GUARANTOR")
        story.third_party_pays(1_000, "DEBIT")
        assert story.measure("R-11", story.today).values == [500_000]

    def test_it_leaves_with_its_ninety_days(self) -> None:
        story = with_a_loan().on("2024-01-10")
        story.third_party_pays(1_000)
        story.close_through("2024-04-08")
        assert story.level("R-11") == RED
        story.close()
        assert story.level("R-11") == GREEN

    def test_a_repayment_taken_back_was_paid_by_nobody(self) -> None:
        story = with_a_loan()
        story.pays(1_000)
        others = story.third_party_pays(1_000)
        assert story.level("R-11") == AMBER
        story.reverses(others, 1_000)
        assert story.level("R-11") == GREEN

    def test_without_accounts_nobody_sees_whose_money_it_is(self) -> None:
        story = Story()
        story.loan(1_000)
        assert story.measure("R-11").reason == Reason.NO_DATA
        assert Story().measure("R-11").status == NOT_APPLICABLE


class TestDrawnToPay:
    def drawn(self, *rises: tuple[str, float]) -> Story:
        """Return instalments of 1,000 on the 10th, paid in time, and the line's use from a day."""
        story = with_a_loan()
        story.line(10_000, 50_000)
        used = 10_000.0
        for on, rise in rises:
            story.on(on)
            used += rise
            story.line(used, 50_000)
        for month in range(1, 4):
            story.pays(1_000, value=f"2024-{month:02d}-10")
        story.on("2024-02-11").line(used, 50_000)
        return story

    @pytest.mark.parametrize(
        ("rises", "count", "level"),
        [
            pytest.param((("2024-01-09", 799),), 0, GREEN, id="less than four fifths"),
            pytest.param((("2024-01-09", 800),), 1, AMBER, id="four fifths: one is amber"),
            pytest.param((("2024-01-07", 900),), 1, AMBER, id="three days before"),
            pytest.param((("2024-01-06", 900),), 0, GREEN, id="four days before"),
            pytest.param(
                (("2024-01-09", 900), ("2024-02-10", 1_000)), 2, RED, id="two instalments are red"
            ),
        ],
    )
    def test_counts_instalments_before_which_the_line_rose(
        self, rises: tuple[tuple[str, float], ...], count: int, level: int
    ) -> None:
        story = self.drawn(*rises)
        story.close()
        assert story.figure("R-12") == count
        assert story.level("R-12") == level

    def test_one_leaves_after_180_days(self) -> None:
        story = self.drawn(("2024-01-09", 900)).on("2024-06-20")
        story.line(10_900, 50_000)
        story.close_through("2024-07-07")
        assert story.figure("R-12") == 1  # 10 January is the first of 180 days
        story.close()
        assert story.figure("R-12") == 0

    def test_an_open_instalment_was_paid_by_nothing(self) -> None:
        story = with_a_loan()
        story.line(10_000, 50_000)
        story.on("2024-01-09").line(12_000, 50_000)
        story.close_through("2024-01-20")
        assert story.figure("R-12") == 0

    def test_a_line_without_recent_events_is_unmeasurable(self) -> None:
        story = self.drawn(("2024-01-09", 900)).close_through("2024-03-13")
        assert story.measure("R-12").reason == Reason.STALE_DATA
        assert with_a_loan().measure("R-12").status == NOT_APPLICABLE
