"""What ends a default and what does not: payments, clocks and people."""

import pytest

from services.scoring.domain.events import accounts
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.regimes.labels import Labels, labels
from tests.fakes.story import Story
from tests.fakes.units import day, iso


def in_default(segment: str = "SME", rulebook: str = "reference") -> Story:
    """A loan of 12,000; the instalments of 1,000 from 15 January 2024 on are not paid.

    Material from the close of 16 January on: day 91 is the close of 15 April.
    """
    story = Story(segment, start="2024-01-05", rulebook=rulebook)
    story.loan(12_000)
    story.schedule(
        *[(f"{2024 + month // 12}-{month % 12 + 1:02d}-15", 1_000) for month in range(24)]
    )
    story.close_through("2024-04-14")
    assert story.state == "HIGH_RISK"
    story.close_through("2024-04-20")
    assert story.state == "DEFAULT"
    return story


def shown(story: Story) -> Labels:
    return labels(story.borrower, story.rules, story.borrower.counters.closed_day)


def test_a_growing_exposure_ends_no_default() -> None:
    story = in_default()
    story.loan(10_000_000, loan_id="l-2")
    # 4,000 of ten millions are less than one per cent: the count starts again …
    story.close_through("2024-05-10")
    assert story.borrower.counters.regulatory_days == 0
    # … and the default goes on.
    assert (story.state, shown(story)["eu_default"]) == ("DEFAULT", True)


def test_a_small_rest_ends_no_default_where_only_the_exposure_grew() -> None:
    story = in_default()
    story.loan(10_000_000, loan_id="l-2")
    story.close_through("2024-04-30")  # more than five days later: not where the money came from
    story.pays(3_400)  # 600 are left: 5 % of the 12,000 at the beginning
    story.close()
    assert story.state == "DEFAULT"
    story.pays(101)  # 499: below the absolute threshold of 500
    story.close()
    assert story.state == "PROBATION"


def test_a_dispute_ends_no_default() -> None:
    story = in_default()
    story.disputes(4_000)
    story.close()
    assert story.borrower.counters.past_due_minor == 0
    assert (story.state, shown(story)["npe"]) == ("DEFAULT", True)


def test_an_end_dated_back_ends_no_default() -> None:
    story = in_default()
    story.loan(12_000, loan_id="l-2")
    story.ends("REFINANCED", closed_day=day("2024-03-01"), successor="l-2")
    story.close()
    assert (story.state, shown(story)["eu_default"]) == ("DEFAULT", True)


def test_an_end_dated_back_before_the_dues_holds_the_labels() -> None:
    story = Story(start="2024-01-05")
    story.loan(12_000)
    story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)])
    story.loan(5_000, loan_id="l-2")
    story.close_through("2024-01-25")
    assert (shown(story)["rbi"], shown(story)["china"]) == ("SMA-0", "SPECIAL_MENTION")
    story.ends("CANCELLED", closed_day=day("2024-01-10"))
    story.close()
    assert (shown(story)["rbi"], shown(story)["china"]) == ("SMA-0", "SPECIAL_MENTION")


def test_a_limit_raised_for_the_past_ends_no_default() -> None:
    story = Story(start="2024-01-05")
    story.line(3_000, 2_000)
    story.close_through("2024-04-30")
    assert story.state == "DEFAULT"
    story.limit(5_000, since="2024-02-01")
    story.close()
    assert (story.state, shown(story)["eu_default"]) == ("DEFAULT", True)


def test_another_segment_with_higher_thresholds_waits_for_the_cure() -> None:
    story = in_default("MICRO")
    assert story.state == "DEFAULT"
    story.pays(3_800)  # 200 are left: material for a micro firm, not for others
    story.close()
    assert story.state == "DEFAULT"


def test_a_default_that_the_rulebook_does_not_name_is_one_all_the_same() -> None:
    """The label has more than 90 days, whatever the state's rules ask for."""
    story = in_default()
    assert shown(story)["npe_reason"] == "DPD_90"
    assert shown(story)["china"] == "SUBSTANDARD"


