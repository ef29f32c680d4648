"""The generated pages of docs/reference are current."""

from pathlib import Path

import pytest

from tests.reference import settings
from tests.reference.pages import INDICATORS, PAGES

REMEDY = "run `python -m tests.reference` and read the diff"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), REMEDY


def test_no_page_of_indicators_is_left_over() -> None:
    assert set(INDICATORS.glob("*.md")) <= PAGES.keys(), REMEDY


def test_every_setting_describes_itself() -> None:
    assert settings.without_meaning() == []
