"""`tocsin rulebook draft|propose|approve|activate|list`: the same four eyes, from a terminal."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from services.cli import api
from services.cli.errors import CommandError
from services.cli.rulebook.commands import app
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.scoring.adapters.rulebook_reader import read_text
from services.scoring.application.control_events import EventsTopic
from services.scoring.application.rulebook_workflow import RulebookApproval, RulebookWorkflow
from services.scoring.entrypoints.http import create_app
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.approvals_in_memory import InMemoryApprovals, NoDatabase, approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.fakes.pd_models import a_model, rulebook_with
from tests.fakes.rulebooks_in_memory import InMemoryRulebooks, KeptOutbox
from tests.unit.scoring.entrypoints.test_rulebooks_api import Keys


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> KeptOutbox:
    """Let the commands talk to a scoring service in memory; its outbox is given."""
    clock, outbox = ManualClock(datetime(2026, 3, 1, tzinfo=UTC)), KeptOutbox()
    proposals = InMemoryApprovals()
    rulebooks = InMemoryRulebooks(proposals)
    workflow = RulebookWorkflow(
        database=NoDatabase(),
        rulebooks=rulebooks,
        outbox=outbox,  # type: ignore[arg-type]  # the one method that is used
        read=read_text,
        clock=clock,
        topic=EventsTopic(name="events", partitions=2, zone=ZoneInfo("UTC")),
    )
    parts = WebParts(
        health=Health(clock),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Keys(),
        access_log=MemoryAccessLog(),
    )
    approvals = approvals_in_memory(
        [RulebookApproval(rulebooks)], clock=clock, repository=proposals
    )
    nothing: Any = None
    service = create_app(
        nothing,
        workflow,
        nothing,
        nothing,
        approvals,
        isolated=nothing,
        resend=nothing,
        parts=parts,
    )
    monkeypatch.setattr(
        api,
        "client",
        lambda url, key: TestClient(service, headers={"Authorization": f"Bearer {key}"}),
    )
    return outbox


def run(*arguments: str, answer: str = "") -> Any:
    result = CliRunner().invoke(app, list(arguments), input=answer)
    if isinstance(result.exception, CommandError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


ANA, BEN = ("--key", "tsk_risk-ana"), ("--key", "tsk_approver-ben")


def test_a_draft_with_a_model_comes_into_force_by_two_people(
    outbox: KeptOutbox, tmp_path: Path
) -> None:
    file = rulebook_with(tmp_path, version="7", champion=a_model())
    assert "reference 7 is DRAFT: drafted by ana" in run("draft", file, *ANA).stdout
    run("propose", "reference", "7", *ANA)
    with pytest.raises(CommandError, match="403"):
        run("approve", "reference", "7", "--key", "tsk_approver-ana", answer="y")
    with pytest.raises(CommandError, match="Nothing was decided"):
        run("approve", "reference", "7", *BEN, answer="n")
    with pytest.raises(CommandError, match="409"):
        run("approve", "reference", "7", "--sha256", "0" * 64, *BEN)
    run("approve", "reference", "7", *BEN, answer="y")
    shown = run("activate", "reference", "7", *ANA, "--json").stdout
    told = json.loads(shown.splitlines()[-1])
    assert (told["status"], told["approver"], told["activations"]) == ("ACTIVATED", "ben", 1)
    assert "document" not in told
    assert len(outbox.messages) == 2
    assert "ACTIVATED" in run("list", *ANA).stdout


def test_a_step_out_of_turn_says_what_to_do(outbox: KeptOutbox, tmp_path: Path) -> None:
    run("draft", rulebook_with(tmp_path, version="7"), *ANA)
    with pytest.raises(CommandError, match="409"):
        run("activate", "reference", "7", *ANA)
    assert outbox.messages == []


def test_every_fault_of_a_draft_is_told(outbox: KeptOutbox, tmp_path: Path) -> None:
    model = a_model()
    model["features"][0]["rule"] = "another"
    with pytest.raises(CommandError) as caught:
        run("draft", rulebook_with(tmp_path, version="7", champion=model), *ANA)
    assert "second_opinion.champion: R-01" in caught.value.problem