def test_late_again_when_formerly_non_performing_is_npe_and_no_european_default() -> None:
    story = in_default("RETAIL")
    rows = [(f"{2024 + month // 12}-{month % 12 + 1:02d}-25", 1_000) for month in range(4, 28)]
    story.reschedule(*rows, version=2)
    assert story.flags >= {"FORBORNE", "FORMERLY_NON_PERFORMING"}
    for due, amount in rows[:16]:
        story.on(due)
        story.pays(amount)
        story.close()
        if due == "2025-02-25":
            story.inspection("SATISFACTORY")
    story.close()
    assert (shown(story)["eu_default"], shown(story)["npe"]) == (False, False)
    story.decide("RELAX", state="WATCH", until="2025-12-31")
    story.close()
    assert story.state == "WATCH"
    story.close_through("2025-10-25")  # the instalment of 25 September, 30 days
    assert shown(story)["npe"] is False
    story.close()
    assert story.state == "DEFAULT"
    assert (shown(story)["eu_default"], shown(story)["eu_reason"]) == (False, "NONE")
    assert (shown(story)["npe"], shown(story)["npe_reason"]) == (True, "FORBORNE_RELAPSE")
    assert (shown(story)["ifrs9"], shown(story)["china"]) == ("STAGE_3", "SUBSTANDARD")


CHANNELS = vocabulary.REPAYMENT_CHANNELS.index


