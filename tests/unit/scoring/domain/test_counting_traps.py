"""Every trap of counting days (domain 4.4 and 4.5), with days counted by hand.

`story.days` is days late, days in arrears, regulatory days.
"""

import pytest

from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.arrears.days_past_due import arrears_of
from services.scoring.domain.primitives.vocabulary import CARD
from services.scoring.domain.regimes.labels import labels
from tests.fakes.story import Story
from tests.fakes.units import day


def owing(
    amount: float = 1_000, due: str = "2024-03-15", start: str = "2024-03-01", **terms: object
) -> Story:
    """One instalment; 1,000 is material for an SME, above 500 and above one per cent."""
    story = Story(start=start)
    story.loan(10_000, **terms)
    story.schedule((due, amount))
    return story


class TestHolidays:
    # Easter 2024: Good Friday 29 March, Easter Monday 1 April.
    EASTER = ("2024-03-29", "2024-04-01")

    def test_a_due_date_on_a_day_off_moves_to_the_next_business_day(self) -> None:
        story = Story(start="2024-03-01")
        story.calendar(*self.EASTER)
        story.loan(10_000, holiday_calendar="DE")
        story.schedule(("2024-03-29", 1_000))
        story.close_through("2024-04-02")  # Tuesday, the first business day after Good Friday
        assert story.days == (4, 0, 0)
        story.close()
        assert story.days == (5, 1, 1)

    def test_money_on_the_moved_day_is_on_time(self) -> None:
        story = Story(start="2024-03-01")
        story.calendar(*self.EASTER)
        story.loan(10_000, holiday_calendar="DE")
        story.schedule(("2024-03-29", 1_000))
        story.on("2024-04-02")
        story.pays(1_000)
        story.close()
        assert story.days == (0, 0, 0)
        assert story.figure("R-04") == 0

    def test_a_weekend_moves_it_too(self) -> None:
        story = Story(start="2024-03-01")
        story.calendar()
        story.loan(10_000, holiday_calendar="DE")
        story.schedule(("2024-03-16", 1_000))  # a Saturday
        story.close_through("2024-03-19")
        assert story.days == (3, 1, 1)

    @pytest.mark.parametrize("named", ["", "FR"], ids=["no calendar", "one never published"])
    def test_a_loan_without_a_known_calendar_counts_from_the_contractual_day(
        self, named: str
    ) -> None:
        story = Story(start="2024-03-01")
        story.calendar(*self.EASTER)
        story.loan(10_000, holiday_calendar=named)
        story.schedule(("2024-03-29", 1_000))
        story.close_through("2024-04-03")
        assert story.days == (5, 5, 5)

    def test_days_off_in_between_are_counted(self) -> None:
        story = owing(due="2024-03-28", holiday_calendar="DE")
        story.calendar(*self.EASTER)
        story.close_through("2024-04-03")
        assert story.days == (6, 6, 6)

    def test_a_calendar_that_comes_late_moves_the_dates_at_the_next_close(self) -> None:
        story = Story(start="2024-03-01")
        story.loan(10_000, holiday_calendar="DE")
        story.schedule(("2024-03-29", 1_000))
        story.close_through("2024-04-03")
        assert story.days == (5, 5, 5)
        story.calendar(*self.EASTER)
        assert story.days == (5, 5, 5)
        story.close()
        assert story.days == (6, 2, 2)

    def test_a_corrected_calendar_replaces_its_span(self) -> None:
        story = Story(start="2024-03-01")
        story.calendar(*self.EASTER)
        story.calendar("2024-03-29")  # Easter Monday turns out to be a business day
        story.loan(10_000, holiday_calendar="DE")
        story.schedule(("2024-03-29", 1_000))
        story.close_through("2024-04-02")
        assert story.days == (4, 1, 1)


