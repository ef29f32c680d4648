"""Cuts from an alert budget, on populations whose answer can be counted by hand."""

from services.scoring.domain.rulebook.alert_budget import (
    ATTENTION_QUESTION,
    OBSERVED,
    OTHER_ATTENTION,
    TWO_FAMILIES,
    WATCH_QUESTION,
    Budget,
    DayCloses,
    Floors,
    lowest_cut,
    lowest_family_cut,
    occupancy,
    set_cuts,
)

DAYS = 100


def steady(score: int, bits: int = 0, family: int = 0) -> DayCloses:
    """A borrower with the same score on every day."""
    return DayCloses([score] * DAYS, [family] * DAYS, [OBSERVED | bits] * DAYS)


def ten_borrowers() -> list[DayCloses]:
    """Scores of 1, 2 … 10 points, all confirmed by two families."""
    return [steady(points * 10_000, TWO_FAMILIES) for points in range(1, 11)]


def test_occupancy_is_a_share_of_borrower_days() -> None:
    assert occupancy(ten_borrowers(), ATTENTION_QUESTION, 80_000) == 300_000


def test_hysteresis_delays_the_exit_after_a_spike() -> None:
    # One day at the cut, then calm: 30 calm closes end it, the thirtieth is out again.
    series = DayCloses([100_000] + [0] * 99, [0] * DAYS, [OBSERVED] * DAYS)
    assert occupancy([series], ATTENTION_QUESTION, 100_000) == 300_000


def test_days_of_the_warm_up_are_not_counted() -> None:
    series = DayCloses([100_000] * DAYS, [0] * DAYS, [0] * 50 + [OBSERVED] * 50)
    assert occupancy([series], ATTENTION_QUESTION, 100_000) == 1_000_000
    assert occupancy([series], ATTENTION_QUESTION, 100_001) == 0


def test_the_lowest_cut_within_the_budget_is_found() -> None:
    # Two of ten may be in: the cut lies just above 8 points.
    assert lowest_cut(ten_borrowers(), ATTENTION_QUESTION, 200_000, at_least=0) == 85_000


def test_watch_needs_two_families() -> None:
    alone = [steady(900_000) for _ in range(10)]
    assert lowest_cut(alone, WATCH_QUESTION, 50_000, at_least=300_000) == 300_000


def test_other_rules_count_against_the_budget_whatever_the_cut() -> None:
    population = ten_borrowers()[:8] + [steady(0, OTHER_ATTENTION)] * 2
    # Two of ten are in anyway, so nobody else may be.
    assert lowest_cut(population, ATTENTION_QUESTION, 200_000, at_least=0) == 85_000


def test_a_clean_portfolio_stops_at_the_floors() -> None:
    cuts = set_cuts([steady(0)] * 10, Budget(), Floors(), 20)
    assert (cuts.attention, cuts.watch, cuts.high_risk) == (250_000, 400_000, 700_000)
    assert cuts.attention_exit < cuts.attention
    assert cuts.family == 600_000


def test_the_family_cut_counts_time_and_not_borrowers() -> None:
    # Above for 47 of 100 days, a warning on 20 of them: 2 % of the time of ten borrowers.
    late = DayCloses([0] * DAYS, [700_000] * 47 + [0] * 53, [OBSERVED] * DAYS)
    assert lowest_family_cut([late] + [steady(0)] * 9, 20_000, 28) == 600_000
    assert lowest_family_cut([late] + [steady(0)] * 9, 19_999, 28) == 710_000


def test_the_family_rule_alone_spends_the_whole_budget_of_watch() -> None:
    # The same 2 % of the time: half of 3 % is too little, all of it is enough.
    late = DayCloses([0] * DAYS, [700_000] * 47 + [0] * 53, [OBSERVED] * DAYS)
    budget = Budget(watch=30_000)
    assert set_cuts([late] + [steady(0)] * 9, budget, Floors(), 20).family == 600_000
    other = [late, steady(0, TWO_FAMILIES)] + [steady(0)] * 8
    assert set_cuts(other, budget, Floors(), 20).family == 710_000


def test_nothing_is_observed_after_a_borrowers_last_event() -> None:
    # The score rises on the day after the last event, the 50th: accounts that stop are no alarm.
    series = DayCloses([0] * 50 + [900_000] * 50, [0] * DAYS, [OBSERVED] * DAYS, [*range(DAYS)])
    assert occupancy([series], ATTENTION_QUESTION, 500_000) == 500_000
    series.end_after(49)
    assert occupancy([series], ATTENTION_QUESTION, 500_000) == 0


def test_cuts_are_ten_points_apart_whatever_the_budget_leaves() -> None:
    # 100 points on every day: no cut is within the budget, and there is room for three.
    cuts = set_cuts([steady(1_000_000, TWO_FAMILIES)] * 10, Budget(), Floors(), 20)
    assert (cuts.attention, cuts.watch, cuts.high_risk) == (800_000, 900_000, 1_000_000)
    # 35 points fill the budget of ATTENTION up to there: WATCH starts 10 points above.
    cuts = set_cuts([steady(345_000, TWO_FAMILIES)] * 10, Budget(), Floors(), 20)
    assert (cuts.attention, cuts.watch, cuts.high_risk) == (350_000, 450_000, 700_000)


def test_the_family_cut_rises_until_few_stay_above_it() -> None:
    population = [steady(0, family=700_000)] + [steady(0)] * 9
    assert lowest_family_cut(population, 100_000, 28) == 600_000
    assert lowest_family_cut(population, 50_000, 28) == 710_000
