"""Collateral, covenants, links, reviews and outside signals by hand-worked numbers and edges."""

import pytest

from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.handlers.credit_file import expect_related_state
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    HARD,
    NOT_APPLICABLE,
    RED,
    UNMEASURABLE,
    Reason,
)
from tests.fakes.statements import statement
from tests.fakes.story import EVERYTHING_ON, Story
from tests.fakes.units import day, iso

FILE_INDICATORS = ("C-01", "C-02", "C-03", "C-04", "C-05", "C-06", "C-07", "C-08", "F-18", "X-01")


def owing(amount: float = 1_000, start: str = "2024-03-01") -> Story:
    """Return a borrower who owes the amount on loan l-1, with every indicator on."""
    story = Story(start=start, rulebook=EVERYTHING_ON)
    story.loan(amount)
    return story


@pytest.mark.parametrize("indicator", FILE_INDICATORS)
def test_a_borrower_with_an_empty_file_has_none_of_them(indicator: str) -> None:
    story = Story(start="2024-03-01", rulebook=EVERYTHING_ON)
    story.close()
    assert story.measure(indicator).status == NOT_APPLICABLE


class TestCollateralCover:
    @pytest.mark.parametrize(
        ("value", "cover", "level"),
        [
            pytest.param(1_375, 1.1, GREEN, id="1,375 less 20 % is 1.1 times 1,000: enough"),
            pytest.param(1_374, 1.0992, AMBER, id="a little less is amber"),
            pytest.param(1_250, 1.0, AMBER, id="just covered is amber"),
            pytest.param(1_249, 0.9992, RED, id="not covered is red"),
        ],
    )
    def test_is_after_haircut_over_what_is_owed(
        self, value: float, cover: float, level: int
    ) -> None:
        story = owing(1_000)
        story.collateral(value, haircut_micro=200_000)
        assert story.figure("C-01") == cover
        assert story.level("C-01") == level

    @pytest.mark.parametrize(
        ("value", "over", "level"),
        [
            pytest.param(1_334, -0.050375, GREEN, id="74.96 % of 80 % is more than 5 points away"),
            pytest.param(1_300, -0.030769, AMBER, id="76.9 % is less than 5 points away"),
            pytest.param(1_250, 0.0, AMBER, id="the limit itself is kept"),
            pytest.param(1_249, 0.000641, RED, id="beyond the limit is red"),
        ],
    )
    def test_loan_to_value_against_its_limit(self, value: float, over: float, level: int) -> None:
        story = owing(1_000)
        story.collateral(value, limit_micro=800_000)
        assert story.figure("C-01", component=1) == over
        assert story.level("C-01") == level

    def test_repaying_raises_the_cover_and_nothing_owed_needs_none(self) -> None:
        story = owing(1_000)
        story.schedule(("2024-03-05", 500), ("2024-03-06", 500))
        story.collateral(900)
        assert story.level("C-01") == RED
        story.on("2024-03-05").pays(500)
        assert story.level("C-01") == GREEN
        story.close()
        assert story.figure("C-01") == 1.8
        story.pays(500)
        story.close()
        assert story.measure("C-01").status == NOT_APPLICABLE

    def test_only_the_loans_that_it_secures_are_compared(self) -> None:
        story = owing(1_000)
        story.loan(5_000, loan_id="l-2")
        story.collateral(1_500)
        assert story.figure("C-01") == 1.5

    def test_a_line_counts_with_what_is_drawn(self) -> None:
        story = owing(1_000)
        story.loan(0, loan_id="l-2", loan_type=vocabulary.REVOLVING, facility_id="f-1")
        story.line(400, 800)
        story.collateral(1_540, loan_ids=["l-1", "l-2"])
        assert story.figure("C-01") == 1.1

    def test_in_another_currency_it_is_no_figure(self) -> None:
        story = owing()
        story.collateral(2_000, currency="USD")
        measurement = story.measure("C-01")
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NOT_COMPARABLE)

    def test_for_a_loan_that_is_not_known_it_is_no_figure(self) -> None:
        story = owing()
        story.collateral(2_000, loan_ids=["l-9"])
        assert story.measure("C-01").reason == Reason.NO_EXPOSURE


