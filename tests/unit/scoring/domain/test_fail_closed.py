"""Without a rate, a booking or a threshold nothing is called paid: by hand, day by day.

SME: material above EUR 500 and 1 % of the exposure. An instalment due on 31 January and unpaid is
past due from 1 February, whose close is day 1; 30 April 2024 is day 90 and 1 May day 91.
"""

import pytest

from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives.measurement import (
    MEASURED,
    MICRO,
    RED,
    UNMEASURABLE,
    Reason,
)
from services.scoring.domain.primitives.vocabulary import CARD
from services.scoring.domain.rulebook.rulebook import Materiality, Tolerance
from tests.fakes.story import Story
from tests.fakes.units import day, minor

DUE = "2024-01-31"
DAY_90 = "2024-04-30"
DAY_91 = "2024-05-01"


def dollar_loan(owed: float, principal: float = 10_000) -> Story:
    """Return a firm that reports in euros and owes one instalment in dollars."""
    story = Story(rulebook="default")
    story.loan(principal, currency="USD")
    story.schedule((DUE, owed), ("2025-01-31", principal - owed))
    return story


class TestALoanWithoutARate:
    def test_days_count_without_the_materiality_test(self) -> None:
        story = dollar_loan(2_000).close_through(DAY_90)
        assert (story.days[2], story.state) == (90, "HIGH_RISK")
        story.close_through(DAY_91)
        assert (story.days[2], story.state) == (91, "DEFAULT")
        assert story.latest.regimes["eu_default"] is True
        assert story.latest.regimes["ifrs9"] == "STAGE_3"

    def test_the_figure_is_unmeasurable_and_the_rules_go_by_the_stricter_one(self) -> None:
        story = dollar_loan(2_000).close_through(DAY_91)
        measurement = story.measure("R-02")
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NO_RATE)
        (gap,) = [gap for gap in story.latest.unmeasurable if gap.indicator == "R-02"]
        assert (gap.reason, gap.fallback) == ("no_rate", 91 * MICRO)

    def test_completeness_falls_and_operations_have_an_incident(self) -> None:
        lacking, rated = dollar_loan(2_000), dollar_loan(2_000)
        rated.rate("USD", "0.90")
        lacking.close_through("2024-02-10")
        rated.close_through("2024-02-10")
        assert lacking.borrower.risk.completeness < rated.borrower.risk.completeness
        assert "DATA_INCIDENT" in lacking.latest.flags
        assert "DATA_INCIDENT" not in rated.flags

    def test_a_dispute_suspends_the_count_and_does_not_end_it(self) -> None:
        story = dollar_loan(2_000).close_through("2024-02-20")
        story.disputes(2_000, currency="USD")
        story.close_through("2024-03-10")
        counters = story.borrower.counters
        assert (counters.regulatory_days, counters.counting_closes) == (20, 20)
        # A correction derives them again: the same.
        story.pays(10, value="2024-03-05", currency="USD")
        assert (counters.regulatory_days, counters.counting_closes) == (20, 20)

    def test_a_residue_up_to_the_tolerance_counts_no_days(self) -> None:
        assert dollar_loan(0.99).close_through("2024-03-31").days == (0, 0, 0)

    def test_paid_in_time_is_an_incident_and_no_days(self) -> None:
        story = dollar_loan(2_000).on(DUE)
        story.pays(2_000)
        story.close_through("2024-02-10")
        assert (story.days[2], story.flags) == (0, {"DATA_INCIDENT"})
        assert story.measure("R-02").status == MEASURED

    def test_once_a_rate_is_known_the_days_are_counted_again(self) -> None:
        # 600 dollars are 540 euros and material; 500 are 450 and are not.
        material = dollar_loan(600).close_through("2024-02-10")
        small = dollar_loan(500).close_through("2024-02-10")
        assert (material.days[2], small.days[2]) == (10, 10)
        for story in (material, small):
            story.rate("USD", "0.90")
            story.close_through("2024-02-11")
            assert story.flags == set()
        assert (material.days[2], small.days[2]) == (11, 0)

    def test_a_payment_dated_back_counts_again_without_the_test(self) -> None:
        story = dollar_loan(2_000).close_through("2024-03-01")
        story.pays(500, value="2024-02-05")
        assert story.days[2] == 30

    def test_days_that_nobody_closed_count_as_well(self) -> None:
        story = dollar_loan(2_000).on("2024-02-03")
        story.today = day("2024-02-20")
        story.close()
        assert story.days[2] == 20


