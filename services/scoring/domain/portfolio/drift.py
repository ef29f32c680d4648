"""Counts a month's population over the bins of a PD model, and measures how far it has moved.

Called when assessments are emitted. Every borrower is assessed once at each month's close, so those
assessments are a census; the others would count the restless twice. The reference that it is
compared with is part of the model. Must stay true: counting needs nothing but what was emitted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.rulebook.pd import NOT_MEASURED, PdModel, stability_index

MONTH_CLOSE = "MONTH_CLOSE"
SCORE, PD = "score", "pd"


@dataclass(slots=True)
class BinCount:
    """How many borrowers are in each bin of one figure, those not measured first.

    ``expected`` are the shares of the reference population in the same order.
    """

    as_of: int
    model: str
    version: str
    figure: str
    expected: list[float]
    counts: list[int]

    @property
    def borrowers(self) -> int:
        """Return how many were counted."""
        return sum(self.counts)

    @property
    def stability_index(self) -> float:
        """Return the PSI against the reference; 0 where nobody was counted."""
        total = self.borrowers
        if not total:
            return 0.0
        return stability_index(self.expected, [count / total for count in self.counts])


def census(assessments: Iterable[Assessment]) -> list[BinCount]:
    """Return the counts of the month closes among these assessments, in a fixed order."""
    counts: dict[tuple[int, str, str, str], BinCount] = {}
    for assessment in assessments:
        if not assessment.opinions or MONTH_CLOSE not in assessment.reasons:
            continue
        for opinion in assessment.opinions:
            model = opinion.model
            for (figure, expected), bin in zip(figures(model), opinion.bins, strict=True):
                key = (assessment.as_of, model.name, model.version, figure)
                count = counts.get(key)
                if count is None:
                    count = counts[key] = BinCount(*key, list(expected), [0] * len(expected))
                count.counts[bin - NOT_MEASURED] += 1
    return [counts[key] for key in sorted(counts)]


def figures(model: PdModel) -> list[tuple[str, Sequence[float]]]:
    """Return what is counted for a model, in the order of an opinion's bins."""
    return [
        *((feature.indicator, feature.expected) for feature in model.features),
        # Score and PD are there for everybody.
        (SCORE, (0.0, *model.score_expected)),
        (PD, (0.0, *model.pd_expected)),
    ]
