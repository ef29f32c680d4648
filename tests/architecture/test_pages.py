"""What the Markdown pages name exists: files, anchors, commands, options, targets, settings."""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperArgument, TyperCommand, TyperOption

from tests.architecture.named import names_in
from tests.architecture.pages import FOLDERS, ROOT, Page, pages
from tests.reference import command_tree, settings

SITE = "docs/"
# They record a decision on its day, and a later one may have replaced what they name.
DECISIONS = "docs/adr/"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = frozenset(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("services", "lab", "tests", "deploy")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".yaml", ".yml"} and path != Path(__file__)
)
FILE_NAMES = frozenset(path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*.*"))
PATH = re.compile(
    rf"^(?:{'|'.join(FOLDERS)})/[\w./*-]+$|^[\w./-]+/[\w-]+\.(?:py|md|ya?ml|sql)$|^[a-z][\w-]*\.(?:py|md)$"
)
TEST = re.compile(r"^(tests/[\w/.]+\.py)::(\w+)(\[.+\])?$")
# A log event or a table, such as consumer.partition_stopped.
DOTTED = re.compile(r"^[a-z]+\.[a-z]+(_[a-z]+)+$")
PLACEHOLDER = re.compile(r"[A-Z<…]|^\d")


def parametrised(every: tuple[Page, ...] = pages()) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", every, ids=lambda page: page.name)


# The site's own build checks the links between its pages.
@parametrised(tuple(page for page in pages() if not page.name.startswith(SITE)))
def test_a_link_leads_somewhere(page: Page) -> None:
    for link in page.links():
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path) if path else page.path
        assert target.exists(), link
        assert not anchor or anchor in Page(target.resolve()).anchors(), link


@parametrised(tuple(page for page in pages() if not page.name.startswith(DECISIONS)))
def test_a_file_in_backticks_exists(page: Page) -> None:
    assert [code for code in page.inline_codes() if not _exists(code, page)] == []


def _exists(code: str, page: Page) -> bool:
    if named := TEST.match(code):
        return (ROOT / named[1]).exists() and named[2] in names_in(ROOT / named[1])
    if re.match(r"test(_[a-z0-9]+){3,}$", code):
        return f"def {code}(" in SOURCES
    if DOTTED.match(code):
        return code in SOURCES
    if not PATH.match(code):
        return True
    if "/" not in code:
        return code in FILE_NAMES or (ROOT / code).exists()
    return any(ROOT.glob(code.rstrip("/"))) or (page.path.parent / code).exists()


@parametrised()
def test_a_setting_exists(page: Page) -> None:
    assert sorted(page.settings() - settings.names()) == []


@parametrised()
def test_a_command_exists_with_its_options(page: Page) -> None:
    assert [problem for words in page.commands() for problem in _problems(words)] == []


@parametrised()
def test_an_option_in_backticks_exists(page: Page) -> None:
    options = [code.split()[0] for code in page.inline_codes() if re.match(r"--[a-z]", code)]
    assert [option for option in options if option.partition("=")[0] not in known_options()] == []


