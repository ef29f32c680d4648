"""Writes docs/reference/vectors.md."""

from itertools import groupby
from operator import attrgetter
from pathlib import Path

from tests.vectors import days, models, scores
from tests.vectors.rules import RULES, Proved
from tests.vectors.table import Vector

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "vectors.md"
VECTORS = (*models.VECTORS, *scores.VECTORS, *days.VECTORS)
_INTRODUCTION = """# Vectors

What must come out, by hand, beside what comes out, by the code: the statement models, the score and
the counting of days against the vectors of the domain reference (its sections 3.5, 3.6 and 4.4),
with the reference rulebook. Then the test of each rule and of each trap of counting. The page is
made by `python -m tests.vectors`; a test compares it with the code, and each pair with each other.
"""


def document() -> str:
    """Return docs/reference/vectors.md."""
    agreed = sum(vector.expected == vector.got for vector in VECTORS)
    lines = [_INTRODUCTION, f"{agreed} of {len(VECTORS)} vectors agree."]
    for section, vectors in groupby(VECTORS, attrgetter("section")):
        lines += ["", f"## {section}", "", "| given | expected | got | |", "|---|---|---|---|"]
        lines += [_row(vector) for vector in vectors]
    for section, rules in groupby(RULES, attrgetter("section")):
        lines += ["", f"## {section}", "", "| rule | tests |", "|---|---|"]
        lines += [_proof(rule) for rule in rules]
    return "\n".join([*lines, ""])


def _row(vector: Vector) -> str:
    got = vector.got
    verdict = "agrees" if got == vector.expected else "**differs**"
    return f"| {vector.given} | {vector.expected} | {got} | {verdict} |"


def _proof(proved: Proved) -> str:
    tests = "<br>".join(f"`{file.rpartition('/')[2]}::{test}`" for file, test in proved.tests)
    return f"| {proved.rule} | {tests} |"
