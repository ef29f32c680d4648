"""The second opinion of a rulebook: a champion and perhaps a challenger, and how one is attached.

A PD model has no life of its own: it is part of the rulebook whose intensities it reads, and so it
is proposed, approved by a second person, activated at a day boundary and taken back with it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.scoring.adapters.pd_model import Json, ModelUnusable, misfits, model_from, model_text
from services.scoring.adapters.rulebook_fields import Problems, read_mapping
from services.scoring.adapters.rulebook_text import with_version
from services.scoring.domain.rulebook.pd import PdModel
from services.scoring.domain.rulebook.rulebook import IndicatorRule, Overlay

CHAMPION, CHALLENGER = "champion", "challenger"
ROLES: Final = (CHAMPION, CHALLENGER)
FIELD: Final = "second_opinion"
_BLOCK: Final = re.compile(rf"^{FIELD}:.*\n(?:[ \t#].*\n|\n(?=[ \t]))*", re.MULTILINE)


def compile_models(
    part: object,
    indicators: Mapping[int, IndicatorRule],
    overlays: Sequence[Overlay],
    problems: Problems,
) -> tuple[PdModel, ...]:
    """Return the champion and the challenger, or nothing."""
    found: list[PdModel] = []
    with problems.at(FIELD):
        fields = read_mapping(part, problems)
        problems.unknown_keys(fields, set(ROLES))
        if CHALLENGER in fields and CHAMPION not in fields:
            problems.add("a challenger without a champion; make it the champion")
        for role in ROLES:
            if role not in fields:
                continue
            with problems.at(role):
                try:
                    model = model_from(fields[role])
                except ModelUnusable as error:
                    problems.add(str(error))
                    continue
                for misfit in misfits(model, indicators, overlays):
                    problems.add(misfit)
                found.append(model)
        if len({(one.name, one.version) for one in found}) < len(found):
            problems.add("champion and challenger are the same model; leave the challenger out")
    return tuple(found)


def with_models(text: str, models: Mapping[str, Json], version: str) -> str:
    """Return a rulebook's text with these models, by role, and a new version; comments stay.

    Raises:
        ValueError: If the text has no ``version:`` at the start of a line.
    """
    text = _BLOCK.sub("", with_version(text, version)).rstrip("\n") + "\n"
    if not models:
        return text
    written = [f"  {role}:\n{_indented(models[role])}" for role in ROLES if role in models]
    return f"{text}\n{FIELD}:\n" + "".join(written)


def attached(document: Mapping[str, Any], model: Json, role: str) -> dict[str, Json]:
    """Return the models of a rulebook's document, by role, with one more in its place.

    A challenger that becomes the champion is the challenger no longer.
    """
    models: dict[str, Json] = dict(document.get(FIELD) or {})
    models[role] = model
    other = CHALLENGER if role == CHAMPION else CHAMPION
    if role == CHAMPION and other in models and _identity(models[other]) == _identity(model):
        del models[other]
    return models


def _identity(model: Mapping[str, Any]) -> tuple[str, str]:
    return str(model.get("name")), str(model.get("version"))


def _indented(model: Json) -> str:
    return "".join(f"    {line}\n" for line in model_text(model).splitlines())
