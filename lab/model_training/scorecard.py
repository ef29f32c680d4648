"""Fits a scorecard: weights of evidence by bin, then a logistic regression that may only add risk.

Called by `tocsin model train`. Written here because it is short and needs nothing but arithmetic:
no numeric library has to be installed to train, and none to predict. Invariants: a bin's points
never fall as the intensity rises (bins are pooled until they do not, coefficients are never below
zero), and the same rows give the same model.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MOST_BINS: Final = 6
FEWEST_IN_A_BIN: Final = 0.02
SMOOTHING: Final = 0.5
RIDGE: Final = 1.0
OUTER_STEPS: Final = 12
SWEEPS: Final = 3
TOLERANCE: Final = 1e-5
PLACES: Final = 6
LARGEST_LOGIT: Final = 50.0


@dataclass(frozen=True, slots=True)
class Case:
    """One row: whose, the intensities that were measured, and whether the event came.

    ``is_month_close`` marks the close of a month, when every borrower is assessed once.
    """

    borrower_id: str
    segment: str
    intensities: dict[str, float]
    score: float
    failed: bool
    is_month_close: bool = False


@dataclass(frozen=True, slots=True)
class Binning:
    """The bins of one indicator: where they begin and their weight of evidence."""

    indicator: str
    edges: tuple[float, ...]
    evidence: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """One indicator with its points by bin, one more than there are edges."""

    indicator: str
    edges: tuple[float, ...]
    points: tuple[float, ...]

    def points_of(self, intensity: float) -> float:
        """Return the points of an intensity."""
        return self.points[bisect_right(self.edges, intensity)]


@dataclass(frozen=True, slots=True)
class Fitted:
    """An intercept and the features with points."""

    intercept: float
    features: tuple[Feature, ...]


def fit(cases: Sequence[Case]) -> Fitted:
    """Return the scorecard of the cases. Needs cases with and without the event."""
    names = sorted({name for case in cases for name in case.intensities})
    bins = [binning for name in names if (binning := _binned(name, cases)) is not None]
    intercept, coefficients = _regress(cases, bins)
    features = [
        Feature(
            indicator=binning.indicator,
            edges=binning.edges,
            points=tuple(round(weight * evidence, PLACES) for evidence in binning.evidence),
        )
        for binning, weight in zip(bins, coefficients, strict=True)
        if weight > 0
    ]
    return Fitted(round(intercept, PLACES), tuple(features))


def _binned(name: str, cases: Sequence[Case]) -> Binning | None:
    """Return the indicator's bins, ``None`` if it does not separate the rows."""
    known = [(case.intensities[name], case.failed) for case in cases if name in case.intensities]
    known.sort()
    edges = _edges([intensity for intensity, _ in known])
    bad, good = [0] * (len(edges) + 1), [0] * (len(edges) + 1)
    for intensity, failed in known:
        (bad if failed else good)[bisect_right(edges, intensity)] += 1
    edges, bad, good = _pooled(edges, bad, good)
    if len(bad) < 2 or not sum(bad) or not sum(good):
        return None
    return Binning(
        indicator=name,
        edges=tuple(edges),
        evidence=tuple(_evidence(bad, good)),
    )