class TestValuationAge:
    @pytest.mark.parametrize(
        ("seen", "months", "level"),
        [
            pytest.param("2025-03-01", 12, GREEN, id="twelve months are still good"),
            pytest.param("2025-03-02", 12.032258, AMBER, id="a day more, one of 31, is amber"),
            pytest.param("2025-09-01", 18, AMBER, id="eighteen months are amber"),
            pytest.param("2025-09-02", 18.033333, RED, id="a day more, one of 30, is red"),
        ],
    )
    def test_of_commercial_property(self, seen: str, months: float, level: int) -> None:
        story = owing(1_000)
        story.collateral(2_000)
        story.close_through(seen)
        assert story.figure("C-02") == months
        assert story.level("C-02") == level

    @pytest.mark.parametrize(
        ("valued", "level"),
        [("2021-03-01", GREEN), ("2021-02-28", AMBER), ("2020-09-01", AMBER), ("2020-08-31", RED)],
    )
    def test_of_homes(self, valued: str, level: int) -> None:
        story = owing()
        story.collateral(2_000, is_residential=True, valued_day=day(valued))
        assert story.level("C-02") == level
        assert story.measure("C-02").values[0] is None

    def test_cash_needs_no_valuer(self) -> None:
        story = owing()
        story.collateral(2_000, kind=vocabulary.CASH_COLLATERAL)
        assert story.measure("C-02").status == NOT_APPLICABLE


class TestDocuments:
    @pytest.mark.parametrize(
        ("ends", "days", "level"),
        [
            pytest.param("2024-04-01", 31, GREEN, id="31 days are enough"),
            pytest.param("2024-03-31", 30, AMBER, id="30 days are amber"),
            pytest.param("2024-03-01", 0, AMBER, id="the last day still holds"),
            pytest.param("2024-02-29", -1, RED, id="a day after it is red"),
        ],
    )
    def test_the_first_to_end_counts(self, ends: str, days: int, level: int) -> None:
        story = owing()
        story.collateral(2_000, registered_until=day("2030-01-01"), insured_until=day(ends))
        assert story.figure("C-03") == days
        assert story.level("C-03") == level

    def test_time_alone_turns_it_red(self) -> None:
        story = owing()
        story.collateral(2_000, permitted_until=day("2024-03-04"))
        story.close_through("2024-03-04")
        assert story.level("C-03") == AMBER
        story.close()
        assert story.level("C-03") == RED

    def test_a_double_pledge_is_red_by_itself(self) -> None:
        story = owing()
        story.collateral(2_000, is_double_pledged=True)
        assert story.level("C-03") == RED

    def test_without_any_date_nothing_can_be_watched(self) -> None:
        story = owing()
        story.collateral(2_000)
        measurement = story.measure("C-03")
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NO_DATA)


class TestGuarantor:
    @pytest.mark.parametrize(
        ("state", "level"),
        [
            ("NORMAL", GREEN),
            ("ATTENTION", GREEN),
            ("WATCH", AMBER),
            ("HIGH_RISK", RED),
            ("PROBATION", RED),
            ("DEFAULT", RED),
            ("CLOSED", GREEN),
        ],
    )
    def test_the_state_gives_the_level(self, state: str, level: int) -> None:
        story = owing(1_000)
        story.guarantor("g-1", 1_000)
        expect_related_state(story.borrower.credit_file, "g-1")
        story.related_state("g-1", state)
        assert story.level("C-04") == level

    def test_the_share_that_weak_guarantors_cover_limits_the_weight(self) -> None:
        story = owing(1_000)
        for name, covered in (("g-1", 300), ("g-2", 900)):
            story.guarantor(name, covered)
            expect_related_state(story.borrower.credit_file, name)
            story.related_state(name, "NORMAL")
        story.related_state("g-1", "DEFAULT")
        assert story.figure("C-04", component=1) == 0.3
        slot = slot_of("C-04")
        assert story.borrower.signals.contribution[slot] == 90_000  # .30 x min(1, .3)
        story.related_state("g-2", "WATCH")
        assert story.figure("C-04", component=1) == 1.0  # 1,200 of 1,000 is all of it
        assert story.borrower.signals.contribution[slot] == 300_000

    def test_a_guarantor_without_a_reported_state_is_unknown_unless_another_is_bad(self) -> None:
        story = owing()
        for name in ("g-1", "g-2"):
            story.guarantor(name)
            expect_related_state(story.borrower.credit_file, name)
        assert story.measure("C-04").reason == Reason.NO_DATA
        story.related_state("g-2", "DEFAULT")
        assert story.level("C-04") == RED

    def test_a_guarantee_that_ended_does_not_count(self) -> None:
        story = owing()
        story.guarantor("g-1", until="2024-03-03")
        expect_related_state(story.borrower.credit_file, "g-1")
        story.related_state("g-1", "DEFAULT")
        story.close_through("2024-03-02")
        assert story.level("C-04") == RED
        story.close()
        assert story.measure("C-04").status == NOT_APPLICABLE
        assert story.level("C-04") == GREEN

    def test_a_guarantor_in_high_risk_puts_the_borrower_on_watch(self) -> None:
        story = owing()
        story.guarantor("g-1")
        expect_related_state(story.borrower.credit_file, "g-1")
        story.related_state("g-1", "HIGH_RISK")
        assert story.assessments[-1].state == "WATCH"
        assert story.assessments[-1].trigger_rule_ids == ["watch-guarantor"]
        assert story.assessments[-1].contributors[0].evidence == [f"core#{story.log[-1].id}"]


