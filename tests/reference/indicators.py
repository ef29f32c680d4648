"""Writes docs/reference/indicators: one page per family, and a list of all indicators.

Made from the declarations, the texts and both rulebooks. Levels and contributions of the worked
numbers are computed from the rulebooks, never written by hand.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache, partial
from typing import Any, Final

from services.scoring.adapters.assessment_json import UNIT_NAMES
from services.scoring.adapters.narrative.sentences import limit
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.indicators.registry import ALL
from services.scoring.domain.primitives.measurement import (
    LEVEL_NAMES,
    MICRO,
    Unit,
    rounded_quotient,
)
from services.scoring.domain.rulebook.rulebook import (
    FAMILY_NAMES,
    SURCHARGE_GROUP,
    Component,
    Indicator,
    IndicatorRule,
    Rulebook,
)
from services.scoring.domain.rulebook.thresholds import ComponentRule
from services.wording.figures import Figures
from services.wording.indicator_texts import IndicatorText, read_texts
from services.wording.messages import Language

BOOKS: Final = ("default", "reference")
TITLES: Final = {
    "REPAYMENT": "Repayment indicators",
    "ACCOUNT": "Account indicators",
    "STATEMENT": "Financial statement indicators",
    "COLLATERAL_GROUP": "Collateral, guarantor and group indicators",
    "EXTERNAL": "External indicators",
}
MADE: Final = (
    "This page is made by `python -m tests.reference` from the declarations, "
    "`indicator_texts.yaml` and the rulebooks, and compared with them by a test."
)
FIGURES: Final = Figures(Language.ENGLISH)


def pages() -> dict[str, Callable[[], str]]:
    """Return the pages by file name."""
    families = sorted({declared.family for declared in ALL})
    return {"README.md": index, **{_file(family): partial(page, family) for family in families}}


def page(family: int) -> str:
    """Return the page of a family."""
    blocks = [
        "\n".join(_about(declared, read_texts()[declared.id], _rulebooks()))
        for declared in ALL
        if declared.family == family
    ]
    return "\n\n".join([f"# {TITLES[FAMILY_NAMES[family]]}", MADE, *blocks]) + "\n"


@cache
def _rulebooks() -> list[Rulebook]:
    return [load_rulebook(name) for name in BOOKS]


def _file(family: int) -> str:
    return f"{FAMILY_NAMES[family].lower().replace('_', '-')}.md"


def index() -> str:
    """Return the list of all indicators."""
    books = _rulebooks()
    lines = [
        "# Indicators",
        "",
        MADE,
        "",
        "An indicator measures; a rulebook decides. `default` is the catalogue as calibrated on "
        "real data, `reference` the catalogue as published ([rulebooks](../rulebook.md)). A figure "
        "that cannot be formed is *unmeasurable* with a reason, lowers completeness and is never "
        "green; one that has no meaning for a borrower is *not applicable*.",
        "",
        "| id | question | family | group | weight in default | weight in reference |",
        "|---|---|---|---|---|---|",
    ]
    for one in ALL:
        anchor = f"{_file(one.family)}#{_anchor(f'{one.id} {one.name}')}"
        weights = " | ".join(_weight(book.indicators.get(one.slot)) for book in books)
        family = FAMILY_NAMES[one.family]
        lines.append(f"| [{one.id}]({anchor}) | {one.name} | {family} | {one.group} | {weights} |")
    return "\n".join(lines) + "\n"


def _anchor(heading: str) -> str:
    """Return the name by which links reach a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _weight(rule: IndicatorRule | None) -> str:
    if rule is None:
        return "–"
    shown = FIGURES.number(rule.weight) if rule.weight else "note"
    return shown if rule.enabled else f"{shown}, off"