def _edges(ordered: list[float]) -> list[float]:
    """Return where bins may begin: one for the harmless, the rest in equal parts of the others."""
    lit = [intensity for intensity in ordered if intensity > 0]
    if not lit:
        return []
    least = FEWEST_IN_A_BIN * len(ordered)
    parts = max(1, min(MOST_BINS - 1, int(len(lit) / least) if least else 1))
    starts = {lit[0]} | {lit[len(lit) * part // parts] for part in range(1, parts)}
    return sorted(starts - {ordered[0]} if ordered[0] > 0 else starts)


def _pooled(
    edges: list[float], bad: list[int], good: list[int]
) -> tuple[list[float], list[int], list[int]]:
    """Join neighbouring bins until the share of failures rises from each to the next."""
    edges, bad, good = list(edges), list(bad), list(good)
    index = 0
    while index < len(edges):
        here = (bad[index] + SMOOTHING) * (good[index + 1] + SMOOTHING)
        there = (bad[index + 1] + SMOOTHING) * (good[index] + SMOOTHING)
        if there > here:
            index += 1
            continue
        bad[index : index + 2] = [bad[index] + bad[index + 1]]
        good[index : index + 2] = [good[index] + good[index + 1]]
        del edges[index]
        index = max(0, index - 1)
    return edges, bad, good


def _evidence(bad: list[int], good: list[int]) -> Iterator[float]:
    all_bad, all_good = sum(bad), sum(good)
    for failed, fine in zip(bad, good, strict=True):
        odds = (failed + SMOOTHING) / (fine + SMOOTHING)
        yield math.log(odds * (all_good + SMOOTHING) / (all_bad + SMOOTHING))


class _Column:
    """One indicator as the regression sees it: the rows by bin, so that a step is a few sums."""

    __slots__ = ("evidence", "rows")

    def __init__(self, binning: Binning, cases: Sequence[Case]) -> None:
        self.evidence = binning.evidence
        self.rows: list[list[int]] = [[] for _ in binning.evidence]
        for number, case in enumerate(cases):
            intensity = case.intensities.get(binning.indicator)
            if intensity is not None:
                self.rows[bisect_right(binning.edges, intensity)].append(number)


def _regress(cases: Sequence[Case], bins: Sequence[Binning]) -> tuple[float, list[float]]:
    """Return intercept and coefficients, none below zero, with a small ridge.

    Newton's method: each outer step makes the likelihood a weighted least-squares problem, and the
    sweeps solve it one coefficient at a time, stopping each at zero.
    """
    columns = [_Column(binning, cases) for binning in bins]
    coefficients = [0.0] * len(columns)
    share = sum(case.failed for case in cases) / len(cases)
    intercept = math.log(share / (1 - share))
    logits = [intercept] * len(cases)
    for _ in range(OUTER_STEPS):
        weights, residuals = _working(cases, logits)
        moved = 0.0
        for _ in range(SWEEPS):
            step = sum(map(_times, weights, residuals)) / sum(weights)
            intercept += step
            residuals = [residual - step for residual in residuals]
            moved = max(moved, abs(step))
            for index, column in enumerate(columns):
                before = coefficients[index]
                coefficients[index] = _descend(column, before, weights, residuals)
                moved = max(moved, abs(coefficients[index] - before))
        logits = _logits(len(cases), intercept, columns, coefficients)
        if moved < TOLERANCE:
            break
    return intercept, coefficients


def logistic(logit: float) -> float:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-max(-LARGEST_LOGIT, min(LARGEST_LOGIT, logit))))


def _times(left: float, right: float) -> float:
    return left * right


def _working(cases: Sequence[Case], logits: list[float]) -> tuple[list[float], list[float]]:
    weights, residuals = [], []
    for case, logit in zip(cases, logits, strict=True):
        probability = logistic(logit)
        weight = max(1e-6, probability * (1 - probability))
        weights.append(weight)
        residuals.append((case.failed - probability) / weight)
    return weights, residuals


def _descend(column: _Column, before: float, weights: list[float], residuals: list[float]) -> float:
    """Return the column's new coefficient and take its step out of the residuals."""
    slope, curve = -RIDGE * before, RIDGE
    for evidence, rows in zip(column.evidence, column.rows, strict=True):
        pull = sum([weights[row] * residuals[row] for row in rows])
        slope += evidence * pull
        curve += evidence * evidence * sum([weights[row] for row in rows])
    after = max(0.0, before + slope / curve)
    if after != before:
        for evidence, rows in zip(column.evidence, column.rows, strict=True):
            step = (after - before) * evidence
            for row in rows:
                residuals[row] -= step
    return after


def _logits(
    count: int, intercept: float, columns: list[_Column], coefficients: list[float]
) -> list[float]:
    logits = [intercept] * count
    for column, coefficient in zip(columns, coefficients, strict=True):
        if coefficient:
            for evidence, rows in zip(column.evidence, column.rows, strict=True):
                points = coefficient * evidence
                for row in rows:
                    logits[row] += points
    return logits
