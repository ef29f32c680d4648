"""The PD by hand: points add up in log-odds, gaps say nothing, reasons are the largest points."""

import math

import pytest

from services.scoring.domain.pd import PdFeature, PdModel, predict, stability_index

MODEL = PdModel(
    name="pd",
    version="1",
    rulebook="default",
    rulebook_version="1.0",
    horizon_days=365,
    intercept=-3.0,
    features=(
        PdFeature("F-08", (0.4,), (-0.5, 1.0), (0.8, 0.2)),
        PdFeature("R-01", (0.2, 0.6), (-0.1, 0.5, 2.0), (0.9, 0.05, 0.05)),
    ),
    score_edges=(20.0,),
    score_expected=(0.7, 0.3),
)


def test_points_add_up_in_log_odds() -> None:
    # -3 + 1.0 + 0.5 = -1.5; 1 / (1 + e^1.5) = 0.182426.
    assert predict(MODEL, {"F-08": 0.4, "R-01": 0.59}).value == 0.182426


def test_what_is_not_measured_has_no_points() -> None:
    assert predict(MODEL, {}).value == round(1 / (1 + math.exp(3)), 6)


def test_the_reasons_are_the_indicators_that_add_risk_the_largest_first() -> None:
    assert predict(MODEL, {"F-08": 1.0, "R-01": 1.0}).reasons == (("R-01", 2.0), ("F-08", 1.0))
    assert predict(MODEL, {"F-08": 0.0, "R-01": 0.0}).reasons == ()


def test_more_of_a_signal_never_lowers_the_pd() -> None:
    values = [predict(MODEL, {"R-01": step / 20}).value for step in range(21)]
    assert values == sorted(values)


def test_stability_of_a_moved_population() -> None:
    # (.5 - .8) ln(.5/.8) + (.5 - .2) ln(.5/.2) = .141 + .275.
    assert stability_index((0.8, 0.2), (0.5, 0.5)) == pytest.approx(0.4159, abs=1e-4)
    assert stability_index((0.8, 0.2), (0.8, 0.2)) == 0
