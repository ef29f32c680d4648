"""Writes docs/reference/commands.md from the commands as typer built them."""

from collections.abc import Iterator
from enum import Enum
from inspect import cleandoc
from textwrap import dedent
from typing import Any, Final, get_args

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from services.cli.commands import COMMANDS, added
from services.cli.main import HELP
from tests.reference import command_tree
from tests.reference.tables import code, table

INTRODUCTION: Final = """# Commands

This page is made by `python -m tests.reference` from the code and compared with it by a test. Every
command answers `--help`. A command ends with status 0 only when what it promises is true; an error
is a sentence and a remedy. With `--json` the last line is one JSON object for scripts.
"""


def page() -> str:
    """Return docs/reference/commands.md."""
    sections = [INTRODUCTION, f"```text\n{HELP.strip()}\n```\n"]
    for distribution, names in {"tocsin": COMMANDS, **added()}.items():
        sections.append(f"## The distribution {code(distribution)}\n")
        rows = [
            (f"[`tocsin {name}`](#tocsin-{name})", each.summary) for name, each in names.items()
        ]
        sections.append(table(("command", "does"), rows) + "\n")
    sections += [_section((name,)) for name in command_tree.names()]
    return "\n".join(sections)


def _section(words: tuple[str, ...]) -> str:
    node = _node(words)
    lines = [f"{'#' * min(2 + len(words) - 1, 4)} tocsin {' '.join(words)}", "", _help(node)]
    if not isinstance(node, TyperGroup):
        lines += ["", "```text", _usage(words, node), "```"]
        rows = [(_name(each), _meaning(each)) for each in _shown(node)]
        lines += ["", table(("argument or option", "meaning"), rows)] if rows else []
    return "\n".join([*lines, ""]) + "".join(
        "\n" + _section((*words, child)) for child in command_tree.children(node)
    )


def _node(words: tuple[str, ...]) -> TyperCommand | TyperGroup:
    node = command_tree.command(words[0])
    for word in words[1:]:
        node = command_tree.children(node)[word]
    return node


def _help(node: TyperCommand | TyperGroup) -> str:
    return "\n\n".join(_block(block) for block in cleandoc(node.help or "").split("\n\n"))


def _block(text: str) -> str:
    """Return a paragraph; what is indented are examples."""
    if text.startswith("    "):
        return f"```sh\n{dedent(text)}\n```"
    return " ".join(text.split())


def _usage(words: tuple[str, ...], node: TyperCommand) -> str:
    arguments = [
        _placeholder(each) if each.required else f"[{_placeholder(each)}]"
        for each in node.params
        if isinstance(each, TyperArgument)
    ]
    has_options = any(isinstance(each, TyperOption) for each in _shown(node))
    return " ".join(["tocsin", *words, *arguments, *(["[OPTIONS]"] if has_options else [])])


def _placeholder(argument: TyperArgument) -> str:
    return (argument.metavar or argument.name or "").upper()


def _shown(node: TyperCommand) -> Iterator[TyperArgument | TyperOption]:
    for parameter in node.params:
        is_known = isinstance(parameter, TyperArgument | TyperOption)
        if is_known and not parameter.hidden and parameter.name != "help":
            yield parameter


def _name(parameter: TyperArgument | TyperOption) -> str:
    if isinstance(parameter, TyperArgument):
        return code(_placeholder(parameter))
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _meaning(parameter: TyperArgument | TyperOption) -> str:
    parts = [(parameter.help or "").strip()]
    kind = parameter.type_descriptor.annotation
    kind = (*get_args(kind), kind)[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        parts.append(f"One of {', '.join(f'`{each.value}`' for each in kind)}.")
    if parameter.required:
        parts.append("Required.")
    elif default := _default(parameter.default):
        parts.append(f"Default: `{default}`.")
    if isinstance(parameter.envvar, str):
        parts.append(f"Variable: `{parameter.envvar}`.")
    return " ".join(part for part in parts if part)


def _default(value: Any) -> str:
    if value is None or isinstance(value, bool) or callable(value):
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(_default(each) for each in value)
    return str(value.value if isinstance(value, Enum) else value)
