"""The short cuts of the fold: what was not measured again would have been measured the same.

The property tests use random lives; these are the lives in which each short cut matters.
"""

from copy import deepcopy

from services.scoring.domain.assess.evaluate import evaluate
from services.scoring.domain.borrower.risk import Signals
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import CARD
from tests.fakes.story import EVERYTHING_ON, Story
from tests.fakes.units import day, iso


def story_with_everything_on() -> Story:
    return Story(start="2024-01-01", accounts="a-1", rulebook=EVERYTHING_ON)


def assert_nothing_is_out_of_date(story: Story) -> None:
    unstored = deepcopy(story.borrower)
    unstored.signals = Signals()
    unstored.balance_view = unstored.line_view = None
    evaluate(
        unstored,
        max(unstored.counters.closed_day, story.today - 1),
        story.rules,
        touched.EVERYTHING,
    )
    assert story.borrower.signals.value == unstored.signals.value
    assert story.borrower.signals.level == unstored.signals.level
    assert story.borrower.signals.status == unstored.signals.status


def close_and_check(story: Story, days: int) -> None:
    for _ in range(days):
        story.close()
        assert_nothing_is_out_of_date(story)


def test_a_second_balance_of_the_same_day_replaces_the_first() -> None:
    story = story_with_everything_on()
    story.balance(1_000)
    story.on("2024-07-01").balance(900)
    story.balance(100)
    close_and_check(story, 2)
    assert story.measure("A-23").values == [111_111]


def test_a_lines_balance_that_comes_late_changes_its_own_days() -> None:
    story = story_with_everything_on()
    story.line(10, 100)
    story.on("2024-07-01").line(20, 100)
    story.on("2024-07-10").line(95, 100, on="2024-07-05")
    close_and_check(story, 2)


def test_a_shortfall_leaves_the_window_when_a_later_instalment_has_had_its_ten_days() -> None:
    story = story_with_everything_on()
    story.loan(5_000)
    story.schedule(*[(f"2024-{month:02d}-10", 1_000) for month in range(1, 6)])
    story.on("2024-02-01").pays(1_000)
    for month in range(2, 5):
        story.on(f"2024-{month:02d}-10").pays(1_000)
    assert story.measure("R-06").values == [333_333]
    close_and_check(story, 12)  # the fourth was paid on 10 April; on the 20th its ten days are over
    assert story.borrower.signals.value[5] == 0


def test_a_delay_leaves_the_memory_of_a_year_on_a_quiet_day() -> None:
    story = story_with_everything_on()
    story.loan(2_000)
    story.schedule(("2024-01-10", 1_000), ("2025-12-10", 1_000))
    story.on("2024-01-30").pays(1_000)
    story.close_through("2025-01-24")
    close_and_check(story, 6)
    assert story.figure("R-04") == 0


def test_pruning_keeps_a_whole_year_of_delays() -> None:
    story = story_with_everything_on()
    story.loan(30_000)
    weekly = [iso(day("2024-01-01") + 7 * number) for number in range(60)]
    story.schedule(*[(due, 500) for due in weekly])
    story.on("2024-02-05").pays(2_500)  # four weeks late with the first
    for due in weekly[6:50]:
        story.on(due).pays(500)
    story.close_through("2024-12-09")
    assert story.figure("R-04") == 34
    assert_nothing_is_out_of_date(story)


def test_a_late_credit_of_a_month_that_is_over_moves_the_drop() -> None:
    story = story_with_everything_on()
    for month in range(1, 8):
        story.on(f"2024-{month:02d}-15").flow(100)
    story.on("2024-08-03").flow(50, value="2024-07-20")
    assert story.borrower.signals.value[20] == -166_667  # 350 in three months against 100 a month
    close_and_check(story, 1)


def test_an_excess_becomes_arrears_on_the_day_after_without_any_event() -> None:
    story = story_with_everything_on()
    story.line(120, 100)
    close_and_check(story, 3)
    assert story.borrower.counters.operational_days == 2


def test_an_instalment_becomes_past_due_on_the_day_after_without_any_event() -> None:
    story = story_with_everything_on()
    story.loan(1_000)
    story.schedule(("2024-01-05", 1_000))
    close_and_check(story, 8)
    assert story.borrower.counters.operational_days == 3


def test_money_with_a_future_value_date_counts_from_that_date() -> None:
    story = story_with_everything_on()
    story.loan(1_000)
    story.schedule(("2024-01-05", 1_000))
    story.pays(1_000, value="2024-01-08")
    story.close_through("2024-01-07")
    assert story.borrower.counters.operational_days == 2
    close_and_check(story, 1)
    assert story.borrower.counters.operational_days == 0


def test_a_late_report_of_a_lower_limit_applies_until_the_next_report() -> None:
    story = story_with_everything_on()
    story.line(80, 100)
    story.on("2024-01-10").line(80, 100)
    story.line(60, 50, on="2024-01-05")
    close_and_check(story, 1)
    assert story.figure("A-05", component=0) == 5  # 5 to 9 January, as if it had come in order
    assert story.borrower.counters.operational_days == 0


def test_a_month_past_due_that_a_card_system_states_shows_at_once() -> None:
    story = story_with_everything_on()
    story.loan(0, loan_id="card", loan_type=CARD)
    story.card(50, 100)
    story.card(50, 100, months_late=1)
    assert story.borrower.signals.value[0] == 30_000_000
    story.card(50, 100)
    assert story.borrower.signals.value[0] == 0
    close_and_check(story, 1)