class TestGroup:
    @pytest.mark.parametrize(
        ("kind", "strength", "state", "level"),
        [
            pytest.param("DEPENDENCY", 0.24, "HIGH_RISK", GREEN, id="24 % is too little"),
            pytest.param("DEPENDENCY", 0.25, "HIGH_RISK", AMBER, id="25 % on high risk is amber"),
            pytest.param("DEPENDENCY", 0.25, "WATCH", GREEN, id="a member on watch says nothing"),
            pytest.param("DEPENDENCY", 0.49, "DEFAULT", AMBER, id="49 % on default is amber"),
            pytest.param("FAMILY", 0.50, "DEFAULT", RED, id="50 % on default is red"),
            pytest.param("CONTROL", -1, "HIGH_RISK", AMBER, id="control in high risk is amber"),
            pytest.param("CONTROL", -1, "DEFAULT", HARD, id="a parent in default is hard"),
        ],
    )
    def test_dependency_and_state_together_decide(
        self, kind: str, strength: float, state: str, level: int
    ) -> None:
        story = owing()
        story.link("m-1", kind, strength)
        expect_related_state(story.borrower.credit_file, "m-1")
        story.related_state("m-1", state)
        assert story.level("C-05") == level

    def test_a_parent_in_default_means_high_risk(self) -> None:
        story = owing()
        story.link("m-1", "CONTROL")
        expect_related_state(story.borrower.credit_file, "m-1")
        story.related_state("m-1", "DEFAULT")
        assert story.assessments[-1].state == "HIGH_RISK"
        assert story.assessments[-1].trigger_rule_ids == ["high-risk-parent"]

    def test_a_link_of_unknown_strength_cannot_be_weighed(self) -> None:
        story = owing()
        story.link("m-1", "DEPENDENCY")
        expect_related_state(story.borrower.credit_file, "m-1")
        story.related_state("m-1", "NORMAL")
        assert story.level("C-05") == GREEN
        story.related_state("m-1", "DEFAULT")
        assert story.measure("C-05").reason == Reason.NO_DATA


@pytest.mark.parametrize(
    ("seen", "days", "level"),
    [
        pytest.param("2024-03-10", 0, GREEN, id="on the day"),
        pytest.param("2024-03-11", 1, AMBER, id="a day after"),
        pytest.param("2024-06-08", 90, AMBER, id="90 days after"),
        pytest.param("2024-06-09", 91, RED, id="91 days after"),
    ],
)
def test_a_review_that_ran_out(seen: str, days: int, level: int) -> None:
    story = Story(start="2024-03-01", rulebook=EVERYTHING_ON)
    story.loan(1_000, review_due_day=day("2024-03-10"))
    story.loan(0, "l-2", loan_type=vocabulary.OVERDRAFT, maturity_day=day("2026-01-01"))
    story.close_through(seen)
    assert story.figure("C-06") == days
    assert story.level("C-06") == level


def test_the_end_of_a_line_is_a_limit_that_ran_out_that_of_a_loan_is_not() -> None:
    story = Story(start="2024-03-01", rulebook=EVERYTHING_ON)
    story.loan(1_000, maturity_day=day("2024-03-02"))
    story.close_through("2024-03-05")
    assert story.measure("C-06").status == NOT_APPLICABLE
    story.loan(0, "l-2", loan_type=vocabulary.REVOLVING, maturity_day=day("2024-03-04"))
    story.close()
    assert story.figure("C-06") == 2


