"""Account indicators by hand-worked numbers, at their edges, and where they cannot be formed."""

import pytest

from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    NOT_APPLICABLE,
    RED,
    UNMEASURABLE,
    Reason,
)
from services.scoring.domain.views.balances import dips_of
from tests.fakes.story import Story
from tests.fakes.units import day, iso


def months_of_credits(*amounts: float, category: str = "CUSTOMER_RECEIPT") -> Story:
    """Return a borrower with one credit a month from January 2023, all months closed."""
    story = Story(start="2023-01-01", accounts="a-1")
    for number, amount in enumerate(amounts):
        story.on(f"{2023 + number // 12}-{number % 12 + 1:02d}-15")
        if amount:
            story.flow(amount, category)
    first_after = f"{2023 + len(amounts) // 12}-{len(amounts) % 12 + 1:02d}-01"
    return story.on(first_after)


class TestApplicability:
    @pytest.mark.parametrize("indicator", ["A-01", "A-02", "A-03", "A-09", "A-19", "A-23"])
    def test_a_borrower_without_accounts_has_no_account_indicators(self, indicator: str) -> None:
        assert Story().measure(indicator).status == NOT_APPLICABLE

    @pytest.mark.parametrize(
        ("indicator", "reason"),
        [
            ("A-01", Reason.SHORT_HISTORY),
            ("A-02", Reason.NO_BALANCE),
            ("A-19", Reason.NO_BALANCE),
            ("A-23", Reason.NO_BALANCE),
        ],
    )
    def test_an_account_without_events_is_unmeasurable(
        self, indicator: str, reason: Reason
    ) -> None:
        measurement = Story(accounts="a-1").measure(indicator)
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, reason)


class TestInflowDrop:
    @pytest.mark.parametrize(
        ("recent", "drop", "level"),
        [
            pytest.param(100, 0.0, GREEN, id="steady"),
            pytest.param(81, 0.19, GREEN, id="19 per cent is green"),
            pytest.param(80, 0.20, AMBER, id="20 per cent is amber"),
            pytest.param(61, 0.39, AMBER, id="39 per cent is amber"),
            pytest.param(60, 0.40, RED, id="40 per cent is red"),
            pytest.param(130, -0.30, GREEN, id="a rise is a negative drop"),
        ],
    )
    def test_three_months_against_the_median_before(
        self, recent: float, drop: float, level: int
    ) -> None:
        story = months_of_credits(90, 100, 100, 110, recent, recent, recent)
        assert story.figure("A-01") == pytest.approx(drop, abs=1e-6)
        assert story.level("A-01") == level

    def test_needs_seven_full_months(self) -> None:
        assert months_of_credits(1, 1, 1, 1, 1, 1).measure("A-01").reason == Reason.SHORT_HISTORY

    def test_the_month_in_which_the_account_became_known_is_not_full(self) -> None:
        story = Story(start="2023-01-02", accounts="a-1")
        for month in range(1, 8):
            story.on(f"2023-{month:02d}-15").flow(100)
        story.on("2023-08-01")
        assert story.measure("A-01").reason == Reason.SHORT_HISTORY

    def test_with_fifteen_months_the_same_months_of_last_year_are_the_base(self) -> None:
        # January to March 2023 are low season; so are January to March 2024.
        story = months_of_credits(50, 50, 50, *[200] * 9, 40, 40, 40)
        assert story.figure("A-01") == pytest.approx(0.2)

    def test_a_lumpy_borrower_needs_two_standard_deviations_too(self) -> None:
        # Base 0, 0, 400, 0, 500, 300: median 150, the last three 0: a drop of 100 per cent; but the
        # last month lies only about one standard deviation below the mean of 200.
        story = months_of_credits(0, 0, 400, 0, 500, 300, 0, 0, 0)
        assert story.figure("A-01", component=0) == 1
        assert story.figure("A-01", component=1) == pytest.approx(
            -200 / (130_000 / 3) ** 0.5, abs=1e-6
        )
        assert story.level("A-01") == GREEN

    def test_own_transfers_loans_and_refunds_are_no_operating_credits(self) -> None:
        story = months_of_credits(100, 100, 100, 100, 100, 100, 100, category="OWN_TRANSFER")
        assert story.measure("A-01").reason == Reason.ZERO_BASE

    def test_many_unknown_credits_make_it_unmeasurable(self) -> None:
        story = months_of_credits(100, 100, 100, 100, 100, 100)
        story.on("2023-07-15").flow(100)
        story.flow(200, "UNKNOWN")
        story.on("2023-08-01")  # 200 of 500 in the last three months
        assert story.measure("A-01").reason == Reason.UNKNOWN_CATEGORIES

    def test_a_reversed_credit_never_came(self) -> None:
        story = months_of_credits(100, 100, 100, 100, 100, 100, 60)
        late = story.flow(40, value="2023-07-20")
        story.close()
        assert story.figure("A-01") == 0
        story.flow(40, value="2023-07-20", reverses=late)
        assert story.figure("A-01") == pytest.approx(0.4 / 3, abs=1e-6)

    def test_the_month_is_over_at_the_close_of_its_last_day(self) -> None:
        story = months_of_credits(100, 100, 100, 100, 100, 100)
        story.on("2023-07-31").flow(40)
        assert story.measure("A-01", day("2023-07-31")).reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-01") == pytest.approx(0.2)


