"""Pages name a test for each invariant and each feature; every name must be a real test."""

import re
from pathlib import Path

import pytest

from tests.architecture.named import names_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
FEATURES = (ROOT / "docs" / "reference" / "features.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/.]+\.py)::(\w+)`")


@pytest.mark.parametrize("page", [PAGE, FEATURES], ids=["architecture", "features"])
def test_every_named_test_exists(page: str) -> None:
    named = NAMED.findall(page)
    assert named
    for file, test in named:
        assert test.startswith("test_"), f"{file}::{test}"
        assert test in names_in(ROOT / file), f"{file}::{test}"


def test_all_thirteen_invariants_are_listed() -> None:
    section = PAGE[PAGE.index("## Invariants") :]
    rows = re.findall(r"^\| (\d+) \|", section, flags=re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, 14))


def test_every_feature_that_exists_names_its_test() -> None:
    rows = [line.strip("|").split(" | ") for line in FEATURES.splitlines() if line.startswith("| ")]
    features = [row for row in rows if row[0].strip() != "feature"]
    assert features
    for name, answer, _how, tests in features:
        assert answer in {"yes", "partly", "no"}, name
        assert bool(NAMED.search(tests)) is (answer != "no"), name
