"""Read a PD model from its JSON, write one, and say whether it fits a rulebook.

`tocsin model train` writes the JSON; a rulebook carries it as its second opinion, so the service
reads it from there. Must stay true: what would predict nonsense (points that fall, bins that do not
match, an indicator that is judged otherwise than in training) is refused with the field's name.
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
    """Return the JSON document in a file, checked.

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
    """Return the model of a document, whose figures may be numbers or, from YAML, their text.

    Raises:
        ModelUnusable: If it cannot be right.
    """
    try:
        found = msgspec.convert(document, PdModelDocument, strict=False)
    except msgspec.ValidationError as error:
        raise ModelUnusable(str(error)) from error
    if found.format != FORMAT:
        raise ModelUnusable(f"format is {found.format!r}, expected {FORMAT!r}; train again")
    if found.horizon_days < 1:
        raise ModelUnusable("horizon_days must be at least 1")
    _check_bins("score", found.score_edges, found.score_expected)
    _check_bins("pd", found.pd_edges, found.pd_expected)
    names = [one.indicator for one in found.features]
    if len(set(names)) != len(names):
        raise ModelUnusable("features names an indicator twice")
    return PdModel(
        name=found.name,
        version=found.version,
        horizon_days=found.horizon_days,
        intercept=micro(found.intercept),
        features=tuple(_feature(one) for one in found.features),
        # A score has 100 points where the core counts from 0 to 1.
        score_edges=tuple(micro(edge / 100) for edge in found.score_edges),
        score_expected=tuple(found.score_expected),
        pd_edges=tuple(map(micro, found.pd_edges)),
        pd_expected=tuple(found.pd_expected),
    )


def _check_bins(name: str, edges: list[float], expected: list[float]) -> None:
    if len(expected) != len(edges) + 1:
        raise ModelUnusable(f"{name}_expected needs one share more than {name}_edges")
    if edges != sorted(edges):
        raise ModelUnusable(f"{name}_edges must not fall")


def _feature(one: PdFeatureDocument) -> PdFeature:
    where = f"features {one.indicator}"
    indicator = BY_ID.get(one.indicator)
    if indicator is None:
        raise ModelUnusable(f"{where}: unknown indicator")
    if len(one.points) != len(one.edges) + 1:
        raise ModelUnusable(f"{where}: needs one point more than edges")
    if len(one.expected) != len(one.points) + 1:
        raise ModelUnusable(f"{where}: expected needs the share not measured and one share a bin")
    if one.edges != sorted(one.edges) or one.points != sorted(one.points):
        raise ModelUnusable(f"{where}: edges and points must not fall")
    return PdFeature(
        indicator=indicator.id,
        name=indicator.name,
        slot=indicator.slot,
        edges=tuple(map(micro, one.edges)),
        points=tuple(map(micro, one.points)),
        expected=tuple(one.expected),
        rule=one.rule,
    )


def micro(value: float) -> int:
    """Return a number in micro-units, by its shortest decimal text."""
    return int((Decimal(repr(value)) * MICRO).to_integral_value())


def misfits(
    model: PdModel, indicators: Mapping[int, IndicatorRule], overlays: Sequence[Overlay]
) -> list[str]:
    """Return what keeps a model from speaking beside these indicators, each with its remedy."""
    found = []
    for feature in model.features:
        rule = indicators.get(feature.slot)
        title = f"{feature.indicator} {feature.name}"
        if rule is None or not rule.enabled or not rule.weight:
            found.append(f"{title} is in the model and not switched on with a weight; train again")
        elif rule_mark(indicators, overlays, feature.slot) != feature.rule:
            found.append(
                f"{title} is judged otherwise than when the model was trained (thresholds, knots, "
                "combine, half-life, here or in an overlay): its intensity means something else; "
                "train again or leave the indicator as it was"
            )
    return found


def rule_mark(
    indicators: Mapping[int, IndicatorRule], overlays: Sequence[Overlay], slot: int
) -> str:
    """Return a mark of all that decides an indicator's intensity.

    Its weight does not, unless there is none; what an overlay says about one borrower does not
    change what the figure means for the others.
    """
    rule = indicators[slot]
    judged: list[object] = [_arms(rule.components), rule.needs_all, rule.half_life_days]
    for overlay in overlays:
        patch = overlay.indicators.get(slot)
        if patch is None or overlay.borrower_id is not None:
            continue
        components = [
            (position, *_arms([component]))
            for position, component in sorted(patch.components.items())
        ]
        silent = patch.enabled is False or patch.weight == 0
        said = [components, patch.needs_all, patch.half_life_days, silent]
        if said != [[], None, None, False]:
            judged.append([overlay.segment, overlay.industry, *said])
    return sha256(msgspec.json.encode(judged)).hexdigest()[:MARK_DIGITS]


def _arms(components: Sequence[ComponentRule | None]) -> list[Json | None]:
    return [
        None if component is None else msgspec.to_builtins(component) for component in components
    ]


def model_text(document: Json) -> str:
    """Return a model's JSON for people to read: one feature a line."""
    features = [msgspec.json.encode(one).decode() for one in document["features"]]
    rest = {name: value for name, value in document.items() if name != "features"}
    text = msgspec.json.format(msgspec.json.encode(rest), indent=2).decode()
    text = text.strip().removesuffix("}").rstrip()
    lines = ",\n    ".join(features)
    return f'{text},\n  "features": [\n    {lines}\n  ]\n}}\n'