class TestInspections:
    @pytest.mark.parametrize(
        ("seen", "days", "level"),
        [
            pytest.param("2024-03-25", 15, GREEN, id="15 days"),
            pytest.param("2024-03-26", 16, AMBER, id="16 days"),
            pytest.param("2024-04-24", 45, AMBER, id="45 days"),
            pytest.param("2024-04-25", 46, RED, id="46 days"),
        ],
    )
    def test_overdue(self, seen: str, days: int, level: int) -> None:
        story = owing()
        story.inspection(due="2024-03-10")
        story.close_through(seen)
        assert story.figure("C-07") == days
        assert story.level("C-07") == level

    @pytest.mark.parametrize(
        ("severity", "level"), [("LOW", GREEN), ("MEDIUM", AMBER), ("HIGH", RED)]
    )
    def test_a_finding_counts_until_it_is_settled(self, severity: str, level: int) -> None:
        story = owing()
        story.finding(severity)
        assert story.level("C-07") == level
        story.finding(severity, settled=True)
        assert story.level("C-07") == GREEN

    def test_an_outcome_counts_until_the_next_inspection(self) -> None:
        story = owing()
        story.inspection("SERIOUS")
        assert story.level("C-07") == RED
        story.on("2024-03-08").inspection("CONCERNS")
        assert story.level("C-07") == AMBER
        story.on("2024-03-15").inspection()
        assert story.level("C-07") == GREEN

    def test_an_officers_signal_means_attention_even_where_the_indicator_is_off(self) -> None:
        story = Story(start="2024-03-01")
        story.close()
        story.finding("LOW")
        assert story.borrower.risk.state == 0
        story.finding("MEDIUM", name="n-2")
        assert story.assessments[-1].state == "ATTENTION"
        assert story.assessments[-1].trigger_rule_ids == ["attention-officer"]
        assert "OFFICER_SIGNAL" in story.assessments[-1].flags
        story.finding("MEDIUM", name="n-2", settled=True)
        assert not story.borrower.risk.flags


class TestOutside:
    @pytest.mark.parametrize(
        ("days", "level"), [(0, AMBER), (1, AMBER), (30, AMBER), (31, RED), (90, RED)]
    )
    def test_arrears_elsewhere(self, days: int, level: int) -> None:
        story = owing()
        story.report("ARREARS", days)
        assert story.figure("C-08") == max(1, days)
        assert story.level("C-08") == level

    def test_a_default_elsewhere_counts_more_than_ninety_days_and_means_high_risk(self) -> None:
        story = owing()
        story.report("DEFAULT")
        assert story.figure("C-08") == 91
        assert story.assessments[-1].state == "HIGH_RISK"
        assert story.assessments[-1].trigger_rule_ids == ["high-risk-outside"]

    @pytest.mark.parametrize(("claim", "level"), [(49, GREEN), (50, AMBER), (900, AMBER)])
    def test_claims_in_court_over_equity(self, claim: float, level: int) -> None:
        story = owing()
        story.borrower.statements.append(statement("2023-12", equity=1_000))
        story.report("COURT", amount=claim)
        assert story.figure("C-08", component=1) == claim / 1_000
        assert story.level("C-08") == level

    def test_a_claim_that_cannot_be_compared_is_amber(self) -> None:
        story = owing()
        story.report("COURT")
        assert story.measure("C-08").values[1] is None
        assert story.level("C-08") == AMBER

    def test_insolvency_is_hard(self) -> None:
        story = owing()
        story.report("INSOLVENCY")
        assert story.level("C-08") == HARD

    @pytest.mark.parametrize(("late", "level"), [(200, RED), (201, HARD)])
    def test_a_fifth_of_all_debt_long_past_due_elsewhere_is_hard(
        self, late: float, level: int
    ) -> None:
        story = owing()
        debt = statement("2023-12", short_term_debt=400, long_term_debt=600)
        story.borrower.statements.append(debt)
        story.report("ARREARS", 91, amount=late)
        assert story.level("C-08") == level

    def test_cleared_is_silence_again(self) -> None:
        story = owing()
        story.report("ARREARS", 40)
        story.report("CLEARED")
        assert story.measure("C-08").status == NOT_APPLICABLE
        assert story.level("C-08") == GREEN


