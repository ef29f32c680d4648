"""Money for what falls due (A-14, R-14) by hand-worked numbers, at their edges, and where they
cannot be formed."""

import pytest

from services.scoring.domain.events.accounts import AccountBalanceClosed
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    NOT_APPLICABLE,
    RED,
    UNMEASURABLE,
    Reason,
)
from tests.fakes.story import Story
from tests.fakes.units import day, minor

# What came on the 5th of February to July; the second least of the six is 300.
EARLIER = (300.0, 400.0, 0.0, 600.0, 350.0, 500.0)


def before_an_instalment(
    balance: float, *, due: float = 1_000, segment: str = "SME", last: str = "2024-08-10"
) -> Story:
    """Return a borrower at the close of 31 July 2024 with an instalment due on 10 August."""
    story = Story(segment=segment, start="2024-01-01", accounts="a-1")
    story.loan(50_000)
    story.schedule((last, due), ("2025-08-10", 40_000))
    for month, amount in enumerate(EARLIER, 2):
        story.on(f"2024-{month:02d}-05")
        if amount:
            story.flow(amount)
    story.on("2024-07-31").balance(balance)
    return story.close_through("2024-07-31")


class TestNextInstalment:
    @pytest.mark.parametrize(
        ("balance", "cover", "level"),
        [
            pytest.param(800, 1.100, GREEN, id="1.1 is green"),
            pytest.param(799, 1.099, AMBER, id="less than 1.1 is amber"),
            pytest.param(500, 0.800, AMBER, id="0.8 is amber"),
            pytest.param(499, 0.799, RED, id="less than 0.8 is red"),
            pytest.param(-400, 0.300, RED, id="an overdrawn account holds no money"),
        ],
    )
    def test_money_at_hand_and_expected_over_what_is_due(
        self, balance: float, cover: float, level: int
    ) -> None:
        story = before_an_instalment(balance)
        assert story.figure("A-14") == pytest.approx(cover)
        assert story.level("A-14") == level

    def test_the_horizon_is_fifteen_days(self) -> None:
        assert before_an_instalment(500, last="2024-08-15").figure("A-14") == 0.8
        story = before_an_instalment(500, last="2024-08-16")
        assert story.measure("A-14").status == NOT_APPLICABLE
        story.close()
        assert story.measure("A-14").status != NOT_APPLICABLE

    def test_paying_it_ends_the_question_at_once(self) -> None:
        story = before_an_instalment(100)
        assert story.level("A-14") == RED
        story.pays(1_000)
        assert story.level("A-14") == GREEN
        assert story.measure("A-14", day("2024-08-01")).status == NOT_APPLICABLE

    def test_arrears_are_paid_before_it(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.loan(50_000)
        story.schedule(("2024-07-10", 500), ("2024-08-10", 1_000), ("2025-08-10", 40_000))
        story.on("2024-07-31").balance(750)
        story.close()
        assert story.figure("A-14") == 0.5  # 750 over 1,500; no credits in the six months

    def test_two_loans_are_due_together(self) -> None:
        story = before_an_instalment(1_700)
        story.loan(5_000, loan_id="l-2")
        story.schedule(("2024-08-05", 1_000), ("2025-01-05", 4_000), loan_id="l-2")
        # Due first is 5 August: 1,000. On the first five days of the months came the same: 300.
        assert story.figure("A-14") == 2
        story.schedule(("2024-08-10", 1_000), ("2025-01-05", 4_000), loan_id="l-2", version=2)
        assert story.figure("A-14") == 1

    def test_what_may_be_drawn_counts_but_not_on_a_card(self) -> None:
        story = before_an_instalment(300)
        story.line(800, 1_000)
        story.close()
        assert story.figure("A-14") == pytest.approx(0.8)
        story.loan(0, loan_id="card", loan_type=vocabulary.CARD)
        story.borrower.facilities[0].loan_id = "card"
        assert story.figure("A-14") == pytest.approx(0.6)

    def test_less_than_the_booked_balance_may_be_available(self) -> None:
        story = before_an_instalment(500)
        story.apply(
            AccountBalanceClosed(
                *story.head(),
                account_id="a-1",
                balance_day=day("2024-08-01"),
                eod_minor=minor(500),
                available_minor=minor(200),
                currency="EUR",
            )
        )
        assert story.figure("A-14") == pytest.approx(0.5)

    def test_a_payroll_that_comes_first_is_not_left_for_the_bank(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.loan(50_000)
        story.schedule(("2024-05-31", 1_000), ("2025-08-10", 40_000))
        for month in range(1, 5):
            story.on(f"2024-{month:02d}-26").flow(-600, "PAYROLL_OUT")
        story.on("2024-05-20").balance(1_400)
        story.close()
        assert story.figure("A-14") == pytest.approx(0.8)  # wages of 600 are expected on 27 May

    def test_pay_that_comes_before_the_due_day_is_expected(self) -> None:
        story = Story(segment="RETAIL", start="2024-01-01", accounts="a-1")
        story.loan(50_000)
        story.schedule(("2024-08-01", 1_000), ("2025-08-10", 40_000))
        for month in range(1, 7):
            story.on(f"2024-{month:02d}-27").flow(2_000, "SALARY_IN")
        story.on("2024-07-20").balance(100)
        story.close()
        assert story.figure("A-14") == pytest.approx(2.1)

    def test_without_a_balance_it_is_unmeasurable(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(1_000)
        story.schedule(("2024-01-10", 1_000))
        measurement = story.measure("A-14")
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NO_BALANCE)

    def test_an_old_balance_is_not_used(self) -> None:
        story = before_an_instalment(500, last="2024-09-10").close_through("2024-08-31")
        assert story.measure("A-14").reason == Reason.STALE_DATA

    def test_three_months_of_credits_are_needed(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.loan(1_000)
        story.schedule(("2024-04-10", 1_000))
        story.on("2024-03-31").balance(500)
        story.close()
        # The days of 1 to 11 January and after are known, those of three months ago just so.
        assert story.figure("A-14") == 0.5
        early = Story(start="2024-01-03", accounts="a-1")
        early.loan(1_000)
        early.schedule(("2024-04-10", 1_000))
        early.on("2024-03-31").balance(500)
        early.close()
        assert early.measure("A-14").reason == Reason.SHORT_HISTORY


def before_a_maturity(balance: float, *, due: float = 100_000) -> Story:
    """Return 73 days before the end of a bullet loan; 10,000 may be drawn, and each of six months
    left 15,000."""
    story = Story(start="2024-01-01", accounts="a-1")
    story.loan(due)
    story.schedule(("2024-09-11", due))
    story.balance(balance)
    for month in range(1, 7):
        story.on(f"2024-{month:02d}-10").flow(20_000)
        story.flow(-5_000, "SUPPLIER_OUT")
    story.on("2024-06-30").balance(balance)
    story.line(90_000, 100_000)
    return story.close_through("2024-06-30")


class TestMaturity:
    @pytest.mark.parametrize(
        ("balance", "cover", "level"),
        [
            # 73 days are 2.4 months: 36,000 will have been earned.
            pytest.param(74_000, 1.20, GREEN, id="1.2 is green"),
            pytest.param(73_900, 1.199, AMBER, id="less than 1.2 is amber"),
            pytest.param(40_000, 0.86, AMBER, id="as in the catalogue"),
            pytest.param(34_000, 0.80, AMBER, id="0.8 is amber"),
            pytest.param(33_900, 0.799, RED, id="less than 0.8 is red"),
        ],
    )
    def test_what_can_be_paid_by_then(self, balance: float, cover: float, level: int) -> None:
        story = before_a_maturity(balance)
        assert story.figure("R-14") == pytest.approx(cover)
        assert story.level("R-14") == level

    def test_the_horizon_is_ninety_days(self) -> None:
        story = before_a_maturity(40_000)
        story.schedule(("2024-09-29", 100_000), version=2)
        assert story.measure("R-14").status == NOT_APPLICABLE
        story.close()
        assert story.measure("R-14").status != NOT_APPLICABLE

    def test_a_balloon_presses_like_an_end(self) -> None:
        story = before_a_maturity(40_000)
        story.schedule(("2024-08-01", 10_000), ("2024-09-11", 29_999), ("2025-01-01", 1), version=2)
        assert story.measure("R-14").status == NOT_APPLICABLE
        story.schedule(("2024-08-01", 10_000), ("2024-09-11", 30_000), ("2025-01-01", 1), version=3)
        assert story.figure("R-14") == pytest.approx(86_000 / 40_000)

    def test_the_worst_of_several_days_counts(self) -> None:
        story = before_a_maturity(40_000, due=50_000)
        story.loan(20_000, loan_id="l-2")
        story.schedule(("2024-07-30", 50_000), loan_id="l-2")  # 30 days: 14,795 earned
        assert story.figure("R-14") == pytest.approx(0.86)  # 86,000 over both in September
        story.pays(50_000)
        assert story.figure("R-14") == pytest.approx((50_000 + 15_000 * 30 * 12 / 365) / 50_000)

    def test_a_loan_without_a_schedule_is_due_whole_at_its_maturity(self) -> None:
        story = before_a_maturity(40_000)
        story.loan(100_000, loan_id="l-1", maturity_day=day("2024-09-11"))
        story.borrower.loans[0].due_days.clear()
        story.borrower.loans[0].due_cum.clear()
        assert story.figure("R-14") == pytest.approx(0.86)

    def test_the_end_of_a_line_is_no_maturity(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.loan(0, loan_type=vocabulary.OVERDRAFT, maturity_day=day("2024-02-01"))
        assert story.measure("R-14").status == NOT_APPLICABLE

    def test_what_went_out_beyond_what_came_in_earns_nothing(self) -> None:
        story = before_a_maturity(40_000)
        story.flow(-200_000, "SUPPLIER_OUT", value="2024-06-20")
        assert story.figure("R-14") == pytest.approx(0.5)

    def test_without_balances_or_three_full_months_it_is_unmeasurable(self) -> None:
        story = Story(start="2024-01-02", accounts="a-1")
        story.loan(1_000)
        story.schedule(("2024-05-01", 1_000))
        assert story.on("2024-04-15").measure("R-14").reason == Reason.NO_BALANCE
        story.balance(100)
        story.close()
        assert story.measure("R-14").reason == Reason.SHORT_HISTORY
        assert story.close_through("2024-04-30").figure("R-14") == 0.1
