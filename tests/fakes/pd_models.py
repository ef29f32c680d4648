"""A small PD model, as `tocsin model train` writes it, and a rulebook that carries it."""

from functools import cache
from pathlib import Path
from typing import Any

from services.scoring.adapters.pd_model import FORMAT, rule_mark
from services.scoring.adapters.rulebook_edits import with_models
from services.scoring.adapters.rulebook_reader import load_rulebook, path_of
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.rulebook.rulebook import Rulebook


@cache
def _shipped(name: str) -> Rulebook:
    return load_rulebook(name)


def a_model(
    rulebook: str = "reference", *, version: str = "1", points: float = 2.0
) -> dict[str, Any]:
    """Return a model of R-01 and R-03: 5 % with nothing measured, more when they speak."""
    rules = _shipped(rulebook)

    def feature(indicator: str, most: float) -> dict[str, Any]:
        return {
            "indicator": indicator,
            "rule": rule_mark(rules.indicators, rules.overlays, slot_of(indicator)),
            "edges": [0.2],
            "points": [-0.1, most],
            "expected": [0.1, 0.8, 0.1],
        }

    return {
        "format": FORMAT,
        "name": "firms",
        "version": version,
        "rulebook": rules.name,
        "rulebook_version": rules.version,
        "horizon_days": 365,
        "intercept": -2.944439,
        "features": [feature("R-01", points), feature("R-03", 0.5)],
        "score_edges": [20.0, 40.0],
        "score_expected": [0.8, 0.15, 0.05],
        "pd_edges": [0.1],
        "pd_expected": [0.9, 0.1],
    }


def rulebook_with(
    folder: Path, *, base: str = "reference", version: str = "2", **models: dict[str, Any]
) -> str:
    """Return the path of the base rulebook with these models by role."""
    file = folder / f"{base}-{version}.yaml"
    text = path_of(base).read_text(encoding="utf-8")
    file.write_text(with_models(text, models, version), encoding="utf-8")
    return str(file)
