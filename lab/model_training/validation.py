"""Validates a scorecard: its ranking of unseen borrowers, its calibration, and drift."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from lab.model_training.scorecard import PLACES, Case, Fitted, fit, logistic
from services.cli.outcome_files import part_of
from services.scoring.adapters.pd_model import micro
from services.scoring.domain.portfolio.drift import PD, SCORE, figures
from services.scoring.domain.portfolio.outcomes import Ranking, Scored, rank
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.pd import NOT_MEASURED, PdModel, predict, stability_index

TENTHS = 10


def reference_rows(cases: Sequence[Case]) -> tuple[list[Case], str]:
    """Return the rows that drift is compared with, and a description of them.

    The service counts each borrower once a month, at the close of the month; so does the reference
    where the history has month closes.
    """
    monthly = [case for case in cases if case.is_month_close]
    return (monthly, "month closes") if monthly else (list(cases), "all training rows")


def coefficients(fitted: Fitted, cases: Sequence[Case]) -> dict[str, Any]:
    """Return intercept, features and reference shares as the model's JSON states them."""
    rows, _ = reference_rows(cases)
    features = [
        {
            "indicator": feature.indicator,
            "edges": list(feature.edges),
            "points": list(feature.points),
            "expected": shares(
                [_bin_of(case, feature.indicator, feature.edges) for case in rows],
                len(feature.points),
            ),
        }
        for feature in fitted.features
    ]
    return {
        "intercept": fitted.intercept,
        "features": features,
        **_tenths("score", [case.score for case in rows]),
        **_tenths("pd", [round(logistic(log_odds(fitted, case)), PLACES) for case in rows]),
    }


def _tenths(name: str, figures: Sequence[float]) -> dict[str, Any]:
    """Return the lower edges of the tenths of a figure, equal ones once, and the share in each."""
    ordered = sorted(figures)
    starts = {ordered[len(ordered) * part // TENTHS] for part in range(1, TENTHS)}
    edges = sorted(starts - {ordered[0]})
    bins = [bisect_right(edges, figure) for figure in figures]
    return {f"{name}_edges": edges, f"{name}_expected": shares(bins, len(edges) + 1)[1:]}


def _bin_of(case: Case, indicator: str, edges: Sequence[float]) -> int:
    intensity = case.intensities.get(indicator)
    return NOT_MEASURED if intensity is None else bisect_right(edges, intensity)


def shares(bins: Sequence[int], bin_count: int) -> list[float]:
    """Return the share that is not measured, and the share in each bin."""
    counts = [0] * (bin_count + 1)
    for number in bins:
        counts[number + 1] += 1
    return [round(count / len(bins), PLACES) for count in counts]


def cross_validated(cases: Sequence[Case], folds: int) -> list[Scored]:
    """Return each row's log-odds from a scorecard that has not seen its borrower."""
    scored: list[Scored] = []
    for fold in range(folds):
        unseen = [case for case in cases if part_of(case.borrower_id, folds) == fold]
        rest = [case for case in cases if part_of(case.borrower_id, folds) != fold]
        if not unseen or not any(case.failed for case in rest) or all(c.failed for c in rest):
            continue
        fitted = fit(rest)
        scored += [Scored(case.borrower_id, log_odds(fitted, case), case.failed) for case in unseen]
    return scored


def log_odds(fitted: Fitted, case: Case) -> float:
    """Return the scorecard's sum of points for a row."""
    total = fitted.intercept
    for feature in fitted.features:
        intensity = case.intensities.get(feature.indicator)
        if intensity is not None:
            total += feature.points_of(intensity)
    return total


def by_segment(cases: Sequence[Case], scored: Sequence[Scored]) -> dict[str, Ranking]:
    """Return the ranking within each segment that has rows of both kinds."""
    segment_of = {case.borrower_id: case.segment for case in cases}
    groups: dict[str, list[Scored]] = {}
    for row in scored:
        groups.setdefault(segment_of[row.borrower_id], []).append(row)
    return {name: rank(rows) for name, rows in sorted(groups.items())}


def intensities(model: PdModel, case: Case) -> list[int]:
    """Return a row's intensities in the order of the model's features."""
    return [
        micro(case.intensities[feature.indicator])
        if feature.indicator in case.intensities
        else NOT_MEASURED
        for feature in model.features
    ]


def drift(model: PdModel, cases: Iterable[Case]) -> dict[str, float]:
    """Return the PSI of the rule score, of the PD and of each indicator of the model."""
    rows = [_bins(model, case) for case in cases]
    indexes = {
        figure: stability_index(expected, shares([row[index] for row in rows], len(expected) - 1))
        for index, (figure, expected) in enumerate(figures(model))
    }
    return {
        name: indexes[name] for name in sorted(indexes, key=(SCORE, PD).__contains__, reverse=True)
    }


def _bins(model: PdModel, case: Case) -> list[int]:
    prediction = predict(model, intensities(model, case))
    score = bisect_right(model.score_edges, micro(case.score / 100))
    return [*prediction.bins, score, bisect_right(model.pd_edges, prediction.value)]


def calibration(model: PdModel, cases: Sequence[Case]) -> tuple[float, float]:
    """Return the mean PD and the share that failed: they should agree."""
    total = sum(predict(model, intensities(model, case)).value for case in cases)
    return total / MICRO / len(cases), sum(case.failed for case in cases) / len(cases)
