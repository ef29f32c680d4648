"""REST about approvals: who may take which step."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts, create_app
from services.kit.http.approvals_api import APPROVAL_PROBLEMS, approvals_router
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from tests.fakes.approvals_in_memory import approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.unit.kit.test_approvals import NOW, Vault

PROPOSAL = {"kind": "vault", "subject": "left", "reason": "needed today"}
REASON = {"reason": "seen the list"}


class Cellar(Vault):
    """A kind of other people."""

    name = "cellar"
    proposers = frozenset({Role.OPERATOR})
    deciders = frozenset({Role.SENIOR})


class Keys:
    """`tsk_<role>-<person>` is a key of that person; without a person, a machine's."""

    async def authenticate(self, text: str) -> Principal | None:
        role, person = text.removeprefix("tsk_").split("-")
        return Principal(
            id=text, name=text, roles=frozenset({Role[role.upper()]}), person_id=person or None
        )


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def client(vault: Vault) -> TestClient:
    clock = ManualClock(NOW)
    approvals = approvals_in_memory([vault, Cellar()], clock=clock)
    parts = WebParts(
        health=Health(clock),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Keys(),
        problems=APPROVAL_PROBLEMS,
    )
    return TestClient(create_app("test", parts=parts, routers=[approvals_router(approvals)]))


def post(client: TestClient, path: str, key: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer tsk_{key}"}
    return client.post(f"/v1/approvals{path}", headers=headers, json=body)


def test_one_person_proposes_and_another_approves(client: TestClient, vault: Vault) -> None:
    proposed = post(client, "", "risk-ana", PROPOSAL)
    assert (proposed.status_code, proposed.json()["proposed_by"]) == (201, "ana")
    approved = post(client, "/1/approve", "approver-ben", REASON)
    assert (approved.status_code, approved.json()["outcome"]) == (200, "APPROVED")
    assert approved.json()["decision_reason"] == "seen the list"
    assert vault.opened == ["left"]
    headers = {"Authorization": "Bearer tsk_auditor-eva"}
    listed = client.get("/v1/approvals?only_open=false", headers=headers).json()
    assert [item["decided_by"] for item in listed["items"]] == ["ben"]


def test_the_same_person_with_another_key_does_not_approve(
    client: TestClient, vault: Vault
) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    for step in ("approve", "reject"):
        assert post(client, f"/1/{step}", "approver-ana", REASON).status_code == 403
    assert vault.opened == []


@pytest.mark.parametrize("key", ["officer-ana", "approver-ana", "operator-ana", "source-"])
def test_each_kind_has_its_own_proposers(client: TestClient, key: str) -> None:
    assert post(client, "", key, PROPOSAL).status_code == 403


@pytest.mark.parametrize("key", ["risk-ben", "senior-ben", "officer-ben"])
def test_each_kind_has_its_own_deciders(client: TestClient, vault: Vault, key: str) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    for step in ("approve", "reject"):
        assert post(client, f"/1/{step}", key, REASON).status_code == 403
    assert vault.opened == []


def test_a_machine_neither_proposes_nor_decides(client: TestClient, vault: Vault) -> None:
    assert post(client, "", "risk-", PROPOSAL).status_code == 403
    post(client, "", "risk-ana", PROPOSAL)
    assert post(client, "/1/approve", "approver-", REASON).status_code == 403
    assert vault.opened == []


def test_a_reason_is_needed(client: TestClient) -> None:
    assert post(client, "", "risk-ana", {**PROPOSAL, "reason": ""}).status_code == 422


def test_what_cannot_be_decided_is_a_conflict_or_not_found(client: TestClient) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    assert post(client, "", "risk-ana", PROPOSAL).status_code == 409
    assert post(client, "/1/reject", "approver-ben", REASON).status_code == 200
    assert post(client, "/1/approve", "approver-ben", REASON).status_code == 409
    assert post(client, "/2/approve", "approver-ben", REASON).status_code == 404
    assert post(client, "", "risk-ana", {**PROPOSAL, "subject": "cellar"}).status_code == 404
