"""The score of domain.md 3.6 with its worked example, against the reference rulebook."""

from itertools import permutations

import pytest

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.assess import score
from services.scoring.domain.assess.evaluate import SignalChanges, judge
from services.scoring.domain.borrower.risk import NOT_SCORED, SLOTS, Signals, pack, slot_of, unpack
from services.scoring.domain.primitives.measurement import (
    Measurement,
    Reason,
    measured,
    measured_components,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import FAMILIES, Rules

DAY = 739_000
LATE_TWICE = measured_components([2_000_000, 2_000_000])
INFLOW_HALVED = measured_components([400_000, None])
USE_UP_20_POINTS = measured(200_000)
REVENUE_DOWN_30 = measured(-300_000)
CURRENT_RATIO_DOWN_20 = measured_components([1_500_000, -200_000])
WORKED_EXAMPLE = {
    "R-03": LATE_TWICE,
    "A-01": INFLOW_HALVED,
    "A-04": USE_UP_20_POINTS,
    "F-02": REVENUE_DOWN_30,
    "F-09": CURRENT_RATIO_DOWN_20,
}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rulebook("reference").rules_for("SME")


def signals_of(rules: Rules, measurements: dict[str, Measurement]) -> Signals:
    signals = Signals()
    for indicator_id, measurement in measurements.items():
        rule = rules.by_slot[slot_of(indicator_id)]
        assert rule is not None
        judge(signals, rule, measurement, DAY, SignalChanges())
    return signals


def scored(rules: Rules, signals: Signals) -> tuple[int, list[int]]:
    families = [score.family_score(signals, rules, family) for family in range(FAMILIES)]
    return score.combined(families), families


def test_the_worked_example_gives_70_7(rules: Rules) -> None:
    total, families = scored(rules, signals_of(rules, WORKED_EXAMPLE))
    assert families[:3] == [100_000, 484_000, 370_000]
    assert total == 707_428
    assert round(total / 10_000, 1) == 70.7


def test_the_worked_example_is_shared_out_by_logarithm(rules: Rules) -> None:
    signals = signals_of(rules, WORKED_EXAMPLE)
    total, _ = scored(rules, signals)
    points = {
        share.slot: round(share.points_micro / 1_000_000, 2)
        for share in score.shares(signals, rules, total)
    }
    assert points == {
        slot_of("A-01"): 29.40,
        slot_of("F-02"): 20.53,
        slot_of("A-04"): 8.68,
        slot_of("R-03"): 6.06,
        slot_of("F-09"): 6.06,
    }


def test_shares_add_up_to_the_score(rules: Rules) -> None:
    signals = signals_of(rules, WORKED_EXAMPLE)
    total, _ = scored(rules, signals)
    shared = sum(share.points_micro for share in score.shares(signals, rules, total))
    assert abs(shared - total * 100) <= 5


@pytest.mark.parametrize(
    ("indicator_id", "measurement", "points"),
    [
        ("A-01", measured_components([450_000, None]), 40.0),
        ("A-01", measured_components([200_000, None]), 16.0),
        ("R-01", measured(31_000_000), 55.0),
    ],
    ids=["a lone red A-01", "a lone amber A-01", "31 days past due"],
)
def test_lone_signals_score_as_written(
    rules: Rules, indicator_id: str, measurement: Measurement, points: float
) -> None:
    total, _ = scored(rules, signals_of(rules, {indicator_id: measurement}))
    assert total / 10_000 == points


def test_the_order_of_signals_changes_nothing(rules: Rules) -> None:
    outcomes = {
        scored(rules, signals_of(rules, dict(order)))[0]
        for order in permutations(WORKED_EXAMPLE.items())
    }
    assert outcomes == {707_428}


def test_inside_a_group_only_the_strongest_counts(rules: Rules) -> None:
    lone = signals_of(rules, {"R-01": measured(31_000_000)})
    both = signals_of(rules, {"R-01": measured(31_000_000), "R-09": measured(31_000_000)})
    assert scored(rules, lone)[0] == scored(rules, both)[0] == 550_000
    (share,) = score.shares(both, rules, 550_000)
    assert share.slot == slot_of("R-01")
    assert share.also == [slot_of("R-09")]


def test_a_family_without_anything_expected_does_not_apply(rules: Rules) -> None:
    signals = signals_of(rules, {"R-01": not_applicable(), "A-02": measured(1_000_000)})
    _, families = scored(rules, signals)
    assert families == [NOT_SCORED, 0, NOT_SCORED, NOT_SCORED, NOT_SCORED]


def test_unmeasurable_is_not_green_and_lowers_completeness(rules: Rules) -> None:
    signals = signals_of(
        rules, {"A-01": unmeasurable(Reason.SHORT_HISTORY), "A-02": measured(1_000_000)}
    )
    # A-02's weight .30 is known of .40 + .30.
    assert score.completeness(signals, rules) == 428_571


def test_point_events_fade_by_their_half_life(rules: Rules) -> None:
    fresh = signals_of(rules, {"R-08": measured(3_000_000, age_days=0)})
    old = signals_of(rules, {"R-08": measured(3_000_000, age_days=30)})
    assert fresh.contribution[slot_of("R-08")] == 350_000
    assert old.contribution[slot_of("R-08")] == 175_000


def test_packed_signals_come_back_whole(rules: Rules) -> None:
    signals = signals_of(rules, WORKED_EXAMPLE)
    assert unpack(pack(signals)) == signals
    assert len(pack(Signals())) == 0
    assert len(Signals().level) == SLOTS