class TestGrace:
    def test_grace_delays_days_in_arrears_and_nothing_else(self) -> None:
        story = owing(contractual_grace_days=10)
        story.close_through("2024-03-25")
        assert story.days == (10, 0, 10)
        story.close()
        assert story.days == (11, 11, 11)

    def test_both_counts_are_reported(self) -> None:
        story = owing(contractual_grace_days=10)
        story.close_through("2024-03-31")  # a month's close is emitted in any case
        assert (story.latest.days_late, story.latest.dpd_operational) == (16, 16)
        early = owing(contractual_grace_days=20)
        early.close_through("2024-03-31")
        assert (early.latest.days_late, early.latest.dpd_operational) == (16, 0)

    def test_both_counts_are_reported_loan_by_loan(self) -> None:
        story = owing(contractual_grace_days=10)
        story.loan(5_000, loan_id="l-2")
        story.schedule(("2024-03-20", 700), loan_id="l-2")
        story.close_through("2024-03-24")
        rows = arrears_of(story.borrower, story.rules.tolerance, day("2024-03-24"))
        assert [(row.name, row.days_late, row.days_in_arrears) for row in rows] == [
            ("l-1", 9, 0),
            ("l-2", 4, 4),
        ]


class TestDisputes:
    def test_a_disputed_rest_is_no_arrears_and_is_flagged(self) -> None:
        story = owing()
        story.on("2024-03-15")
        story.pays(600)
        story.disputes(400)
        assert story.flags == {"DISPUTED"}
        story.close_through("2024-04-15")
        assert story.days == (31, 0, 0)
        assert story.borrower.counters.past_due_minor == 0

    def test_what_is_unpaid_beyond_the_dispute_counts(self) -> None:
        story = owing()
        story.on("2024-03-15")
        story.disputes(300)
        story.close_through("2024-03-25")
        assert story.days == (10, 10, 10)
        assert story.borrower.counters.past_due_minor == 70_000

    def test_a_dispute_about_one_instalment_excuses_no_other(self) -> None:
        story = Story(start="2024-03-01")
        story.loan(10_000)
        story.schedule(("2024-03-15", 600), ("2024-03-20", 600))
        story.on("2024-03-15")
        story.disputes(600, due="2024-03-15")
        story.close_through("2024-03-25")
        assert story.days == (10, 5, 5)

    def test_an_open_dispute_stops_the_regulatory_count(self) -> None:
        story = owing()
        story.close_through("2024-04-14")
        assert story.days == (30, 30, 30)
        story.on("2024-04-15")
        story.disputes(1_000)
        story.close_through("2024-05-14")
        assert story.days == (60, 0, 30)
        story.on("2024-05-15")
        story.disputes(1_000, status="REJECTED")
        assert "DISPUTED" not in story.flags
        # It was owed on the 30 days of the dispute too: 16 March to 14 May.
        assert story.days == (61, 61, 60)
        story.close()
        assert story.days == (61, 61, 61)

    @pytest.mark.parametrize("status", ["REJECTED", "WITHDRAWN"])
    def test_a_dispute_that_was_lost_makes_no_label_better(self, status: str) -> None:
        story = Story(start="2024-03-01", rulebook="default")
        story.loan(10_000)
        # 300 count for early warning (above 100), and are not material (500).
        story.schedule(("2024-03-15", 300))
        story.close_through("2024-04-20").disputes(50)
        story.close_through("2024-06-18")
        assert story.borrower.counters.counting_days == 95
        story.disputes(50_000, status=status)
        story.close()
        assert story.borrower.counters.counting_days == 96
        assert labels(story.borrower, story.rules, story.today)["ifrs9"] == "STAGE_3"

    def test_a_dispute_that_was_upheld_was_never_owed(self) -> None:
        story = owing()
        story.close_through("2024-04-14")
        story.disputes(1_000)
        story.disputes(1_000, status="UPHELD")
        assert story.days[1:] == (0, 0)
        assert story.latest.corrected
        assert story.flags == set()
        story.close()
        assert story.days[1:] == (0, 0)

    def test_a_dispute_dated_back_derives_the_count_again(self) -> None:
        story = owing()
        story.close_through("2024-04-14")
        story.disputes(1_000, since="2024-03-25")
        # Nine days counted before it (16 to 24 March), stopped since.
        assert story.days == (31, 0, 9)

    def test_a_payment_that_disputes_the_rest_and_one_that_no_longer_does(self) -> None:
        story = owing()
        story.on("2024-03-15")
        story.pays(600, dispute_flag=True)
        assert story.flags == {"DISPUTED"}
        story.close_through("2024-03-25")
        assert story.days == (10, 0, 0)
        story.on("2024-03-26")
        story.pays(100)
        assert story.flags == set()
        assert story.days == (11, 11, 0)  # 300 left, below 500 euros

    def test_disputes_are_stored(self) -> None:
        story = owing()
        story.disputes(400, due="2024-03-15")
        assert (
            decode(encode(story.borrower)).loans[0].exclusions == story.borrower.loans[0].exclusions
        )


