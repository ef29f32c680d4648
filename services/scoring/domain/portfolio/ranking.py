"""How well a figure ranks those who fail above those who do not.

The area under the ROC curve with an interval that treats a borrower's rows as a cluster
(DeLong's components, summed by borrower: Obuchowski 1997), and the recall that is left at a share
of false alarms. Exact and without chance: no seed, the same answer every time.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Scored:
    """One row: whose, its score, and whether the event came within the horizon."""

    borrower_id: str
    figure: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """The result; ``auc`` and its bounds are ``None`` where one of the two kinds is missing."""

    rows: int
    failing_rows: int
    borrowers: int
    auc: float | None
    low: float | None
    high: float | None
    recall_at: dict[float, float]


def rank(rows: Sequence[Scored], false_alarms: Sequence[float] = (0.05, 0.10)) -> Ranking:
    """Return how well the figure separates the rows."""
    bad = sorted(row.figure for row in rows if row.failed)
    good = sorted(row.figure for row in rows if not row.failed)
    borrowers = len({row.borrower_id for row in rows})
    if not bad or not good:
        return Ranking(len(rows), len(bad), borrowers, None, None, None, {})
    auc, error = _area(rows, bad, good)
    return Ranking(
        rows=len(rows),
        failing_rows=len(bad),
        borrowers=borrowers,
        auc=auc,
        low=max(0.0, auc - Z_95 * error),
        high=min(1.0, auc + Z_95 * error),
        recall_at={share: recall_at(bad, good, share) for share in false_alarms},
    )


def auc_of(rows: Sequence[Scored]) -> float | None:
    """Return the area alone."""
    return rank(rows, ()).auc


def _placement(figure: float, others: list[float]) -> float:
    """Return the share of the others below the figure, ties counting half."""
    below, upto = bisect_left(others, figure), bisect_right(others, figure)
    return (below + upto) / 2 / len(others)


def _area(rows: Sequence[Scored], bad: list[float], good: list[float]) -> tuple[float, float]:
    """Return the area and its standard error, rows of one borrower taken together."""
    area = sum(_placement(figure, good) for figure in bad) / len(bad)
    of_bad: dict[str, float] = {}
    of_good: dict[str, float] = {}
    for row in rows:
        if row.failed:
            placed = _placement(row.figure, good) - area
            of_bad[row.borrower_id] = of_bad.get(row.borrower_id, 0.0) + placed
        else:
            placed = 1 - _placement(row.figure, bad) - area
            of_good[row.borrower_id] = of_good.get(row.borrower_id, 0.0) + placed
    both = sum(of_bad[count] * of_good[count] for count in of_bad.keys() & of_good.keys())
    clusters = len(of_bad.keys() | of_good.keys())
    variance = (
        _corrected(len(of_bad)) * sum(count * count for count in of_bad.values()) / len(bad) ** 2
        + _corrected(len(of_good))
        * sum(count * count for count in of_good.values())
        / len(good) ** 2
        + 2 * _corrected(clusters) * both / (len(bad) * len(good))
    )
    return area, math.sqrt(max(0.0, variance))


def _corrected(clusters: int) -> float:
    return clusters / (clusters - 1) if clusters > 1 else 1.0


def recall_at(bad: list[float], good: list[float], share: float) -> float:
    """Return the share of failing rows at or above a cut that at most `share` of the others reach.

    Both lists are in ascending order. Rows at the cut count on neither side unless all of them fit.
    """
    cut = good[len(good) - math.floor(share * len(good)) - 1] if share < 1 else -math.inf
    return (len(bad) - bisect_right(bad, cut)) / len(bad)
