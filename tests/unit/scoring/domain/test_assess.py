"""When an assessment is due, and its account of the changes."""

from copy import deepcopy

from services.scoring.adapters.assessment_json import assessment_data
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.assess.assessment import Assessment, Cause
from services.scoring.domain.assess.step import (
    CLEAN,
    CLEAN_LABELS,
    Trigger,
    dpd_bucket,
    reassess,
    regime_text,
)
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives.measurement import NOT_APPLICABLE
from services.scoring.domain.regimes.labels import is_clean, labels
from tests.fakes.story import Story
from tests.fakes.units import day


def a_loan() -> Story:
    """One instalment of 1,000 due on 31 January 2024, loan of 10,000."""
    story = Story()
    story.loan(10_000)
    story.schedule(("2024-01-31", 1000), ("2024-06-30", 9000))
    return story


def reasons(story: Story) -> list[list[str]]:
    return [assessment.reasons for assessment in story.assessments]


def test_the_first_event_is_always_news() -> None:
    story = Story()
    (first,) = story.assessments
    assert (first.reasons, first.sequence, first.from_state) == (["FIRST"], 1, None)


def test_a_quiet_day_is_no_news() -> None:
    story = a_loan()
    before = len(story.assessments)
    story.close_through("2024-01-30")
    assert len(story.assessments) == before


def test_each_months_close_is_news() -> None:
    story = a_loan()
    story.on("2024-01-20")
    story.pays(1000)
    before = len(story.assessments)
    story.close_through("2024-02-15")
    assert reasons(story)[before:] == [["MONTH_CLOSE"]]


def test_the_first_day_past_due_changes_bucket_and_labels() -> None:
    story = a_loan().close_through("2024-02-01")
    last = story.assessments[-1]
    assert last.dpd_operational == 1
    assert {"DPD_BUCKET", "REGIME"} <= set(last.reasons)
    assert last.regimes["china"] == "SPECIAL_MENTION"
    assert last.regimes["rbi"] == "SMA-0"


def test_a_change_of_state_names_its_rules_and_what_it_was_before() -> None:
    story = a_loan().close_through("2024-02-05")
    moved = next(assessment for assessment in story.assessments if "STATE" in assessment.reasons)
    assert (moved.from_state, moved.state) == ("NORMAL", "ATTENTION")
    assert moved.trigger_rule_ids
    assert (moved.changes[0].kind, moved.changes[0].after) == ("STATE", "ATTENTION")


def test_a_level_is_news_with_its_indicator() -> None:
    story = a_loan().close_through("2024-02-05")
    last = story.assessments[-1]
    assert ("R-01", "GREEN", "AMBER") in [
        (change.indicator, change.before, change.after) for change in last.changes
    ]


def test_sequences_are_consecutive() -> None:
    story = a_loan().close_through("2024-06-15")
    assert [assessment.sequence for assessment in story.assessments] == list(
        range(1, len(story.assessments) + 1)
    )


def test_a_reversal_is_marked_as_a_correction() -> None:
    story = a_loan()
    story.on("2024-01-31")
    paid = story.pays(1000)
    story.close_through("2024-03-05")
    assert story.borrower.counters.operational_days == 0
    story.reverses(paid, 1000)
    last = story.assessments[-1]
    # From 31 January to 6 March 2024: 35 days, as if the money had never come.
    assert last.dpd_operational == 35
    assert last.corrected
    assert "CORRECTED" in last.reasons
    assert last.state == "WATCH"


def test_a_late_payment_takes_the_ground_of_a_state_away_without_relaxing_it() -> None:
    story = a_loan().close_through("2024-03-05")
    assert story.assessments[-1].state == "WATCH"
    story.on("2024-03-06")
    story.pays(1000, value="2024-01-31")
    last = story.assessments[-1]
    assert last.dpd_operational == 0
    assert last.state == "WATCH"
    assert last.corrected
    assert "watch-family" in [
        change.before for change in last.changes if change.kind == "LOST_GROUND"
    ]


