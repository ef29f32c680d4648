"""Reads a rulebook from YAML: one that ships with the product, by name, or any file.

Called by the worker at start, by `tocsin score` and by `tocsin rulebook`. Must stay true: all that
is wrong is reported at once, each fault with its place, the value and the remedy.
"""

import re
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.kit.strict_yaml import StrictLoader
from services.scoring.adapters.rulebook_document import RulebookDocument
from services.scoring.adapters.rulebook_values import Path as FieldPath
from services.scoring.adapters.rulebook_values import shown
from services.scoring.domain.rulebook.rulebook import CUT_POINTS, Rulebook

SHIPPED: Final = Path(__file__).resolve().parents[1] / "rulebooks"
PACKS: Final = SHIPPED / "overlays"
# Valid values of the fields that a section requires.
_STAND_INS: Final[dict[str | int, Any]] = {
    **dict.fromkeys(("rulebook", "version", "id", "name"), ""),
    **{section: {} for section in ("cuts", "states", "indicators")},
    **dict.fromkeys(("to", "from"), "NORMAL"),
    **dict.fromkeys(CUT_POINTS, 0),
}
_NAME: Final = re.compile(r"[!-.0-~]{1,128}")


class RulebookError(Exception):
    """A rulebook cannot be used; each of ``problems`` names the place, the fault and the remedy."""

    def __init__(self, origin: str, problems: list[str]) -> None:
        super().__init__(f"{origin}: " + "; ".join(problems))
        self.origin = origin
        self.problems = problems


class _Loader(StrictLoader, yaml.SafeLoader):
    """Constructs plain values, of texts that write no key twice and use no alias."""


# "1.10" is a version and 0.55 a weight: numbers and dates stay as written until they are read.
for _tag in ("float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda loader, node: str(node.value))


def shipped_names(folder: Path = SHIPPED) -> list[str]:
    """Returns the names of the rulebooks, or of the overlays, that ship with the product."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def path_of(name_or_path: str, folder: Path = SHIPPED) -> Path:
    """Returns the file of a shipped name or a path.

    Raises:
        RulebookError: If there is none.
    """
    if name_or_path in shipped_names(folder):
        return folder / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if not path.is_file():
        kind = "overlay" if folder == PACKS else "rulebook"
        names = ", ".join(shipped_names(folder))
        fault = f"no such file, and no shipped {kind} has this name; give a path, or one of {names}"
        raise RulebookError(name_or_path, [fault])
    return path


def load_rulebook(name_or_path: str) -> Rulebook:
    """Returns the compiled rulebook of a shipped name or a file.

    Raises:
        RulebookError: If there is none or something in it is wrong.
    """
    return compile_rulebook(read_document(name_or_path), origin=name_or_path)


def read_document(name_or_path: str) -> dict[str, Any]:
    """Returns the YAML document of a shipped name or a file, unchecked.

    Raises:
        RulebookError: If it cannot be read as a YAML mapping.
    """
    path = path_of(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RulebookError(str(path), [f"not readable as UTF-8: {error}"]) from error
    return _mapping(text, str(path))


def read_text(text: str, *, origin: str = "document") -> Rulebook:
    """Returns the compiled rulebook of a YAML text that came over the network.

    Raises:
        RulebookError: If something in it is wrong, or its name or version is unfit for a log.
    """
    document = _mapping(text, origin)
    unfit = [
        f"{field}: {name!r} must be 1 to 128 visible ASCII characters, without a slash"
        for field in ("rulebook", "version")
        if not _NAME.fullmatch(name := str(document.get(field, "")))
    ]
    if unfit:
        raise RulebookError(origin, unfit)
    return compile_rulebook(document, origin=origin)


def _mapping(text: str, origin: str) -> dict[str, Any]:
    try:
        # A subclass of SafeLoader: it builds plain values only.
        document = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RulebookError(origin, [f"not readable as YAML: {error}"]) from error
    if not isinstance(document, dict):
        raise RulebookError(origin, ["must be a mapping with rulebook, version, indicators, …"])
    return document


def compile_rulebook(document: dict[str, Any], *, origin: str) -> Rulebook:
    """Returns the compiled rulebook of a document.

    Raises:
        RulebookError: If anything in it is wrong; all problems at once.
    """
    try:
        return RulebookDocument.model_validate(document).compiled()
    except ValidationError as error:
        raise RulebookError(origin, _problems(document, error)) from error


def _problems(document: dict[str, Any], error: ValidationError | None) -> list[str]:
    """Returns every problem of a document, each with its place.

    pydantic compares a section with another one only where both are valid. So what is faulty is
    taken out and the rest is validated again, until it shows no more: a weight out of range does
    not hide that an overlay loses a threshold.
    """
    problems: list[str] = []
    seen: set[tuple[str, ...]] = set()
    rest, before = deepcopy(document), None
    while error is not None and rest != before:
        before = deepcopy(rest)
        paths = []
        for each in error.errors():
            path = tuple(step for step in each["loc"] if step != "[key]")
            name = _named(rest, path)
            if not any(_follows(name, other) for other in seen):
                owner = name[:-1] if each["type"] == "missing" else name
                problems.append(": ".join(filter(None, [".".join(owner), _text(each)])))
            paths.append((path, name))
        seen |= {name for _, name in paths}
        _take_out(rest, {path for path, _ in paths})
        error = _error_of(rest)
    return problems


def _error_of(document: dict[str, Any]) -> ValidationError | None:
    try:
        RulebookDocument.model_validate(document)
    except ValidationError as error:
        return error
    return None


def _follows(name: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Returns whether a fault follows from taking another out: the same one, or in an overlay."""
    return any(
        all(step == other_step for step, other_step in zip(each, other, strict=False))
        for each in (name, name[-2:])
    )


def _named(document: Any, path: FieldPath) -> tuple[str, ...]:
    """Returns a path with the ids of rules and the names of overlays in place of their numbers."""
    names: list[str] = []
    part = document
    for step in path:
        part = _member(part, step)
        if not isinstance(step, int):
            names.append(step)
        elif part is None or isinstance(part, dict):
            title = part and (part.get("id") or part.get("name"))
            names.append(str(title or f"#{step + 1}"))
    return tuple(names)


def _member(part: Any, step: str | int) -> Any:
    try:
        return part[step]
    except (LookupError, TypeError):
        return None


def _take_out(document: Any, paths: set[FieldPath]) -> None:
    """Removes the values at these paths, the deepest and of a list the last first.

    A field that its section requires gets a value that is valid.
    """
    for path in sorted(paths, key=_depth, reverse=True):
        part, field = document, path[-1]
        for step in path[:-1]:
            part = _member(part, step)
        with suppress(LookupError, TypeError):
            if field in _STAND_INS:
                part[field] = _STAND_INS[field]
            else:
                del part[field]


def _depth(path: FieldPath) -> tuple[int, list[int]]:
    return len(path), [step for step in path[-1:] if isinstance(step, int)]


def _text(error: ErrorDetails) -> str:
    """Returns the fault and the remedy."""
    value = shown(error["input"])
    match error["type"]:
        case "missing":
            names = ", ".join(map(str, error["input"])) or "nothing"
            return f"{error['loc'][-1]} is missing; written here: {names}"
        case "model_type" | "dict_type":
            return f"{value} must be a mapping of names to values"
        case "tuple_type":
            return f"{value} must be a list"
        case "invalid_key":
            return f"{value} is no name; put it in quotes"
    return str(error.get("ctx", {}).get("error", error["msg"]))
