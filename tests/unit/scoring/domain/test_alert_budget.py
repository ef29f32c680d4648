"""Cuts from an alert budget, on populations whose answer can be counted by hand."""

from services.scoring.domain.rulebook.alert_budget import (
    ATTENTION_QUESTION,
    OTHER_ATTENTION,
    OTHER_WATCH,
    WATCH_GATE,
    WATCH_QUESTION,
    Budget,
    DayCloses,
    Floors,
    lowest_cut,
    lowest_family_cut,
    occupancy,
    occupied_by,
    set_cuts,
)

DAYS = 100


def days_of(scores: list[int], families: list[int], bits: list[int] | None = None) -> DayCloses:
    """A borrower of whom every day was closed and is observed."""
    return DayCloses(scores, families, bits or [0] * DAYS, weights=[1] * DAYS)


def steady(score: int, bits: int = 0, family: int = 0) -> DayCloses:
    """A borrower with the same score on every day."""
    return days_of([score] * DAYS, [family] * DAYS, [bits] * DAYS)


def family_cut(population: list[DayCloses], budget: int) -> int:
    return lowest_family_cut(population, budget, 28, at_least=0, watch=400_000)


def ten_borrowers() -> list[DayCloses]:
    """Scores of 1, 2 … 10 points, all confirmed by two families."""
    return [steady(points * 10_000, WATCH_GATE) for points in range(1, 11)]


def test_occupancy_is_a_share_of_borrower_days() -> None:
    assert occupancy(ten_borrowers(), ATTENTION_QUESTION, 80_000) == 300_000


def test_hysteresis_delays_the_exit_after_a_spike() -> None:
    # One day at the cut, then calm: 30 calm closes end it, the thirtieth is out again.
    series = days_of([100_000] + [0] * 99, [0] * DAYS)
    assert occupancy([series], ATTENTION_QUESTION, 100_000) == 300_000


def test_calm_begins_with_the_first_calm_close() -> None:
    # Closes a month apart: in from day 1, calm on days 32 and 63, out on the latter.
    series = DayCloses([100_000, 0, 0], [0] * 3, [0] * 3, days=[1, 32, 63], weights=[31, 31, 31])
    assert occupancy([series], ATTENTION_QUESTION, 100_000) == 666_666


def test_days_of_the_warm_up_are_not_counted() -> None:
    series = steady(100_000)
    series.weights = [0] * 50 + [1] * 50
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


def test_where_other_rules_exceed_the_budget_the_score_adds_nothing_to_it() -> None:
    # Three of ten are in ATTENTION by other rules, with 55 points at most; nobody else is above.
    population = [steady(550_000, OTHER_ATTENTION | WATCH_GATE)] * 3 + [steady(300_000)] * 7
    cuts = set_cuts(population, Budget(), Floors(), 20)
    # Nobody has 30.5 points; three of ten have 55, which is more than 5 % in WATCH.
    assert cuts.attention == 305_000
    assert cuts.watch == 555_000


def test_a_clean_portfolio_stops_at_the_floors() -> None:
    cuts = set_cuts([steady(0)] * 10, Budget(), Floors(), 20)
    assert (cuts.attention, cuts.watch, cuts.high_risk) == (250_000, 400_000, 700_000)
    assert cuts.attention_exit < cuts.attention
    assert cuts.family == 600_000


def test_the_family_cut_counts_time_and_not_borrowers() -> None:
    # Above on the last 47 of 100 days, a warning on 20 of them: 2 % of the time of ten borrowers.
    late = days_of([0] * DAYS, [0] * 53 + [700_000] * 47)
    assert family_cut([late] + [steady(0)] * 9, 20_000) == 600_000
    assert family_cut([late] + [steady(0)] * 9, 19_999) == 710_000


def test_a_warning_by_a_family_lasts_until_the_exit_of_watch() -> None:
    # Above for 38 days, a warning from the 28th day on; from the 39th on 59 of 60 calm days count.
    series = days_of([0] * DAYS, [700_000] * 38 + [0] * 62)
    assert family_cut([series] + [steady(0)] * 9, 70_000) == 600_000
    assert family_cut([series] + [steady(0)] * 9, 69_999) == 710_000


def test_other_rules_of_watch_spend_the_budget_of_the_family_cut() -> None:
    late = days_of([0] * DAYS, [0] * 53 + [700_000] * 47)
    population = [late, steady(0, OTHER_WATCH)] + [steady(0)] * 8
    assert family_cut(population, 120_000) == 600_000
    assert family_cut(population, 119_999) == 710_000


def test_the_family_cut_and_the_score_share_one_budget() -> None:
    # One of ten is in WATCH by its family, on 73 of 100 days; another has 60 points on ten.
    by_family = steady(0, family=700_000)
    by_score = days_of([0] * 90 + [600_000] * 10, [0] * DAYS, [WATCH_GATE] * DAYS)
    population = [by_family, by_score] + [steady(0)] * 8
    cuts = set_cuts(population, Budget(watch=146_000), Floors(), 20)
    assert (cuts.family, cuts.watch) == (600_000, 400_000)
    cuts = set_cuts(population, Budget(watch=82_000), Floors(), 20)
    assert (cuts.family, cuts.watch) == (710_000, 400_000)
    cuts = set_cuts(population, Budget(watch=147_000), Floors(), 20)
    assert occupied_by(population, cuts).watch == 83_000


def test_the_family_rule_alone_spends_the_whole_budget_of_watch() -> None:
    # The same 2 % of the time: half of 3 % is too little, all of it is enough.
    late = days_of([0] * DAYS, [0] * 53 + [700_000] * 47)
    budget = Budget(watch=30_000)
    assert set_cuts([late] + [steady(0)] * 9, budget, Floors(), 20).family == 600_000
    other = [late, steady(0, WATCH_GATE)] + [steady(0)] * 8
    assert set_cuts(other, budget, Floors(), 20).family == 710_000


def test_nothing_is_observed_after_a_borrowers_last_event() -> None:
    # The score rises on the day after the last event, the 50th: accounts that stop are no alarm.
    series = days_of([0] * 50 + [900_000] * 50, [0] * DAYS)
    series.days = [*range(DAYS)]
    assert occupancy([series], ATTENTION_QUESTION, 500_000) == 500_000
    series.end_after(49)
    assert occupancy([series], ATTENTION_QUESTION, 500_000) == 0


def test_cuts_are_ten_points_apart_whatever_the_budget_leaves() -> None:
    # 100 points on every day: no cut is within the budget, and there is room for three.
    cuts = set_cuts([steady(1_000_000, WATCH_GATE)] * 10, Budget(), Floors(), 20)
    assert (cuts.attention, cuts.watch, cuts.high_risk) == (800_000, 900_000, 1_000_000)
    # 35 points fill the budget of ATTENTION up to there: WATCH starts 10 points above.
    cuts = set_cuts([steady(345_000, WATCH_GATE)] * 10, Budget(), Floors(), 20)
    assert (cuts.attention, cuts.watch, cuts.high_risk) == (350_000, 450_000, 700_000)


def test_the_family_cut_rises_until_few_stay_above_it() -> None:
    population = [steady(0, family=700_000)] + [steady(0)] * 9
    assert family_cut(population, 100_000) == 600_000
    assert family_cut(population, 50_000) == 710_000
