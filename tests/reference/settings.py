"""Writes docs/reference/settings.md from the settings of services, commands and tests."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from lab.stack.settings import StackSettings
from services.alerts.settings import AlertsFaultSettings as AlertsFaults
from services.alerts.settings import AlertsSettings
from services.ingest.settings import IngestSettings
from services.kit.settings import PlatformSettings
from services.scoring.settings import ScoringSettings
from tests.reference import command_tree
from tests.reference.tables import code, table

ROOT: Final = Path(__file__).resolve().parents[2]
SECTIONS: Final[dict[str, type[BaseSettings]]] = {
    "Every service and command": PlatformSettings,
    "ingest": IngestSettings,
    "scoring": ScoringSettings,
    "alerts": AlertsSettings,
    "The local stack": StackSettings,
    "Tests only": AlertsFaults,
}
INTRODUCTION: Final = """# Settings

Every setting is an environment variable. A service reads its settings once, when it starts, and
writes them to its log, secrets masked. It does not start with a variable that looks misspelled: one
that resembles a setting, has the prefix of the service, or puts the prefix of a service before a
setting of all of them. The log line `service.start_refused` has the name that was meant.
In Kubernetes set `enableServiceLinks: false`, as the chart does: a service link is such a variable.

This page is made by `python -m tests.reference` from the code and compared with it by a test.
"""
# Read by tests that need data which is not part of the project, and by the build.
WITHOUT_CLASS: Final = frozenset({"TOCSIN_PUBLIC_DATA", "TOCSIN_COMPILE"})
TYPES: Final = {"str": "text", "int": "integer", "float": "number", "bool": "`true` or `false`"}


def page() -> str:
    """Return docs/reference/settings.md."""
    parts = [INTRODUCTION]
    for title, settings in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts.append(table(("variable", "value", "default", "meaning"), _rows(settings)) + "\n")
    parts.append("## Options that are also variables\n")
    parts.append("A command reads these where the option is not given.\n")
    parts.append(table(("variable", "option", "commands"), _options()) + "\n")
    return "\n".join(parts)


@cache
def names() -> frozenset[str]:
    """Return every variable that is a setting."""
    declared = {_variable(s, name) for s in SECTIONS.values() for name in s.model_fields}
    return frozenset(declared | {row[0].strip("`") for row in _options()} | WITHOUT_CLASS)


def without_meaning() -> list[str]:
    """Return the settings that do not describe themselves."""
    return [
        _variable(settings, name)
        for settings in SECTIONS.values()
        for name, field in settings.model_fields.items()
        if not field.description
    ]


def _variable(settings: type[BaseSettings], name: str) -> str:
    alias = settings.model_fields[name].validation_alias
    return (
        alias if isinstance(alias, str) else f"{settings.model_config['env_prefix']}{name}".upper()
    )


def _rows(settings: type[BaseSettings]) -> Iterator[tuple[str, str, str, str]]:
    for name, field in settings.model_fields.items():
        meaning = field.description or ""
        yield f"`{_variable(settings, name)}`", _value(field), _default(field), meaning


def _value(field: FieldInfo) -> str:
    kinds = [
        each for each in get_args(field.annotation) or [field.annotation] if each is not type(None)
    ]
    if get_origin(field.annotation) is Literal:
        return ", ".join(code(each) for each in kinds)
    kind = kinds[0]
    if kind is SecretStr:
        return "secret"
    name = getattr(kind, "__name__", str(kind))
    return " ".join([TYPES.get(name, name.lower()), *_limits(field)])


def _limits(field: FieldInfo) -> Iterator[str]:
    for attribute, sign in (("gt", "above"), ("ge", "from"), ("lt", "below"), ("le", "to")):
        for constraint in field.metadata:
            if (limit := getattr(constraint, attribute, None)) is not None:
                yield f"{sign} {limit:,}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default()
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, SecretStr):
        return code(value.get_secret_value())
    if isinstance(value, Path):
        return code(value.relative_to(ROOT).as_posix())
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _options() -> list[tuple[str, str, str]]:
    callers: dict[tuple[str, str], list[str]] = {}
    for words, command in command_tree.leaves():
        for parameter in command.params:
            if isinstance(parameter.envvar, str):
                key = (parameter.envvar, parameter.opts[0])
                callers.setdefault(key, []).append(f"`{' '.join(words)}`")
    return [
        (f"`{variable}`", f"`{option}`", ", ".join(commands))
        for (variable, option), commands in sorted(callers.items())
    ]
