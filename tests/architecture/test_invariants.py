"""The page on architecture names a test for each invariant; every name must be a real test."""

import re
from pathlib import Path

from tests.architecture.named import names_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/.]+\.py)::(\w+)`", PAGE)


def test_every_named_test_exists() -> None:
    assert NAMED
    for file, test in NAMED:
        assert test in names_in(ROOT / file), f"{file}::{test}"


def test_all_thirteen_invariants_are_listed() -> None:
    section = PAGE[PAGE.index("## Invariants") :]
    rows = re.findall(r"^\| (\d+) \|", section, flags=re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, 14))
