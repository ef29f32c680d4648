"""The table of safety lines fits the code: every line it removes stands there exactly once."""

from pathlib import Path

import pytest

from tests.mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_safety_line_is_where_the_table_says(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.old != mutant.new
    for tests in mutant.tests:
        file, _, function = tests.partition("::")
        assert (ROOT / file).exists(), tests
        assert f"def {function}" in (ROOT / file).read_text("utf-8") if function else True


def test_there_are_enough_of_them_and_each_has_its_own_name() -> None:
    assert len(MUTANTS) >= 20
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
