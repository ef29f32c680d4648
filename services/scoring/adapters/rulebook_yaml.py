"""Read a rulebook from YAML: one that ships with the product, by name, or any file.

Called by the worker at start, by `tocsin score` and by `tocsin rulebook`. Must stay true: whatever
is wrong is reported at once, each problem with its place and its remedy; nothing is guessed.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from services.scoring.adapters.rulebook_fields import (
    Problems,
    RulebookError,
    read_list,
    read_mapping,
    read_micro,
    read_whole,
)
from services.scoring.adapters.rulebook_indicators import (
    INDICATOR_FIELDS,
    compile_indicators,
    compile_patch,
    known_indicator,
)
from services.scoring.adapters.rulebook_inspections import compile_inspections
from services.scoring.adapters.rulebook_models import compile_models
from services.scoring.adapters.rulebook_money import read_amounts
from services.scoring.adapters.rulebook_states import compile_cuts, compile_policy, read_cuts
from services.scoring.domain.primitives.vocabulary import PRODUCTS, SEGMENTS
from services.scoring.domain.regimes.labels import ALL
from services.scoring.domain.rulebook import diff
from services.scoring.domain.rulebook.rulebook import (
    Counting,
    IndicatorPatch,
    IndicatorRule,
    Materiality,
    Overlay,
    Rulebook,
    Tolerance,
)

_NAME: Final = re.compile(r"[!-.0-~]{1,128}")
SHIPPED: Final = Path(__file__).resolve().parents[1] / "rulebooks"
SELECTORS: Final = {"segment", "industry", "product", "younger_than_months", "borrower"}
FIELDS: Final = {
    "rulebook",
    "version",
    "title",
    "tolerance",
    "materiality",
    "counting",
    "cuts",
    "states",
    "indicators",
    "inspections",
    "overlays",
    "second_opinion",
}


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice: YAML would silently take the last one."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for named, _ in node.value:
            key = repr(self.construct_object(named, deep=True))
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key} is written twice", problem_mark=node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# "1.10" is a version and 0.55 a weight: numbers and dates stay as written until someone asks.
for _tag in ("float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: str(node.value))


def shipped_names() -> list[str]:
    """Return the names of the rulebooks that ship with the product."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load_rulebook(name_or_path: str) -> Rulebook:
    """Return a compiled rulebook.

    Args:
        name_or_path: A shipped name such as ``default``, or the path of a YAML file.

    Raises:
        RulebookError: If there is no such rulebook or something in it is wrong.
    """
    return compile_rulebook(read_document(name_or_path), origin=name_or_path)


def path_of(name_or_path: str) -> Path:
    """Return the file of a shipped name or a path.

    Raises:
        RulebookError: If there is none.
    """
    if name_or_path in shipped_names():
        return SHIPPED / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if not path.is_file():
        shipped = ", ".join(shipped_names())
        raise RulebookError(name_or_path, [f"no such file, and no shipped rulebook ({shipped})"])
    return path


