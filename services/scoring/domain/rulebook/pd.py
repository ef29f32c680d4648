"""Predicts the PD: a second opinion to the rules, from a scorecard trained on labelled history.

Called when an assessment is emitted or read, never on every event. The rules decide the state;
the PD informs. A scorecard is a sum of points in log-odds, one figure a bin of each indicator's
intensity; an indicator that is not measured has no points, so a gap never speaks for or against
anyone. Must stay true: points never fall as the intensity rises, nothing here moves a score or a
state, and the answer is the same integer on every machine (points are added as integers, and the
exponential is the decimal one, which is rounded correctly everywhere).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from services.scoring.domain.borrower.risk import Signals
from services.scoring.domain.primitives.measurement import MEASURED, MICRO, rounded_quotient

MOST_REASONS: Final = 4
# Beyond these log-odds a PD is 0 or 1 to all six places.
LARGEST_LOGIT_MICRO: Final = 50 * MICRO
SMALLEST_SHARE: Final = 0.0005
NOT_MEASURED: Final = -1
# Intensities count with the four decimals that an assessment shows, so a model meets what it was
# trained on.
INTENSITY_STEP: Final = 100
_PRECISE: Final = Context(prec=18)


@dataclass(frozen=True, slots=True)
class PdFeature:
    """One indicator of the scorecard.

    Args:
        indicator: Its id.
        name: Its name, for the reasons.
        slot: The slot of its signal.
        edges: Intensities in ascending order at which the next bin begins, micro-units.
        points: Log-odds by bin in micro-units, one more than there are edges, never falling.
        expected: Share of the reference population in each bin, for drift; sums to 1 where any.
        rule: A mark of the indicator's thresholds and knots as they were in training.
    """

    indicator: str
    name: str
    slot: int
    edges: tuple[int, ...]
    points: tuple[int, ...]
    expected: tuple[float, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class PdModel:
    """A trained scorecard. It holds for intensities judged as they were in training.

    Args:
        horizon_days: How many days ahead the PD is for.
        intercept: Log-odds of a borrower of whom nothing is measured, micro-units.
        score_edges: Rule scores at which the next bin begins, micro-units, for drift.
        score_expected: Share of the reference population in each of these bins.
        pd_edges: PDs at which the next bin begins, micro-units, for drift.
        pd_expected: Share of the reference population in each of these bins.
    """

    name: str
    version: str
    horizon_days: int
    intercept: int
    features: tuple[PdFeature, ...]
    score_edges: tuple[int, ...]
    score_expected: tuple[float, ...]
    pd_edges: tuple[int, ...] = ()
    pd_expected: tuple[float, ...] = (1.0,)


@dataclass(slots=True)
class Opinion:
    """The opinion of one model on one borrower.

    ``value`` is the PD in micro-units. ``reasons`` are (indicator, name, points in micro-units),
    the largest first. ``bins`` are the bins of the features, ``NOT_MEASURED`` where there is none,
    and last those of the score and of the PD.
    """

    model: PdModel
    value: int
    reasons: list[tuple[str, str, int]] = field(default_factory=list)
    bins: list[int] = field(default_factory=list)


def opinion(model: PdModel, signals: Signals, weights: Sequence[int], score: int) -> Opinion:
    """Return the opinion on a borrower.

    Args:
        weights: Weight of each feature's indicator in the rules that judged it, 0 for none.
        score: The borrower's rule score, micro-units; only its bin is taken.
    """
    prediction = predict(
        model,
        [
            intensity_of(signals, feature.slot, weight)
            for feature, weight in zip(model.features, weights, strict=True)
        ],
    )
    prediction.bins.append(bisect_right(model.score_edges, score))
    prediction.bins.append(bisect_right(model.pd_edges, prediction.value))
    return prediction


def intensity_of(signals: Signals, slot: int, weight: int) -> int:
    """Return an indicator's intensity, decay included, in micro-units rounded to four decimals."""
    if not weight or signals.status[slot] != MEASURED:
        return NOT_MEASURED
    contribution = signals.contribution[slot]
    if not contribution:
        return 0
    steps = rounded_quotient(contribution * (MICRO // INTENSITY_STEP), weight)
    return min(MICRO, steps * INTENSITY_STEP)


def predict(model: PdModel, intensities: Sequence[int]) -> Opinion:
    """Return the PD for intensities in the order of the features, ``NOT_MEASURED`` for gaps."""
    logit = model.intercept
    above: list[tuple[int, str, str]] = []
    bins: list[int] = []
    for feature, intensity in zip(model.features, intensities, strict=True):
        if intensity == NOT_MEASURED:
            bins.append(NOT_MEASURED)
            continue
        index = bisect_right(feature.edges, intensity)
        points = feature.points[index]
        bins.append(index)
        logit += points
        if points > 0:
            above.append((-points, feature.indicator, feature.name))
    above.sort()
    reasons = [(indicator, name, -points) for points, indicator, name in above[:MOST_REASONS]]
    value = probability(logit)
    return Opinion(model, value, reasons, bins)


def probability(logit: int) -> int:
    """Return the probability of log-odds, both in micro-units."""
    bounded = max(-LARGEST_LOGIT_MICRO, min(LARGEST_LOGIT_MICRO, logit))
    odds_against = _PRECISE.exp(_PRECISE.divide(Decimal(-bounded), Decimal(MICRO)))
    share = _PRECISE.divide(Decimal(MICRO), _PRECISE.add(Decimal(1), odds_against))
    return int(share.to_integral_value(rounding=ROUND_HALF_EVEN))


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Return the PSI of two distributions over the same bins, empty bins smoothed.

    Below 0.10 little has moved, above 0.25 much; a convention, and harsh on small samples.
    """
    total = 0.0
    for before, now in zip(expected, actual, strict=True):
        old, new = max(before, SMALLEST_SHARE), max(now, SMALLEST_SHARE)
        total += (new - old) * math.log(new / old)
    return round(total, 6)
