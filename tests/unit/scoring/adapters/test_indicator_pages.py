"""docs/reference/indicators/ is what the declarations, the texts and the rulebooks say."""

from pathlib import Path

import pytest

from services.scoring.adapters.indicator_pages import pages, read_texts
from services.scoring.domain.indicators.registry import ALL, BY_ID
from services.scoring.domain.primitives.measurement import Unit

# Not the constant of the module: a compiled copy of it has no pages beside it.
PAGES = Path(__file__).resolve().parents[4] / "docs" / "reference" / "indicators"
REMEDY = "run `python -m services.scoring.adapters.indicator_pages` and look at the diff"
CURRENT = pages()


@pytest.mark.parametrize("name", CURRENT)
def test_a_page_is_current(name: str) -> None:
    assert (PAGES / name).read_text(encoding="utf-8") == CURRENT[name], REMEDY


def test_no_page_is_left_over() -> None:
    assert {path.name for path in PAGES.glob("*.md")} == set(CURRENT), REMEDY


def test_each_indicator_is_explained_and_nothing_else() -> None:
    assert read_texts().keys() == BY_ID.keys()


@pytest.mark.parametrize("indicator", [one.id for one in ALL])
def test_an_example_names_a_figure_of_its_indicator(indicator: str) -> None:
    example = read_texts()[indicator].example
    assert example["component"] in {component.name for component in BY_ID[indicator].components}


def test_a_worked_number_is_judged_as_the_catalogue_prints_it() -> None:
    # R-03 with 2 of 6: amber, intensity 0.4, weight 0.25: 0.1 (domain 3.6's worked example).
    assert "amber in `reference` (intensity 0.4 × weight 0.25 = 0.1)" in CURRENT["repayment.md"]


def test_each_yes_no_figure_says_which_facts_make_it_amber_red_or_hard() -> None:
    texts = read_texts()
    for one in ALL:
        declared = {component.name for component in one.components if component.unit is Unit.FLAG}
        assert texts[one.id].flags.keys() == declared, one.id
        for levels in texts[one.id].flags.values():
            assert levels
            assert levels.keys() <= {"amber", "red", "hard"}