def read_document(name_or_path: str) -> dict[str, Any]:
    """Return the YAML document as it stands, unchecked.

    Raises:
        RulebookError: If it cannot be read as a YAML mapping.
    """
    path = path_of(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RulebookError(str(path), [f"not readable as UTF-8: {error}"]) from error
    return _document(text, str(path))


def read_text(text: str, *, origin: str = "document") -> Rulebook:
    """Return the compiled rulebook of a YAML text that came from outside.

    Raises:
        RulebookError: If something in it is wrong, or its name or version cannot stand in a log.
    """
    document = _document(text, origin)
    named = [str(document.get(field, "")) for field in ("rulebook", "version")]
    faults = [
        f"{field}: {name!r} must be 1 to 128 visible ASCII characters, without a slash"
        for field, name in zip(("rulebook", "version"), named, strict=True)
        if not _NAME.fullmatch(name)
    ]
    if faults:
        raise RulebookError(origin, faults)
    return compile_rulebook(document, origin=origin)


def _document(text: str, origin: str) -> dict[str, Any]:
    try:
        # A subclass of SafeLoader: it builds plain values only.
        document = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RulebookError(origin, [f"not readable as YAML: {error}"]) from error
    if not isinstance(document, dict):
        raise RulebookError(origin, ["must be a mapping with rulebook, version, indicators, …"])
    return document


def compile_rulebook(document: dict[str, Any], *, origin: str) -> Rulebook:
    """Return the compiled rulebook of a document.

    Raises:
        RulebookError: If anything in it is wrong; all problems at once.
    """
    problems = Problems()
    problems.unknown_keys(document, FIELDS)
    for name in ("rulebook", "version", "cuts", "states", "indicators"):
        if name not in document:
            problems.add(f"{name} is missing")
    with problems.at("indicators"):
        indicators = compile_indicators(document.get("indicators"), problems)
    with problems.at("cuts"):
        cuts = compile_cuts(document.get("cuts"), problems)
    with problems.at("states"):
        policy = compile_policy(document.get("states"), problems)
    with problems.at("inspections"):
        inspections = compile_inspections(document.get("inspections"), problems)
    overlays = _overlays(document.get("overlays"), indicators, problems)
    rulebook = Rulebook(
        name=str(document.get("rulebook", "")),
        version=str(document.get("version", "")),
        indicators=indicators,
        cuts=cuts,
        policy=policy,
        tolerance=_tolerance(document.get("tolerance"), problems),
        materiality=_materiality(document.get("materiality"), problems),
        counting=_counting(document.get("counting"), problems),
        overlays=overlays,
        inspections=inspections,
        models=compile_models(document.get("second_opinion"), indicators, overlays, problems),
        named=frozenset(one.borrower_id for one in overlays if one.borrower_id is not None),
        ages=tuple(sorted({one.younger_than_months or 0 for one in overlays} - {0})),
        by_product=any(one.product is not None for one in overlays),
    )
    if problems.found:
        raise RulebookError(origin, problems.found)
    return rulebook


def _tolerance(part: object, problems: Problems) -> Tolerance:
    with problems.at("tolerance"):
        fields = read_mapping(part, problems)
        problems.unknown_keys(fields, {"share", "fixed"})
        return Tolerance(
            relative_micro=read_micro(fields.get("share", "0.001"), problems),
            fixed_minor=read_amounts(fields.get("fixed"), problems),
        )


def _materiality(part: object, problems: Problems) -> Materiality:
    with problems.at("materiality"):
        fields = read_mapping(part, problems)
        problems.unknown_keys(fields, {"share", "retail", "other"})
        return Materiality(
            relative_micro=read_micro(fields.get("share", "0.01"), problems),
            retail_minor={"EUR": 10_000} | read_amounts(fields.get("retail"), problems),
            other_minor={"EUR": 50_000} | read_amounts(fields.get("other"), problems),
        )


def _counting(part: object, problems: Problems) -> Counting:
    with problems.at("counting"):
        fields = read_mapping(part, problems)
        problems.unknown_keys(fields, {"retail_per_facility", "pulling", "regimes"})
        regimes = tuple(str(one) for one in read_list(fields.get("regimes", [*ALL]), problems))
        for unknown in sorted(set(regimes) - set(ALL)):
            problems.add(f"unknown regime {unknown!r}; known ones: {', '.join(ALL)}")
        return Counting(
            retail_per_facility=bool(fields.get("retail_per_facility", False)),
            pulling_micro=read_micro(fields.get("pulling", "0.2"), problems),
            regimes=regimes,
        )


def _overlays(
    part: object, base: dict[int, IndicatorRule], problems: Problems
) -> tuple[Overlay, ...]:
    compiled = []
    with problems.at("overlays"):
        for entry in read_list(part, problems):
            fields = read_mapping(entry, problems)
            with problems.at(str(fields.get("name", "overlay without name"))):
                compiled.append(_overlay(fields, base, problems))
        _refuse_overlap(compiled, problems)
    return tuple(compiled)


def _overlay(fields: dict[str, Any], base: dict[int, IndicatorRule], problems: Problems) -> Overlay:
    problems.unknown_keys(fields, SELECTORS | {"name", "indicators", "cuts"})
    if not SELECTORS & set(fields):
        problems.add(f"says for nobody; give one of {', '.join(sorted(SELECTORS))}")
    segment = fields.get("segment")
    if segment is not None and segment not in SEGMENTS:
        problems.add(f"unknown segment {segment!r}; known ones: {', '.join(SEGMENTS)}")
    product = fields.get("product")
    if product is not None and product not in PRODUCTS:
        problems.add(f"unknown product {product!r}; known ones: {', '.join(PRODUCTS)}")
    months = fields.get("younger_than_months")
    return Overlay(
        name=str(fields.get("name", "")),
        segment=segment,
        industry=str(fields["industry"]) if "industry" in fields else None,
        borrower_id=str(fields["borrower"]) if "borrower" in fields else None,
        indicators=_patches(fields.get("indicators"), base, problems),
        cuts=read_cuts(fields["cuts"], problems) if "cuts" in fields else None,
        product=product,
        younger_than_months=None if months is None else read_whole(months, problems),
    )


def _patches(
    part: object, base: dict[int, IndicatorRule], problems: Problems
) -> dict[int, IndicatorPatch]:
    patches = {}
    for indicator_id, entry in read_mapping(part, problems).items():
        with problems.at(indicator_id):
            indicator = known_indicator(indicator_id, problems)
            if indicator is None:
                continue
            if indicator.slot not in base:
                problems.add("is not in this rulebook's indicators; add it there first")
                continue
            fields = read_mapping(entry, problems)
            problems.unknown_keys(fields, INDICATOR_FIELDS)
            patch = patches[indicator.slot] = compile_patch(indicator, fields, problems)
            _refuse_lost_levels(base[indicator.slot], patch, problems)
    return patches


def _refuse_lost_levels(rule: IndicatorRule, patch: IndicatorPatch, problems: Problems) -> None:
    """Thresholds of a figure are replaced together: one that is left out would be lost."""
    for position, arm in patch.arms.items():
        replaced = rule.arms[position]
        for level in ("amber", "red", "hard"):
            lost = None if replaced is None else getattr(replaced, level)
            if lost is not None and getattr(arm, level) is None:
                unit = rule.indicator.arms[position].unit
                problems.add(
                    f"gives thresholds for {arm.name} without {level}, which would be lost; an "
                    f"overlay replaces them together: write {level}: "
                    f'"{diff.threshold(lost, unit)}" as it was, or another'
                )


def _refuse_overlap(overlays: list[Overlay], problems: Problems) -> None:
    """Two overlays for the same kind of borrower have no order, so they may not disagree."""
    seen: dict[tuple[object, ...], Overlay] = {}
    for overlay in overlays:
        key = (
            overlay.segment,
            overlay.industry,
            overlay.borrower_id,
            overlay.product,
            overlay.younger_than_months,
        )
        if key in seen:
            problems.add(
                f"{overlay.name!r} and {seen[key].name!r} are for the same borrowers and equally "
                "specific, so neither would win; join them"
            )
        seen[key] = overlay
