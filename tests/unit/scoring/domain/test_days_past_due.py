"""Operational and regulatory days past due, against the vectors of the domain reference (4.4)."""

import pytest

from services.scoring.domain.arrears.days_past_due import loan_days
from services.scoring.domain.arrears.exposure import is_material
from services.scoring.domain.primitives.vocabulary import EXCLUSIVE, INCLUSIVE_DAY_END
from services.scoring.domain.rulebook.rulebook import Materiality
from tests.fakes.story import Story
from tests.fakes.units import day

RBI_TABLE = [
    ("on the due day nothing has elapsed, but the day end counts", "2023-03-31", 0, 1),
    ("the last day of the first 30 by day ends", "2023-04-29", 29, 30),
    ("SMA-1 begins at the day end of 30 April", "2023-04-30", 30, 31),
    ("one day before SMA-2", "2023-05-29", 59, 60),
    ("SMA-2 begins at the day end of 30 May", "2023-05-30", 60, 61),
    ("one day before the non-performing class", "2023-06-28", 89, 90),
    ("non-performing at the day end of 29 June", "2023-06-29", 90, 91),
    ("more than 90 days have elapsed for the first time", "2023-06-30", 91, 92),
]


def unpaid_since_march() -> Story:
    story = Story(start="2023-03-01")
    story.loan(1000)
    story.schedule(("2023-03-31", 1000))
    return story


@pytest.mark.parametrize(
    ("as_of", "elapsed", "by_day_end"),
    [row[1:] for row in RBI_TABLE],
    ids=[row[0] for row in RBI_TABLE],
)
class TestBothConventions:
    def test_exclusive_counts_elapsed_days(self, as_of: str, elapsed: int, by_day_end: int) -> None:
        story = unpaid_since_march().close_through(as_of)
        loan, tolerance = story.borrower.loans[0], story.rules.tolerance
        assert loan_days(loan, day(as_of), tolerance, EXCLUSIVE) == elapsed
        assert story.borrower.counters.operational_days == elapsed

    def test_inclusive_counts_day_ends(self, as_of: str, elapsed: int, by_day_end: int) -> None:
        story = unpaid_since_march()
        loan, tolerance = story.borrower.loans[0], story.rules.tolerance
        assert loan_days(loan, day(as_of), tolerance, INCLUSIVE_DAY_END) == by_day_end

    def test_regulatory_counts_material_day_closes(
        self, as_of: str, elapsed: int, by_day_end: int
    ) -> None:
        story = unpaid_since_march().close_through(as_of)
        assert story.borrower.counters.regulatory_days == elapsed


def test_default_is_first_true_on_30_june() -> None:
    story = unpaid_since_march().close_through("2023-06-29")
    assert story.borrower.counters.regulatory_days == 90
    story.close()
    assert story.borrower.counters.regulatory_days == 91
    assert story.assessments[-1].state == "DEFAULT"


@pytest.mark.parametrize(
    ("exposure", "arrears", "segment", "material"),
    [
        pytest.param(8000, 90, "RETAIL", False, id="retail below 100 euros"),
        pytest.param(8000, 120, "RETAIL", True, id="retail above both thresholds"),
        pytest.param(50000, 400, "RETAIL", False, id="retail below one per cent"),
        pytest.param(50000, 600, "RETAIL", True, id="retail above one per cent of 50,000"),
        pytest.param(30000, 450, "SME", False, id="non-retail below 500 euros"),
        pytest.param(30000, 520, "SME", True, id="non-retail above both thresholds"),
        pytest.param(8000, 100, "RETAIL", False, id="exactly 100 euros is not above"),
        pytest.param(60000, 600, "RETAIL", False, id="exactly one per cent is not above"),
        pytest.param(0, 120, "RETAIL", True, id="without exposure the amount decides"),
        pytest.param(0, 90, "MICRO", False, id="micro firms count as retail"),
    ],
)
def test_materiality_needs_both_thresholds(
    exposure: int, arrears: int, segment: str, material: bool
) -> None:
    absolute = Materiality().absolute_minor(segment, "EUR", None, 0)
    assert absolute is not None
    is_material = Materiality().is_material(absolute, arrears * 100, exposure * 100)
    assert is_material is material


