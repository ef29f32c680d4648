"""`tocsin approvals`: shows what changes, and decides about what was shown."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from services.cli import api
from services.cli.approvals import app
from services.cli.errors import CommandError
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts, create_app
from services.kit.http.approvals_api import APPROVAL_PROBLEMS, approvals_router
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from tests.fakes.approvals_in_memory import approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.unit.kit.http.test_approvals_api import Keys
from tests.unit.kit.test_approvals import NOW, Vault

ANA, BEN = ("--key", "tsk_risk-ana"), ("--key", "tsk_approver-ben")
WHY = ("--reason", "seen the list")


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    clock, vault = ManualClock(NOW), Vault()
    parts = WebParts(
        health=Health(clock),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Keys(),
        problems=APPROVAL_PROBLEMS,
    )
    router = approvals_router(approvals_in_memory([vault], clock=clock))
    service = create_app("test", parts=parts, routers=[router])

    def client(_url: str, key: str) -> TestClient:
        return TestClient(service, headers={"Authorization": f"Bearer {key}"})

    monkeypatch.setattr(api, "client", client)
    return vault


def run(*arguments: str, answer: str = "") -> Any:
    result = CliRunner().invoke(app, list(arguments), input=answer)
    if isinstance(result.exception, CommandError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def propose(*options: str) -> None:
    run("propose", "ingest", "vault", "left", *options, *WHY, *ANA)


def test_what_changes_is_shown_and_confirmed(vault: Vault) -> None:
    propose("--term", "width=wide")
    with pytest.raises(CommandError, match="Nothing was decided"):
        run("approve", "ingest", "1", *WHY, *BEN, answer="n")
    assert vault.opened == []
    shown = run("approve", "ingest", "1", *WHY, *BEN, answer="y")
    for text in ("The left door opens.", "closed", "width", "APPROVED by ben", "ben approves"):
        assert text in shown.output
    assert vault.opened == ["left"]


def test_a_script_names_the_digest_that_it_was_shown(vault: Vault) -> None:
    propose()
    digest = run("show", "ingest", "1", *BEN).output.partition("Digest ")[2][:16]
    with pytest.raises(CommandError, match="not 00000000"):
        run("reject", "ingest", "1", "--digest", "0" * 8, *WHY, *BEN)
    with pytest.raises(CommandError, match="has the digest"):
        run("reject", "ingest", "1", "--digest", digest[:7], *WHY, *BEN)
    assert "REJECTED by ben" in run("reject", "ingest", "1", "--digest", digest, *WHY, *BEN).output
    assert vault.opened == []


def test_who_may_not_decide_reads_why(vault: Vault) -> None:
    propose()
    assert (
        "A second person decides" in run("show", "ingest", "1", "--key", "tsk_approver-ana").output
    )
    declared = run("conflict", "ingest", "1", *WHY, *BEN).output
    assert "You do not decide it. The person declared a conflict of interest." in declared


def test_a_term_has_a_name_and_a_value(vault: Vault) -> None:
    with pytest.raises(CommandError, match="no list of terms"):
        propose("--term", "wide")
