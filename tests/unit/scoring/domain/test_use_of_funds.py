"""Use of funds (A-12, A-13, A-21) by hand-worked numbers, at its edges, and if it is unknown."""

import pytest

from services.scoring.domain.primitives.measurement import AMBER, GREEN, NOT_APPLICABLE, RED, Reason
from tests.fakes.story import EVERYTHING_ON, Story

RELATED_TYPE, BROKER_TYPE = 3, 8


def drawing(amount: float, before: float = 0, **terms: object) -> Story:
    """Return a drawdown on 10 January 2024, with so much on the account the day before."""
    story = Story(start="2024-01-01", accounts="a-1")
    story.loan(amount, **terms)
    story.on("2024-01-09").balance(before)
    story.on("2024-01-10")
    story.draws(amount)
    return story


class TestDiversion:
    @pytest.mark.parametrize(
        ("to_owner", "share", "level"),
        [
            pytest.param(9_900, 0.099, GREEN, id="9.9 per cent are green"),
            pytest.param(10_000, 0.100, AMBER, id="a tenth is amber"),
            pytest.param(29_900, 0.299, AMBER, id="29.9 per cent are amber"),
            pytest.param(30_000, 0.300, RED, id="30 per cent are red"),
        ],
    )
    def test_the_part_of_a_drawdown_that_went_to_related_parties(
        self, to_owner: float, share: float, level: int
    ) -> None:
        story = drawing(100_000)
        story.flow(-to_owner, "RELATED_OUT")
        story.flow(-50_000, "SUPPLIER_OUT")
        story.close()
        assert story.figure("A-12") == pytest.approx(share)
        assert story.level("A-12") == level

    def test_what_was_there_before_leaves_first(self) -> None:
        # The worked example: 20,000 of old money and 30,000 of the loan go to suppliers.
        story = drawing(100_000, before=20_000)
        story.flow(-50_000, "SUPPLIER_OUT")
        story.close()
        story.flow(-40_000, "RELATED_OUT")
        story.close()
        assert story.figure("A-12") == pytest.approx(0.4)

    def test_a_day_bears_each_purpose_in_proportion(self) -> None:
        # Of 40,000 on one day the old 20,000 pay a half: of 10,000 to the owner 5,000 are the loan.
        story = drawing(100_000, before=20_000)
        story.flow(-30_000, "SUPPLIER_OUT")
        story.flow(-10_000, "RELATED_OUT")
        story.close()
        assert story.figure("A-12") == pytest.approx(0.05)

    def test_an_overdraft_is_covered_first(self) -> None:
        story = drawing(100_000, before=-60_000)
        story.flow(-50_000, "RELATED_OUT")
        story.close()
        assert story.figure("A-12") == pytest.approx(0.4)  # only 40,000 were left to spend

    def test_what_comes_after_thirty_days_is_not_traced(self) -> None:
        story = drawing(100_000).on("2024-02-08")
        story.flow(-10_000, "RELATED_OUT")  # the 30th day
        story.close()
        story.flow(-50_000, "RELATED_OUT")
        story.close()
        assert story.figure("A-12") == pytest.approx(0.1)

    def test_savings_elsewhere_count_net_of_what_came_back(self) -> None:
        story = drawing(100_000)
        story.flow(-30_000, "OWN_TRANSFER")
        story.flow(20_000, "OWN_TRANSFER")
        story.close()
        assert story.figure("A-12") == pytest.approx(0.1)

    @pytest.mark.parametrize(
        ("terms", "category", "share"),
        [
            pytest.param({}, "SECURITIES_OUT", 0.2, id="securities are barred as a rule"),
            pytest.param(
                {"barred_purposes": ["GAMBLING"]}, "SECURITIES_OUT", 0, id="the contract says else"
            ),
            pytest.param(
                {"barred_purposes": ["SECURITIES"]}, "SECURITIES_OUT", 0.2, id="by contract"
            ),
            pytest.param({"purpose_code": "PROPERTY"}, "PROPERTY_OUT", 0, id="its own purpose"),
        ],
    )
    def test_what_a_loan_may_not_be_spent_on(
        self, terms: dict[str, object], category: str, share: float
    ) -> None:
        story = drawing(100_000, **terms)
        story.flow(-20_000, category)
        story.close()
        assert story.figure("A-12") == pytest.approx(share)

    def test_the_kind_of_counterparty_counts_as_well(self) -> None:
        story = drawing(100_000)
        story.flow(-20_000, "UNKNOWN", counterparty_type=BROKER_TYPE)
        story.close()
        assert story.figure("A-12") == pytest.approx(0.2)

    def test_the_worst_drawdown_of_ninety_days_counts(self) -> None:
        story = drawing(100_000)
        story.flow(-40_000, "RELATED_OUT")
        story.on("2024-03-20")
        story.draws(50_000)
        story.close_through("2024-04-08")
        assert story.figure("A-12") == pytest.approx(0.4)  # 10 January is the first of 90 days
        story.close()
        assert story.figure("A-12") == 0
        assert story.level("A-12") == GREEN

    def test_a_drawdown_or_flow_taken_back_never_was(self) -> None:
        story = drawing(100_000)
        flow = story.flow(-40_000, "RELATED_OUT")
        story.close()
        story.flow(-40_000, "RELATED_OUT", value="2024-01-10", reverses=flow)
        story.close()
        assert story.figure("A-12") == 0
        story.draws(100_000, takes_back=story.borrower.drawdowns.refs[0].split("#")[1])
        assert story.measure("A-12").status == NOT_APPLICABLE

    def test_paid_straight_to_somebody(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.loan(100_000)
        story.draws(100_000, payee="supplier")
        assert story.measure("A-12").status == NOT_APPLICABLE
        story.declares_related("sister")
        story.draws(100_000, payee="sister")
        assert story.figure("A-12") == 1

    def test_without_balances_it_cannot_be_traced(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.draws(1_000)
        assert story.measure("A-12").reason == Reason.NO_BALANCE

    def test_without_a_drawdown_there_is_nothing_to_divert(self) -> None:
        assert Story(accounts="a-1").measure("A-12").status == NOT_APPLICABLE


def with_related(net: float, credits: float = 100_000) -> Story:
    story = Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
    story.on("2024-05-15")
    if credits:
        story.flow(credits)
    story.flow(-net - 6_000, "RELATED_OUT")
    story.flow(6_000, "RELATED_IN")
    story.close()
    return story


class TestRelatedOutflow:
    @pytest.mark.parametrize(
        ("net", "share", "level"),
        [
            pytest.param(14_900, 0.149, GREEN, id="14.9 per cent are green"),
            pytest.param(15_000, 0.150, AMBER, id="15 per cent are amber"),
            pytest.param(34_900, 0.349, AMBER, id="34.9 per cent are amber"),
            pytest.param(35_000, 0.350, RED, id="35 per cent are red"),
            pytest.param(-1_000, 0.0, GREEN, id="more came than went"),
        ],
    )
    def test_net_outflow_over_the_credits(self, net: float, share: float, level: int) -> None:
        story = with_related(net)
        assert story.figure("A-13") == pytest.approx(share)
        assert story.level("A-13") == level

    def test_a_declared_party_is_related_whatever_the_category(self) -> None:
        story = with_related(0)
        story.declares_related("sister")
        story.flow(-20_000, "SUPPLIER_OUT", counterparty_id="sister")
        story.flow(5_000, counterparty_id="sister")
        story.close()
        assert story.figure("A-13") == pytest.approx(0.15)
        assert story.level("A-13") == AMBER

    def test_it_leaves_with_its_ninety_days(self) -> None:
        story = with_related(40_000).close_through("2024-08-12")
        assert story.level("A-13") == RED
        story.close()
        assert story.level("A-13") == GREEN

    def test_outflow_without_any_credits_is_the_worst(self) -> None:
        story = with_related(100, credits=0)
        assert story.figure("A-13") == 10
        assert story.level("A-13") == RED

    def test_ninety_days_of_accounts_are_needed(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(-100, "RELATED_OUT")
        assert story.measure("A-13").reason == Reason.SHORT_HISTORY
        assert Story().measure("A-13").status == NOT_APPLICABLE
        assert Story(accounts="a-1").figure("A-13") == 0


def passing(amount: float, *, on: str = "2024-03-06", then: str = "2024-03-07") -> Story:
    """Return 10,000 of credits in 90 days, of which so much came on one day and was paid on."""
    story = Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
    story.flow(10_000 - amount)
    story.on(on)
    if amount:
        story.flow(amount)
        story.on(then).flow(-amount, "SUPPLIER_OUT", counterparty_id="p-1")
    return story.close_through("2024-03-30")


class TestPassThrough:
    @pytest.mark.parametrize(
        ("amount", "share", "level"),
        [
            pytest.param(4_900, 0.49, GREEN, id="49 per cent are green"),
            pytest.param(5_000, 0.50, AMBER, id="half is amber"),
            pytest.param(7_400, 0.74, AMBER, id="74 per cent are amber"),
            pytest.param(7_500, 0.75, RED, id="three quarters are red"),
        ],
    )
    def test_what_is_gone_the_next_morning(self, amount: float, share: float, level: int) -> None:
        story = passing(amount)
        assert story.figure("A-21") == pytest.approx(share)
        assert story.level("A-21") == level

    @pytest.mark.parametrize(
        ("on", "then", "share"),
        [
            pytest.param("2024-03-08", "2024-03-11", 0.6, id="Friday to Monday is one day"),
            pytest.param("2024-03-06", "2024-03-08", 0.0, id="Wednesday to Friday are two"),
            pytest.param("2024-03-09", "2024-03-11", 0.6, id="what comes on Saturday"),
        ],
    )
    def test_days_are_business_days(self, on: str, then: str, share: float) -> None:
        assert passing(6_000, on=on, then=then).figure("A-21") == pytest.approx(share)

    def test_only_the_two_largest_payees_count(self) -> None:
        story = passing(0).on("2024-04-03")
        story.flow(6_000)
        for payee, amount in (("p-1", 2_500), ("p-2", 2_000), ("p-3", 1_500)):
            story.flow(-amount, "SUPPLIER_OUT", counterparty_id=payee)
        story.close()
        assert story.figure("A-21") == pytest.approx(0.75)  # the first credit has left the window

    def test_a_payment_explains_an_inflow_once(self) -> None:
        story = passing(0).on("2024-04-02")
        story.flow(1_000)
        story.on("2024-04-03").flow(1_000)
        story.flow(-1_000, "SUPPLIER_OUT", counterparty_id="p-1")
        story.close()
        assert story.figure("A-21") == pytest.approx(0.5)

    def test_a_settled_day_stays_what_it_was(self) -> None:
        story = passing(6_000, on="2024-03-25", then="2024-03-26")
        assert story.figure("A-21") == pytest.approx(0.6)
        story.close_through("2024-05-15")
        assert story.borrower.pass_through.out_days == []
        assert story.measure("A-21", story.today - 1).values == [1_000_000]

    def test_own_money_and_payees_without_a_name_do_not_count(self) -> None:
        story = passing(0).on("2024-04-03")
        story.flow(5_000, "OWN_TRANSFER")
        story.flow(6_000)
        story.flow(-6_000, "SUPPLIER_OUT")
        story.close()
        assert story.figure("A-21") == 0

    def test_ninety_days_must_have_been_recorded(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
        story.flow(100)
        story.close_through("2024-03-29")
        assert story.measure("A-21").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-21") == 0
        assert Story().measure("A-21").status == NOT_APPLICABLE

    def test_nothing_is_recorded_without_a_rulebook_that_needs_it(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1")
        story.flow(100)
        assert story.borrower.pass_through.since == 0

    def test_without_money_coming_in_nothing_passes(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
        story.flow(-100, "SUPPLIER_OUT")
        story.close_through("2024-04-15")
        assert story.measure("A-21").reason == Reason.ZERO_BASE