def _about(one: Indicator, text: IndicatorText, books: list[Rulebook]) -> Iterator[str]:
    yield f"## {one.id} {one.name}"
    yield ""
    yield text.meaning
    yield ""
    yield f"- **Formula:** `{text.formula}`"
    yield f"- **Reads:** {text.data}"
    yield f"- **Cannot be measured:** {text.gap}"
    yield f"- **Why it matters:** {text.why}"
    yield f"- **Source:** {text.source}"
    yield f"- **Risk type:** {one.risk_type}; **usual group:** {one.group}"
    yield (
        f"- **Factor:** {one.classification.factor}; **trigger:** {one.classification.trigger}; "
        f"**stage:** {one.classification.stage}"
    )
    if one.classification.positive:
        yield f"- **A good figure:** {one.classification.positive}."
    yield ""
    yield "| rulebook | figure | amber | red | hard | weight | group |"
    yield "|---|---|---|---|---|---|---|"
    for book in books:
        yield from _thresholds(one, text, book)
    yield ""
    yield from _notes(one, books)
    yield f"**A worked number.** {text.example['text']} {_worked(one, text.example, books)}"


def _thresholds(one: Indicator, text: IndicatorText, book: Rulebook) -> Iterator[str]:
    rule = book.indicators.get(one.slot)
    if rule is None:
        yield f"| {book.name} | not in this rulebook | | | | | |"
        return
    for component, judged in zip(one.components, rule.components, strict=True):
        if judged is not None:
            stated = text.flags[component.name] if component.unit is Unit.FLAG else None
            cells = " | ".join(_limits(component, judged) if stated is None else _said(stated))
            name = component.label or component.name
            yield f"| {book.name} | {name} | {cells} | {_weight(rule)} | {rule.group} |"


def _limits(component: Component, judged: ComponentRule) -> Iterator[str]:
    for threshold in (judged.amber, judged.red, judged.hard):
        yield limit(FIGURES, threshold, component.unit) if threshold is not None else "–"


def _said(stated: dict[str, str]) -> Iterator[str]:
    """A yes/no figure has no threshold: which facts make it amber, red or hard."""
    for level in ("amber", "red", "hard"):
        yield stated.get(level, "–")


def _notes(one: Indicator, books: list[Rulebook]) -> Iterator[str]:
    for book in books:
        rule = book.indicators.get(one.slot)
        if rule is None:
            continue
        said = []
        if rule.needs_all:
            said.append("every figure must agree, the mildest decides")
        if rule.group == SURCHARGE_GROUP:
            said.append("adds points to the score, weight 0.1 is ten; confirms no other signal")
        if rule.half_life_days:
            said.append(f"fades with a half-life of {FIGURES.days(rule.half_life_days)}")
        names = [each.name for each in book.overlays if one.slot in each.indicators]
        if names:
            said.append(f"judged differently for: {', '.join(names)}")
        said += _good(one, rule)
        if said:
            yield f"In `{book.name}`: {'; '.join(said)}."
            yield ""


def _good(one: Indicator, rule: IndicatorRule) -> list[str]:
    return [
        f"{component.label or component.name}: a positive signal at "
        f"{limit(FIGURES, judged.good, component.unit)}"
        for component, judged in zip(one.components, rule.components, strict=True)
        if judged is not None and judged.good is not None
    ]


def _worked(one: Indicator, example: dict[str, Any], books: list[Rulebook]) -> str:
    place = next(
        index
        for index, component in enumerate(one.components)
        if component.name == example["component"]
    )
    component = one.components[place]
    micro = int(Decimal(str(example["value"])) * MICRO)
    said = [_judged(book, book.indicators.get(one.slot), place, micro) for book in books]
    return f"The figure is **{_shown(component, micro)}**: {'; '.join(said)}."


def _shown(component: Component, micro: int) -> str:
    if component.unit is Unit.FLAG:
        return LEVEL_NAMES[micro // MICRO].lower()
    return FIGURES.value(micro, UNIT_NAMES[component.unit])


def _judged(book: Rulebook, rule: IndicatorRule | None, place: int, micro: int) -> str:
    judged = rule.components[place] if rule is not None else None
    if rule is None:
        return f"`{book.name}` does not use it"
    if judged is None:
        return f"`{book.name}` judges another figure"
    level = LEVEL_NAMES[judged.level(micro)].lower()
    intensity = judged.intensity(micro)
    contribution = rounded_quotient(rule.weight * intensity, MICRO)
    off = " if switched on" if not rule.enabled else ""
    return (
        f"{level} in `{book.name}`{off} (intensity {FIGURES.number(intensity)} × weight "
        f"{FIGURES.number(rule.weight)} = {FIGURES.number(contribution, '0.###')})"
    )
