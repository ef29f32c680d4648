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


def get(client: TestClient, path: str, key: str) -> Any:
    headers = {"Authorization": f"Bearer tsk_{key}"}
    return client.get(f"/v1/approvals{path}", headers=headers)


def decide(client: TestClient, step: str, key: str, number: int = 1) -> Any:
    """Decide with the digest of what was shown."""
    digest = get(client, f"/{number}", "auditor-eva").json().get("digest", "0" * 64)
    return post(client, f"/{number}/{step}", key, {**REASON, "digest": digest})


def test_one_person_proposes_and_another_approves(client: TestClient, vault: Vault) -> None:
    proposed = post(client, "", "risk-ana", PROPOSAL)
    assert (proposed.status_code, proposed.json()["proposed_by"]) == (201, "ana")
    approved = decide(client, "approve", "approver-ben")
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
        assert decide(client, step, "approver-ana").status_code == 403
    assert vault.opened == []


@pytest.mark.parametrize("key", ["officer-ana", "approver-ana", "operator-ana", "source-"])
def test_each_kind_has_its_own_proposers(client: TestClient, key: str) -> None:
    assert post(client, "", key, PROPOSAL).status_code == 403


@pytest.mark.parametrize("key", ["risk-ben", "senior-ben", "officer-ben"])
def test_each_kind_has_its_own_deciders(client: TestClient, vault: Vault, key: str) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    for step in ("approve", "reject"):
        assert decide(client, step, key).status_code == 403
    assert vault.opened == []


def test_a_machine_neither_proposes_nor_decides(client: TestClient, vault: Vault) -> None:
    assert post(client, "", "risk-", PROPOSAL).status_code == 403
    post(client, "", "risk-ana", PROPOSAL)
    assert decide(client, "approve", "approver-").status_code == 403
    assert vault.opened == []


def test_a_reason_is_needed(client: TestClient) -> None:
    assert post(client, "", "risk-ana", {**PROPOSAL, "reason": ""}).status_code == 422


def test_what_cannot_be_decided_is_a_conflict_or_not_found(client: TestClient) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    assert post(client, "", "risk-ana", PROPOSAL).status_code == 409
    assert decide(client, "reject", "approver-ben").status_code == 200
    assert decide(client, "approve", "approver-ben").status_code == 409
    assert decide(client, "approve", "approver-ben", 2).status_code == 404
    assert post(client, "", "risk-ana", {**PROPOSAL, "subject": "cellar"}).status_code == 404


def test_a_digest_is_needed_and_is_the_one_of_what_was_shown(
    client: TestClient, vault: Vault
) -> None:
    shown = post(client, "", "risk-ana", PROPOSAL).json()
    assert (shown["before"], shown["after"]) == ({"door": "closed"}, {"door": "open"})
    assert shown["effect"] == "The left door opens."
    for step in ("approve", "reject"):
        assert post(client, f"/1/{step}", "approver-ben", REASON).status_code == 422
        other = {**REASON, "digest": "0" * 64}
        assert post(client, f"/1/{step}", "approver-ben", other).status_code == 409
    assert vault.opened == []


@pytest.mark.parametrize(
    ("key", "why_not"),
    [
        ("approver-ben", None),
        ("approver-ana", "A second person decides; the proposer never does."),
        ("senior-ben", "This needs one of the roles APPROVER."),
        ("auditor-", "A person decides; this key is a machine's."),
    ],
)
def test_the_queue_says_who_may_decide_and_why_not(
    client: TestClient, key: str, why_not: str | None
) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    [listed] = get(client, "", key).json()["items"]
    assert (listed["may_decide"], listed["why_not"]) == (why_not is None, why_not)
    assert get(client, "/1", key).json() == listed


def test_a_conflict_of_interest_is_declared(client: TestClient, vault: Vault) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    declared = post(client, "/1/conflict", "approver-ben", {"reason": "my brother's firm"})
    assert declared.json()["why_not"] == "The person declared a conflict of interest."
    assert decide(client, "approve", "approver-ben").status_code == 403
    assert vault.opened == []


def test_an_officer_sees_what_they_proposed_alone(client: TestClient) -> None:
    post(client, "", "risk-ana", PROPOSAL)
    assert get(client, "", "officer-olga").json()["items"] == []
    assert get(client, "/1", "officer-olga").status_code == 404
    assert len(get(client, "", "officer-ana").json()["items"]) == 1


def test_an_operator_sees_no_borrower(client: TestClient, vault: Vault) -> None:
    vault.borrower_id = "b-1"
    post(client, "", "risk-ana", PROPOSAL)
    assert get(client, "", "operator-olga").json()["items"] == []
    assert get(client, "/1", "operator-olga").status_code == 404
    assert len(get(client, "?borrower_id=b-1", "auditor-eva").json()["items"]) == 1


def test_a_page_continues_at_its_cursor(client: TestClient) -> None:
    for subject in ("left", "right"):
        post(client, "", "risk-ana", {**PROPOSAL, "subject": subject})
    first = get(client, "?limit=1", "auditor-eva").json()
    assert [item["subject"] for item in first["items"]] == ["right"]
    second = get(client, f"?limit=1&cursor={first['next_cursor']}", "auditor-eva").json()
    assert [item["subject"] for item in second["items"]] == ["left"]
