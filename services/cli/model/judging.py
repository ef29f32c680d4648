"""How good a scorecard is on borrowers it has not seen, and how far a population has moved."""

from collections import Counter
from collections.abc import Sequence

from services.cli.evaluate.ranking import Ranking, Scored, rank
from services.cli.evaluate.reading import part_of
from services.cli.model.scorecard import Case, Fitted, fit
from services.scoring.domain.pd import PdModel, predict, stability_index

SCORE_BINS = 10


def model_of(fitted: Fitted, cases: Sequence[Case], **identity: str | int) -> PdModel:
    """Return the fitted scorecard as a model; `identity` are the fields that name it."""
    edges = _score_edges(sorted(case.score for case in cases))
    return PdModel(
        name=str(identity["name"]),
        version=str(identity["version"]),
        rulebook=str(identity["rulebook"]),
        rulebook_version=str(identity["rulebook_version"]),
        horizon_days=int(identity["horizon_days"]),
        intercept=fitted.intercept,
        features=fitted.features,
        score_edges=edges,
        score_expected=_shares([case.score for case in cases], edges),
    )


def _score_edges(ordered: list[float]) -> tuple[float, ...]:
    """Return where the tenths of the rule score begin, equal ones once."""
    found = {ordered[len(ordered) * part // SCORE_BINS] for part in range(1, SCORE_BINS)}
    return tuple(sorted(found - {ordered[0]}))


def _shares(figures: Sequence[float], edges: tuple[float, ...]) -> tuple[float, ...]:
    counts = Counter(sum(figure >= edge for edge in edges) for figure in figures)
    return tuple(round(counts[place] / len(figures), 6) for place in range(len(edges) + 1))


def cross_validated(cases: Sequence[Case], folds: int) -> list[Scored]:
    """Return each row's log-odds from a scorecard that has not seen its borrower."""
    found: list[Scored] = []
    for fold in range(folds):
        held = [case for case in cases if part_of(case.borrower_id, folds) == fold]
        rest = [case for case in cases if part_of(case.borrower_id, folds) != fold]
        if not held or not any(case.failed for case in rest) or all(c.failed for c in rest):
            continue
        fitted = fit(rest)
        found += [Scored(case.borrower_id, log_odds(fitted, case), case.failed) for case in held]
    return found


def log_odds(fitted: Fitted, case: Case) -> float:
    """Return the scorecard's sum of points for a row."""
    total = fitted.intercept
    for feature in fitted.features:
        intensity = case.intensities.get(feature.indicator)
        if intensity is not None:
            total += feature.points[feature.bin_of(intensity)]
    return total


def by_segment(cases: Sequence[Case], scored: Sequence[Scored]) -> dict[str, Ranking]:
    """Return the ranking within each segment that has rows of both kinds."""
    segment_of = {case.borrower_id: case.segment for case in cases}
    groups: dict[str, list[Scored]] = {}
    for one in scored:
        groups.setdefault(segment_of[one.borrower_id], []).append(one)
    return {name: rank(rows) for name, rows in sorted(groups.items())}


def drift(model: PdModel, cases: Sequence[Case]) -> dict[str, float | None]:
    """Return the PSI of the score and of each indicator; ``None`` where nothing is measured."""
    found: dict[str, float | None] = {
        "score": stability_index(
            model.score_expected, _shares([case.score for case in cases], model.score_edges)
        )
    }
    for feature in model.features:
        name = feature.indicator
        known = [case.intensities[name] for case in cases if name in case.intensities]
        if known:
            actual = _shares(known, feature.edges)
            found[name] = stability_index(feature.expected, actual)
        else:
            found[name] = None
    return found


def calibration(model: PdModel, cases: Sequence[Case]) -> tuple[float, float]:
    """Return the mean PD and the share that failed: they should agree."""
    mean = sum(predict(model, case.intensities).value for case in cases) / len(cases)
    return mean, sum(case.failed for case in cases) / len(cases)