class TestALineWithoutBooking:
    def test_days_over_the_limit_are_days_past_due(self) -> None:
        story = Story(rulebook="default")
        story.line(60_000, 50_000)
        story.close()
        for _ in range(90):
            story.line(60_000, 50_000)
            story.close()
        # Above the limit since 1 January: past due from the second, whose close is day 1.
        assert (story.days[2], story.state) == (90, "HIGH_RISK")
        assert story.figure("R-01") == 90
        story.close()
        assert (story.days[2], story.state) == (91, "DEFAULT")
        assert story.figure("R-02") == 91
        assert story.latest.regimes["eu_default"] is True

    def test_without_a_rate_it_counts_in_its_own_currency(self) -> None:
        story = Story(rulebook="default")
        for _ in range(92):
            story.line(60_000, 50_000, currency="USD")
            story.close()
        assert (story.days[2], story.state) == (91, "DEFAULT")
        assert story.measure("R-02").reason == Reason.NO_RATE

    def test_the_next_report_after_a_rate_restates_it(self) -> None:
        story = Story(rulebook="default")
        story.line(1_200, 1_000, currency="USD")
        story.close()
        story.limit(1_100)
        story.rate("USD", "0.90", on="2024-01-01")
        story.line(1_200, 1_000, currency="USD")
        (line,) = story.borrower.facilities
        assert line.currency == "EUR"
        assert line.drawn.reported == [minor(1_080), minor(1_080)]
        assert line.limit_minor[0] == minor(900)
        assert story.borrower.counters.exposure_minor == minor(1_080)

    def test_a_limit_in_another_currency_without_rate_is_left_out(self) -> None:
        story = Story()
        story.line(1_200, 1_000, currency="USD")
        story.limit(2_000)
        (line,) = story.borrower.facilities
        assert (line.currency, line.limit_minor) == ("USD", [minor(1_000)])


class TestThresholds:
    def test_a_currency_that_is_not_listed_has_the_euro_figure_at_the_days_rate(self) -> None:
        # One franc is half a euro: 500 euros are 1,000 francs.
        for owed, days in ((1_000, 0), (1_001, 10)):
            story = Story(rulebook="default", currency="CHF")
            story.rate("CHF", "0.5")
            story.loan(10_000, currency="CHF")
            story.schedule((DUE, owed), ("2025-01-31", 10_000 - owed))
            assert story.close_through("2024-02-10").days[2] == days

    def test_the_rate_is_that_of_each_day(self) -> None:
        story = Story(rulebook="default", currency="CHF")
        story.rate("CHF", "0.5")
        story.loan(10_000, currency="CHF")
        story.schedule((DUE, 900), ("2025-01-31", 9_100))
        story.on("2024-02-05").rate("CHF", "1")
        story.close_through("2024-02-10")
        # From 5 February 500 francs are enough; a payment dated back derives the same.
        assert story.days[2] == 6
        story.pays(10, value="2024-02-01")
        assert story.days[2] == 6

    def test_without_a_rate_every_amount_above_the_tolerance_counts(self) -> None:
        story = Story(rulebook="default", currency="CHF")
        story.loan(10_000, currency="CHF")
        story.schedule((DUE, 20), ("2025-01-31", 9_980))
        story.close_through("2024-02-10")
        assert (story.days[2], story.flags) == (10, {"DATA_INCIDENT"})
        assert story.measure("R-02").reason == Reason.NO_RATE

    def test_yen_have_no_decimals(self) -> None:
        # 500 euros at 0.00625 euros a yen are 80,000 yen, which is its minor unit.
        story = Story(currency="JPY")
        story.rate("JPY", "0.00625")
        rates = story.timeline.context.rates
        absolute = Materiality().absolute_minor("SME", "JPY", rates, story.today)
        assert absolute == 80_000

    @pytest.mark.parametrize(
        ("currency", "fixed"), [("EUR", 100), ("KWD", 1_000), ("CLF", 10_000), ("JPY", 100)]
    )
    def test_the_tolerance_has_the_minor_units_of_the_currency(
        self, currency: str, fixed: int
    ) -> None:
        assert Tolerance().minor(currency, 0) == fixed


