"""The regimes side by side, day by day, against domain 4.1, 4.4 and section 8."""

from dataclasses import replace

import pytest

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.primitives.vocabulary import CARD
from services.scoring.domain.regimes import china, ifrs9, life_cycle, rbi
from services.scoring.domain.regimes.labels import Labels, labels
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Counting
from services.scoring.domain.rulebook.timeline import Timeline
from tests.fakes.story import Story
from tests.fakes.units import day


def owing(amount: float = 1_000, due: str = "2023-03-31", **terms: object) -> Story:
    story = Story(start="2023-03-01")
    story.loan(10_000, **terms)
    story.schedule((due, amount))
    return story


def shown(story: Story) -> Labels:
    closed_day = story.borrower.counters.closed_day or story.today
    return labels(story.borrower, story.rules, closed_day)


# Domain 4.4 rule 5, RBI's own example: due 31 March 2023, unpaid.
RBI_VECTORS = [
    ("2023-03-30", "STANDARD"),
    ("2023-03-31", "SMA-0"),
    ("2023-04-29", "SMA-0"),
    ("2023-04-30", "SMA-1"),
    ("2023-05-29", "SMA-1"),
    ("2023-05-30", "SMA-2"),
    ("2023-06-28", "SMA-2"),
    ("2023-06-29", "NPA"),
    ("2023-06-30", "NPA"),
]


@pytest.mark.parametrize(("as_of", "label"), RBI_VECTORS)
def test_the_indian_class_at_the_end_of_each_day(as_of: str, label: str) -> None:
    assert shown(owing().close_through(as_of))["rbi"] == label


def test_what_is_due_today_is_not_overdue_before_the_day_is_over() -> None:
    story = owing().on("2023-03-31")
    story.pays(10)
    assert shown(story)["rbi"] == "STANDARD"
    story.close()
    assert shown(story)["rbi"] == "SMA-0"


def test_a_non_performing_account_stays_so_until_all_arrears_are_paid() -> None:
    story = Story(start="2023-03-01")
    story.loan(10_000)
    story.schedule(("2023-03-31", 1_000), ("2023-06-20", 1_000))
    story.close_through("2023-06-29")
    assert shown(story)["rbi"] == "NPA"
    story.pays(1_000)  # the oldest; the second is ten days old
    story.close()
    assert story.days[1] == 10
    assert shown(story)["rbi"] == "NPA"
    story.pays(1_000)
    story.close()
    assert shown(story)["rbi"] == "STANDARD"


# China: days overdue, with the day after each boundary.
CHINA_VECTORS = [
    (0, "NORMAL", "NORMAL"),
    (1, "SPECIAL_MENTION", "SPECIAL_MENTION"),
    (90, "SPECIAL_MENTION", "SPECIAL_MENTION"),
    (91, "SUBSTANDARD", "SUBSTANDARD"),
    (120, "SUBSTANDARD", "SUBSTANDARD"),
    (121, "SUBSTANDARD", "DOUBTFUL"),
    (180, "SUBSTANDARD", "DOUBTFUL"),
    (181, "SUBSTANDARD", "LOSS"),
    (270, "SUBSTANDARD", "LOSS"),
    (271, "DOUBTFUL", "LOSS"),
    (360, "DOUBTFUL", "LOSS"),
    (361, "LOSS", "LOSS"),
]


@pytest.mark.parametrize(("days", "loan", "card"), CHINA_VECTORS)
def test_the_chinese_tier_by_days_overdue(days: int, loan: str, card: str) -> None:
    assert china.TIERS[china.tier_of(days)] == loan
    assert china.TIERS[china.tier_of(days, is_card=True)] == card


def test_a_card_claim_has_bands_of_its_own() -> None:
    story = Story("RETAIL", start="2023-03-01")
    story.loan(0, loan_type=CARD)
    story.schedule(("2023-03-31", 120))
    story.close_through("2023-07-30")  # 121 days
    assert shown(story)["china"] == "DOUBTFUL"


def test_a_restructured_claim_is_special_mention_at_best() -> None:
    story = owing()
    story.reschedule(("2023-06-30", 1_000), version=2)
    story.close()
    assert shown(story)["china"] == "SPECIAL_MENTION"


def test_a_fifth_of_all_debt_late_elsewhere_makes_substandard_here() -> None:
    story = owing()
    story.report("ARREARS", days=91, amount=2_500)  # 2,500 of 12,500 is 20 %
    story.close()
    assert shown(story)["china"] == "NORMAL"
    story.report("ARREARS", days=91, amount=2_501)
    story.close()
    assert shown(story)["china"] == "SUBSTANDARD"


