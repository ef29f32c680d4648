"""Accounts and lines: the thresholds of the catalogue from both sides, and gaps.

What an indicator is about is tested with its subject; here are the edges: the last figure that is
still green or amber, and the first that is not.
"""

import pytest

from services.scoring.domain.primitives.measurement import AMBER, GREEN, NOT_APPLICABLE, RED, Reason
from tests.fakes.edges import borrower
from tests.fakes.story import Story
from tests.fakes.units import day, iso


class TestLines:
    @pytest.mark.parametrize(
        ("now", "jump", "level"),
        [
            pytest.param(59, 0.19, GREEN, id="19 points"),
            pytest.param(60, 0.20, AMBER, id="20 points are amber"),
            pytest.param(74, 0.34, AMBER, id="34 points are amber"),
            pytest.param(75, 0.35, RED, id="35 points are red"),
        ],
    )
    def test_jump_of_use(self, now: float, jump: float, level: int) -> None:
        story = borrower()
        story.line(40, 100)
        story.on("2024-07-01").line(now, 100)
        story.close_through("2024-07-30")
        assert story.figure("A-04") == pytest.approx(jump)
        assert story.level("A-04") == level

    @pytest.mark.parametrize(
        ("days", "level"),
        [
            pytest.param(2, GREEN, id="two days apart"),
            pytest.param(3, AMBER, id="three days are amber"),
            pytest.param(9, AMBER, id="nine days are amber"),
            pytest.param(10, RED, id="ten days are red"),
        ],
    )
    def test_days_above_the_limit(self, days: int, level: int) -> None:
        story = borrower()
        for number in range(2 * days + 1):
            story.line(110 if number % 2 else 90, 100)
            story.close()
        assert story.figure("A-05", component=0) == days
        assert story.level("A-05") == level

    @pytest.mark.parametrize(
        ("run", "before", "level"),
        [
            pytest.param(1, 0, GREEN, id="one day"),
            pytest.param(2, 0, AMBER, id="two in a row are amber"),
        ],
    )
    def test_days_above_the_limit_in_a_row(self, run: int, before: int, level: int) -> None:
        story = borrower()
        story.line(90, 100)
        story.close()
        story.line(110, 100)
        for _ in range(run):
            story.close()
        assert story.figure("A-05", component=1) == run
        assert story.level("A-05") == level

    def test_more_than_fifteen_days_in_a_row_are_red_by_themselves(self) -> None:
        story = borrower()
        story.line(110, 100)
        story.close_through("2024-01-15")
        assert story.figure("A-05", component=1) == 15
        story.close()
        assert story.figure("A-05", component=1) == 16
        assert story.level("A-05") == RED

    @pytest.mark.parametrize(
        ("lowest", "level"),
        [(69, GREEN), (70, AMBER), (89, AMBER), (90, RED)],
        ids=["69 per cent", "70 per cent are amber", "89 per cent are amber", "90 are red"],
    )
    def test_lowest_use(self, lowest: float, level: int) -> None:
        story = borrower()
        story.line(lowest, 100)
        story.on("2024-02-01").line(95, 100)
        story.close_through("2024-03-30")
        assert story.figure("A-06") == pytest.approx(lowest / 100)
        assert story.level("A-06") == level

    @pytest.mark.parametrize(
        ("came", "times", "level"),
        [
            pytest.param(30.0, 3.00, GREEN, id="three times the interest"),
            pytest.param(29.9, 2.99, AMBER, id="less is amber"),
            pytest.param(10.0, 1.00, AMBER, id="the interest itself is amber"),
            pytest.param(9.9, 0.99, RED, id="less is red"),
        ],
    )
    def test_credits_against_interest(self, came: float, times: float, level: int) -> None:
        story = borrower(accounts="a-1").on("2024-03-30")
        story.line(50, 100, interest=10)
        story.flow(came)
        story.close()
        assert story.figure("A-08") == pytest.approx(times)
        assert story.level("A-08") == level

    def test_a_line_without_limit_history_or_interest_is_unmeasurable(self) -> None:
        story = borrower(accounts="a-1")
        assert story.measure("A-04").status == NOT_APPLICABLE
        story.line(10, 0)
        assert story.measure("A-04").reason == Reason.NO_LIMIT
        assert story.measure("A-08").reason == Reason.SHORT_HISTORY
        story.borrower.facilities[0].limit_days.clear()
        assert story.measure("A-05").reason == Reason.NO_LIMIT


