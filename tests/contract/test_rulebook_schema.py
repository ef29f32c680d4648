"""The JSON Schema of a rulebook refuses what the reader refuses."""

from dataclasses import asdict
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.scoring.adapters.rulebook_reader import compile_rulebook, read_document
from services.scoring.domain.rulebook.policy import StatePolicy
from services.scoring.domain.rulebook.rulebook import Counting, Materiality, Tolerance
from tests.reference.rulebook import schema

CURRENT = schema()
VALIDATOR = Draft202012Validator(CURRENT)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(CURRENT)


def test_what_is_left_out_is_as_in_the_domain() -> None:
    document = read_document("reference")
    for name in ("tolerance", "materiality", "counting"):
        document.pop(name, None)
    document["states"] = {}
    rulebook = compile_rulebook(document, origin="test")
    assert rulebook.tolerance == Tolerance()
    assert rulebook.materiality == Materiality()
    assert rulebook.counting == Counting()
    assert asdict(rulebook.policy) == asdict(StatePolicy(entries=(), exits=()))


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        ("indicators", {"R-99": {"weight": 0.1, "amber": ">= 1"}}),
        ("indicators", {"R-01": {"weight": 0.1, "amber": ">= 5"}}),
        ("indicators", {"R-01": {"weight": 0.1, "amber": ">= 5 d", "knots": {"5": 0}}}),
        ("indicators", {"R-01": {"weight": 2, "amber": ">= 5 d"}}),
        ("indicators", {"R-01": {"amber": ">= 5 d"}}),
        ("indicators", {"F-04": {"weight": 0.1, "components": {"decades": {"red": ">= 2"}}}}),
        ("indicators", {"F-04": {"weight": 0.1, "components": {"years": {"red": ">= 2 d"}}}}),
        ("cuts", {"SMALL": {}}),
        ("cuts", {"SME everything": {}}),
        ("inspections", {"*": {"CLOSED": 3}}),
        ("overlays", [{"name": "for nobody"}]),
        ("states", {"exit": [{"id": "x", "from": "WATCH", "to": "DOOMED"}]}),
        ("states", {"entry": [{"id": "x", "to": "WATCH", "score": "yes"}]}),
    ],
)
def test_an_editor_marks_what_the_reader_refuses(part: str, entry: Any) -> None:
    document = read_document("reference")
    document[part] = {**document.get(part, {}), **entry} if isinstance(entry, dict) else entry
    assert list(VALIDATOR.iter_errors(document)) != []