@pytest.mark.parametrize(
    ("days", "is_in_default", "is_forborne", "stage", "is_backstop"),
    [
        (0, False, False, "STAGE_1", False),
        (30, False, False, "STAGE_1", False),
        (31, False, False, "STAGE_2", True),
        (31, False, True, "STAGE_2", False),
        (0, False, True, "STAGE_2", False),
        (89, False, False, "STAGE_2", True),
        (90, False, False, "STAGE_3", True),
        (0, True, False, "STAGE_3", False),
        (95, True, False, "STAGE_3", False),
    ],
)
def test_the_stage_of_ifrs_9(
    days: int, is_in_default: bool, is_forborne: bool, stage: str, is_backstop: bool
) -> None:
    facts = {"is_in_default": is_in_default, "is_forborne": is_forborne}
    assert ifrs9.stage(days, **facts) == stage
    assert ifrs9.is_backstop(days, **facts) is is_backstop


class TestEuropeanDefault:
    def test_more_than_ninety_material_days(self) -> None:
        story = owing().close_through("2023-06-29")
        assert (shown(story)["eu_default"], shown(story)["eu_reason"]) == (False, "NONE")
        story.close()
        assert (shown(story)["eu_default"], shown(story)["eu_reason"]) == (True, "DPD_90")

    @pytest.mark.parametrize(
        "trigger",
        [
            "NON_ACCRUAL",
            "CREDIT_RISK_ADJUSTMENT",
            "SALE_AT_LOSS",
            "DISTRESSED_RESTRUCTURING",
            "BANKRUPTCY",
            "OTHER",
        ],
    )
    def test_each_element_of_unlikeliness_to_pay_at_once(self, trigger: str) -> None:
        story = owing()
        story.decide("UTP", trigger=trigger)
        assert (shown(story)["eu_default"], shown(story)["eu_reason"]) == (True, trigger)

    def test_bankruptcy_that_is_reported(self) -> None:
        story = owing()
        story.report("INSOLVENCY")
        assert shown(story)["eu_reason"] == "BANKRUPTCY"

    def test_a_distressed_restructuring(self) -> None:
        story = owing()
        story.reschedule(("2023-06-30", 1_000), version=2, loss=0.01)
        assert shown(story)["eu_default"] is True
        story.close()
        assert shown(story)["eu_reason"] == "CURE"

    def test_three_months_of_cure_after_the_last_trigger(self) -> None:
        story = owing()
        story.decide("UTP", trigger="NON_ACCRUAL")
        story.on("2023-03-31")
        story.pays(1_000)
        story.on("2023-04-10")
        story.decide("LIFT_UTP", name="o-2")
        story.close()
        assert shown(story)["eu_reason"] == "CURE"
        story.inspection("SATISFACTORY")
        story.close_through("2023-07-09")
        assert shown(story)["eu_default"] is True
        story.close()
        assert (shown(story)["eu_default"], shown(story)["eu_reason"]) == (False, "NONE")

    def test_arrears_that_are_material_stop_the_cure(self) -> None:
        story = Story(start="2023-03-01")
        story.loan(10_000)
        story.schedule(("2023-05-31", 1_000))
        story.decide("UTP")
        story.decide("LIFT_UTP", name="o-2")
        story.close_through("2023-06-10")
        story.pays(1_000)
        story.close()  # 11 June: clear again
        story.inspection("SATISFACTORY")
        story.close_through("2023-09-10")
        assert shown(story)["eu_default"] is True
        story.close()
        assert shown(story)["eu_default"] is False

    def test_a_year_when_forborne(self) -> None:
        story = owing()
        story.reschedule(("2024-09-30", 1_000), version=2, loss=0.02)
        story.close()
        story.inspection("SATISFACTORY")
        story.close_through("2024-02-29")
        assert shown(story)["eu_default"] is True
        story.close()  # 1 March 2024, a year after the measure
        assert shown(story)["eu_default"] is False

    def test_the_label_does_not_follow_another_cure_pack(self) -> None:
        """In a house that leaves PROBATION at once, the European clock still runs."""
        story = owing()
        story.decide("UTP")
        story.on("2023-03-31")
        story.pays(1_000)
        story.decide("LIFT_UTP", name="o-2")
        story.close()
        story.borrower.risk.state = 2  # as if another rule had let it go on
        story.close()
        assert shown(story)["eu_default"] is True

    def test_no_cure_without_a_person_who_found_the_borrower_able_to_pay(self) -> None:
        story = owing()
        story.decide("UTP")
        story.on("2023-03-31")
        story.pays(1_000)
        story.decide("LIFT_UTP", name="o-2")
        story.close_through("2024-03-31")  # a year, four times the cure period
        assert (story.state, shown(story)["eu_default"]) == ("PROBATION", True)
        assert shown(story)["ifrs9"] == "STAGE_3"
        story.inspection("SATISFACTORY")
        story.close()
        assert (shown(story)["eu_default"], shown(story)["npe"]) == (False, False)

    def test_days_that_were_miscounted_leave_no_default(self) -> None:
        story = owing().close_through("2023-07-10")
        assert shown(story)["eu_default"] is True
        story.pays(1_000, value="2023-04-03")
        assert story.latest.corrected
        assert (shown(story)["eu_default"], shown(story)["eu_reason"]) == (False, "NONE")
        assert story.state == "HIGH_RISK"  # where more than 60 days had led before
        assert story.latest.transition.rule_ids == ["default-taken-back"]

    def test_a_loan_written_off_is_a_credit_risk_adjustment_of_the_obligor(self) -> None:
        story = owing()
        story.loan(5_000, loan_id="l-2")
        story.ends("WRITTEN_OFF", loan_id="l-2")
        assert shown(story)["eu_default"] is True


