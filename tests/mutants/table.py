"""The safety lines, how each is broken, and the tests that must fail.

A line's old text must occur exactly once in its file (`tests/architecture/test_mutants.py`), so
the table cannot outlive the code. The tests are run in the order given until one fails.
"""

from tests.mutants import (
    approval_lines,
    data_lines,
    default_lines,
    delivery_lines,
    judgement_lines,
    kit_lines,
    people_lines,
    scoring_lines,
    service_lines,
)
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *kit_lines.LINES,
    *approval_lines.LINES,
    *scoring_lines.LINES,
    *judgement_lines.LINES,
    *default_lines.LINES,
    *service_lines.LINES,
    *data_lines.LINES,
    *people_lines.LINES,
    *delivery_lines.LINES,
)

__all__ = ["MUTANTS", "Mutant"]