class TestPartialPayments:
    def test_a_partial_payment_does_not_stop_the_clock(self) -> None:
        story = unpaid_since_march().on("2023-04-10")
        story.pays(900)
        story.close_through("2023-04-20")
        assert story.borrower.counters.operational_days == 20

    @pytest.mark.parametrize(
        ("paid", "days"),
        [
            pytest.param("999.00", 0, id="one euro short is tolerated"),
            pytest.param("998.99", 20, id="one euro and a cent short is not"),
        ],
    )
    def test_the_tolerance_is_the_larger_of_one_euro_and_a_thousandth(
        self, paid: str, days: int
    ) -> None:
        story = unpaid_since_march().on("2023-04-10")
        story.pays(paid)  # type: ignore[arg-type]
        story.close_through("2023-04-20")
        assert story.borrower.counters.operational_days == days

    def test_a_thousandth_of_a_large_instalment_is_tolerated(self) -> None:
        story = Story(start="2023-03-01")
        story.loan(50_000)
        story.schedule(("2023-03-31", 50_000))
        story.on("2023-04-10").pays(49_950)
        story.close_through("2023-04-20")
        assert story.borrower.counters.operational_days == 0

    def test_money_goes_to_the_oldest_instalment_first(self) -> None:
        story = Story(start="2023-01-01")
        story.loan(300)
        story.schedule(("2023-01-31", 100), ("2023-02-28", 100), ("2023-03-31", 100))
        story.on("2023-04-10").pays(150)
        story.close_through("2023-04-10")
        # January is paid, February half: the clock starts at 28 February.
        assert story.borrower.counters.operational_days == day("2023-04-10") - day("2023-02-28")

    def test_an_instalment_not_yet_due_does_not_count(self) -> None:
        story = unpaid_since_march().close_through("2023-03-30")
        assert story.borrower.counters.operational_days == 0
        assert story.borrower.counters.past_due_minor == 0

    def test_the_worst_loan_speaks_for_the_borrower(self) -> None:
        story = unpaid_since_march()
        story.loan(500, loan_id="l-2")
        story.schedule(("2023-03-11", 500), loan_id="l-2")
        story.close_through("2023-04-10")
        assert story.borrower.counters.operational_days == 30


class TestCorrections:
    def test_a_reversal_counts_as_if_the_money_had_never_come(self) -> None:
        story = unpaid_since_march().on("2023-03-31")
        payment = story.pays(1000)
        story.close_through("2023-04-29")
        assert story.borrower.counters.operational_days == 0
        story.reverses(payment, 1000)
        assert story.borrower.counters.regulatory_days == 29
        assert story.assessments[-1].corrected
        story.close()
        assert story.borrower.counters.operational_days == 30
        assert story.borrower.counters.regulatory_days == 30

    def test_a_back_dated_payment_ends_the_arrears_on_its_value_date(self) -> None:
        story = unpaid_since_march().close_through("2023-05-10")
        assert story.borrower.counters.regulatory_days == 40
        story.pays(1000, value="2023-04-02")
        assert story.borrower.counters.operational_days == 0
        assert story.borrower.counters.regulatory_days == 0
        assert story.assessments[-1].corrected
        assert story.figure("R-04") == 1  # 1 April was the last day unpaid

    def test_a_back_dated_part_payment_restarts_only_the_material_run(self) -> None:
        story = unpaid_since_march().close_through("2023-05-10")
        story.pays(600, value="2023-04-20")  # 400 left: below 500 euros
        assert story.borrower.counters.regulatory_days == 0
        assert story.borrower.counters.operational_days == 41

    def test_a_partial_chargeback_reopens_the_old_due_date(self) -> None:
        story = unpaid_since_march().on("2023-03-31")
        payment = story.pays(1000)
        story.close_through("2023-04-10")
        story.reverses(payment, 300)
        story.close_through("2023-04-11")
        assert story.borrower.counters.operational_days == 11
        assert story.borrower.counters.past_due_minor == 30_000

    def test_a_reversal_that_comes_before_its_payment_still_takes_it_back(self) -> None:
        story = unpaid_since_march().on("2023-04-05")
        story.reverses(f"e{story._count + 2}", 1000)
        story.pays(1000)
        story.close()
        assert story.borrower.counters.operational_days == 5

    def test_a_changed_schedule_counts_on_the_new_dates_and_keeps_the_old_history(self) -> None:
        story = unpaid_since_march().close_through("2023-04-20")
        story.reschedule(("2023-06-30", 1000), version=2, effective="2023-04-21")
        story.close_through("2023-04-30")
        assert story.borrower.counters.operational_days == 0
        assert story.borrower.counters.regulatory_days == 0
        assert story.figure("R-04") == 20  # reached under the old schedule

    def test_an_older_schedule_version_that_comes_late_changes_nothing(self) -> None:
        story = Story(start="2023-03-01")
        story.loan(1000)
        story.schedule(("2023-06-30", 1000), version=2)
        story.schedule(("2023-03-31", 1000), version=1)
        story.close_through("2023-04-30")
        assert story.borrower.counters.operational_days == 0

    def test_an_amendment_of_the_schedule_in_force_counts_whatever_its_version(self) -> None:
        story = Story(start="2023-03-01")
        story.loan(1000)
        slip = story.schedule(("2123-03-31", 1000), version=99_999_999)
        story.schedule(("2023-03-31", 1000), version=2)
        story.schedule(("2023-03-31", 1000), version=2, amends=slip)
        story.schedule(("2023-04-10", 1000), version=3)
        story.close_through("2023-04-30")
        assert story.borrower.counters.operational_days == 20

    def test_an_amended_concession_takes_its_wrong_end_of_grace_back(self) -> None:
        story = Story(start="2023-03-01")
        story.loan(1000)
        story.schedule(("2023-03-31", 1000))
        wrong = story.reschedule(("2126-03-31", 1000), version=2, kind="MORATORIUM")
        assert story.borrower.decisions.forbearance.grace_end_day == day("2126-03-31")
        story.reschedule(("2026-03-31", 1000), version=3, kind="MORATORIUM", amends=wrong)
        assert story.borrower.decisions.forbearance.grace_end_day == day("2026-03-31")