class TestWithoutCash:
    """Arrears that the borrower's cash did not pay are not paid (EBA/GL/2016/07 paragraph 73)."""

    def test_instalments_that_a_guarantor_pays_prove_nothing(self) -> None:
        story = in_default()
        story.pays(4_000, channel=CHANNELS("GUARANTOR"))
        for month in range(5, 13):
            story.on(f"2024-{month:02d}-14")  # a day before each instalment is due
            story.pays(1_000, channel=CHANNELS("GUARANTOR"))
        story.close_through("2024-12-20")
        assert story.borrower.counters.past_due_minor == 0
        assert (story.state, shown(story)["eu_default"], shown(story)["rbi"]) == (
            "DEFAULT",
            True,
            "NPA",
        )

    @pytest.mark.parametrize("channel", ["SETOFF", "COLLATERAL", "GUARANTOR", "INSURER"])
    def test_cash_that_equals_what_others_paid_begins_probation(self, channel: str) -> None:
        story = in_default()
        story.pays(4_000, channel=CHANNELS(channel))
        for month in (5, 6, 7):
            story.on(f"2024-{month:02d}-15")
            story.pays(1_000)
        story.close()
        assert story.state == "DEFAULT"  # 3,000 of the 4,000 are proven
        story.on("2024-08-15")
        story.pays(1_000)
        story.close()
        assert story.state == "PROBATION"

    def test_a_payment_of_the_guarantor_that_is_taken_back_never_was_one(self) -> None:
        story = in_default()
        payment = story.pays(4_000, channel=CHANNELS("GUARANTOR"))
        story.reverses(payment, 4_000)
        assert story.borrower.loans[0].non_cash == []
        story.pays(4_000)
        story.close()
        assert story.state == "PROBATION"

    def test_a_new_version_of_the_schedule_without_a_reason_is_one_too(self) -> None:
        story = in_default()
        story.schedule(*[(f"2024-{month:02d}-28", 1_500) for month in range(5, 13)], version=2)
        story.close()
        assert story.borrower.counters.past_due_minor == 0
        assert (story.state, "FORBORNE" in story.flags) == ("DEFAULT", True)

    def test_other_instalments_under_the_version_that_is_known_are_a_new_schedule(self) -> None:
        story = in_default()
        story.schedule(*[(f"2024-{month:02d}-28", 1_500) for month in range(5, 13)], version=1)
        story.close()
        assert (story.state, shown(story)["china"]) == ("DEFAULT", "SUBSTANDARD")

    def test_a_statute_moves_instalments_and_is_no_measure(self) -> None:
        story = in_default()
        rows = [(f"2024-{month:02d}-28", 1_500) for month in range(5, 13)]
        story.reschedule(*rows, version=2, reason="STATUTORY", kind="")
        story.close()
        assert (story.state, story.flags) == ("PROBATION", set())

    @pytest.mark.parametrize(
        ("drawn", "days_before", "state"),
        [
            (3_200, 5, "DEFAULT"),  # 80 % of the 4,000, five days before
            (3_199, 5, "PROBATION"),
            (4_000, 6, "PROBATION"),
        ],
    )
    def test_arrears_paid_with_a_draw_of_four_fifths_within_five_days(
        self, drawn: float, days_before: int, state: str
    ) -> None:
        story = in_default()
        story.draws(drawn)
        story.on(iso(story.today + days_before))
        story.pays(4_000)
        story.close()
        assert story.state == state

    def test_a_draw_that_follows_the_payment_takes_the_probation_back(self) -> None:
        story = in_default()
        story.pays(4_000)
        story.close()
        assert story.state == "PROBATION"
        story.on(iso(story.today + 3))
        story.draws(4_000)
        assert (story.state, "FORBORNE" in story.flags) == ("DEFAULT", True)

    @pytest.mark.parametrize(
        ("received", "days_before", "state"),
        [(3_200, 5, "DEFAULT"), (3_199, 5, "PROBATION"), (4_000, 6, "PROBATION")],
    )
    def test_arrears_paid_with_money_of_an_own_loan_that_came_on_an_account(
        self, received: float, days_before: int, state: str
    ) -> None:
        story = in_default()
        story.flow(received, "LOAN_IN_OWN")
        story.on(iso(story.today + days_before))
        story.pays(4_000)
        story.close()
        assert story.state == state

    def test_a_draw_and_its_money_on_an_account_are_counted_once(self) -> None:
        story = in_default()
        story.draws(2_000)
        story.flow(2_000, "LOAN_IN_OWN")
        story.pays(4_000)  # half of it, not four fifths
        story.close()
        assert story.state == "PROBATION"

    def test_a_loan_that_pays_arrears_of_a_month_afterwards_is_a_concession(self) -> None:
        story = Story(start="2024-01-05")
        story.loan(12_000)
        story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)])
        story.on("2024-02-14").pays(1_000)  # 30 days late, in WATCH
        story.close()
        story.flow(1_000, "LOAN_IN_OWN")
        assert story.figure("R-10") == 1
        assert "FORBORNE" in story.flags

    def test_money_of_an_own_loan_that_never_came_refinanced_nothing(self) -> None:
        story = in_default()
        wrong = story.flow(4_000, "LOAN_IN_OWN")
        story.pays(4_000)
        story.close()
        assert (story.state, "FORBORNE" in story.flags) == ("DEFAULT", True)
        story.flow(4_000, "LOAN_IN_OWN", reverses=wrong)
        assert story.figure("R-10") == 0
        assert story.flags == set()
        story.close()
        assert story.state == "PROBATION"

    def test_a_draw_that_never_was_refinanced_nothing(self) -> None:
        story = in_default()
        wrong = story.draws(4_000)
        story.pays(4_000)
        story.close()
        story.draws(4_000, takes_back=wrong)
        assert story.flags == set()
        story.close()
        assert story.state == "PROBATION"

    def test_an_end_that_never_was_leaves_no_mark_of_a_default(self) -> None:
        story = Story(start="2024-01-05")
        story.loan(12_000)
        story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)])
        story.loan(5_000, loan_id="l-2")
        story.on("2024-02-20")
        story.ends("WRITTEN_OFF", loan_id="l-2")
        rows = [(f"2024-{month:02d}-25", 1_000) for month in range(3, 13)]
        story.reschedule(*rows, version=2)
        assert story.flags == {"FORBORNE", "FORMERLY_NON_PERFORMING", "WRITTEN_OFF"}
        story.ends("WRITTEN_OFF", loan_id="l-2", kind="reversal")
        assert story.flags == {"FORBORNE"}
        assert (shown(story.close_through("2024-02-21"))["npe"], shown(story)["eu_default"]) == (
            False,
            False,
        )

    def test_a_limit_that_was_never_raised_is_no_concession(self) -> None:
        story = Story(start="2024-01-05")
        story.line(3_000, 2_000)
        story.close_through("2024-03-10")
        wrong = story.limit(5_000)
        story.close()
        assert "FORBORNE" in story.flags
        story.happens(
            accounts.LimitChanged,
            story.head(wrong, "amendment"),
            facility_id="f-1",
            limit_minor=200_000,
            power_minor=None,
            currency="EUR",
            effective_day=story.today - 1,
            until=0,
        )
        assert story.flags == set()
        # Over the limit since 5 January, past due from the 6th: 26 of January, 29, 11 of March.
        story.close()
        assert story.borrower.counters.regulatory_days == 26 + 29 + 12

    def test_a_few_days_late_and_moved_holds_every_label_until_cash_equals_it(self) -> None:
        story = Story("RETAIL", start="2024-01-05")
        story.loan(12_000)
        story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)])
        story.close_through("2024-01-18")
        assert (shown(story)["rbi"], shown(story)["china"]) == ("SMA-0", "SPECIAL_MENTION")
        rows = [(f"2024-{month:02d}-25", 1_000) for month in range(2, 13)]
        story.reschedule(*rows, version=2, reason="COMMERCIAL")
        story.close()
        assert story.borrower.counters.past_due_minor == 0
        assert (shown(story)["rbi"], shown(story)["china"]) == ("SMA-0", "SPECIAL_MENTION")
        assert story.flags == set()  # three days late and normal: no concession in difficulty
        story.on("2024-02-25")
        story.pays(1_000)
        story.close()
        assert (shown(story)["rbi"], shown(story)["china"]) == ("STANDARD", "NORMAL")

    def test_a_measure_at_five_days_late_is_a_concession_in_difficulty(self) -> None:
        story = Story("RETAIL", start="2024-01-05")
        story.loan(12_000)
        story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)])
        story.on("2024-01-21")  # five days late at the end of the day before
        rows = [(f"2024-{month:02d}-25", 1_000) for month in range(2, 13)]
        story.reschedule(*rows, version=2, reason="COMMERCIAL")
        assert (story.state, story.flags) == ("WATCH", {"FORBORNE"})
        assert story.figure("R-10") == 1
        assert (shown(story.close_through("2024-01-21"))["rbi"]) == "NPA"