def test_a_rulebook_chooses_which_regimes_are_shown() -> None:
    story = owing()
    rules = replace(story.rules, counting=Counting(regimes=("rbi",)))
    assert set(labels(story.borrower, rules, story.today)) == {"rbi"}


def per_facility(segment: str = "RETAIL", pulling: str = "0.2") -> Story:
    """Three loans of 1,000, 2,000 and 7,000 of a borrower counted facility by facility."""
    story = Story(segment, start="2024-01-01")
    book = load_rulebook("reference")
    counting = Counting(retail_per_facility=True, pulling_micro=round(float(pulling) * 1_000_000))
    book = replace(book, counting=counting, resolved={})
    story.timeline = Timeline(Context(book), lambda _: book)
    for name, principal in (("l-1", 1_000), ("l-2", 2_000), ("l-3", 7_000)):
        story.loan(principal, loan_id=name)
    return story


def facility_labels(story: Story) -> Labels:
    assert story.timeline is not None
    rules = story.timeline.context.rules_for(story.borrower)
    return labels(story.borrower, rules, story.borrower.counters.closed_day)


class TestPerFacility:
    def test_one_small_facility_in_default_does_not_default_the_obligor(self) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.close_through("2024-04-15")
        assert story.borrower.loans[0].regulatory_days == 91
        assert story.borrower.counters.regulatory_days == 90
        labels = facility_labels(story)
        assert (labels["eu_default"], labels["eu_facilities"]) == (False, "l-1")
        assert story.state == "HIGH_RISK"  # more than 60 days past due, and no further

    def test_facilities_in_default_beyond_the_pulling_share_take_the_obligor_along(self) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.schedule(("2024-01-15", 300), loan_id="l-2")
        story.close_through("2024-04-15")  # 3,000 of 10,000 are more than 20 %
        assert story.borrower.counters.regulatory_days == 91
        assert facility_labels(story)["eu_facilities"] == "l-1 l-2"
        assert story.state == "DEFAULT"

    def test_exactly_the_share_does_not_pull(self) -> None:
        story = per_facility(pulling="0.3")
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.schedule(("2024-01-15", 300), loan_id="l-2")
        story.close_through("2024-04-15")
        assert story.borrower.counters.regulatory_days == 90

    def test_each_facility_is_tested_by_itself(self) -> None:
        # 60 on each of two: together above 100 euros, each below.
        story = per_facility()
        story.schedule(("2024-01-15", 60), loan_id="l-1")
        story.schedule(("2024-01-15", 60), loan_id="l-2")
        story.close_through("2024-02-15")
        assert [loan.regulatory_days for loan in story.borrower.loans] == [0, 0, 0]
        together = Story("RETAIL", start="2024-01-01")
        together.loan(1_000)
        together.loan(2_000, loan_id="l-2")
        together.schedule(("2024-01-15", 60))
        together.schedule(("2024-01-15", 60), loan_id="l-2")
        together.close_through("2024-02-15")
        assert together.borrower.counters.regulatory_days == 31

    def test_others_than_retail_are_counted_as_obligors(self) -> None:
        story = per_facility("SME")
        story.schedule(("2024-01-15", 600), loan_id="l-1")
        story.close_through("2024-04-15")
        assert story.borrower.counters.regulatory_days == 91
        assert story.state == "DEFAULT"

    def test_a_correction_derives_each_count_again(self) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.schedule(("2024-02-15", 300), loan_id="l-3")
        story.close_through("2024-03-15")
        assert [loan.regulatory_days for loan in story.borrower.loans] == [60, 0, 29]
        story.pays(300, value="2024-01-20", loan_id="l-1")
        assert [loan.regulatory_days for loan in story.borrower.loans] == [0, 0, 29]
        assert story.borrower.counters.regulatory_days == 29

    def test_a_line_over_its_limit_for_long_loses_no_day_by_a_correction(self) -> None:
        story = per_facility()
        story.line(drawn=1_500, limit=1_000)
        # Past due from 2 January 2024, a leap year: 365 days.
        story.close_through("2024-12-31")
        story.line(drawn=1_600, limit=1_000, on="2024-12-20")
        assert story.borrower.facilities[0].regulatory_days == 365

    def test_a_facility_is_cured_by_three_months_without_arrears(self) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.on("2024-04-20").pays(300, loan_id="l-1")
        story.close_through("2024-07-19")
        assert facility_labels(story)["eu_facilities"] == "l-1"
        story.close()
        assert facility_labels(story)["eu_facilities"] == ""

    @pytest.mark.parametrize("successor", ["l-9", ""], ids=["named", "booked on that day"])
    def test_a_loan_that_refinances_one_in_default_takes_its_default_over(
        self, successor: str
    ) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.on("2024-04-20").loan(1_200, loan_id="l-9")
        dues = [(f"{2024 + month // 12}-{month % 12 + 1:02d}-20", 100) for month in range(4, 16)]
        story.schedule(*dues, loan_id="l-9")
        story.ends("REFINANCED", loan_id="l-1", successor=successor)
        story.close()
        assert facility_labels(story)["eu_facilities"] == "l-9"
        # Three instalments equal the 300 refinanced; then three months, and twelve of the measure.
        for due, amount in dues[:11]:
            story.on(due).pays(amount, loan_id="l-9")
        story.close_through("2025-04-19")
        assert facility_labels(story)["eu_facilities"] == "l-9"
        story.close()
        assert facility_labels(story)["eu_facilities"] == ""

    def test_a_refinanced_facility_that_is_not_paid_is_not_cured(self) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.on("2024-04-20").loan(1_200, loan_id="l-9")
        story.ends("REFINANCED", loan_id="l-1", successor="l-9")
        story.close_through("2025-12-31")
        assert facility_labels(story)["eu_facilities"] == "l-9"

    def test_a_correction_takes_a_facility_out_of_default(self) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.close_through("2024-04-20")
        story.pays(300, value="2024-01-20", loan_id="l-1")
        assert facility_labels(story)["eu_facilities"] == ""
        assert decode(encode(story.borrower)) == story.borrower

    def test_an_end_dated_back_takes_no_facility_out_of_default(self) -> None:
        story = per_facility()
        story.schedule(("2024-01-15", 300), loan_id="l-1")
        story.close_through("2024-04-20")
        story.ends("REFINANCED", loan_id="l-1", closed_day=day("2024-03-01"))
        assert facility_labels(story)["eu_facilities"] == "l-1"


