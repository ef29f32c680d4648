"""The pages of docs/reference that are made from the code are what the code says today."""

from pathlib import Path

import pytest

from tests.reference import settings
from tests.reference.pages import PAGES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_current(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert written == PAGES[path](), "run `python -m tests.reference` and read the diff"


def test_every_setting_describes_itself() -> None:
    assert settings.without_meaning() == []
