"""The PD: a second opinion beside the rules, from a scorecard trained on labelled history.

Called by `tocsin score --model`. The rules decide the state; the PD informs. A scorecard is a sum
of points in log-odds, one figure a bin of each indicator's intensity; an indicator that is not
measured has no points, so a gap never speaks for or against anyone. Must stay true: points never
fall as the intensity rises, and the answer is a pure function of model and intensities.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST_REASONS: Final = 4
PLACES: Final = 6
LARGEST_LOGIT: Final = 50.0
SMALLEST_SHARE: Final = 0.0005


@dataclass(frozen=True, slots=True)
class PdFeature:
    """One indicator of the scorecard.

    Args:
        indicator: Its id.
        edges: Intensities in ascending order at which the next bin begins.
        points: Log-odds by bin, one more than there are edges, never falling.
        expected: Share of the training rows in each bin, for drift; sums to 1 where any.
    """

    indicator: str
    edges: tuple[float, ...]
    points: tuple[float, ...]
    expected: tuple[float, ...]

    def bin_of(self, intensity: float) -> int:
        """Return the bin into which an intensity falls."""
        return bisect_right(self.edges, intensity)


@dataclass(frozen=True, slots=True)
class PdModel:
    """A trained scorecard. It holds for the rulebook whose intensities it was trained on."""

    name: str
    version: str
    rulebook: str
    rulebook_version: str
    horizon_days: int
    intercept: float
    features: tuple[PdFeature, ...]
    score_edges: tuple[float, ...]
    score_expected: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Pd:
    """The opinion on one borrower; ``reasons`` are indicators with their points, largest first."""

    value: float
    reasons: tuple[tuple[str, float], ...]


def predict(model: PdModel, intensities: Mapping[str, float]) -> Pd:
    """Return the PD of a borrower with these intensities; indicators left out are not measured."""
    logit = model.intercept
    above: list[tuple[str, float]] = []
    for feature in model.features:
        intensity = intensities.get(feature.indicator)
        if intensity is None:
            continue
        points = feature.points[feature.bin_of(intensity)]
        logit += points
        if points > 0:
            above.append((feature.indicator, round(points, PLACES)))
    above.sort(key=_by_points)
    return Pd(round(logistic(logit), PLACES), tuple(above[:MOST_REASONS]))


def _by_points(reason: tuple[str, float]) -> tuple[float, str]:
    return -reason[1], reason[0]


def logistic(logit: float) -> float:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-max(-LARGEST_LOGIT, min(LARGEST_LOGIT, logit))))


def stability_index(expected: tuple[float, ...], actual: tuple[float, ...]) -> float:
    """Return the PSI of two distributions over the same bins, empty bins smoothed.

    Below 0.10 little has moved, above 0.25 much; a convention, and harsh on small samples.
    """
    total = 0.0
    for before, now in zip(expected, actual, strict=True):
        old, new = max(before, SMALLEST_SHARE), max(now, SMALLEST_SHARE)
        total += (new - old) * math.log(new / old)
    return round(total, PLACES)
