"""The scorecard: points that never fall, nothing from what is not measured, the same every time."""

import random

from services.cli.evaluate.ranking import auc_of
from services.cli.model.judging import cross_validated, drift, model_of
from services.cli.model.scorecard import Case, fit
from services.scoring.domain.pd import predict


def cases(count: int = 1_500) -> list[Case]:
    """Failing goes with X, not at all with Y, and with Z the wrong way round."""
    chance = random.Random(7)
    found = []
    for number in range(count):
        x, y, z = (chance.choice([0.0, chance.random()]) for _ in range(3))
        failed = chance.random() < 0.05 + 0.4 * x - 0.04 * z
        intensities = {"X-01": x, "Y-01": y, "Z-01": z}
        if number % 5 == 0:
            del intensities["Y-01"]
        found.append(Case(f"B{number}", "SME", intensities, 100 * x, failed))
    return found


IDENTITY = {
    "name": "pd",
    "version": "1",
    "rulebook": "default",
    "rulebook_version": "1.0",
    "horizon_days": 365,
}


def test_points_never_fall_as_the_intensity_rises() -> None:
    for feature in fit(cases()).features:
        assert list(feature.points) == sorted(feature.points)


def test_an_indicator_that_points_the_wrong_way_gets_no_points() -> None:
    assert "Z-01" not in {feature.indicator for feature in fit(cases()).features}


def test_the_same_cases_give_the_same_scorecard() -> None:
    assert fit(cases()) == fit(cases())


def test_the_mean_pd_is_the_share_that_fails() -> None:
    rows = cases()
    model = model_of(fit(rows), rows, **IDENTITY)
    mean = sum(predict(model, case.intensities).value for case in rows) / len(rows)
    assert abs(mean - sum(case.failed for case in rows) / len(rows)) < 0.01


def test_each_row_is_judged_once_by_a_model_that_has_not_seen_its_borrower() -> None:
    rows = cases()
    scored = cross_validated(rows, 5)
    assert len(scored) == len(rows)
    found = auc_of(scored)
    assert found is not None
    assert found > 0.65


def test_a_population_like_the_training_has_no_drift_and_a_worse_one_has() -> None:
    rows = cases()
    model = model_of(fit(rows), rows, **IDENTITY)
    assert drift(model, rows)["X-01"] == 0
    worse = [case for case in rows if case.intensities["X-01"] > 0.5]
    found = drift(model, worse)
    assert (found["X-01"] or 0) > 0.25
    assert (found["score"] or 0) > 0.25
