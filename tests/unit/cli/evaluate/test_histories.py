"""Lead time, spells and alerts at a budget, on histories of a few days."""

import pytest

from services.cli.evaluate.early import at_budget, by_state
from services.cli.evaluate.histories import (
    History,
    alerts_above,
    entries,
    lead_days,
    quantiles,
)


def history(
    ranks: dict[int, int], *, event: int | None = None, figures: list[float] | None = None
) -> History:
    days = list(ranks)
    return History("B", "SME", event, days, list(ranks.values()), figures or [0.0] * len(days))


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
    found = history(dict.fromkeys([1, 10, 20, 21, 25, 26, 60], 0), figures=figures)
    assert alerts_above(found, 9.0, silence_days=30) == [10, 60]


def test_state_figures_of_a_small_bank() -> None:
    warned = history({0: 0, 40: 2}, event=140)
    missed = history({0: 0, 50: 0}, event=100)
    calm = history({0: 0, 100: 0})
    noisy = history({0: 0, 20: 2, 30: 2, 100: 0})
    watch = by_state([warned, missed, calm, noisy], 365)[1]
    assert watch.state == "WATCH"
    assert watch.healthy_ever == 0.5
    assert watch.healthy_rows == pytest.approx(2 / 6)
    assert watch.recall_by_lead == {0: 0.5, 30: 0.5, 90: 0.5, 180: None}
    assert watch.precision_by_lead[0] == 0.5
    assert watch.lead_quartiles == (100, 100, 100)


def test_the_cut_of_a_budget_is_found_on_the_healthy_alone() -> None:
    # Two healthy years and a little: one alert fits into 0.5 a year, at 7 and not at 5.
    calm = history({0: 0, 100: 0, 731: 0}, figures=[1.0, 5.0, 1.0])
    other = history({0: 0, 100: 0, 300: 0, 400: 0}, figures=[1.0, 7.0, 1.0, 5.0])
    ill = history({0: 0, 100: 0}, event=130, figures=[1.0, 6.0])
    found = at_budget([calm, other, ill], 0.33, 30, 365)
    assert found is not None
    assert found.cut == 6.0
    assert (found.caught, found.events) == (1, 1)
    assert found.lead_quartiles == (30, 30, 30)


def test_quartiles_are_interpolated() -> None:
    assert quantiles([1, 2, 3, 4]) == (1.75, 2.5, 3.25)
    assert quantiles([]) is None
