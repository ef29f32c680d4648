"""Figures as a reader of each language writes them."""

from datetime import date

import pytest

from services.wording.figures import Figures
from services.wording.messages import Language

ENGLISH, SPANISH, CHINESE = Language
DAY = date(2026, 11, 4).toordinal()


@pytest.mark.parametrize(
    ("language", "micro", "unit", "shown"),
    [
        (ENGLISH, 255_000, "ratio", "25.5 %"),
        (SPANISH, 255_000, "ratio", "25,5 %"),
        (CHINESE, 255_000, "ratio", "25.5%"),
        (ENGLISH, -12_000, "points", "-1.2 percentage points"),
        (SPANISH, -12_000, "points", "-1,2 puntos porcentuales"),
        (CHINESE, -12_000, "points", "-1.2个百分点"),
        (ENGLISH, -10_000, "points", "-1 percentage point"),
        (SPANISH, 10_000, "points", "1 punto porcentual"),
        (ENGLISH, 1_000_000, "days", "1 day"),
        (ENGLISH, 31_000_000, "days", "31 days"),
        (SPANISH, 1_000_000, "days", "1 día"),
        (SPANISH, 31_000_000, "days", "31 días"),
        (CHINESE, 31_000_000, "days", "31天"),
        (ENGLISH, 1_125_000, "number", "1.12"),
        (SPANISH, 3_000_000, "count", "3"),
        (ENGLISH, 12_000_000, "months", "12 months"),
    ],
)
def test_a_value_is_shown_with_its_unit(
    language: Language, micro: int, unit: str, shown: str
) -> None:
    assert Figures(language).value(micro, unit) == shown


@pytest.mark.parametrize(
    ("threshold", "harm", "way_out"),
    [
        ((">", 30_000_000), "more than 30 days", "30 days or less"),
        ((">=", 5_000_000), "5 days or more", "less than 5 days"),
        (("<", 5_000_000), "less than 5 days", "5 days or more"),
        (("<=", 5_000_000), "5 days or less", "more than 5 days"),
    ],
)
def test_the_way_out_is_the_other_side_of_a_threshold_equality_included(
    threshold: tuple[str, int], harm: str, way_out: str
) -> None:
    figures = Figures(ENGLISH)
    assert figures.threshold(*threshold, "days") == harm
    assert figures.beyond_harm(*threshold, "days") == way_out


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (ENGLISH, "4 November 2026"),
        (SPANISH, "4 de noviembre de 2026"),
        (CHINESE, "2026年11月4日"),
    ],
)
def test_a_date_is_written_out(language: Language, shown: str) -> None:
    assert Figures(language).day(DAY) == shown


def test_money_keeps_the_decimals_of_its_currency() -> None:
    assert Figures(ENGLISH).money(12_955_280, 2, "EUR") == "EUR 129,552.80"
    assert Figures(SPANISH).money(12_955_280, 2, "EUR") == "129.552,80 EUR"
    assert Figures(CHINESE).money(129_552, 0, "JPY") == "JPY 129,552"
