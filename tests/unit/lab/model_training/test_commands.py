"""`tocsin model`: from assessments with known outcomes to a draft rulebook that carries the PD."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lab.model_training.commands import app
from services.cli.errors import CommandError
from services.scoring.adapters.rulebook_reader import load_rulebook

# Read once: reading a rulebook takes long.
VERSION = load_rulebook("reference").version


def line(number: int, *, late: bool, day: str, cause: str = "day.closed.v1") -> dict[str, Any]:
    """One assessment, with an intensity of R-01 and of a signal that tells nothing."""
    return {
        "borrower_id": f"B-{number}",
        "as_of": day,
        "cause": cause,
        "state": "WATCH" if late else "NORMAL",
        "score": "45.00" if late else "5.00",
        "segment": "SME",
        "indicators": {
            "R-01": {"status": "measured", "intensity": "0.8000" if late else "0.0000"},
            "A-01": {"status": "measured", "intensity": f"0.{number % 2}000"},
        },
        "rulebook": "reference",
        "rulebook_version": VERSION,
    }


@pytest.fixture
def history(tmp_path: Path) -> tuple[str, str]:
    """200 borrowers at a month's close: of 40 who are late 30 fail, of 160 others 8."""
    lines, labels = [], ["borrower_id,event_date"]
    for number in range(200):
        late = number < 40
        lines.append(json.dumps(line(number, late=late, day="2024-03-31")))
        failed = number < 30 if late else number >= 192
        labels.append(f"B-{number},{'2024-09-30' if failed else ''}")
    assessments, outcomes = tmp_path / "assessments.ndjson", tmp_path / "labels.csv"
    assessments.write_text("\n".join(lines) + "\n")
    outcomes.write_text("\n".join(labels) + "\n")
    return str(assessments), str(outcomes)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, CommandError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def trained(history: tuple[str, str], out: Path, version: str = "1") -> dict[str, Any]:
    run("train", *history, "--out", str(out), "--name", "firms", "--version", version)
    document: dict[str, Any] = json.loads(out.read_text())
    return document


def test_training_writes_monotone_points_and_the_distribution_they_were_made_on(
    history: tuple[str, str], tmp_path: Path
) -> None:
    document = trained(history, tmp_path / "model.json")
    (feature,) = document["features"]
    assert feature["indicator"] == "R-01"
    assert feature["edges"] == [0.8]
    assert feature["points"][0] < 0 < feature["points"][1]
    # Nobody is not measured, 160 of 200 are quiet, 40 speak; the score in the same two parts.
    assert feature["expected"] == [0.0, 0.8, 0.2]
    assert document["score_edges"] == [45.0]
    assert document["score_expected"] == [0.8, 0.2]
    assert document["training"]["reference"] == "month closes"
    assert document["training"]["share_failing"] == 0.19


def test_a_row_whose_horizon_is_not_over_is_no_proof_of_health(
    history: tuple[str, str], tmp_path: Path
) -> None:
    arguments = ("train", *history, "--out", str(tmp_path / "model.json"))
    # From 31 March 2024, 365 days end on 31 March 2025.
    run(*arguments, "--outcomes-until", "2025-03-31")
    with pytest.raises(CommandError, match="No assessment counts"):
        run(*arguments, "--outcomes-until", "2025-03-30")


def test_a_model_is_attached_to_a_draft_and_a_challenger_beside_it(
    history: tuple[str, str], tmp_path: Path
) -> None:
    model, draft, second = (tmp_path / name for name in ("m.json", "a.yaml", "b.yaml"))
    trained(history, model)
    shown = run(
        "attach", str(model), "--rulebook", "reference", "--version", "2", "--out", str(draft)
    )
    assert "PD champion is added (model firms 1" in shown.stdout
    trained(history, model, version="2")
    run(
        *("attach", str(model), "--as", "challenger", "--rulebook", str(draft)),
        *("--version", "3", "--out", str(second)),
    )
    rulebook = load_rulebook(str(second))
    assert rulebook.version == "3"
    assert [one.version for one in rulebook.models] == ["1", "2"]


def test_a_draft_needs_a_version_of_its_own(history: tuple[str, str], tmp_path: Path) -> None:
    model = tmp_path / "m.json"
    trained(history, model)
    version = load_rulebook("reference").version
    arguments = ("--version", version, "--out", str(tmp_path / "a.yaml"))
    with pytest.raises(CommandError, match="exists already"):
        run("attach", str(model), "--rulebook", "reference", *arguments)


def test_a_model_does_not_go_to_a_rulebook_that_judges_otherwise(
    history: tuple[str, str], tmp_path: Path
) -> None:
    model = tmp_path / "m.json"
    trained(history, model)
    arguments = ("--version", "2", "--out", str(tmp_path / "a.yaml"))
    with pytest.raises(CommandError, match="R-01 Days past due is judged differently"):
        run("attach", str(model), "--rulebook", "default", *arguments)
    assert not (tmp_path / "a.yaml").exists()


def test_the_same_population_has_no_drift(history: tuple[str, str], tmp_path: Path) -> None:
    model = tmp_path / "m.json"
    trained(history, model)
    shown = run("drift", str(model), history[0], "--json")
    told = json.loads(shown.stdout.splitlines()[-1])
    assert told["psi"] == {"score": 0, "pd": 0, "R-01": 0}
    assert told["rows"] == 200


def test_assessments_of_a_rulebook_that_does_not_ship_need_its_file(
    history: tuple[str, str], tmp_path: Path
) -> None:
    file = Path(history[0])
    file.write_text(file.read_text().replace('"reference"', '"ours"'))
    with pytest.raises(CommandError, match="which does not ship"):
        run("train", *history, "--out", str(tmp_path / "m.json"))