class TestOtherJurisdictions:
    def restructured(self) -> Story:
        """31 days late, then 24 monthly instalments of 500 from 25 March 2024 on."""
        story = Story("RETAIL", start="2024-01-05")
        story.loan(12_000)
        story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)])
        story.on("2024-02-20")
        rows = [(f"{2024 + month // 12}-{month % 12 + 1:02d}-25", 500) for month in range(2, 26)]
        story.reschedule(*rows, version=2)
        self.rows = rows
        return story

    def test_india_upgrades_a_year_after_the_first_payment_when_a_tenth_is_repaid(self) -> None:
        story = self.restructured()
        for due, amount in self.rows[:13]:
            story.on(due)
            assert shown(story.close_through(iso(story.today - 1)))["rbi"] == "NPA"
            story.pays(amount)
        # The first payment came on 25 March 2024; 12 x 500 of 12,000 are half.
        assert shown(story)["rbi"] == "NPA"
        story.close()  # 25 March 2025
        assert shown(story)["rbi"] == "STANDARD"

    def test_china_observes_a_year_and_two_periods_from_the_first_new_due_date(self) -> None:
        story = self.restructured()
        for due, amount in self.rows[:16]:
            story.on(due)
            story.pays(amount)
            story.close()
        # From 25 March 2024: a year, and two periods of 31 days at the most.
        # 24 instalments span 700 days: a period of 31 days, so until 26 May 2025.
        assert shown(story)["china"] == "NORMAL"
        again = self.restructured()
        for due, amount in self.rows[:14]:
            again.on(due)
            again.pays(amount)
            again.close()
        again.close_through("2025-05-25")
        again.pays(500)
        assert shown(again)["china"] == "SPECIAL_MENTION"


def watched() -> Story:
    """A borrower in WATCH by two people's decision, everything paid."""
    story = Story("RETAIL", start="2024-01-05")
    story.loan(12_000)
    story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(2, 13)])
    story.decide("TIGHTEN", state="WATCH", until="2024-12-01")
    return story


def test_a_concession_that_only_the_state_presumes_is_lifted_by_two_people() -> None:
    story = watched()
    story.ends("REFINANCED")
    story.loan(12_000, loan_id="l-2")
    assert "FORBORNE" in story.flags
    assert story.borrower.loans[0].concession_days
    story.decide("UNFLAG", flag="FORBORNE", name="o-2")
    assert story.flags == set()
    assert story.borrower.loans[0].concession_days == []


def test_a_concession_to_a_late_borrower_is_not_lifted() -> None:
    story = in_default()
    story.ends("REFINANCED")
    story.loan(12_000, loan_id="l-2")
    assessment = story.decide("UNFLAG", flag="FORBORNE", name="o-2")
    assert assessment is not None
    assert assessment.changes[0].after == "nothing_to_lift"
    assert "FORBORNE" in story.flags


@pytest.mark.parametrize(
    ("segment", "rulebook", "is_cured"),
    [("RETAIL", "default", True), ("RETAIL", "reference", False), ("SME", "default", False)],
)
def test_a_rule_stands_in_for_the_assessment_where_the_rulebook_says_so(
    segment: str, rulebook: str, is_cured: bool
) -> None:
    story = in_default(segment, rulebook=rulebook)
    story.pays(4_000)
    story.close()
    assert story.state == "PROBATION"
    for due in ("2024-05-15", "2024-06-15", "2024-07-15", "2024-08-15"):
        story.on(due)
        story.pays(1_000)
    story.close()
    assert shown(story)["eu_default"] is not is_cured


def test_an_instalment_paid_late_is_no_sign_of_ability() -> None:
    story = in_default("RETAIL", rulebook="default")
    story.pays(4_000)
    for due in ("2024-05-15", "2024-06-15", "2024-07-18"):
        story.on(due)
        story.pays(1_000)
    story.close_through("2024-08-10")
    assert shown(story)["eu_default"] is True
