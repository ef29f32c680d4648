"""`tocsin rulebook diff` and `what-if` on a history small enough to count by hand.

Two borrowers with a loan of which one instalment of 1,000.00 is due on 10 January 2024. LATE never
pays: it is 31 days past due at the close of 10 February. GOOD pays on the day.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from services.cli.errors import CommandError
from services.cli.rulebook import what_if
from services.cli.rulebook.commands import app
from tests.fakes.wire_events import cloud_event

LATE, GOOD = "B-LATE", "B-GOOD"
DUE, LAST = "2024-01-10", "2024-03-20"


def event(number: str, kind: str, subject: str, time: str, **data: Any) -> dict[str, Any]:
    return cloud_event(kind, number, borrower=subject, data=data, time=time, source="core")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    events = []
    for number, borrower in enumerate((LATE, GOOD)):
        profile = {"segment": "SME", "reporting_currency": "EUR", "country": "DE"}
        loan = {"loan_id": f"L-{number}", "currency": "EUR"}
        instalment = {
            "instalment_no": 1,
            "due_date": DUE,
            "due_principal": "1000.00",
            "due_interest": "0.00",
            "due_fees": "0.00",
        }
        start = f"2024-01-02T0{number}:0"
        events += [
            event(
                f"r-{number}",
                "borrower.registered.v1",
                borrower,
                f"{start}0:00Z",
                officer_id=f"officer-{number}",
                **profile,
            ),
            event(
                f"l-{number}",
                "loan.booked.v1",
                borrower,
                f"{start}1:00Z",
                type="TERM",
                principal="1000.00",
                start_date="2024-01-02",
                **loan,
            ),
            event(
                f"s-{number}",
                "schedule.published.v1",
                borrower,
                f"{start}2:00Z",
                schedule_version=1,
                instalments=[instalment],
                **loan,
            ),
        ]
    paid = {"paid_amount": "1000.00", "currency": "EUR", "value_date": DUE, "channel": "DEBIT"}
    events.append(
        event("p-1", "repayment.posted.v1", GOOD, f"{DUE}T09:00:00Z", loan_id="L-1", **paid)
    )
    file = tmp_path / "history.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in events), encoding="utf-8")
    return file


@pytest.fixture
def books(tmp_path: Path) -> tuple[Path, Path]:
    """Return what runs now (WATCH beyond 30 days past due) and a draft (WATCH beyond 60)."""
    found = []
    for version, limit in (("1", 30), ("2", 60)):
        document = {
            "rulebook": "mine",
            "version": version,
            "cuts": {
                "*": {
                    "attention": 80,
                    "watch": 90,
                    "high_risk": 100,
                    "attention_exit": 14,
                    "watch_exit": 30,
                    "high_risk_exit": 55,
                }
            },
            "states": {
                "entry": [{"id": "late", "to": "WATCH", "any_of": [f"R-01 > {limit} d"]}],
                "exit": [],
            },
            "indicators": {"R-01": {"weight": "0.5", "amber": ">= 5 d", "red": "> 30 d"}},
        }
        file = tmp_path / f"{version}.yaml"
        file.write_text(yaml.safe_dump(document), encoding="utf-8")
        found.append(file)
    return found[0], found[1]


def called(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(app, [str(one) for one in (*arguments, "--json")])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_a_diff_is_told_in_words(books: tuple[Path, Path]) -> None:
    found = called("diff", *books)
    assert (found["from"], found["to"]) == ("mine 1", "mine 2")
    assert [one["sentence"] for one in found["differences"]] == [
        "Entry rule late: tests change from 1 of R-01 > 30 d to 1 of R-01 > 60 d"
    ]


def test_a_milder_draft_is_seen_to_warn_later(history: Path, books: tuple[Path, Path]) -> None:
    running, draft = books
    found = called(
        "what-if", history, "--draft", draft, "--against", running, "--until", "2024-02-29"
    )
    assert found["changed"] == {LATE: {"against": "WATCH", "draft": "NORMAL"}}
    assert found["ended_in_another_state"] == found["ever_in_another_state"] == 1
    assert found["moves"] == [{"against": "WATCH", "draft": "NORMAL", "borrowers": 1}]
    assert found["against"]["alerts_by_state"]["WATCH"] == 1
    assert found["draft"]["alerts"] == 0


def test_alerts_are_counted_by_officer_and_week(history: Path, books: tuple[Path, Path]) -> None:
    running, draft = books
    found = called("what-if", history, "--draft", draft, "--against", running, "--until", LAST)
    # 2 January to 20 March 2024 are 79 days; one alert for two officers.
    assert found["against"]["weeks"] == pytest.approx(79 / 7, abs=0.01)
    assert found["against"]["officers"] == 2
    expected = 1 / 2 / (79 / 7)
    assert found["against"]["alerts_per_officer_week"] == pytest.approx(expected, abs=1e-4)
    assert found["against"]["busiest_officer"] == "officer-0"


def test_no_alert_opens_where_no_money_is_at_risk(history: Path, books: tuple[Path, Path]) -> None:
    decision = {
        "override_id": "OV-1",
        "kind": "TIGHTEN",
        "reason": "Press reports.",
        "proposed_by": "O-1",
        "approved_by": ["O-2"],
        "effective_date": "2024-02-01",
        "state": "WATCH",
        "expires_date": "2024-06-30",
    }
    profile = {"segment": "SME", "reporting_currency": "EUR", "country": "DE"}
    events = [
        event("r-9", "borrower.registered.v1", "B-9", "2024-02-01T01:00:00Z", **profile),
        cloud_event(
            *("override.approved.v1", "o-9"),
            borrower="B-9",
            data=decision,
            time="2024-02-01T02:00:00Z",
            source="core",
        ),
    ]
    history.write_text("".join(json.dumps(each) + "\n" for each in events), encoding="utf-8")
    found = called("what-if", history, "--draft", books[1], "--against", books[0])
    assert (found["draft"]["alerts"], found["changed"]) == (0, {})


def test_lead_time_and_precision_follow_the_labels(
    history: Path, books: tuple[Path, Path], tmp_path: Path
) -> None:
    running, draft = books
    labels = tmp_path / "labels.csv"
    labels.write_text(f"borrower_id,event_date\n{LATE},{LAST}\n{GOOD},\n", encoding="utf-8")
    found = called(
        *("what-if", history, "--draft", draft, "--against", running),
        *("--until", LAST, "--labels", labels),
    )
    # Beyond 30 days past due at the close of 10 February, beyond 60 at that of 11 March.
    before, after = (found[side]["outcomes"]["WATCH"] for side in ("against", "draft"))
    assert (before["precision"], before["recall"], before["lead_days"][1]) == (1, 1, 39)
    assert (after["precision"], after["recall"], after["lead_days"][1]) == (1, 1, 9)
    assert found["ended_in_another_state"] == 0
    assert found["ever_in_another_state"] == 1


def test_labels_of_other_people_are_refused(
    history: Path, books: tuple[Path, Path], tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("borrower_id,event_date\nB-404,\n", encoding="utf-8")
    arguments = ["what-if", str(history), "--draft", str(books[1]), "--labels", str(labels)]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, CommandError)
    assert "Check that the borrower ids agree" in result.exception.remedy


def test_one_history_is_needed_and_no_more(history: Path) -> None:
    for arguments in (["--draft", "reference"], [str(history), "--ledger", "--draft", "reference"]):
        result = CliRunner().invoke(app, ["what-if", *arguments])
        assert isinstance(result.exception, CommandError)
        assert "--ledger" in result.exception.remedy


def test_until_leaves_out_what_came_later_on_both_sides(
    history: Path, books: tuple[Path, Path]
) -> None:
    running, draft = books
    found = called(
        "what-if", history, "--draft", draft, "--against", running, "--until", "2024-01-09"
    )
    # 2 to 9 January 2024 are 8 days; the payment of the 10th comes after them.
    assert (found["against"]["weeks"], found["draft"]["weeks"]) == (1.14, 1.14)


def test_until_ends_the_ledger_early_on_both_sides(
    history: Path, books: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "ledger_file", lambda _: history.open("rb"))
    monkeypatch.setenv("TOCSIN_KAFKA_BOOTSTRAP", "localhost:1")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://localhost:1/none")
    running, draft = books
    found = called(
        "what-if", "--ledger", "--draft", draft, "--against", running, "--until", "2024-01-09"
    )
    assert (found["against"]["weeks"], found["draft"]["weeks"]) == (1.14, 1.14)