class TestLines:
    def test_an_excess_over_the_limit_is_past_due_from_the_next_day(self) -> None:
        story = Story(start="2023-03-01")
        story.line(drawn=12_000, limit=10_000)
        story.close()
        assert story.borrower.counters.operational_days == 0
        story.line(drawn=12_000, limit=10_000)
        story.close()
        assert story.borrower.counters.operational_days == 1
        assert story.borrower.counters.regulatory_days == 1
        assert is_material(story.borrower, story.today - 1, story.rules)

    def test_a_limit_cut_below_the_drawings_starts_the_clock(self) -> None:
        story = Story(start="2023-03-01")
        story.line(drawn=8_000, limit=10_000)
        story.close()
        story.line(drawn=8_000, limit=5_000)
        story.close()
        story.line(drawn=8_000, limit=5_000)
        story.close()
        assert story.borrower.counters.operational_days == 1

    def test_an_excess_older_than_the_days_kept_loses_no_day_by_a_correction(self) -> None:
        story = Story(start="2023-03-01", rulebook="default")
        story.line(drawn=12_000, limit=10_000)
        # Past due from 2 March 2023: 306 days through 31 December, 31 of January.
        story.close_through("2024-01-31")
        assert (*story.days, story.borrower.counters.counting_days) == (336, 336, 336, 336)
        story.line(drawn=12_500, limit=10_000, on="2024-01-20")
        assert story.borrower.counters.regulatory_days == 336
        story.close()
        assert story.borrower.counters.regulatory_days == 337
        assert story.borrower.counters.counting_days == 337
        # What is known to have been repaid did not count.
        story.line(drawn=9_000, limit=10_000, on="2024-01-25")
        story.line(drawn=12_000, limit=10_000, on="2024-01-26")
        # Past due from 27 January: five days of January, one of February.
        assert story.borrower.counters.regulatory_days == 6
        assert story.borrower.counters.counting_closes == 6

    def test_such_an_excess_beside_a_card_that_reports_months_goes_on(self) -> None:
        story = Story(start="2023-03-01")
        story.line(drawn=12_000, limit=10_000)
        story.card(500, 1_000)
        story.close_through("2024-01-31")
        assert story.borrower.counters.regulatory_days == 336