class TestCovenants:
    @pytest.mark.parametrize(
        ("actual", "ceiling", "room", "level"),
        [
            pytest.param(1.32, False, 0.1, GREEN, id="ten per cent above a floor of 1.2"),
            pytest.param(1.31, False, 0.091667, AMBER, id="less is amber"),
            pytest.param(1.20, False, 0.0, AMBER, id="the floor itself is kept"),
            pytest.param(1.19, False, -0.008333, RED, id="below it is a breach"),
            pytest.param(1.08, True, 0.1, GREEN, id="ten per cent below a ceiling of 1.2"),
            pytest.param(1.21, True, -0.008333, RED, id="above it is a breach"),
        ],
    )
    def test_headroom(self, actual: float, ceiling: bool, room: float, level: int) -> None:
        story = owing()
        story.covenant(actual, 1.2, ceiling=ceiling)
        assert story.figure("F-18") == room
        assert story.level("F-18") == level

    def test_the_tightest_of_several_counts(self) -> None:
        story = owing()
        story.covenant(3.0, 1.2)
        story.covenant(3.4, 3.5, ceiling=True, name="LEVERAGE")
        assert story.figure("F-18") == 0.028571

    def test_a_limit_of_zero_is_kept_or_broken(self) -> None:
        story = owing()
        story.covenant(-1, 0, name="EBITDA")
        assert story.figure("F-18") == -1.0
        story.covenant(1, 0, name="EBITDA")
        assert story.measure("F-18").values[0] is None
        assert story.level("F-18") == GREEN

    @pytest.mark.parametrize(("seen", "level"), [("2024-03-25", GREEN), ("2024-03-26", AMBER)])
    def test_a_certificate_more_than_fifteen_days_late(self, seen: str, level: int) -> None:
        story = owing()
        story.covenant(3.0, 1.2, due="2024-03-10")
        story.close_through(seen)
        assert story.level("F-18") == level

    def test_an_unstated_due_date_follows_the_rhythm_of_the_tests(self) -> None:
        story = owing()
        story.covenant(3.0, 1.2, tested="2023-09-30")
        assert story.measure("F-18").values[1] is None
        story.covenant(3.0, 1.2, tested="2023-12-31")
        # Three months between the tests, certified on 1 March: the next one by 1 June.
        story.close_through("2024-06-11")
        assert story.figure("F-18", component=1) == 10

    def test_a_breach_or_a_waiver_means_watch(self) -> None:
        story = owing()
        story.covenant(3.0, 1.2, waiver=True)
        assert story.level("F-18") == RED
        assert story.assessments[-1].state == "WATCH"
        assert story.assessments[-1].trigger_rule_ids == ["watch-covenant"]


class TestPdDrift:
    @pytest.mark.parametrize(
        ("before", "now", "level"),
        [
            pytest.param(10_000, 19_900, GREEN, id="1.99 times"),
            pytest.param(10_000, 20_000, AMBER, id="twice, a point more"),
            pytest.param(2_000, 6_000, GREEN, id="three times but 0.4 points only"),
            pytest.param(2_500, 7_500, RED, id="three times and half a point"),
        ],
    )
    def test_needs_ratio_and_points(self, before: int, now: int, level: int) -> None:
        story = owing()
        story.borrower.profile.origination_pd_micro = before
        story.borrower.profile.current_pd_micro = now
        rule = story.rules.by_slot[slot_of("X-01")]
        assert rule is not None
        values = story.measure("X-01").values
        components = [
            component.level(v)
            for component, v in zip(rule.components, values, strict=True)
            if component and v
        ]
        assert min(components) == level

    def test_without_a_pd_now_it_is_unmeasurable(self) -> None:
        story = owing()
        story.borrower.profile.origination_pd_micro = 10_000
        assert story.measure("X-01").reason == Reason.NO_DATA


class TestDataSilence:
    def test_days_without_data_over_the_usual_interval(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
        for _ in range(11):
            story.balance(100)
            story.on(iso(story.today + 7))
        # Data every seventh day, last on 11 March: seen at the close of 24 March, 13 days.
        story.close_through("2024-03-24")
        assert story.figure("X-03") == 1.857143
        story.close()
        assert story.figure("X-03") == 2.0
        assert story.level("X-03") == AMBER
        assert not story.borrower.signals.contribution[slot_of("X-03")]

    def test_a_new_account_has_no_usual_interval(self) -> None:
        story = Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
        story.balance(100)
        story.close()
        assert story.measure("X-03").reason == Reason.FEW_OBSERVATIONS