class TestACardThatStatesMonths:
    def test_its_days_stand_in_for_material_days(self) -> None:
        story = Story(segment="RETAIL", rulebook="default")
        story.loan(0, "card", loan_type=CARD)
        story.card(500, 1_000, months_late=3)
        story.close()
        assert (story.days[2], story.state) == (90, "HIGH_RISK")
        story.card(500, 1_000, months_late=4)
        story.close()
        assert (story.days[2], story.state) == (120, "DEFAULT")
        story.card(500, 1_000)
        story.close()
        assert (story.days[2], story.state) == (0, "PROBATION")


class TestAnAccountWithoutARate:
    def spending(self) -> Story:
        """Return a firm with EUR 490 that spends 100 a day: 4.9 days, and a line in use."""
        story = Story(rulebook="default", accounts="a-1")
        for _ in range(90):
            story.flow(-100, "SUPPLIER_OUT")
            story.balance(490)
            story.line(100, 100)
            story.close()
        return story

    def gaps(self, story: Story) -> dict[str, tuple[str, int | None]]:
        return {
            gap.indicator: (gap.reason, gap.fallback)
            for gap in story.latest.unmeasurable
            if gap.reason == "no_rate"
        }

    def test_the_figures_are_unmeasurable_and_rules_go_by_what_is_known(self) -> None:
        story = self.spending()
        assert self.gaps(story) == {}
        story.flow(-50, "SUPPLIER_OUT", currency="USD")
        story.close()
        gaps = self.gaps(story)
        # 8,900 in the last 90 days, for which the money of 490 lasts 4.955056 days.
        assert gaps["A-19"] == ("no_rate", 4_955_056)
        assert story.borrower.signals.level[slot_of("A-19")] == RED
        assert "A-03" not in gaps
        assert "R-02" not in gaps

    def test_completeness_falls_and_operations_have_an_incident(self) -> None:
        lacking, rated = self.spending(), self.spending()
        rated.rate("USD", "0.90")
        for story in (lacking, rated):
            story.balance(10, account="a-2", currency="USD")
            story.close()
        assert "DATA_INCIDENT" in lacking.latest.flags
        assert lacking.borrower.risk.completeness < rated.borrower.risk.completeness
        assert "DATA_INCIDENT" not in rated.flags

    def test_an_account_of_which_nothing_could_be_converted_is_no_account_less(self) -> None:
        story = Story(rulebook="default")
        story.balance(1_000, currency="USD")
        story.close()
        assert self.gaps(story)["A-19"] == ("no_rate", None)

    def test_it_ends_with_the_windows(self) -> None:
        story = Story(rulebook="default", accounts="a-1")
        story.flow(-100, "SUPPLIER_OUT", currency="USD")
        story.close_through("2024-07-28")  # day 210
        assert "DATA_INCIDENT" in story.flags
        story.close()
        assert story.flags == set()
        assert self.gaps(story) == {}

    def test_the_reversal_of_what_was_never_counted_counts_nothing(self) -> None:
        story = Story(rulebook="default", accounts="a-1")
        spent = story.flow(-100, "SUPPLIER_OUT", currency="USD")
        story.rate("USD", "0.90")
        story.flow(-100, "SUPPLIER_OUT", currency="USD", reverses=spent)
        assert story.borrower.flows.debits.days == []
