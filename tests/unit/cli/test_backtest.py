"""`tocsin backtest` on a simulated slice: every scenario has its line, and nobody is lost."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab.simulator import canonical, outcome_file
from lab.simulator.portfolio import Portfolio, Setup
from services.cli.errors import CommandError
from services.cli.main import build
from services.cli.outcome_files import read_outcomes
from tests.fakes import wire_events

BORROWERS, DAYS = 12, 60


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("bank")
    portfolio = Portfolio(Setup(seed=3, borrowers=BORROWERS, days=DAYS))
    events, labels = folder / "bank.ndjson", folder / "bank.labels.csv"
    with events.open("wb") as file:
        for _, booked in portfolio.simulate():
            file.writelines(canonical.encode(event) + b"\n" for event in booked)
    outcome_file.write(labels, portfolio.outcomes())
    return events, labels


def backtest(*arguments: str) -> Any:
    command = ["backtest", *arguments, "--json"]
    result = CliRunner().invoke(build(command), command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_every_borrower_and_every_scenario_is_counted(bank: tuple[Path, Path]) -> None:
    found = backtest(*map(str, bank))
    assert found["all"]["borrowers"] == BORROWERS
    with bank[1].open(encoding="utf-8") as file:
        scenarios = {row["scenario"] for row in csv.DictReader(file)}
    assert set(found["groups"]) == scenarios
    for groups in (found["groups"], found["segments"]):
        assert sum(one["borrowers"] for one in groups.values()) == BORROWERS
    assert [one["state"] for one in found["all"]["states"]] == ["ATTENTION", "WATCH", "HIGH_RISK"]


def test_parts_add_up_and_the_rulebook_is_named(bank: tuple[Path, Path]) -> None:
    halves = [
        backtest(*map(str, bank), "--part", f"{part}/2", "--rulebook", "reference")
        for part in (1, 2)
    ]
    assert sum(one["all"]["borrowers"] for one in halves) == BORROWERS
    assert halves[0]["rulebook"].startswith("reference ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("borrower,event_date\nB-1,\n", "borrower_id"),
        ("borrower_id,event_date\nB-1,2024-02-30\n", "line 2"),
        ("borrower_id,event_date\nB-1,\nB-1,\n", "twice"),
    ],
    ids=["a column is missing", "a date that is none", "a borrower twice"],
)
def test_labels_that_cannot_be_used_are_explained(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=told):
        read_outcomes(file)


def test_plain_labels_are_one_group_without_known_trouble(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("borrower_id,event_date\nB-1,2024-02-29\nB-2,\n", encoding="utf-8")
    failed, fine = read_outcomes(file).values()
    assert (failed.group, failed.distress, failed.is_healthy) == ("all", None, False)
    assert fine.is_healthy


def test_alerts_are_those_of_the_service_if_nobody_acts(tmp_path: Path) -> None:
    # B-1 pays the instalment of day 5 on day 12: an alert on day 10, of itself over long after.
    # B-2 owes nothing, and three items come back on day 20. The last day that is closed is 119.
    events, labels = tmp_path / "events.ndjson", tmp_path / "labels.csv"
    returned = [
        wire_events.event(
            "account.item-returned",
            "B-2",
            f"B-2-returned-{number}",
            day=20,
            account_id="A-2",
            amount="100.00",
            currency="EUR",
            return_reason="INSUFFICIENT_FUNDS",
            is_outgoing=True,
            value_date=str(wire_events.START + timedelta(days=20)),
        )
        for number in range(3)
    ]
    paid = [wire_events.paid("B-1", number, day=5 + 20 * number) for number in range(1, 6)]
    events.write_bytes(
        wire_events.lines(
            wire_events.registered("B-1", segment="RETAIL"),
            wire_events.registered("B-2", segment="RETAIL"),
            wire_events.booked("B-1"),
            wire_events.scheduled("B-1"),
            wire_events.paid("B-1", 0, day=12),
            *returned,
            *paid,
            wire_events.registered("B-3", day=120),
        )
    )
    event_date = wire_events.START + timedelta(days=60)
    labels.write_text(f"borrower_id,event_date\nB-1,{event_date}\nB-2,\n", encoding="utf-8")
    arguments = (str(events), str(labels), "--borrowers-per-officer", "10")

    result = backtest(*arguments)
    alerts = result["all"]["alerts"]
    assert (alerts["opened"], alerts["ended_by_themselves"]) == (1, 1)
    assert (alerts["caught"], alerts["events"], alerts["leads"]) == (1, 1, [50, 50, 50])
    # One alert in two times 119 days, and ten borrowers an officer.
    assert result["alerts_per_officer_week"] == pytest.approx(10 * 7 / 238)
    assert alerts["per_healthy_year"] == 0

    alerts = backtest(*arguments, "--watches-deposit-customers")["all"]["alerts"]
    assert (alerts["opened"], alerts["without_money_at_risk"]) == (2, 1)
    assert alerts["per_healthy_year"] == pytest.approx(365.25 / 119)