class TestTechnicalPastDue:
    def test_an_approved_technical_situation_takes_the_arrears_away_from_its_first_day(
        self,
    ) -> None:
        story = owing()
        story.close_through("2024-04-20")
        assert story.days == (36, 36, 36)
        story.decide("TECHNICAL_DEFAULT", loan_id="l-1", effective="2024-03-15", until="2024-05-01")
        assert story.days == (37, 0, 0)  # days late hide nothing
        assert story.flags == {"TECHNICAL_PAST_DUE"}
        assert story.latest.corrected
        story.close_through("2024-04-30")
        assert story.days[1:] == (0, 0)
        story.close()  # 1 May: expired
        assert (story.days[1:], story.flags) == ((47, 1), set())

    def test_only_the_loan_that_it_names_is_excused(self) -> None:
        story = owing()
        story.loan(5_000, loan_id="l-2")
        story.schedule(("2024-03-20", 700), loan_id="l-2")
        story.decide("TECHNICAL_DEFAULT", loan_id="l-1", until="2024-06-01")
        story.close_through("2024-03-30")
        assert story.days[1:] == (10, 10)

    def test_one_person_excuses_nothing(self) -> None:
        story = owing()
        story.close_through("2024-03-25")
        story.decide("TECHNICAL_DEFAULT", approvers=("officer-1",), until="2024-06-01")
        assert story.days == (10, 10, 10)

    @pytest.mark.parametrize(
        ("paid_on", "worst"), [("2024-03-22", 0), ("2024-03-23", 7)], ids=["7 days", "8 days"]
    )
    def test_a_payment_late_by_a_slip_of_the_bank_counts_as_on_time_within_a_week(
        self, paid_on: str, worst: int
    ) -> None:
        story = owing()
        story.on(paid_on)
        story.pays(1_000, technical_flag=True)
        story.close()
        assert story.days == (0, 0, 0)
        assert story.figure("R-04") == worst

    def test_lines_are_excused_by_a_decision_about_everything(self) -> None:
        story = Story(start="2024-03-01")
        story.loan(0, loan_type=2)
        for _ in range(3):
            story.line(drawn=12_000, limit=10_000)
            story.close()
        assert story.days[2] == 2
        story.decide("TECHNICAL_DEFAULT", effective="2024-03-01", until="2024-03-06")
        assert story.days[2] == 0