def test_buckets_of_days_past_due() -> None:
    assert [dpd_bucket(days) for days in (0, 1, 30, 31, 60, 61, 90, 91)] == [0, 1, 1, 2, 2, 3, 3, 4]


def test_the_card_shows_what_is_due_next() -> None:
    data = assessment_data(a_loan().close_through("2024-02-05").assessments[-1])
    assert data["next_due"] == {"date": "2024-06-30", "amount": "9000.00"}
    assert data["past_due"] == "1000.00"
    assert data["exposure"] == "10000.00"
    assert data["undrawn"] is None


def test_the_short_cut_for_clean_borrowers_equals_the_regimes() -> None:
    story = Story()
    assigned = labels(story.borrower, story.rules, story.today)
    assert is_clean(story.borrower)
    assert {name: assigned[name] for name in CLEAN_LABELS if name in assigned} == {
        name: label for name, label in CLEAN_LABELS.items() if name in assigned
    }
    assert regime_text(story.borrower, story.rules, story.today) == CLEAN


def rejudged(story: Story, rulebook: str) -> Assessment | None:
    trigger = Trigger(
        as_of=story.borrower.counters.closed_day,
        at_us=0,
        facts=0,
        cause=Cause("tocsin", "r-1", "rulebook.activated.v1"),
    )
    rules = load_rulebook(rulebook).rules_for("SME")
    return reassess(story.borrower, rules, trigger)


def test_evaluating_again_by_the_same_rules_changes_nothing() -> None:
    story = a_loan().close_through("2024-02-10")
    signals, score = deepcopy(story.borrower.signals), story.borrower.risk.score
    assert rejudged(story, "reference") is None
    assert (story.borrower.signals, story.borrower.risk.score) == (signals, score)


def test_evaluating_by_other_rules_drops_what_they_do_not_use() -> None:
    story = a_loan().close_through("2024-02-10")
    rejudged(story, "default")
    # R-01 at 10 days: knots 0:0, 29:.20 give .069, times .70.
    assert story.borrower.signals.contribution[slot_of("R-01")] == 48_276
    rejudged(story, "reference")
    assert story.borrower.signals.status[slot_of("R-04")] == NOT_APPLICABLE


def test_a_borrower_that_people_act_on_is_assessed_at_each_close() -> None:
    story = Story("RETAIL", start="2024-01-01", rulebook="default")
    story.loan(10_000)
    story.schedule(("2024-01-31", 100), ("2025-01-31", 1_000))
    story.pays(100)
    story.close_through("2024-01-09")
    # Nothing of note, and no month ends: a normal borrower is not assessed again.
    assert "DAY_CLOSE" not in {reason for each in story.assessments for reason in each.reasons}
    story.on("2024-01-10")
    for _ in range(3):
        story.fails()
    assert story.state == "ATTENTION"
    emitted = len(story.assessments)
    story.close_through("2024-01-12")
    daily = story.assessments[emitted:]
    assert [each.as_of for each in daily] == [day(f"2024-01-{date}") for date in (10, 11, 12)]
    assert all("DAY_CLOSE" in each.reasons for each in daily)


def test_figures_follow_each_close_for_90_days_after_people_acted() -> None:
    story = Story("RETAIL", start="2024-01-01", rulebook="default")
    story.loan(10_000)
    story.schedule(("2024-02-15", 100), ("2025-12-31", 1_000))
    story.pays(100)
    for _ in range(3):
        story.fails()
    while story.state != "NORMAL":
        story.close()
    acted_on = story.today - 2
    while story.today < acted_on + 100:
        story.close()
    # An alert may be open still. The last day in ATTENTION was `acted_on`.
    daily = [each.as_of for each in story.assessments if "DAY_CLOSE" in each.reasons]
    assert daily[-90:] == [*range(acted_on + 1, acted_on + 91)]
