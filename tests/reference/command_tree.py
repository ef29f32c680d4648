"""Reads the commands of `tocsin` with their options, as typer built them."""

from collections.abc import Iterator
from functools import cache

import typer
from typer.core import TyperCommand, TyperGroup

from services.cli.commands import COMMANDS, added
from services.cli.main import build


@cache
def names() -> tuple[str, ...]:
    """Return the first words of all commands, the product's own first."""
    return (*COMMANDS, *(name for table in added().values() for name in table))


@cache
def command(name: str) -> TyperCommand | TyperGroup:
    """Return a command or a group of commands by its first word."""
    root = typer.main.get_command(build([name]))
    assert isinstance(root, TyperGroup)
    chosen = root.commands[name]
    assert isinstance(chosen, TyperCommand | TyperGroup)
    return chosen


@cache
def global_options() -> frozenset[str]:
    """Return the options that precede every command."""
    root = typer.main.get_command(build([names()[0]]))
    return frozenset(option for each in root.params for option in each.opts) | {"--help"}


def children(group: TyperCommand | TyperGroup) -> dict[str, TyperCommand | TyperGroup]:
    """Return the commands of a group by name; none for a command."""
    commands = group.commands if isinstance(group, TyperGroup) else {}
    return {
        name: each
        for name, each in commands.items()
        if isinstance(each, TyperCommand | TyperGroup) and not each.hidden
    }


def leaves(words: tuple[str, ...] | None = None) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Yield every command that can be run, with the words that call it."""
    if words is None:
        for name in names():
            yield from leaves((name,))
        return
    node = command(words[0])
    for word in words[1:]:
        node = children(node)[word]
    if isinstance(node, TyperCommand):
        yield words, node
    for name in children(node):
        yield from leaves((*words, name))
