"""The PD by hand: points add up in log-odds, gaps add nothing, reasons are the largest points."""

import pytest

from services.scoring.domain.borrower.risk import Signals, slot_of
from services.scoring.domain.primitives.measurement import MEASURED, UNMEASURABLE
from services.scoring.domain.rulebook.pd import (
    NOT_MEASURED,
    PdFeature,
    PdModel,
    intensity_of,
    opinion,
    predict,
    probability,
    stability_index,
)


def feature(
    indicator: str, edges: tuple[int, ...], points: tuple[int, ...], expected: tuple[float, ...]
) -> PdFeature:
    slot = slot_of(indicator)
    return PdFeature(indicator, f"name of {indicator}", slot, edges, points, expected, rule="")


MODEL = PdModel(
    name="pd",
    version="1",
    horizon_days=365,
    intercept=-3_000_000,
    features=(
        feature("F-08", (400_000,), (-500_000, 1_000_000), (0.0, 0.8, 0.2)),
        feature("R-01", (200_000, 600_000), (-100_000, 500_000, 2_000_000), (0.1, 0.8, 0.05, 0.05)),
    ),
    score_edges=(200_000,),
    score_expected=(0.7, 0.3),
)


def test_points_add_up_in_log_odds() -> None:
    # -3 + 1.0 + 0.5 = -1.5; 1 / (1 + e^1.5) = 0.1824255.
    assert predict(MODEL, [400_000, 590_000]).value == 182_426


def test_what_is_not_measured_has_no_points() -> None:
    # 1 / (1 + e^3) = 0.0474259.
    prediction = predict(MODEL, [NOT_MEASURED, NOT_MEASURED])
    assert (prediction.value, prediction.reasons) == (47_426, [])
    assert prediction.bins == [NOT_MEASURED, NOT_MEASURED]


def test_the_reasons_are_the_indicators_that_add_risk_the_largest_first() -> None:
    assert predict(MODEL, [1_000_000, 1_000_000]).reasons == [
        ("R-01", "name of R-01", 2_000_000),
        ("F-08", "name of F-08", 1_000_000),
    ]
    assert predict(MODEL, [0, 0]).reasons == []


def test_more_of_a_signal_never_lowers_the_pd() -> None:
    values = [predict(MODEL, [NOT_MEASURED, step * 50_000]).value for step in range(21)]
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("logit", "expected"),
    [
        (0, 500_000),
        # 1 / (1 + e^-2.5) = 0.9241418; 1 / (1 + e^2.5) = 0.0758582.
        (2_500_000, 924_142),
        (-2_500_000, 75_858),
        (-900_000_000, 0),
        (900_000_000, 1_000_000),
    ],
)
def test_a_probability_is_a_whole_number_of_millionths(logit: int, expected: int) -> None:
    assert probability(logit) == expected


def test_an_intensity_is_what_is_left_of_the_weight_with_four_decimals() -> None:
    signals, slot = Signals(), slot_of("R-01")
    signals.status[slot], signals.contribution[slot] = MEASURED, 100_000
    # 0.1 of 0.7 is 0.142857…
    assert intensity_of(signals, slot, 700_000) == 142_900
    assert intensity_of(signals, slot, 0) == NOT_MEASURED
    signals.status[slot] = UNMEASURABLE
    assert intensity_of(signals, slot, 700_000) == NOT_MEASURED


def test_an_opinion_notes_the_bins_and_those_of_score_and_pd() -> None:
    signals = Signals()
    signals.status[slot_of("R-01")] = MEASURED
    signals.contribution[slot_of("R-01")] = 350_000
    prediction = opinion(MODEL, signals, [300_000, 700_000], score=210_000)
    # R-01 at half its weight is in the second bin; F-08 is not measured; the score is past 20; the
    # PD has one bin.
    assert prediction.bins == [NOT_MEASURED, 1, 1, 0]


def test_stability_of_a_moved_population() -> None:
    # (.5 - .8) ln(.5/.8) + (.5 - .2) ln(.5/.2) = .141 + .275.
    assert stability_index((0.8, 0.2), (0.5, 0.5)) == pytest.approx(0.4159, abs=1e-4)
    assert stability_index((0.8, 0.2), (0.8, 0.2)) == 0
