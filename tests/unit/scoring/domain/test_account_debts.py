"""Other lenders and enforcement (A-18, A-22) by hand-worked numbers, at their edges, and where they
cannot be formed."""

import pytest

from services.scoring.domain.borrower.risk import HIGH_RISK
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    HARD,
    NOT_APPLICABLE,
    RED,
    Reason,
)
from tests.fakes.story import EVERYTHING_ON, Story

LENDER_TYPE = 4


def serving(before: float, lately: float) -> Story:
    """Return 10,000 of credits a month for nine months, of which lenders took so much in the first
    six and in the last three."""
    story = Story(start="2023-01-01", accounts="a-1")
    for month in range(1, 10):
        story.on(f"2023-{month:02d}-15").flow(10_000)
        paid = before if month <= 6 else lately
        if paid:
            story.flow(-paid, "DEBT_SERVICE_OTHER", counterparty_id="bank-x")
    return story.close_through("2023-09-30")


class TestLenders:
    @pytest.mark.parametrize(
        ("names", "level"),
        [
            pytest.param((), GREEN, id="none"),
            pytest.param(("bank-x",), AMBER, id="one new lender is amber"),
            pytest.param(("bank-x", "bank-x"), AMBER, id="the same lender twice is one"),
            pytest.param(("bank-x", "bank-y"), RED, id="two new lenders are red"),
        ],
    )
    def test_counts_lenders_seen_for_the_first_time(
        self, names: tuple[str, ...], level: int
    ) -> None:
        story = Story(start="2024-01-01", accounts="a-1").on("2024-05-15")
        for name in names:
            story.flow(1_000, "LOAN_IN_OTHER", counterparty_id=name)
        story.close()
        assert story.figure("A-18") == len(set(names))
        assert story.level("A-18") == level

    @pytest.mark.parametrize(
        ("before", "lately", "rise", "level"),
        [
            pytest.param(200, 690, 0.049, GREEN, id="4.9 points are green"),
            pytest.param(200, 700, 0.050, AMBER, id="5 points are amber"),
            pytest.param(200, 1_190, 0.099, AMBER, id="9.9 points are amber"),
            pytest.param(200, 1_200, 0.100, RED, id="10 points are red"),
            pytest.param(900, 100, -0.08, GREEN, id="less than before"),
        ],
    )
    def test_the_rise_of_what_lenders_take(
        self, before: float, lately: float, rise: float, level: int
    ) -> None:
        story = serving(before, lately)
        assert story.figure("A-18", component=1) == pytest.approx(rise)
        assert story.level("A-18") == level

    def test_a_lender_is_new_for_ninety_days_and_never_again(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1").on("2024-05-15")
        story.flow(-100, "UNKNOWN", counterparty_id="bank-x", counterparty_type=LENDER_TYPE)
        story.close_through("2024-08-12")
        assert story.level("A-18") == AMBER
        story.close()
        assert story.level("A-18") == GREEN
        story.on("2024-12-01").flow(-100, "DEBT_SERVICE_OTHER", counterparty_id="bank-x")
        story.close()
        assert story.figure("A-18") == 0

    def test_at_the_beginning_no_lender_counts_as_new(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(-100, "DEBT_SERVICE_OTHER", counterparty_id="bank-x")
        assert story.measure("A-18").values == [None, None]
        assert story.measure("A-18").reason == Reason.SHORT_HISTORY
        story.on("2024-03-30").flow(-100, "DEBT_SERVICE_OTHER", counterparty_id="bank-y")
        story.close_through("2024-03-31")
        assert story.figure("A-18") == 0  # 30 March is the 89th day after the first
        story.flow(-100, "DEBT_SERVICE_OTHER", counterparty_id="bank-z")
        story.close()
        assert story.figure("A-18") == 1

    def test_the_bank_itself_is_no_other_lender(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1").on("2024-05-15")
        story.flow(-100, "DEBT_SERVICE_OWN", counterparty_id="us", counterparty_type=LENDER_TYPE)
        story.flow(500, "LOAN_IN_OWN", counterparty_id="us", counterparty_type=LENDER_TYPE)
        story.close()
        assert story.figure("A-18") == 0

    def test_a_flow_taken_back_makes_no_lender(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1").on("2024-05-15")
        flow = story.flow(1_000, "LOAN_IN_OTHER", counterparty_id="bank-x")
        assert story.level("A-18") == AMBER
        story.flow(1_000, "LOAN_IN_OTHER", counterparty_id="bank-x", reverses=flow)
        assert story.level("A-18") == GREEN
        assert story.borrower.lender_flows.days == []
        assert story.borrower.outside_funding.inflows.days == []

    def test_without_accounts_nobody_else_is_seen(self) -> None:
        assert Story().measure("A-18").status == NOT_APPLICABLE


class TestEnforcement:
    def blocked(self, *kinds: str) -> Story:
        story = Story(accounts="a-1 a-2", rulebook=EVERYTHING_ON)
        for kind in kinds:
            story.blocks(kind)
        return story

    @pytest.mark.parametrize(
        ("kinds", "count", "level"),
        [
            pytest.param((), 0, GREEN, id="none"),
            pytest.param(("SEIZURE",), 1, HARD, id="seized"),
            pytest.param(("LEGAL",), 1, HARD, id="blocked by law"),
            pytest.param(("SEIZURE", "RELEASED"), 0, GREEN, id="released"),
            pytest.param(("CUSTOMER",), 0, GREEN, id="the customer asked for it"),
            pytest.param(("SEIZURE", "CUSTOMER"), 1, HARD, id="a wish ends no seizure"),
            pytest.param(("FRAUD",), 0, GREEN, id="suspected fraud is another track"),
        ],
    )
    def test_counts_accounts_under_enforcement(
        self, kinds: tuple[str, ...], count: int, level: int
    ) -> None:
        story = self.blocked(*kinds)
        assert story.figure("A-22") == count
        assert story.level("A-22") == level

    def test_it_leads_to_high_risk_at_once(self) -> None:
        story = self.blocked("SEIZURE")
        assert story.borrower.risk.state == HIGH_RISK
        assert story.borrower.risk.rule_ids == ["high-risk-blocked"]

    def test_news_that_is_older_than_what_is_known_changes_nothing(self) -> None:
        story = Story(start="2024-01-10", accounts="a-1", rulebook=EVERYTHING_ON)
        story.blocks("SEIZURE")
        story.blocks("RELEASED", on="2024-01-05")
        assert story.level("A-22") == HARD

    def test_without_accounts_there_is_nothing_to_seize(self) -> None:
        assert Story().measure("A-22").status == NOT_APPLICABLE
