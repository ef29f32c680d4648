"""Reads what the Markdown pages name: links, files, commands, targets, modules and settings."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Measuring diaries name what existed on their day.
DIARIES = "docs/lab-notes/"
FOLDERS = ("services", "lab", "tests", "docs", "schemas", "deploy")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_SETTING = re.compile(r"\bTOCSIN_[A-Z0-9_]*[A-Z0-9]\b")
# What ends one command of a shell line and begins the next.
_SEPARATORS = re.compile(r"&&|\|\|?(?= )|;|&(?= |$)|\$\(|\)")
_ASSIGNMENT = re.compile(r"^[A-Z_]+=")
_STARTS = ("tocsin", "make", "python")


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown page and where it is."""

    path: Path

    @property
    def name(self) -> str:
        """The path as the project writes it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        """The whole text."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _FENCE.sub("", self.text)

    def inline_codes(self) -> list[str]:
        """Return what stands between backticks in the running text."""
        return _INLINE.findall(self.prose)

    def links(self) -> list[str]:
        """Return the targets of links that do not leave the project."""
        return [each for each in _LINK.findall(self.prose) if "://" not in each]

    def anchors(self) -> set[str]:
        """Return the names of the headings, as the repository's viewer makes them."""
        return {slug(heading) for heading in _HEADING.findall(self.prose)}

    def settings(self) -> set[str]:
        """Return the environment variables that the page names."""
        return set(_SETTING.findall(self.text))

    def commands(self) -> Iterator[list[str]]:
        """Yield the words of each call of `tocsin`, `make` and `python`."""
        for language, block in _FENCE.findall(self.text):
            if language in {"", "sh", "bash", "console"}:
                for line in block.replace("\\\n", " ").splitlines():
                    yield from _commands(line)
        for code in self.inline_codes():
            yield from _commands(code)


@cache
def pages() -> tuple[Page, ...]:
    """Return every page of the project except the diaries."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md")]
    every = [Page(path) for path in sorted([*ROOT.glob("*.md"), *paths])]
    return tuple(page for page in every if not page.name.startswith(DIARIES))


def slug(heading: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _commands(line: str) -> Iterator[list[str]]:
    for part in _SEPARATORS.split(line.removeprefix("$ ")):
        words = _words(part)
        while words and (_ASSIGNMENT.match(words[0]) or words[0] in {"export", "eval", "time"}):
            words = words[1:]
        if words and words[0].removeprefix(".venv/bin/") in _STARTS:
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


def _words(part: str) -> list[str]:
    try:
        return shlex.split(part, comments=True)
    except ValueError:  # A quotation that a separator has cut in two: its beginning is enough.
        return shlex.split(part.replace('"', " ").replace("'", " "), comments=True)
