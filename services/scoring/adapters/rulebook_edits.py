"""Changes a rulebook's text in one place, so that its comments stay.

Called by `tocsin rulebook` and `tocsin model attach`. Must stay true: what is activated is one text
with everything in it, so overlays and models are written into the rulebook, never referred to.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from services.scoring.adapters.pd_model import Json, model_text
from services.scoring.adapters.rulebook_reader import PACKS, RulebookError, path_of

CHAMPION, CHALLENGER = "champion", "challenger"
ROLES: Final = (CHAMPION, CHALLENGER)
_MODELS: Final = "second_opinion"
_VERSION: Final = re.compile(r"^version:.*$", re.MULTILINE)
_OVERLAYS: Final = re.compile(r"^overlays:[ \t]*\n", re.MULTILINE)
_OVERLAYS_ON_ONE_LINE: Final = re.compile(r"^overlays:", re.MULTILINE)
_INDICATORS: Final = re.compile(r"^indicators:[ \t]*\n(?:[ \t#].*\n|\n)*", re.MULTILINE)
_MODELS_BLOCK: Final = re.compile(rf"^{_MODELS}:.*\n(?:[ \t#].*\n|\n(?=[ \t]))*", re.MULTILINE)


def with_version(text: str, version: str) -> str:
    """Returns the rulebook's text under another version.

    Raises:
        ValueError: If the text has no ``version:`` at the start of a line.
    """
    replaced, count = _VERSION.subn(lambda _: f'version: "{version}"', text, count=1)
    if count == 0:
        raise ValueError("the rulebook has no version: at the start of a line")
    return replaced


def with_amber(text: str, indicator: str, amber: str, origin: str) -> str:
    """Returns a rulebook's text with another amber threshold of an indicator, and where it is from.

    Raises:
        RulebookError: If the indicator's own entry does not have it on a line.
    """
    origin_before = rf"(?:^  # {indicator} amber: .*\n)?"
    own_line = rf'(?P<before>^  {indicator}:[^\n]*?amber: )"[^"]*"'
    block = _INDICATORS.search(text)
    entry = block and re.compile(origin_before + own_line, re.MULTILINE).search(text, *block.span())
    if entry is None:
        raise RulebookError(indicator, [f'write it on one line, with amber: "{amber}"'])
    written = f'  # {indicator} amber: {origin}\n{entry["before"]}"{amber}"'
    return text[: entry.start()] + written + text[entry.end() :]


def with_overlays(text: str, names: list[str]) -> str:
    """Returns a rulebook's text with overlays written into it; the rest stays as it is.

    Args:
        names: Shipped names, or YAML files with a list of overlays.

    Raises:
        RulebookError: If one is not found, or the rulebook's overlays are on one line.
    """
    packs = (path_of(name, PACKS).read_text(encoding="utf-8") for name in names)
    block = "\n".join(_indented(pack.rstrip(), 2) for pack in packs)
    match = _OVERLAYS.search(text)
    if match is not None:
        return f"{text[: match.end()]}{block}\n{text[match.end() :]}"
    if _OVERLAYS_ON_ONE_LINE.search(text):
        raise RulebookError("overlays", ["write one overlay a line below `overlays:`"])
    return f"{text.rstrip()}\n\noverlays:\n{block}\n"


def with_models(text: str, models: Mapping[str, Json], version: str) -> str:
    """Returns a rulebook's text with these PD models, by role, and a new version.

    Raises:
        ValueError: If the text has no ``version:`` at the start of a line.
    """
    text = _MODELS_BLOCK.sub("", with_version(text, version)).rstrip("\n") + "\n"
    if not models:
        return text
    written = [
        f"  {role}:\n{_indented(model_text(models[role]).rstrip(), 4)}\n"
        for role in ROLES
        if role in models
    ]
    return f"{text}\n{_MODELS}:\n" + "".join(written)


def attached(document: Mapping[str, Any], model: Json, role: str) -> dict[str, Json]:
    """Returns the PD models of a rulebook's document, by role, with one of them replaced.

    A challenger that becomes the champion is the challenger no longer.
    """
    models: dict[str, Json] = dict(document.get(_MODELS) or {})
    models[role] = model
    challenger = models.get(CHALLENGER)
    if role == CHAMPION and challenger is not None and _identity(challenger) == _identity(model):
        del models[CHALLENGER]
    return models


def _identity(model: Mapping[str, Any]) -> tuple[str, str]:
    return str(model.get("name")), str(model.get("version"))


def _indented(text: str, width: int) -> str:
    return "\n".join(" " * width + line if line else "" for line in text.splitlines())
