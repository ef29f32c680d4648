"""`tocsin people`: check lists every fault, diff what changes and who decides it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.errors import CommandError
from services.cli.people import app
from tests.fakes.directory_example import example


def test_check_counts_what_a_directory_has(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(example(), encoding="utf-8")
    answer = CliRunner().invoke(app, ["check", str(file), "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.stdout.splitlines()[-1]) == {
        "people": 5,
        "queues": 4,
        "teams": 1,
        "branches": 2,
        "calendars": 2,
        "usable": True,
    }


def test_check_lists_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(example().replace("lead: sam", "lead: smith"), encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        CliRunner().invoke(app, ["check", str(file)], catch_exceptions=False)
    fault = "there is no person smith; add it under people, or correct the id"
    assert caught.value.problem.splitlines()[1:] == [
        f"  queues.credit-desk.lead: {fault}",
        f"  teams.berlin.lead: {fault}",
    ]


def test_diff_names_what_needs_a_second_person(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(example(), encoding="utf-8")
    edited = example().replace("language: es", "language: zh").replace("[ben]", "[ben, sam]")
    new.write_text(edited, encoding="utf-8")
    answer = CliRunner().invoke(app, ["diff", str(new), "--against", str(old)])
    assert answer.stdout.splitlines() == [
        'people.ana.language: "es" -> "zh" (one person)',
        'people.ana.substitutes: ["ben"] -> ["ben", "sam"] (two people)',
    ]


def test_check_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        CliRunner().invoke(app, ["check", str(tmp_path / "none")], catch_exceptions=False)
