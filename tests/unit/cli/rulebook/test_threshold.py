"""`tocsin rulebook threshold`: one indicator's amber threshold from a number of alerts."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.errors import CommandError
from services.cli.rulebook.commands import app
from services.scoring.adapters.rulebook_edits import with_amber
from services.scoring.adapters.rulebook_reader import RulebookError, path_of
from tests.fakes.wire_events import cloud_event

FIRM = {"segment": "SME", "reporting_currency": "EUR", "country": "DE"}
STATEMENT = {
    "statement_id": "S-1",
    "period_end": "2023-12-31",
    "period_months": 12,
    "received_date": "2024-01-10",
    "currency": "EUR",
    "total_assets": "1000",
}
# Four firms by their equity over total assets, in per mille.
EQUITY = (300, 200, 80, 60)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Four firms that file their accounts on 10 January 2024 and are observed for a year."""
    events: list[dict[str, Any]] = []
    for number, equity in enumerate(EQUITY):
        head = {"borrower": f"B-{number}"}
        registered = f"2024-01-10T0{number}:00:00Z"
        events.append(
            cloud_event("borrower.registered.v1", f"r-{number}", data=FIRM, time=registered, **head)
        )
        lines = STATEMENT | {"equity": str(equity)}
        filed = f"2024-01-10T1{number}:00:00Z"
        events.append(
            cloud_event("statement.received.v1", f"s-{number}", data=lines, time=filed, **head)
        )
    last = cloud_event(
        "borrower.registered.v1", "last", borrower="B-9", data=FIRM, time="2025-01-10T09:00:00Z"
    )
    file = tmp_path / "history.ndjson"
    in_order = sorted([*events, last], key=lambda event: event["time"])
    file.write_text("".join(json.dumps(event) + "\n" for event in in_order), encoding="utf-8")
    return file


def set_on(history: Path, alerts: str, *options: str, indicator: str = "F-08") -> Any:
    out = ["--out", str(history.with_name("draft.yaml")), "--warm-up", "0", "--json"]
    rulebook = ["--rulebook", "reference"]
    arguments = ["threshold", str(history), indicator, "--alerts", alerts]
    return CliRunner().invoke(app, [*arguments, *out, *rulebook, *options])


def test_the_mildest_threshold_within_the_number_of_alerts_is_written(history: Path) -> None:
    # One alert of four firms in a year is 0.25, two are 0.5, three are 0.75.
    result = set_on(history, "0.6", "--population", "four firms")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["amber"] == "<= 8 %"
    assert summary["alerts_per_healthy_year"] == pytest.approx(0.5, abs=0.01)
    draft = history.with_name("draft.yaml").read_text(encoding="utf-8")
    assert (
        "  # F-08 amber: 0.6 alerts a healthy borrower and year, 4 borrowers of four firms" in draft
    )
    assert 'amber: "<= 8 %", red: "< 5 %"' in draft


def test_only_borrowers_of_the_data_profile_are_counted(history: Path) -> None:
    result = set_on(history, "0.6", "--profile", "full")
    assert isinstance(result.exception, CommandError)
    assert "F-08 is measured for no healthy borrower" in result.exception.problem


def test_a_threshold_beyond_red_is_refused(history: Path) -> None:
    # No firm is at or below 5 %, but the worst one alone causes 0.25 alerts.
    result = set_on(history, "0.1")
    assert isinstance(result.exception, CommandError)
    assert "Allow more alerts" in result.exception.remedy


@pytest.mark.parametrize(
    ("indicator", "problem"),
    [("F-99", "has no indicator F-99"), ("F-07", "no amber threshold of one figure")],
)
def test_an_indicator_without_one_threshold_is_refused(
    history: Path, indicator: str, problem: str
) -> None:
    result = set_on(history, "0.6", indicator=indicator)
    assert isinstance(result.exception, CommandError)
    assert problem in result.exception.problem


def test_a_threshold_that_is_set_again_replaces_its_origin() -> None:
    text = path_of("reference").read_text(encoding="utf-8")
    once = with_amber(text, "F-08", "<= 8 %", "the first history")
    twice = with_amber(once, "F-08", "<= 9 %", "the second history")
    assert "the first history" not in twice
    assert twice.count("F-08 amber: ") == 1
    with pytest.raises(RulebookError, match="write it on one line"):
        with_amber("indicators:\n  F-08:\n    weight: 0.1\n", "F-08", "<= 8 %", "")