class TestBalanceErosion:
    @pytest.mark.parametrize(
        ("now", "ratio", "level"),
        [
            pytest.param(1_000, 1.0, GREEN, id="unchanged"),
            pytest.param(510, 0.51, GREEN, id="just above half"),
            pytest.param(500, 0.50, AMBER, id="half is amber"),
            pytest.param(260, 0.26, AMBER, id="just above a quarter"),
            pytest.param(250, 0.25, RED, id="a quarter is red"),
        ],
    )
    def test_thirty_days_against_the_usual_balance(
        self, now: float, ratio: float, level: int
    ) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.balance(1_000)
        story.on("2024-07-01").balance(now)
        story.on("2024-07-16").balance(now)
        story.close_through("2024-07-30")
        assert story.figure("A-02") == pytest.approx(ratio)
        assert story.level("A-02") == level

    def test_accounts_are_taken_together(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1 a-2")
        story.balance(600)
        story.balance(400, account="a-2")
        story.on("2024-07-01").balance(0)
        story.balance(400, account="a-2")
        story.close_through("2024-07-30")
        assert story.figure("A-02") == pytest.approx(0.4)

    def test_needs_ninety_days_before_the_last_thirty(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.balance(1_000)
        story.on("2024-04-25").balance(1_000)
        story.close_through("2024-04-28")  # 119 days known
        assert story.measure("A-02").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-02") == 1

    def test_an_overdrawn_base_is_unmeasurable(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.balance(-1_000)
        story.on("2024-07-01").balance(-500)
        story.close_through("2024-07-20")
        assert story.measure("A-02").reason == Reason.NEGATIVE_BASE

    def test_a_balance_that_comes_late_belongs_to_its_day(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.balance(1_000)
        story.on("2024-07-30").balance(1_000)
        story.balance(400, on="2024-07-16")  # 16 to 29 July: 14 days of 400
        story.close()
        assert story.figure("A-02") == pytest.approx((16 * 1_000 + 14 * 400) / 30_000)

    def test_a_month_of_silence_is_stale(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.balance(1_000)
        story.close_through("2024-01-31")
        assert story.measure("A-02").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.measure("A-02").reason == Reason.STALE_DATA


class TestCashRunway:
    @pytest.mark.parametrize(
        ("balance", "days", "level"),
        [
            pytest.param(1_000, 10, GREEN, id="ten days are green"),
            pytest.param(990, 9.9, AMBER, id="less than ten is amber"),
            pytest.param(500, 5, AMBER, id="five days are amber"),
            pytest.param(490, 4.9, RED, id="less than five is red"),
            pytest.param(-50, 0, RED, id="an overdrawn account has none"),
        ],
    )
    def test_balance_over_the_daily_outflow_of_ninety_days(
        self, balance: float, days: float, level: int
    ) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        for _ in range(90):
            story.flow(-100, "SUPPLIER_OUT")
            story.balance(balance)
            story.close()
        assert story.figure("A-19") == pytest.approx(days)
        assert story.level("A-19") == level

    def test_a_young_account_divides_by_the_days_known(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(-600, "RENT_OUT")
        story.on("2024-02-28").balance(1_000)
        story.close()  # 59 days known
        assert story.measure("A-19").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-19") == pytest.approx(100)  # 600 in 60 days are 10 a day

    def test_what_may_be_drawn_is_money_as_well(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(-600, "RENT_OUT")
        story.on("2024-02-29").balance(-200)
        story.line(300, 1_000)
        story.close()
        # 700 may be drawn and the account is 200 below zero: 500 at 10 a day.
        assert story.figure("A-19") == pytest.approx(50)

    def test_own_transfers_and_reversals_are_not_spent(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(-900, "OWN_TRANSFER")
        story.flow(-900, "REVERSAL")
        story.balance(10)
        story.on("2024-02-28").balance(10)
        story.close_through("2024-02-29")
        assert story.figure("A-19") == 3_650


class TestDrawdown:
    @pytest.mark.parametrize(
        ("balances", "span", "fall"),
        [
            pytest.param([5, 6, 7], 30, 0, id="a rising balance never fell"),
            pytest.param([10, 4, 9, 1], 30, 9, id="from the peak to the lowest later day"),
            pytest.param([10, 4, 9, 1], 1, 8, id="only falls inside the span"),
            pytest.param([10, 8, 6, 4], 2, 4, id="two days of a slow drain"),
        ],
    )
    def test_the_worst_fall_inside_a_span(self, balances: list[int], span: int, fall: int) -> None:
        assert -min(dips_of(balances, span)) == fall

    def test_balance_over_the_worst_thirty_day_fall(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        for offset in range(70):
            story.balance(2_000 if offset < 20 else 1_200 if offset < 60 else 600)
            story.close()
        # 2,000 to 1,200 fell 800 within 30 days, 1,200 to 600 only 600.
        assert story.figure("A-23") == 0.75


class TestLines:
    @pytest.mark.parametrize(
        ("drawn", "share", "level"),
        [
            pytest.param(84, 0.84, GREEN, id="84 per cent"),
            pytest.param(85, 0.85, AMBER, id="85 per cent is amber"),
            pytest.param(94, 0.94, AMBER, id="94 per cent is amber"),
            pytest.param(95, 0.95, RED, id="95 per cent is red"),
        ],
    )
    def test_utilisation_over_thirty_days(self, drawn: float, share: float, level: int) -> None:
        story = Story(start="2024-01-01")
        story.line(drawn, 100)
        story.close_through("2024-01-31")
        assert story.figure("A-03") == pytest.approx(share)
        assert story.level("A-03") == level

    def test_several_lines_are_drawn_over_pooled_limits(self) -> None:
        story = Story(start="2024-01-01")
        story.line(100, 100)
        story.line(100, 300, line_id="f-2")
        story.close()
        assert story.figure("A-03") == 0.5

    def test_half_the_window_at_one_use_and_half_at_another(self) -> None:
        story = Story(start="2024-01-01")
        story.line(40, 100)
        story.on("2024-01-16").line(80, 100)
        story.close_through("2024-01-30")
        assert story.figure("A-03") == pytest.approx(0.6)

    def test_without_a_limit_it_is_unmeasurable(self) -> None:
        story = Story(start="2024-01-01")
        story.line(10, 0)
        assert story.measure("A-03").reason == Reason.NO_LIMIT

    def test_a_jump_is_measured_against_the_own_median(self) -> None:
        story = Story(start="2024-01-01")
        story.line(40, 100)
        story.on("2024-07-01").line(75, 100)
        story.close_through("2024-07-30")
        assert story.figure("A-04") == pytest.approx(0.35)
        assert story.measure("A-04").baseline == 400_000
        assert story.level("A-04") == RED

    def test_excess_counts_days_and_the_present_run(self) -> None:
        story = Story(start="2024-01-01")
        story.line(110, 100)
        story.on("2024-01-03").line(90, 100)
        story.on("2024-01-10").line(90, 100, power=80)  # above the drawing power
        story.close_through("2024-01-10")
        assert story.figure("A-05", component=0) == 3
        assert story.figure("A-05", component=1) == 1

    def test_a_line_that_never_cleans_down(self) -> None:
        story = Story(start="2024-01-01")
        story.line(95, 100)
        story.on("2024-02-01").line(72, 100)
        story.on("2024-02-02").line(95, 100)
        story.close_through("2024-03-29")
        assert story.measure("A-06").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-06") == pytest.approx(0.72)

    def test_credits_against_interest(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.on("2024-03-30").line(50, 100, interest=10)
        story.flow(25)
        story.close()
        assert story.figure("A-08") == 2.5
        assert story.level("A-08") == AMBER

    def test_a_line_that_nobody_draws_has_no_interest_to_cover(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.line(0, 100)
        story.close_through("2024-03-30")
        assert story.measure("A-08").status == NOT_APPLICABLE
        story.line(1, 100)
        story.close()
        assert story.measure("A-08").reason == Reason.ZERO_BASE


class TestReturnedItems:
    @pytest.mark.parametrize(
        ("items", "level"),
        [
            pytest.param(0, GREEN, id="none"),
            pytest.param(1, AMBER, id="one is amber"),
            pytest.param(3, RED, id="three are red"),
        ],
    )
    def test_counts_own_items_without_funds(self, items: int, level: int) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(-100_000, "SUPPLIER_OUT")
        for _ in range(items):
            story.returned(10)
        story.returned(10, reason=2)  # disputed, not for lack of funds
        story.close()
        assert story.figure("A-09") == items
        assert story.level("A-09") == level

    def test_the_value_counts_for_ninety_days(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(-1_000, "SUPPLIER_OUT")
        story.returned(100)
        story.close_through("2024-02-10")
        assert story.figure("A-09", component=0) == 0
        assert story.figure("A-09", component=1) == pytest.approx(0.1)
        assert story.level("A-09") == RED

    def test_customers_items_are_their_own_indicator(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(1_000)
        story.returned(50, outgoing=False, reason=2)
        story.close()
        assert story.figure("A-10") == pytest.approx(0.05)
        assert story.figure("A-09") == 0


def test_a_value_date_far_off_is_taken_as_the_booking_day() -> None:
    story = Story(start="2024-01-01", accounts="a-1")
    story.flow(-100, "RENT_OUT", value=iso(day("2024-01-01") + 400))
    assert story.borrower.flows.debits.days == [day("2024-01-01")]


def test_flows_in_another_currency_are_not_added_to_the_sums() -> None:
    story = Story(start="2024-01-01", accounts="a-1")
    story.flow(-100, "RENT_OUT", currency="USD")
    story.flow(-30, "RENT_OUT")
    assert story.borrower.flows.debits.cum == [3_000]