class TestJointObligors:
    def test_a_joint_obligation_in_default_is_watched_and_defaults_no_member(self) -> None:
        story = owing()
        story.link("joint", "JOINT_OBLIGATION")
        story.related_state("joint", "DEFAULT")
        assert (story.state, story.flags) == ("WATCH", {"JOINT_OBLIGATION_DEFAULT"})
        assert "watch-joint-obligation" in story.borrower.risk.rule_ids

    def test_the_joint_obligation_is_in_default_when_all_members_are(self) -> None:
        story = owing()
        story.link("ana", "JOINT_MEMBER")
        story.link("ben", "JOINT_MEMBER")
        story.related_state("ana", "DEFAULT")
        assert story.flags == set()
        story.related_state("ben", "DEFAULT")
        assert (story.state, story.flags) == ("DEFAULT", {"JOINT_MEMBERS_DEFAULT"})

    def test_a_member_that_recovers_takes_the_flag_away(self) -> None:
        story = owing()
        story.link("ana", "JOINT_MEMBER")
        story.related_state("ana", "DEFAULT")
        story.related_state("ana", "PROBATION")
        assert story.flags == set()

    def test_a_joint_link_is_no_group_contagion(self) -> None:
        story = owing()
        story.link("joint", "JOINT_OBLIGATION")
        story.related_state("joint", "DEFAULT")
        assert story.level("C-05") == 0

    def test_a_default_from_joint_obligors_is_not_passed_on(self) -> None:
        story = owing()
        story.dependant("friend")
        story.link("ana", "JOINT_MEMBER")
        story.related_state("ana", "DEFAULT")
        assert story.state == "DEFAULT"
        assert story.borrower.credit_file.own_state == 0


def test_the_classes_know_their_boundaries() -> None:
    days = (-1, 0, 29, 30, 59, 60, 89, 90)
    assert [rbi.class_of(each, is_npa=False) for each in days] == [
        "STANDARD",
        "SMA-0",
        "SMA-0",
        "SMA-1",
        "SMA-1",
        "SMA-2",
        "SMA-2",
        "NPA",
    ]
    assert life_cycle.MOST_DAYS == 90