class TestScheduleChanges:
    def test_a_pause_moves_the_dates_and_keeps_what_was_counted(self) -> None:
        story = owing()
        story.close_through("2024-03-25")
        story.reschedule(("2024-06-15", 1_000), version=2, kind="MORATORIUM")
        assert story.days == (0, 0, 10)  # the regulatory count moves with the close
        story.close()
        assert story.days == (0, 0, 0)
        story.close_through("2024-04-30")
        assert story.figure("R-04") == 10

    def test_arrears_that_the_new_schedule_carries_go_on(self) -> None:
        story = owing()
        story.close_through("2024-03-25")
        story.reschedule(("2024-03-15", 1_000), ("2024-06-15", 500), version=2)
        story.close()
        assert story.days == (11, 11, 11)

    def test_a_wrong_schedule_is_corrected_for_the_past_too(self) -> None:
        story = owing()
        story.close_through("2024-04-20")
        assert story.days == (36, 36, 36)
        story.reschedule(("2024-05-15", 1_000), version=2, reason="ERROR", effective="2024-03-01")
        assert story.days == (0, 0, 0)
        assert story.latest.corrected
        assert story.figure("R-04") == 0
        assert story.flags == set()

    def test_a_change_dated_before_an_earlier_change_replaces_it_from_its_own_date_on(self) -> None:
        story = owing()
        story.close_through("2024-04-04")
        story.reschedule(("2024-06-15", 1_000), version=2, effective="2024-04-05")
        story.on("2024-04-10")
        story.reschedule(("2024-07-15", 1_000), version=3, effective="2024-03-25")
        # Unpaid from 15 to 24 March under the first schedule; nothing since.
        assert story.figure("R-04") == 9
        assert story.days == (0, 0, 0)

    def test_a_chargeback_after_a_change_opens_the_due_date_of_the_new_schedule(self) -> None:
        story = owing()
        story.on("2024-03-15")
        payment = story.pays(1_000)
        story.on("2024-04-01")
        story.reschedule(("2024-03-20", 1_000), ("2024-09-20", 500), version=2, reason="COMMERCIAL")
        story.close_through("2024-04-10")
        story.reverses(payment, 1_000)
        assert story.days[0] == day("2024-04-11") - day("2024-03-20")

    def test_a_contractual_deferral_is_no_arrears_and_no_concession(self) -> None:
        story = owing()
        story.reschedule(("2024-04-15", 1_000), version=2, reason="CONTRACTUAL_OPTION")
        story.close_through("2024-04-10")
        assert (story.days, story.flags) == ((0, 0, 0), set())


class TestOverdraftsAndCards:
    def test_drawing_without_authority_is_past_due_from_the_next_day(self) -> None:
        story = Story(start="2024-03-01")
        story.loan(0, loan_type=2)
        for _ in range(3):
            story.line(drawn=2_000, limit=0)
            story.close()
        assert story.days[1:] == (2, 2)

    def test_an_excess_that_was_covered_for_a_day_starts_again(self) -> None:
        story = Story(start="2024-03-01")
        story.loan(0, loan_type=2)
        for drawn in (12_000, 12_000, 9_000, 12_000, 12_000):
            story.line(drawn=drawn, limit=10_000)
            story.close()
        assert story.days[1:] == (1, 1)

    def test_an_immaterial_excess_ages_and_is_not_regulatory(self) -> None:
        story = Story(start="2024-03-01")
        story.loan(0, loan_type=2)
        for _ in range(11):
            story.line(drawn=10_050, limit=10_000)
            story.close()
        assert story.days[1:] == (10, 0)

    def test_drawing_power_below_the_limit_is_what_may_be_drawn(self) -> None:
        story = Story(start="2024-03-01")
        story.loan(0, loan_type=1)
        for _ in range(2):
            story.line(drawn=9_000, limit=10_000, power=8_000)
            story.close()
        assert story.days[1:] == (1, 1)

    def test_a_card_counts_from_the_due_date_of_its_least_payment(self) -> None:
        story = Story("RETAIL", start="2024-03-01")
        story.loan(0, loan_type=CARD)
        story.schedule(("2024-03-20", 120))
        story.line(drawn=3_000, limit=5_000)
        story.on("2024-04-01")
        story.schedule(("2024-03-20", 120), ("2024-04-20", 130), version=2)
        story.close_through("2024-04-25")
        # From 20 March on; 120 is above 100 euros and above one per cent of 3,000 drawn.
        assert story.days == (36, 36, 36)
        story.pays(120)
        story.close()
        # The clock moves to 20 April; arrears of the obligor were material on every day.
        assert story.days == (6, 6, 37)


