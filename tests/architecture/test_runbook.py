"""Each entry of the runbook is carried out by a test, or listed with the reason why by none."""

import re
from pathlib import Path

from tests.architecture.named import names_in

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "integration" / "scoring" / "test_runbook.py"
ENTRIES = re.findall(
    r"^##+ (.+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE
)
SECTIONS = {"Alerts", "Recurring work"}


def listed(part: str) -> dict[str, str]:
    """Return the entries of a part of the table, each with its text."""
    rows = re.findall(r"^- (.+?) →\s+(.+?)(?=\n- |\n\n|\Z)", part, flags=re.M | re.S)
    return {entry: text.strip() for entry, text in rows}


def parts() -> tuple[dict[str, str], dict[str, str]]:
    docstring = TABLE.read_text(encoding="utf-8").split('"""')[1]
    recoveries, others = docstring.split("Entries without a recovery of data:")
    return listed(recoveries.split("Recoveries:")[1]), listed(others)


def test_every_entry_of_the_runbook_is_listed_once() -> None:
    recoveries, others = parts()
    assert not recoveries.keys() & others.keys()
    assert {*recoveries, *others} == {*ENTRIES} - SECTIONS


def test_every_recovery_is_carried_out_by_a_test() -> None:
    recoveries, _ = parts()
    assert len(recoveries) >= 14
    for entry, named in recoveries.items():
        file, _, test = named.partition("::")
        assert test in names_in(ROOT / file), f"{entry}: {named}"
