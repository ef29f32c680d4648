"""The vectors of the domain reference are reproduced, and the page that lists them is current."""

import pytest

from tests.architecture.named import names_in
from tests.vectors.page import PAGE, ROOT, VECTORS, document
from tests.vectors.rules import RULES, Proved
from tests.vectors.table import Vector


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.section}: {vector.given}")
def test_a_vector_is_reproduced(vector: Vector) -> None:
    assert vector.got == vector.expected


@pytest.mark.parametrize("proved", RULES, ids=lambda proved: proved.rule)
def test_every_rule_and_trap_of_counting_names_tests_that_exist(proved: Proved) -> None:
    assert proved.tests
    for file, test in proved.tests:
        assert test in names_in(ROOT / file), f"{file}::{test}"


def test_every_vector_is_listed_once() -> None:
    assert len({(vector.section, vector.given) for vector in VECTORS}) == len(VECTORS)


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run `python -m tests.vectors`"