class TestOtherCurrencies:
    def foreign(self, rate: str | None = "0.80", arrears: float = 700) -> Story:
        story = Story(start="2024-03-01")
        if rate is not None:
            story.rate("USD", rate)
        story.loan(10_000, currency="USD")
        story.schedule(("2024-03-15", arrears))
        return story

    def test_exposure_and_arrears_are_at_the_rate_of_the_day(self) -> None:
        story = self.foreign()
        story.close_through("2024-03-16")
        assert story.borrower.counters.exposure_minor == 800_000
        assert story.borrower.counters.past_due_minor == 56_000
        assert story.days == (1, 1, 1)
        story.rate("USD", "0.90")
        story.close()
        assert story.borrower.counters.past_due_minor == 63_000

    def test_materiality_is_tested_in_the_reporting_currency(self) -> None:
        # 700 dollars are 490 euros at 0.70: not above 500.
        story = self.foreign("0.70")
        story.close_through("2024-03-25")
        assert story.days == (10, 10, 0)
        story.rate("USD", "0.72")  # 504 euros
        story.close()
        assert story.days == (11, 11, 1)
        story.rate("USD", "0.71")  # 497 euros
        story.close()
        assert story.days == (12, 12, 0)

    def test_a_count_derived_again_uses_the_rate_of_each_day(self) -> None:
        story = self.foreign("0.70")
        story.close_through("2024-03-20")
        story.rate("USD", "0.80", on="2024-03-21")
        story.close_through("2024-03-30")
        assert story.days[2] == 10
        payment = story.pays(1, value="2024-03-28")
        assert story.days[2] == 10
        story.reverses(payment, 1)
        assert story.days[2] == 10

    def test_without_a_rate_days_count_without_the_materiality_test(self) -> None:
        story = self.foreign(None)
        story.close_through("2024-03-25")
        assert story.days == (10, 10, 10)
        assert story.borrower.counters.exposure_minor == 0
        story.rate("USD", "0.80")
        story.close()
        assert story.borrower.counters.exposure_minor == 800_000
        assert story.days == (11, 11, 11)

    def test_two_currencies_meet_through_the_base(self) -> None:
        story = Story(start="2024-03-01", currency="GBP")
        story.rate("USD", "0.90")
        story.rate("GBP", "1.20")
        story.loan(10_000, currency="USD")
        story.close()
        assert story.borrower.counters.exposure_minor == 750_000

    def test_a_currency_without_decimals_is_converted_to_one_with_two(self) -> None:
        story = Story(start="2024-03-01")
        story.rate("JPY", "0.006")
        story.loan(10_000, currency="JPY")  # 1,000,000 yen: they have no decimals
        story.close()
        assert story.borrower.counters.exposure_minor == 600_000

    def test_a_line_and_flows_in_another_currency_are_taken_in_at_their_day(self) -> None:
        story = Story(start="2024-03-01", accounts="a-1")
        story.rate("USD", "0.80")
        story.loan(0, loan_type=1)
        story.flow(1_000, currency="USD")
        assert story.borrower.flows.operating_credits.cum[-1] == 80_000
        story.borrower.facilities.clear()

    def test_without_a_rate_a_flow_is_counted_nowhere(self) -> None:
        story = Story(start="2024-03-01", accounts="a-1")
        story.flow(1_000, currency="USD")
        assert story.borrower.flows.operating_credits.cum == []


class TestAllocation:
    @pytest.mark.parametrize(
        ("rule", "interest_days"),
        [(0, 0), (1, 0), (2, 10)],
        ids=["fees and interest first", "interest first", "principal first"],
    )
    def test_the_contract_orders_what_a_part_payment_pays_inside_an_instalment(
        self, rule: int, interest_days: int
    ) -> None:
        story = Story(start="2024-03-01")
        story.loan(10_000)
        story.schedule(("2024-03-15", 900, 100))
        story.on("2024-03-15")
        story.pays(900, allocation_rule=rule)
        story.close_through("2024-03-25")
        assert story.figure("R-09") == interest_days
        # The instalment stays unpaid by 100 in any order of parts.
        assert story.days[1] == 10

    def test_principal_outstanding_follows_the_contract(self) -> None:
        for rule, outstanding in ((0, 920_000), (2, 910_000)):
            story = Story(start="2024-03-01")
            story.loan(10_000)
            story.schedule(("2024-03-15", 900, 100))
            story.on("2024-03-15")
            story.pays(900, allocation_rule=rule)
            assert story.borrower.counters.exposure_minor == outstanding


class TestNow:
    def test_a_payment_reclassifies_at_once_and_not_only_at_night(self) -> None:
        story = owing()
        story.close_through("2024-04-20")
        assert story.latest.regimes["rbi"] == "SMA-1"
        story.pays(1_000)
        assert story.days[:2] == (0, 0)
        assert story.latest.regimes["rbi"] == "STANDARD"
        story.close()
        assert story.days == (0, 0, 0)
