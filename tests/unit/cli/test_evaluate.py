"""The command: what it refuses, with line and field, and what it leaves out."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import build

HEADER = "borrower_id,event_date\n"


def line(borrower: str, day: str, score: str = "10", **more: object) -> str:
    row = {"borrower_id": borrower, "as_of": day, "state": "NORMAL", "score": score, **more}
    return json.dumps(row) + "\n"


def run(tmp_path: Path, rows: str, labels: str, *options: str) -> tuple[int, str, str]:
    (tmp_path / "rows.ndjson").write_text(rows)
    (tmp_path / "labels.csv").write_text(labels)
    arguments = ["evaluate", str(tmp_path / "rows.ndjson"), str(tmp_path / "labels.csv"), *options]
    result = CliRunner().invoke(build(arguments), arguments)
    words = str(result.exception) if result.exception else ""
    return result.exit_code, result.stdout, words


def test_a_ranking_of_two_borrowers(tmp_path: Path) -> None:
    rows = line("A", "2026-01-31", "80") + line("B", "2026-01-31", "20")
    code, out, _ = run(tmp_path, rows, HEADER + "A,2026-06-30\nB,\n", "--json")
    found = json.loads(out.splitlines()[-1])
    assert code == 0
    assert found["ranking"]["auc"] == 1.0
    assert (found["borrowers"], found["events"]) == (2, 1)


def test_an_assessment_of_the_day_of_the_event_never_counts(tmp_path: Path) -> None:
    rows = line("A", "2026-06-30", "99") + line("B", "2026-01-31", "20")
    _, out, _ = run(tmp_path, rows, HEADER + "A,2026-06-30\nB,\n", "--json")
    assert json.loads(out.splitlines()[-1])["borrowers"] == 1


def test_an_event_beyond_the_horizon_is_not_yet_one(tmp_path: Path) -> None:
    rows = line("A", "2026-01-31", "80") + line("B", "2026-01-31", "20")
    labels = HEADER + "A,2026-06-30\nB,\n"
    _, out, _ = run(tmp_path, rows, labels, "--json", "--horizon", "90")
    assert json.loads(out.splitlines()[-1])["ranking"]["failing_rows"] == 0


@pytest.mark.parametrize(
    ("rows", "labels", "words"),
    [
        ("{}\n", HEADER + "A,\n", "rows.ndjson line 1: Object missing required field"),
        (
            line("A", "2026-01-31").replace("2026-01-31", "soon"),
            HEADER + "A,\n",
            "$.as_of",
        ),
        (line("A", "2026-01-31"), HEADER + "A,31.12.2026\n", "labels.csv line 2: event_date"),
        (line("A", "2026-01-31"), "id,day\n", "labels.csv line 1: the header is id,day"),
        (line("A", "2026-01-31"), HEADER + "A,\nA,2026-01-01\n", "line 3: A has another"),
        (line("A", "2026-01-31"), HEADER + "B,\n", "No assessment"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, rows: str, labels: str, words: str) -> None:
    code, _, said = run(tmp_path, rows, labels)
    assert code != 0
    assert words in said
