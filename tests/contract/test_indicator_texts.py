"""The texts about indicators fit their declarations, and worked numbers are right."""

import pytest

from services.scoring.domain.indicators.registry import ALL, BY_ID
from services.scoring.domain.primitives.measurement import Unit
from services.wording.indicator_texts import read_texts
from tests.reference import indicators


def test_each_indicator_is_explained_and_nothing_else() -> None:
    assert read_texts().keys() == BY_ID.keys()


@pytest.mark.parametrize("indicator", [indicator.id for indicator in ALL])
def test_an_example_names_a_figure_of_its_indicator(indicator: str) -> None:
    example = read_texts()[indicator].example
    assert example["component"] in {component.name for component in BY_ID[indicator].components}


def test_a_worked_number_is_judged_as_the_catalogue_prints_it() -> None:
    page = indicators.pages()["repayment.md"]()
    # R-03 with 2 of 6: amber, intensity 0.4, weight 0.25: 0.1 (domain 3.6's worked example).
    assert "amber in `reference` (intensity 0.4 × weight 0.25 = 0.1)" in page


def test_each_yes_no_figure_says_which_facts_make_it_amber_red_or_hard() -> None:
    texts = read_texts()
    for indicator in ALL:
        declared = {
            component.name for component in indicator.components if component.unit is Unit.FLAG
        }
        assert texts[indicator.id].flags.keys() == declared, indicator.id
        for levels in texts[indicator.id].flags.values():
            assert levels
            assert levels.keys() <= {"amber", "red", "hard"}
