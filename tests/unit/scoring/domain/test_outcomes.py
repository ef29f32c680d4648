"""Leads, spells, entries and budgets, on borrowers whose days can be counted by hand."""

import pytest

from services.scoring.domain.portfolio.outcomes import (
    BorrowerOutcome,
    StateHistory,
    alerts_above,
    at_budget,
    entries,
    group_figures,
    is_right,
    lead_days,
    lead_of_alerts,
    quartiles,
)

ATTENTION, WATCH, HIGH_RISK = 0, 1, 2
HORIZON = 365


def history(
    severities: dict[int, int],
    *,
    event: int | None = None,
    distress: int | None = None,
    first_missed: int | None = None,
    figures: list[float] | None = None,
) -> StateHistory:
    outcome = BorrowerOutcome("B", event, "story", distress, first_missed)
    days = list(severities)
    return StateHistory(
        outcome, "SME", days, list(severities.values()), figures or [0.0] * len(days)
    )


def test_the_lead_counts_from_the_spell_that_led_to_the_event() -> None:
    # In WATCH from day 100, back to NORMAL on 110 for 90 days: that spell is over.
    assert lead_days(history({1: 0, 100: 2, 110: 0, 200: 2, 300: 2}, event=320), 2) == 120


def test_a_short_pause_does_not_break_a_spell() -> None:
    assert lead_days(history({100: 2, 110: 0, 150: 2}, event=200), 2) == 100


def test_an_alarm_that_was_long_over_is_no_warning() -> None:
    assert lead_days(history({100: 2, 110: 0}, event=200), 2) is None


def test_only_the_step_into_a_state_is_an_entry() -> None:
    assert entries(history({1: 0, 2: 1, 3: 2, 4: 1, 5: 2}), 2) == [3, 5]


def test_a_standing_figure_alerts_once_and_silence_holds_back_the_next() -> None:
    figures = [0.0, 9.0, 9.0, 0.0, 9.0, 0.0, 9.0]
    group = history(dict.fromkeys([1, 10, 20, 21, 25, 26, 60], 0), figures=figures)
    assert alerts_above(group, 9.0, silence_days=30) == [10, 60]


def test_state_figures_of_a_small_bank() -> None:
    warned = history({0: 0, 40: 2}, event=140)
    missed = history({0: 0, 50: 0}, event=100)
    calm = history({0: 0, 100: 0})
    noisy = history({0: 0, 20: 2, 30: 2, 100: 0})
    watch = group_figures("all", [warned, missed, calm, noisy], 365).states[WATCH]
    assert watch.state == "WATCH"
    assert watch.healthy_ever == 0.5
    assert watch.healthy_time == pytest.approx(2 / 6)
    assert watch.recall_by_lead == {0: 0.5, 30: 0.5, 90: 0.5, 180: None}
    assert watch.precision_by_lead[0] == 0.5
    assert watch.leads == (100, 100, 100)


def test_the_cut_of_a_budget_is_found_on_the_healthy_alone() -> None:
    # Two healthy years and a little: one alert fits into 0.5 a year, at 7 and not at 5.
    calm = history({0: 0, 100: 0, 731: 0}, figures=[1.0, 5.0, 1.0])
    other = history({0: 0, 100: 0, 300: 0, 400: 0}, figures=[1.0, 7.0, 1.0, 5.0])
    ill = history({0: 0, 100: 0}, event=130, figures=[1.0, 6.0])
    group = at_budget([calm, other, ill], 0.33, 30, 365)
    assert group is not None
    assert group.cut == 6.0
    assert (group.caught, group.events) == (1, 1)
    assert group.lead_quartiles == (30, 30, 30)


def test_quartiles_are_interpolated() -> None:
    assert quartiles([1, 2, 3, 4]) == (1.75, 2.5, 3.25)
    assert quartiles([]) is None


