"""Measures the language of the project: `python -m tests.architecture.words [PATH ...]`.

Reads docstrings, comments and identifiers of Python files and the text of Markdown pages, and lists
what the rules of CONTRIBUTING.md ("How it reads") do not allow. Without a path it reads everything.
"""

import ast
import io
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("services", "lab", "deploy")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs")
# Measuring diaries quote what was printed at the time.
NOT_READ = ("docs/lab-notes", "docs/site")

FORBIDDEN_WORDS = frozenset({"said", "told", "heard", "anew", "afresh"})
FORBIDDEN_NAMES = frozenset({"one", "found", "place", "kept", "told"})
METAPHORS = re.compile(
    r"\b(?:tell(?:s|ing)?|say(?:s|ing)?|hear(?:s|ing)?|ask(?:s|ed|ing)?|look(?:s|ed|ing)?"
    r"|know(?:s|ing)?|knew|stand(?:s|ing)?|stood|hold(?:s|ing)?|held|keep(?:s|ing)?"
    r"|put(?:s|ting)? right|made small|(?:is|are|was|be) away|by (?:it|them)self|by themselves"
    r"|beside|so many|whatever)\b",
    re.IGNORECASE,
)
MOST_METAPHORS_PER_1000_WORDS = 3.0
# "Asks for confirmation" is what a dialogue does; "does not hold" is what a condition does.
PLAIN_ENGLISH = re.compile(
    r"\b(?:ask(?:s|ed|ing)? for confirmation|(?:does not|no longer) hold|holds? for|long-standing"
    r"|keep-alive|with(?:hold|held))\b",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
CODE_IN_PAGE = re.compile(r"```.*?```|`[^`\n]*`|^(?:    |\t).*?$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule."""

    path: str
    line: int
    rule: str
    text: str


@dataclass
class Prose:
    """The running text of one file, line by line."""

    path: str
    lines: list[tuple[int, str]]

    def words(self) -> int:
        """Count the words."""
        return sum(len(WORD.findall(text)) for _, text in self.lines)

    def forbidden(self) -> Iterator[Finding]:
        """Yield each use of a word that is never used."""
        for line, text in self.lines:
            for word in WORD.findall(text):
                if word.lower() in FORBIDDEN_WORDS:
                    yield Finding(self.path, line, "forbidden word", word)

    def metaphors(self) -> Iterator[Finding]:
        """Yield each use of a verb that is a metaphor in code."""
        for line, text in self.lines:
            for match in METAPHORS.finditer(PLAIN_ENGLISH.sub("", text)):
                yield Finding(self.path, line, "metaphor", match[0])


def code_files(paths: Iterable[Path]) -> list[Path]:
    """Return the Python files under the paths."""
    return [file for path in paths for file in _files(path, ".py")]


def pages(paths: Iterable[Path]) -> list[Path]:
    """Return the Markdown pages under the paths, without the diaries."""
    return [file for path in paths for file in _files(path, ".md")]


def _files(path: Path, suffix: str) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob(f"*{suffix}"))
    return [
        file for file in files if file.suffix == suffix and not relative(file).startswith(NOT_READ)
    ]


def relative(path: Path) -> str:
    """Return a path as the project writes it."""
    return path.resolve().relative_to(ROOT).as_posix()


def prose_of_code(path: Path) -> Prose:
    """Return the docstrings and comments of a Python file."""
    source = path.read_text(encoding="utf-8")
    lines = [
        (token.start[0], token.string.lstrip("# "))
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                lines += [
                    (node.lineno + number, line) for number, line in enumerate(text.splitlines())
                ]
    return Prose(relative(path), lines)


def prose_of_page(path: Path) -> Prose:
    """Return the text of a Markdown page without its code."""
    text = CODE_IN_PAGE.sub(
        lambda match: "\n" * match[0].count("\n"), path.read_text(encoding="utf-8")
    )
    return Prose(relative(path), list(enumerate(text.splitlines(), start=1)))


def names_of(path: Path) -> Iterator[Finding]:
    """Yield each name that a file defines and that says nothing about the thing it names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for line, name in sorted(set(_defined_names(tree))):
        parts = {part.lower() for part in NAME_PART.findall(name)}
        if name in FORBIDDEN_NAMES or parts & FORBIDDEN_WORDS:
            yield Finding(relative(path), line, "forbidden name", name)


def _defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def classes_defined_twice(files: Iterable[Path]) -> dict[str, list[str]]:
    """Return the class names that more than one file defines; row types of adapters may recur."""
    places = defaultdict[str, set[str]](set)
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_row = isinstance(node, ast.ClassDef) and node.name.endswith("Row")
            if isinstance(node, ast.ClassDef) and not (is_row and "adapters" in path.parts):
                places[node.name].add(f"{relative(path)}:{node.lineno}")
    return {name: sorted(where) for name, where in sorted(places.items()) if len(where) > 1}


def main(arguments: list[str]) -> int:
    """Print the findings and the rates; 1 if anything breaks a rule."""
    paths = [Path(each).resolve() for each in arguments]
    code = code_files(paths or [ROOT / each for each in CODE])
    prose = [prose_of_code(path) for path in code]
    prose += [prose_of_page(path) for path in pages(paths or [ROOT / each for each in PAGES])]
    findings = [each for text in prose for each in text.forbidden()]
    findings += [each for path in code for each in names_of(path)]
    metaphors = [each for text in prose for each in text.metaphors()]
    words = sum(text.words() for text in prose)
    twice = classes_defined_twice(code)
    for each in findings + metaphors:
        print(f"{each.path}:{each.line}: {each.rule}: {each.text}")
    for name, where in twice.items():
        print(f"class {name} is defined {len(where)} times: {', '.join(where)}")
    rate = 1000 * len(metaphors) / max(1, words)
    print(
        f"{words:,} words; {dict(Counter(each.rule for each in findings))}; {len(metaphors)} "
        f"metaphors, {rate:.1f} per 1,000 words; {len(twice)} class names defined twice"
    )
    return int(bool(findings or twice or rate > MOST_METAPHORS_PER_1000_WORDS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
