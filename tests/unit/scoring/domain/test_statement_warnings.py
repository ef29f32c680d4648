"""Annual figures that are a warning at once, on both sides of each limit, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from services.scoring.domain.primitives.measurement import (
    MEASURED,
    MICRO,
    NOT_APPLICABLE,
    RED,
    UNMEASURABLE,
    Reason,
)
from services.scoring.domain.primitives.vocabulary import BULLET, INTEREST_ONLY, REVOLVING, TERM
from tests.fakes.edges import Edge, G, R, check, edges, measured
from tests.fakes.statements import firm, statement
from tests.fakes.story import Story
from tests.fakes.units import day

# Cash for debt service is EBITDA, 500, less 100 of tax: 400.
EARNED = {
    "ebit": 300,
    "depreciation_amortisation": 200,
    "tax_expense": 100,
    "capex": 0,
    "debt_raised": 0,
    "equity_raised": 0,
}
INDEBTED = {"short_term_debt": 100, "long_term_debt": 300, "cash": 50, "interest_expense": 100}
EDGES = [
    *edges("F-28", None, EARNED, "interest_expense", (400, (1.0,), G), (401, (0.997506,), R)),
    # 99 over 100 in the year before: the better year decides.
    *edges("F-29", INDEBTED | {"ebit": 99}, INDEBTED, "ebit", (100, (1.0,), G), (99, (0.99,), R)),
    Edge("F-29", INDEBTED | {"ebit": 100}, INDEBTED | {"ebit": 10}, (1.0,), G),
    *edges(
        "F-30",
        None,
        {"profit_before_tax": -1, "total_assets": 1000},
        "equity",
        (0, (0.0,), G),
        (-1, (-0.001,), R),
    ),
]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.indicator} {edge.figures}")
def test_both_sides_of_the_limit(edge: Edge) -> None:
    check(edge)


class TestScheduledService:
    def cover(self, *dues: tuple[str, float], **booking: Any) -> float | None:
        """Return F-28 of a year with 400 of cash, 100 of interest and one loan with these dues."""
        story = Story(start="2023-01-01", rulebook="default")
        story.loan(2_000, **booking)
        story.schedule(*dues)
        story.on("2024-05-15").files("2023-12", **EARNED, interest_expense=100)
        [value] = story.measure("F-28").values
        return None if value is None else value / MICRO

    def test_instalments_of_the_year_count(self) -> None:
        # 400 / (100 + 150 + 150); the first instalment of 2024 is of the next year.
        assert self.cover(("2023-06-30", 150), ("2023-12-31", 150), ("2024-01-01", 99)) == 1.0

    @pytest.mark.parametrize(
        "booking",
        [
            pytest.param({"loan_type": REVOLVING}, id="a line"),
            pytest.param({"loan_type": TERM, "repayment_type": BULLET}, id="a bullet loan"),
            pytest.param({"loan_type": TERM, "repayment_type": INTEREST_ONLY}, id="interest only"),
        ],
    )
    def test_principal_that_is_refinanced_does_not(self, booking: dict[str, int]) -> None:
        assert self.cover(("2023-06-30", 150), ("2023-12-31", 150), **booking) == 4.0

    def test_a_balloon_does_not(self) -> None:
        # The last instalment is more than twice the one before: 400 / (100 + 100).
        assert self.cover(("2023-06-30", 100), ("2023-12-31", 201)) == 2.0
        assert self.cover(("2023-06-30", 100), ("2023-12-31", 200)) == 1.0

    def test_one_payment_of_everything_does_not(self) -> None:
        assert self.cover(("2023-12-31", 1_000)) == 4.0

    def test_without_any_service_it_does_not_apply(self) -> None:
        borrower = firm(statement("2023-12", **EARNED, interest_expense=0))
        assert measured("F-28", borrower).status == NOT_APPLICABLE

    def test_a_missing_line_is_never_zero(self) -> None:
        borrower = firm(statement("2023-12", ebit=300, interest_expense=100))
        assert measured("F-28", borrower).reason == Reason.MISSING_LINE


class TestWhereTheyDoNotApply:
    def test_without_net_debt_no_interest_presses(self) -> None:
        lines = INDEBTED | {"ebit": 10, "cash": 400}
        borrower = firm(statement("2022-12", **lines), statement("2023-12", **lines))
        assert measured("F-29", borrower).status == NOT_APPLICABLE

    def test_without_interest_in_one_of_the_years_there_is_nothing_to_cover(self) -> None:
        before = INDEBTED | {"ebit": 10, "interest_expense": 0}
        borrower = firm(
            statement("2022-12", **before), statement("2023-12", **INDEBTED, **{"ebit": 10})
        )
        assert measured("F-29", borrower).status == NOT_APPLICABLE

    def test_a_first_statement_has_no_second_year(self) -> None:
        borrower = firm(statement("2023-12", **INDEBTED, **{"ebit": 10}))
        assert measured("F-29", borrower).reason == Reason.NO_PRIOR_STATEMENT

    def test_negative_equity_in_a_year_of_profit_is_no_warning(self) -> None:
        borrower = firm(statement("2023-12", profit_before_tax=1, equity=-9, total_assets=100))
        assert measured("F-30", borrower).status == NOT_APPLICABLE

    def test_a_half_year_is_no_year(self) -> None:
        borrower = firm(statement("2023-06", 6, profit_before_tax=-1, equity=-9, total_assets=100))
        measurement = measured("F-30", borrower)
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.MISSING_LINE)


# Net debt of 350 is seven times EBITDA of 50. Cash of 50 covers half of 100 interest.
BURDENED = INDEBTED | {
    "ebit": 50,
    "depreciation_amortisation": 0,
    "tax_expense": 0,
    "capex": 0,
    "debt_raised": 0,
    "equity_raised": 0,
    "profit_before_tax": 10,
    "equity": 500,
    "total_assets": 1000,
}


def filed(industry: str = "46.7", start: str = "", segment: str = "SME", **lines: int) -> Story:
    """Return a firm on `default` that filed its accounts for 2023."""
    story = Story(segment, start="2024-01-01", rulebook="default", industry=industry)
    if start:
        story.apply(_with_start(story, start))
    story.on("2024-05-15").files("2023-12", **lines)
    return story


def _with_start(story: Story, start: str) -> Any:
    return replace(story.log[0], id="again", start_day=day(start))


class TestAtOnce:
    def test_debt_service_with_a_high_debt(self) -> None:
        story = filed(**BURDENED)
        assert (story.state, story.latest.trigger_rule_ids) == ("WATCH", ["watch-debt-service"])
        tests = story.borrower.state_tests
        # 50 / 100 against 1.0, and 350 / 50 against 6.0.
        assert [(test.code, test.value, test.operator, test.threshold) for test in tests] == [
            ("F-28", 500_000, "<", MICRO),
            ("F-07", 7 * MICRO, ">", 6 * MICRO),
        ]
        assert all(test.refs == [f"core#{story.log[-1].id}"] for test in tests)

    def test_debt_service_with_a_bearable_debt_only_scores(self) -> None:
        # Net debt of 300 is six times EBITDA, not more.
        story = filed(**BURDENED | {"cash": 100})
        assert "watch-debt-service" not in story.latest.trigger_rule_ids

    def test_net_debt_without_earnings(self) -> None:
        story = filed(**BURDENED | {"ebit": 0})
        assert "watch-debt-service" in story.latest.trigger_rule_ids

    def test_no_earnings_and_no_net_debt(self) -> None:
        story = filed(**BURDENED | {"ebit": 0, "cash": 400})
        assert "watch-debt-service" not in story.latest.trigger_rule_ids

    def test_interest_of_two_years(self) -> None:
        story = filed(**BURDENED | {"ebit": 99, "cash": 350})
        story.on("2025-05-15").files("2024-12", **BURDENED | {"ebit": 90, "cash": 350})
        assert "watch-interest" in story.latest.trigger_rule_ids

    def test_negative_equity_with_a_loss(self) -> None:
        story = filed(segment="MICRO", profit_before_tax=-10, equity=-1, total_assets=1000)
        assert "watch-own-funds" in story.latest.trigger_rule_ids

    @pytest.mark.parametrize("segment", ["SME", "CORPORATE", "LARGE"])
    def test_negative_equity_only_scores_where_many_sound_firms_have_it(self, segment: str) -> None:
        story = filed(segment=segment, profit_before_tax=-10, equity=-1, total_assets=1000)
        assert story.latest.trigger_rule_ids == []
        levels = {cause.indicator: cause.level for cause in story.latest.contributors}
        assert levels["F-08"] == RED

    @pytest.mark.parametrize(
        ("industry", "start"),
        [
            pytest.param("68.20", "", id="property"),
            pytest.param("41.10", "", id="projects"),
            pytest.param("64.20", "", id="holdings"),
            pytest.param("46.7", "2022-05-16", id="a start-up"),
        ],
    )
    def test_not_for_firms_with_measures_of_their_own(self, industry: str, start: str) -> None:
        lines = BURDENED | {"profit_before_tax": -10, "equity": -1}
        story = filed(industry, start, **lines)
        rules = {"watch-debt-service", "watch-interest", "watch-own-funds"}
        assert not rules & set(story.latest.trigger_rule_ids)
        assert story.measure("F-28").status == MEASURED

    def test_a_firm_of_two_years_is_no_start_up(self) -> None:
        story = filed("46.7", "2022-05-14", **BURDENED)
        assert story.latest.trigger_rule_ids == ["watch-debt-service"]

    @pytest.mark.parametrize(
        "marks", [{"going_concern_doubt": True}, {"opinion": 4}], ids=["going concern", "adverse"]
    )
    def test_what_the_auditor_rejects_is_high_risk(self, marks: dict[str, object]) -> None:
        story = Story(start="2024-05-15", rulebook="default")
        story.files("2023-12", marks=marks, equity=500, total_assets=1000)
        assert (story.state, story.latest.trigger_rule_ids) == ("HIGH_RISK", ["high-risk-auditor"])

    @pytest.mark.parametrize("opinion", [2, 3], ids=["emphasis", "qualified"])
    def test_what_the_auditor_only_remarks_is_not(self, opinion: int) -> None:
        story = Story(start="2024-05-15", rulebook="default")
        story.files("2023-12", marks={"opinion": opinion}, equity=500, total_assets=1000)
        assert story.state in ("NORMAL", "ATTENTION")


@pytest.mark.parametrize(("ebit", "is_lit"), [(99, True), (100, False)])
def test_a_lone_red_of_a_serious_indicator_is_attention(ebit: int, is_lit: bool) -> None:
    # Interest of 100 covered to 0.99: F-06 is red, and nothing else is.
    story = filed(ebit=ebit, interest_expense=100)
    assert ("attention-serious" in story.latest.trigger_rule_ids) == is_lit
    assert (story.state == "ATTENTION") == is_lit


class TestCovenant:
    def test_broken_after_its_cure_period_is_high_risk(self) -> None:
        story = Story(start="2024-03-01", rulebook="default")
        story.covenant(0.9, 1.2, cure="2024-03-31")
        story.close_through("2024-03-31")
        assert story.state == "WATCH"
        story.close()
        assert (story.state, story.latest.trigger_rule_ids) == (
            "HIGH_RISK",
            ["high-risk-covenant"],
        )
        [test] = story.borrower.state_tests
        subject = test.subjects[0]
        assert (subject.id, subject.figure, subject.limit) == ("v-DSCR", 900_000, 1_200_000)

    def test_one_that_is_kept_again_is_not(self) -> None:
        story = Story(start="2024-03-01", rulebook="default")
        story.covenant(0.9, 1.2, cure="2024-03-31")
        story.on("2024-03-20").covenant(1.3, 1.2, cure="2024-03-31")
        story.close_through("2024-04-02")
        assert story.state == "WATCH"

    def test_one_without_a_cure_period_is_not(self) -> None:
        story = Story(start="2024-03-01", rulebook="default")
        story.covenant(0.9, 1.2)
        assert story.close_through("2024-06-30").state == "WATCH"


class TestConnected:
    @pytest.mark.parametrize(
        ("covered", "state"), [(25, "WATCH"), (24, "ATTENTION")], ids=["a quarter", "less"]
    )
    def test_a_guarantor_in_default(self, covered: float, state: str) -> None:
        story = Story(start="2024-03-01", rulebook="default")
        story.loan(100)
        story.guarantor("g-1", covered)
        story.related_state("g-1", "DEFAULT")
        assert ("watch-guarantor" in story.latest.trigger_rule_ids) == (state == "WATCH")

    @pytest.mark.parametrize(("share", "is_watch"), [(0.30, True), (0.29, False)])
    def test_a_customer_in_default(self, share: float, is_watch: bool) -> None:
        story = Story(start="2024-03-01", rulebook="default")
        story.loan(100)
        story.link("c-1", "DEPENDENCY", share)
        story.related_state("c-1", "DEFAULT")
        assert ("watch-customer" in story.latest.trigger_rule_ids) == is_watch
