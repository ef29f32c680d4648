"""The scorecard: points that never fall, nothing from what is not measured, the same every time."""

import random
from dataclasses import replace

from lab.model_training.scorecard import Case, fit
from lab.model_training.validation import (
    calibration,
    coefficients,
    cross_validated,
    drift,
    reference_rows,
)
from services.scoring.adapters.pd_model import FORMAT, model_from
from services.scoring.domain.portfolio.outcomes import auc_of
from services.scoring.domain.rulebook.pd import PdModel


def cases(count: int = 1_500) -> list[Case]:
    """Failing goes with A-01, not at all with R-01, and with F-08 the wrong way round."""
    chance = random.Random(7)
    found = []
    for number in range(count):
        x, y, z = (chance.choice([0.0, chance.random()]) for _ in range(3))
        failed = chance.random() < 0.05 + 0.4 * x - 0.04 * z
        intensities = {"A-01": x, "R-01": y, "F-08": z}
        if number % 5 == 0:
            del intensities["R-01"]
        found.append(Case(f"B{number}", "SME", intensities, 100 * x, failed))
    return found


def model_of(rows: list[Case]) -> PdModel:
    found = coefficients(fit(rows), rows)
    for feature in found["features"]:
        feature["rule"] = "as it was"
    return model_from(
        {
            "format": FORMAT,
            "name": "pd",
            "version": "1",
            "rulebook": "default",
            "rulebook_version": "1.0",
            "horizon_days": 365,
            **found,
        }
    )


def test_points_never_fall_as_the_intensity_rises() -> None:
    for feature in fit(cases()).features:
        assert list(feature.points) == sorted(feature.points)


def test_an_indicator_that_points_the_wrong_way_gets_no_points() -> None:
    assert "F-08" not in {feature.indicator for feature in fit(cases()).features}


def test_the_same_cases_give_the_same_scorecard() -> None:
    assert fit(cases()) == fit(cases())


def test_the_mean_pd_is_the_share_that_fails() -> None:
    rows = cases()
    model = model_of(rows)
    mean, share = calibration(model, rows)
    assert share == sum(case.failed for case in rows) / len(rows)
    assert abs(mean - share) < 0.01


def test_each_row_is_judged_once_by_a_model_that_has_not_seen_its_borrower() -> None:
    rows = cases()
    scored = cross_validated(rows, 5)
    assert len(scored) == len(rows)
    found = auc_of(scored)
    assert found is not None
    assert found > 0.65


def test_a_population_like_the_training_has_no_drift_and_a_worse_one_has() -> None:
    rows = cases()
    model = model_of(rows)
    assert drift(model, rows)["A-01"] == 0
    worse = [case for case in rows if case.intensities["A-01"] > 0.5]
    found = drift(model, worse)
    assert found["A-01"] > 0.25
    assert found["score"] > 0.25


def test_an_indicator_that_is_measured_no_longer_has_drifted() -> None:
    rows = cases()
    gone = [replace(case, intensities={}) for case in rows]
    # All in the bin of what is not measured, which held nobody: (1 - .0005) ln(1 / .0005) = 7.6.
    assert drift(model_of(rows), gone)["A-01"] > 7


def test_the_reference_is_the_close_of_the_month_where_there_is_one() -> None:
    rows = cases(10)
    assert reference_rows(rows) == (rows, "all training rows")
    monthly = replace(rows[3], is_month_close=True)
    assert reference_rows([*rows, monthly]) == ([monthly], "month closes")