class TestReturnedItems:
    def trading(self, debits: float = 0, credits: float = 0) -> Story:
        story = borrower(accounts="a-1")
        if debits:
            story.flow(-debits, "SUPPLIER_OUT")
        if credits:
            story.flow(credits)
        return story

    @pytest.mark.parametrize(
        ("items", "level"), [(1, AMBER), (2, AMBER), (3, RED)], ids=["one", "two", "three are red"]
    )
    def test_count_of_own_items(self, items: int, level: int) -> None:
        story = self.trading(debits=100_000)
        for _ in range(items):
            story.returned(1)
        assert story.level("A-09") == level

    @pytest.mark.parametrize(
        ("value", "share", "level"),
        [
            pytest.param(49, 0.049, GREEN, id="4.9 per cent"),
            pytest.param(50, 0.050, AMBER, id="5 per cent are amber"),
            pytest.param(99, 0.099, AMBER, id="9.9 per cent are amber"),
            pytest.param(100, 0.100, RED, id="a tenth is red"),
        ],
    )
    def test_share_of_own_items(self, value: float, share: float, level: int) -> None:
        story = self.trading(debits=1_000)
        story.returned(value)
        story.close_through("2024-02-15")  # the count has left its 30 days
        assert story.figure("A-09", component=1) == pytest.approx(share)
        assert story.level("A-09") == level

    @pytest.mark.parametrize(
        ("value", "share", "level"),
        [
            pytest.param(49, 0.049, GREEN, id="4.9 per cent"),
            pytest.param(50, 0.050, AMBER, id="5 per cent are amber"),
            pytest.param(99, 0.099, AMBER, id="9.9 per cent are amber"),
            pytest.param(100, 0.100, RED, id="a tenth is red"),
        ],
    )
    def test_share_of_customers_items(self, value: float, share: float, level: int) -> None:
        story = self.trading(credits=1_000)
        story.returned(value, outgoing=False)
        story.close()
        assert story.figure("A-10") == pytest.approx(share)
        assert story.level("A-10") == level

    def test_returned_items_without_any_credits_have_no_share(self) -> None:
        story = self.trading()
        story.returned(10, outgoing=False)
        assert story.measure("A-10").reason == Reason.ZERO_BASE


class TestBalances:
    @pytest.mark.parametrize(
        ("left", "cover", "level"),
        [
            pytest.param(1_000, 1.00, GREEN, id="once the worst fall"),
            pytest.param(990, 0.98019802, AMBER, id="990 after a fall of 1,010 is amber"),
            pytest.param(670, 0.503759, AMBER, id="670 after a fall of 1,330 is amber"),
            pytest.param(660, 0.492537, RED, id="660 after a fall of 1,340 is red"),
        ],
    )
    def test_balance_against_its_worst_fall(self, left: float, cover: float, level: int) -> None:
        story = borrower(accounts="a-1")
        story.balance(2_000)
        story.on("2024-03-01").balance(2_000)
        story.on("2024-03-10").balance(left)
        story.close()
        assert story.figure("A-23") == pytest.approx(cover, abs=1e-6)
        assert story.level("A-23") == level

    @pytest.mark.parametrize(
        ("gap", "level"),
        [(14, GREEN), (15, AMBER), (29, AMBER), (30, RED)],
        ids=["14 days", "15 days are amber", "29 days are amber", "30 days are red"],
    )
    def test_silence_of_an_account_with_daily_receipts(self, gap: int, level: int) -> None:
        story = borrower(accounts="a-1")
        for _ in range(10):
            story.flow(100)
            story.close()
        story.close_through(iso(day("2024-01-10") + gap))
        assert story.figure("A-07") == gap
        assert story.level("A-07") == level
