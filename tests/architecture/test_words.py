"""The project speaks the field's language: CONTRIBUTING.md, "How it reads"; measured by `words`."""

from pathlib import Path

import pytest

from tests.architecture import words

# Two classes of one name that are meant to be two: none.
SAME_NAME_ON_PURPOSE: frozenset[str] = frozenset()

CODE = words.code_files(words.ROOT / each for each in words.CODE)
PROSE = [words.prose_of_code(path) for path in CODE] + [
    words.prose_of_page(path) for path in words.pages(words.ROOT / each for each in words.PAGES)
]


def test_no_forbidden_word_in_prose() -> None:
    assert [finding for prose in PROSE for finding in prose.forbidden()] == []


def test_no_name_that_names_nothing() -> None:
    assert [finding for path in CODE for finding in words.names_of(path)] == []


def test_metaphors_are_rare() -> None:
    metaphors = [finding for prose in PROSE for finding in prose.metaphors()]
    total = sum(prose.words() for prose in PROSE)
    assert 1000 * len(metaphors) <= words.MOST_METAPHORS_PER_1000_WORDS * total, metaphors


def test_one_name_is_one_class() -> None:
    twice = words.classes_defined_twice(CODE)
    assert {name: at for name, at in twice.items() if name not in SAME_NAME_ON_PURPOSE} == {}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(words, "ROOT", tmp_path.resolve())
    return tmp_path / "module.py"


def test_the_measure_sees_what_it_is_for(module: Path) -> None:
    module.write_text(
        '"""Tells the owner what was said."""\n\n'
        "# Looks after the rest; asks for confirmation.\n"
        "found = [one for one in ()]\n\n\n"
        "class Told:\n    pass\n",
        encoding="utf-8",
    )
    prose = words.prose_of_code(module)
    assert [each.text for each in prose.forbidden()] == ["said"]
    assert [each.text for each in prose.metaphors()] == ["Looks", "Tells"]
    assert [each.text for each in words.names_of(module)] == ["found", "one", "Told"]


def test_code_on_a_page_is_no_prose(module: Path) -> None:
    page = module.with_suffix(".md")
    page.write_text("It tells.\n\n```sh\ntell me\n```\n\nRun `say`.\n", encoding="utf-8")
    assert [each.text for each in words.prose_of_page(page).metaphors()] == ["tells"]
