"""Read a PD model from JSON, write one, and put a PD beside an assessment.

`tocsin model train` writes it, `tocsin score --model` reads it. Must stay true: a file that would
predict nonsense (points that fall, bins that do not match) is refused with the field's name.
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from services.scoring.domain.measurement import MEASURED, MICRO
from services.scoring.domain.pd import Pd, PdFeature, PdModel, predict
from services.scoring.domain.rulebook import Rules
from services.scoring.domain.signals import Signals

FORMAT: Final = "tocsin-pd-1"

Json = dict[str, Any]


class ModelUnusable(ValueError):
    """The file is no PD model that can be used; the message names the field."""


class _Feature(msgspec.Struct):
    indicator: str
    edges: list[float]
    points: list[float]
    expected: list[float]


class _Document(msgspec.Struct):
    format: str
    name: str
    version: str
    rulebook: str
    rulebook_version: str
    horizon_days: int
    intercept: float
    features: list[_Feature]
    score_edges: list[float]
    score_expected: list[float]


def read_model(path: Path) -> PdModel:
    """Return the model in a file.

    Raises:
        ModelUnusable: If it cannot be read or cannot be right.
    """
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelUnusable(f"{path}: {error}") from error
    if document.format != FORMAT:
        raise ModelUnusable(f"{path}: format is {document.format!r}, expected {FORMAT!r}")
    if len(document.score_expected) != len(document.score_edges) + 1:
        raise ModelUnusable(f"{path}: score_expected needs one share more than score_edges")
    return PdModel(
        name=document.name,
        version=document.version,
        rulebook=document.rulebook,
        rulebook_version=document.rulebook_version,
        horizon_days=document.horizon_days,
        intercept=document.intercept,
        features=tuple(_feature(path, one) for one in document.features),
        score_edges=tuple(document.score_edges),
        score_expected=tuple(document.score_expected),
    )


def _feature(path: Path, one: _Feature) -> PdFeature:
    where = f"{path}: features {one.indicator}"
    if len(one.points) != len(one.edges) + 1 or len(one.expected) != len(one.points):
        raise ModelUnusable(f"{where}: needs one point and one share more than edges")
    if one.edges != sorted(one.edges) or one.points != sorted(one.points):
        raise ModelUnusable(f"{where}: edges and points must not fall")
    return PdFeature(one.indicator, tuple(one.edges), tuple(one.points), tuple(one.expected))


def model_document(model: PdModel, training: Json) -> bytes:
    """Return the model as JSON for people to read; ``training`` says how it came to be."""
    document: Json = {
        "format": FORMAT,
        "name": model.name,
        "version": model.version,
        "rulebook": model.rulebook,
        "rulebook_version": model.rulebook_version,
        "horizon_days": model.horizon_days,
        "training": training,
        "intercept": model.intercept,
        "features": [
            {
                "indicator": one.indicator,
                "edges": list(one.edges),
                "points": list(one.points),
                "expected": list(one.expected),
            }
            for one in model.features
        ],
        "score_edges": list(model.score_edges),
        "score_expected": list(model.score_expected),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def pd_json(model: PdModel, signals: Signals, rules: Rules) -> Json:
    """Return the PD of a borrower as the assessment shows it."""
    found = predict(model, intensities_of(signals, rules))
    names = {rule.indicator.id: rule.indicator.name for rule in rules.indicators}
    return shown(model, found, names)


def shown(model: PdModel, found: Pd, names: dict[str, str]) -> Json:
    """Return a PD as JSON, the value as a decimal string."""
    return {
        "value": f"{found.value:.6f}",
        "model": model.name,
        "version": model.version,
        "horizon_days": model.horizon_days,
        "reasons": [
            {"indicator": one, "name": names.get(one, one), "points": f"{points:.4f}"}
            for one, points in found.reasons
        ],
    }


def intensities_of(signals: Signals, rules: Rules) -> dict[str, float]:
    """Return the intensity, decay included, of every measured indicator that has a weight.

    Four decimals, as assessments show it, so that a model sees what it was trained on.
    """
    return {
        rule.indicator.id: intensity_micro(signals, rule.slot, rule.weight) / MICRO
        for rule in rules.indicators
        if rule.weight and signals.status[rule.slot] == MEASURED
    }


def intensity_micro(signals: Signals, slot: int, weight: int) -> int:
    """Return an indicator's intensity in micro-units, rounded to four decimals."""
    return round(signals.contribution[slot] * MICRO / weight / 100) * 100