@cache
def known_options() -> frozenset[str]:
    of_commands = {
        o
        for _, each in command_tree.leaves()
        for p in each.params
        for o in (*p.opts, *p.secondary_opts)
    }
    return frozenset(of_commands | set(re.findall(r'"(--[a-z][a-z-]*)"', SOURCES)))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("make nothing", "the Makefile has no target nothing"),
        ("make demo ARG=--once", "the Makefile has no variable ARG"),
        ("python -m services.nobody", "there is no module services.nobody"),
        ("python -m tests.simulation --sods 3", "tests.simulation has no option --sods"),
        ("python tests/nothing.py", "there is no file tests/nothing.py"),
        ("tocsin nothing", "there is no command nothing"),
        ("tocsin rulebook check|nothing", "there is no command nothing"),
        ("cat x | tocsin score - --evry day", "there is no option --evry"),
        ("tocsin score - --every week", "--every has no value week"),
        ("A=1 tocsin score a.ndjson b.ndjson && echo", "it takes at most 1 arguments"),
        ("tocsin score a.ndjson --every day > b.ndjson  # note", None),
        ("tocsin rulebook check|diff FILE", None),
        ('eval "$(tocsin stack up)"', None),
        ("tocsin offsets set … --to POSITION", None),
    ],
)
def test_the_check_of_commands_sees_what_it_is_for(
    line: str, problem: str | None, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```sh\n{line}\n```\n", encoding="utf-8")
    problems = [each for words in Page(page).commands() for each in _problems(words)]
    assert problems == [each for each in [problem] if each]


def _problems(words: list[str]) -> Iterator[str]:
    checks = {"tocsin": _check_tocsin, "make": _check_make, "python": _check_python}
    return checks[words[0]](words[1:])


def _check_make(words: list[str]) -> Iterator[str]:
    for word in words:
        name, assigned, _ = word.partition("=")
        if assigned and not re.search(rf"^{name} \??:?=", MAKEFILE, re.MULTILINE):
            yield f"the Makefile has no variable {name}"
        if not assigned and not PLACEHOLDER.match(name) and name not in TARGETS:
            yield f"the Makefile has no target {name}"


def _check_python(words: list[str]) -> Iterator[str]:
    if words[:1] == ["-m"] and len(words) > 1:
        module = words[1]
        if not _module_exists(module):
            yield f"there is no module {module}"
        elif module.partition(".")[0] in {"services", "lab", "tests"}:
            options = [word.partition("=")[0] for word in words if word.startswith("--")]
            yield from (f"{module} has no option {o}" for o in options if f'"{o}"' not in SOURCES)
    elif words and words[0].endswith(".py") and not (ROOT / words[0]).exists():
        yield f"there is no file {words[0]}"


def _module_exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _check_tocsin(words: list[str]) -> Iterator[str]:
    rest = _without_redirection(words)
    while rest and rest[0] in command_tree.global_options():
        rest = rest[1:]
    known: Sequence[str] = command_tree.names()
    node = None
    while rest and known and not PLACEHOLDER.match(rest[0]):
        choices = rest[0].split("|")
        if missing := [each for each in choices if each not in known]:
            yield f"there is no command {', '.join(missing)}"
            return
        if len(choices) > 1:
            return
        node = command_tree.children(node)[rest[0]] if node else command_tree.command(rest[0])
        known, rest = tuple(command_tree.children(node)), rest[1:]
    if isinstance(node, TyperCommand):
        yield from _check_arguments(node, rest)


def _without_redirection(words: list[str]) -> list[str]:
    for index, word in enumerate(words):
        if re.match(r"^\d?[<>]", word):
            return words[:index]
    return words


def _check_arguments(command: TyperCommand, words: list[str]) -> Iterator[str]:
    options = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
    remaining, arguments = list(words), 0
    while remaining:
        name, assigned, value = remaining.pop(0).partition("=")
        if not name.startswith("--") or name == "--":
            arguments += not PLACEHOLDER.match(name) or name.isupper()
            continue
        option = options.get(name)
        if name == "--help":
            continue
        if not isinstance(option, TyperOption):
            yield f"there is no option {name}"
            return
        if not option.is_flag:
            yield from _check_value(option, value if assigned else "".join(remaining[:1]))
            remaining = remaining if assigned else remaining[1:]
    most = [each.nargs for each in command.params if isinstance(each, TyperArgument)]
    if min(most, default=0) >= 0 and arguments > sum(most):
        yield f"it takes at most {sum(most)} arguments"


def _check_value(option: TyperOption, value: str) -> Iterator[str]:
    wanted = option.type_descriptor.annotation
    is_choice = isinstance(wanted, type) and issubclass(wanted, Enum)
    if is_choice and not PLACEHOLDER.match(value):
        yield from (
            f"{option.opts[0]} has no value {each}"
            for each in value.split("|")
            if each not in [str(choice.value) for choice in wanted]
        )