FAILS = history({1: 0, 100: 1, 150: 2, 199: 2}, event=200, distress=80)
SURPRISES = history({1: 0, 199: 0}, event=200, distress=200)
RECOVERS = history({1: 0, 120: 1, 180: 0}, distress=90)
HEALTHY = history({1: 0, 50: 1, 51: 0, 52: 0})


def test_a_lead_runs_from_the_warning_to_the_event() -> None:
    assert lead_days(FAILS, 1) == 100
    assert lead_days(FAILS, 2) == 50
    assert lead_days(SURPRISES, 1) is None


def test_a_warning_is_never_older_than_the_trouble() -> None:
    always = history({1: 1, 199: 1}, event=200, distress=150)
    assert lead_days(always, 1) == 50


def test_a_lead_to_the_first_missed_instalment_is_negative_where_the_warning_came_later() -> None:
    # WATCH from day 150: ten days before the one miss, twenty after the other. The third missed
    # nothing before its event, and the fourth was not warned.
    early = history({1: 0, 150: 2, 199: 2}, event=200, distress=80, first_missed=160)
    late = history({1: 0, 150: 2, 199: 2}, event=200, distress=80, first_missed=130)
    never = history({1: 0, 199: 0}, event=200, distress=80, first_missed=130)
    group = group_figures("all", [early, late, FAILS, never], HORIZON)
    watch = group.states[WATCH]
    assert watch.miss_leads == (-12.5, -5.0, 2.5)
    assert (watch.warned_before_miss, group.missed) == (1, 3)


@pytest.mark.parametrize(
    ("outcome", "day", "right"),
    [
        (BorrowerOutcome("B", 400, "all", None), 35, True),
        (BorrowerOutcome("B", 400, "all", None), 34, False),
        (BorrowerOutcome("B", 400, "all", None), 400, False),
        (BorrowerOutcome("B", None, "all", 90), 90, True),
        (BorrowerOutcome("B", None, "all", 90), 89, False),
        (BorrowerOutcome("B", None, "all", None), 90, False),
    ],
)
def test_an_entry_is_right_when_something_real_is_behind_it(
    outcome: BorrowerOutcome, day: int, right: bool
) -> None:
    assert is_right(outcome, day, HORIZON) is right


def test_a_group_counts_events_trouble_and_health_apart() -> None:
    group = group_figures("all", [FAILS, SURPRISES, RECOVERS, HEALTHY], HORIZON)
    assert (
        group.borrowers,
        group.events,
        group.in_trouble,
        group.healthy,
    ) == (4, 2, 1, 1)
    attention = group.states[ATTENTION]
    assert (attention.warned, attention.in_trouble_warned) == (1, 1)
    assert attention.leads == (100, 100, 100)
    # Three borrowers came into it; the healthy one's was wrong.
    assert (attention.entries, attention.entries_right) == (3, 2)
    assert attention.healthy_ever == 1.0
    assert attention.healthy_time == 0.25
    assert group.states[WATCH].warned == 1
    assert group.states[HIGH_RISK].warned == 0


def test_the_burden_is_entries_a_hundred_borrower_months() -> None:
    group = group_figures("all", [history({0: 0, 10: 1, 3044: 0})], HORIZON)
    assert group.months == pytest.approx(100.01, abs=0.01)
    assert group.states[ATTENTION].entries_per_100_months == pytest.approx(1.0, abs=0.001)


def test_the_lead_of_alerts_runs_from_the_first_one_in_time() -> None:
    outcome = BorrowerOutcome("B", 300, "all", distress=100)
    assert lead_of_alerts(outcome, [210, 99, 180]) == 120
    assert lead_of_alerts(outcome, [99, 300]) is None
    assert lead_of_alerts(BorrowerOutcome("B", None, "all", distress=100), [150]) is None


def test_without_known_trouble_an_alert_is_in_time_within_the_horizon() -> None:
    outcome = BorrowerOutcome("B", 300, "all")
    assert lead_of_alerts(outcome, [199, 210], horizon_days=100) == 90
    assert lead_of_alerts(outcome, [199, 300], horizon_days=100) is None
