"""The page of coverage lists what the tests of this folder have just shown. Runs last."""

from services.scoring.domain.indicators.registry import ALL
from tests.indicator_coverage import CATALOGUE, PAGE, page, rows

REMEDY = "run `python -m tests.indicator_coverage` and look at the diff"


def test_the_whole_catalogue_is_there() -> None:
    assert sorted(CATALOGUE - {indicator.id for indicator in ALL}) == []


def test_every_indicator_is_shown_whole() -> None:
    assert [row for row in rows() if not row.is_complete] == []


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), REMEDY
