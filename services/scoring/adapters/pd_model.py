"""Reads and writes the JSON of PD models, and checks whether one fits a rulebook.

`tocsin model train` writes the JSON; a rulebook carries it as its second opinion, so the service
reads it from there. Must stay true: what would predict nonsense (points that fall, bins that do not
match, an indicator judged differently than in training) is refused with the field's name.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.pd import PdFeature, PdModel
from services.scoring.domain.rulebook.rulebook import IndicatorRule, Overlay
from services.scoring.domain.rulebook.thresholds import ComponentRule

FORMAT: Final = "tocsin-pd-2"
MARK_DIGITS: Final = 16

Json = dict[str, Any]


class ModelUnusable(ValueError):
    """This is no PD model that can be used; the message names the field."""


class PdFeatureDocument(msgspec.Struct, forbid_unknown_fields=True):
    indicator: str
    rule: str
    edges: list[float]
    points: list[float]
    expected: list[float]


class PdModelDocument(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    name: str
    version: str
    rulebook: str
    rulebook_version: str
    horizon_days: int
    intercept: float
    features: list[PdFeatureDocument]
    score_edges: list[float]
    score_expected: list[float]
    pd_edges: list[float]
    pd_expected: list[float]
    training: dict[str, Any] = msgspec.field(default_factory=dict)


def read_model_file(path: Path) -> Json:
    """Returns the JSON document in a file, checked.

    Raises:
        ModelUnusable: If it cannot be read or cannot be right.
    """
    try:
        document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        model_from(document)
    except (OSError, msgspec.DecodeError, ModelUnusable) as error:
        raise ModelUnusable(f"{path}: {error}") from error
    return document


def model_from(document: object) -> PdModel:
    """Returns the model of a document, whose figures may be numbers or, from YAML, their text.

    Raises:
        ModelUnusable: If it cannot be right.
    """
    try:
        parsed = msgspec.convert(document, PdModelDocument, strict=False)
    except msgspec.ValidationError as error:
        raise ModelUnusable(str(error)) from error
    if parsed.format != FORMAT:
        raise ModelUnusable(f"format is {parsed.format!r}, expected {FORMAT!r}; train again")
    if parsed.horizon_days < 1:
        raise ModelUnusable("horizon_days must be at least 1")
    _check_bins("score", parsed.score_edges, parsed.score_expected)
    _check_bins("pd", parsed.pd_edges, parsed.pd_expected)
    names = [each.indicator for each in parsed.features]
    if len(set(names)) != len(names):
        raise ModelUnusable("features names an indicator twice")
    return PdModel(
        name=parsed.name,
        version=parsed.version,
        horizon_days=parsed.horizon_days,
        intercept=micro(parsed.intercept),
        features=tuple(_feature(each) for each in parsed.features),
        # A score has 100 points where the core counts from 0 to 1.
        score_edges=tuple(micro(edge / 100) for edge in parsed.score_edges),
        score_expected=tuple(parsed.score_expected),
        pd_edges=tuple(map(micro, parsed.pd_edges)),
        pd_expected=tuple(parsed.pd_expected),
    )


def _check_bins(name: str, edges: list[float], expected: list[float]) -> None:
    if len(expected) != len(edges) + 1:
        raise ModelUnusable(f"{name}_expected needs one share more than {name}_edges")
    if edges != sorted(edges):
        raise ModelUnusable(f"{name}_edges must not fall")


def _feature(feature: PdFeatureDocument) -> PdFeature:
    title = f"features {feature.indicator}"
    indicator = BY_ID.get(feature.indicator)
    if indicator is None:
        raise ModelUnusable(f"{title}: unknown indicator")
    if len(feature.points) != len(feature.edges) + 1:
        raise ModelUnusable(f"{title}: needs one point more than edges")
    if len(feature.expected) != len(feature.points) + 1:
        raise ModelUnusable(f"{title}: expected needs the share not measured and one share a bin")
    if feature.edges != sorted(feature.edges) or feature.points != sorted(feature.points):
        raise ModelUnusable(f"{title}: edges and points must not fall")
    return PdFeature(
        indicator=indicator.id,
        name=indicator.name,
        slot=indicator.slot,
        edges=tuple(map(micro, feature.edges)),
        points=tuple(map(micro, feature.points)),
        expected=tuple(feature.expected),
        rule=feature.rule,
    )


def micro(value: float) -> int:
    """Returns a number in micro-units, by its shortest decimal text."""
    return int((Decimal(repr(value)) * MICRO).to_integral_value())


def misfits(
    model: PdModel, indicators: Mapping[int, IndicatorRule], overlays: Sequence[Overlay]
) -> list[str]:
    """Returns why a model does not fit these indicators, each reason with its remedy."""
    reasons = []
    for feature in model.features:
        rule = indicators.get(feature.slot)
        title = f"{feature.indicator} {feature.name}"
        if rule is None or not rule.enabled or not rule.weight:
            reasons.append(
                f"{title} is in the model and not switched on with a weight; train again"
            )
        elif rule_mark(indicators, overlays, feature.slot) != feature.rule:
            reasons.append(
                f"{title} is judged differently than when the model was trained (thresholds, "
                "knots, combine, half-life, here or in an overlay), so its intensity has another "
                "meaning; train again or restore the indicator"
            )
    return reasons


def rule_mark(
    indicators: Mapping[int, IndicatorRule], overlays: Sequence[Overlay], slot: int
) -> str:
    """Returns a mark of all that decides an indicator's intensity.

    Its weight does not, unless it is 0; an overlay for one borrower does not change the meaning of
    the figure for the others.
    """
    rule = indicators[slot]
    marked: list[object] = [_plain(rule.components), rule.needs_all, rule.half_life_days]
    for overlay in overlays:
        patch = overlay.indicators.get(slot)
        if patch is None or overlay.borrower_id is not None:
            continue
        components = [
            (position, *_plain([component]))
            for position, component in sorted(patch.components.items())
        ]
        is_silent = patch.enabled is False or patch.weight == 0
        changes = [components, patch.needs_all, patch.half_life_days, is_silent]
        if changes != [[], None, None, False]:
            marked.append([overlay.segment, overlay.industry, *changes])
    return sha256(msgspec.json.encode(marked)).hexdigest()[:MARK_DIGITS]


def _plain(components: Sequence[ComponentRule | None]) -> list[Json | None]:
    return [None if each is None else msgspec.to_builtins(each) for each in components]


def model_text(document: Json) -> str:
    """Returns a model's JSON for people to read: one feature a line."""
    features = [msgspec.json.encode(each).decode() for each in document["features"]]
    rest = {name: value for name, value in document.items() if name != "features"}
    text = msgspec.json.format(msgspec.json.encode(rest), indent=2).decode()
    text = text.strip().removesuffix("}").rstrip()
    lines = ",\n    ".join(features)
    return f'{text},\n  "features": [\n    {lines}\n  ]\n}}\n'
