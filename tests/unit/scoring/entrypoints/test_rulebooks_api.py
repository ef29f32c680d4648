"""REST about rulebooks: who may take which step, and what is answered to the others."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from services.contracts.control import RulebookActivatedV1
from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.scoring.adapters.rulebook_reader import SHIPPED, read_text
from services.scoring.application.control_events import EventsTopic
from services.scoring.application.rulebook_workflow import RulebookApproval, RulebookWorkflow
from services.scoring.entrypoints.http import create_app
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.approvals_in_memory import InMemoryApprovals, NoDatabase, approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.fakes.rulebooks_in_memory import InMemoryRulebooks, KeptOutbox
from tests.fakes.wire_events import validated

# 23:30 UTC on 1 March is 2 March in Berlin: the business date is the bank's.
NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
DOCUMENT = (
    (SHIPPED / "reference.yaml")
    .read_text(encoding="utf-8")
    .replace("rulebook: reference", "rulebook: house")
)
VERSION = read_text(DOCUMENT).version
STEPS = f"/v1/rulebooks/house/{VERSION}"


class Keys:
    """`tsk_<roles joined by +>-<person>[-<number>]` is a key of that person."""

    async def authenticate(self, text: str) -> Principal | None:
        roles, person, *_number = text.removeprefix("tsk_").split("-")
        return Principal(
            id=text,
            name=f"the key {text}",
            roles=frozenset(Role[role.upper()] for role in roles.split("+")),
            person_id=person,
        )


@pytest.fixture
def outbox() -> KeptOutbox:
    return KeptOutbox()


@pytest.fixture
def client(outbox: KeptOutbox) -> TestClient:
    clock, proposals = ManualClock(NOW), InMemoryApprovals()
    rulebooks = InMemoryRulebooks(proposals)
    workflow = RulebookWorkflow(
        database=NoDatabase(),
        rulebooks=rulebooks,
        outbox=outbox,  # type: ignore[arg-type]  # the one method that is used
        read=read_text,
        clock=clock,
        topic=EventsTopic(name="tocsin.events", partitions=3, zone=ZoneInfo("Europe/Berlin")),
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
    return TestClient(
        create_app(
            nothing,
            workflow,
            nothing,
            nothing,
            approvals,
            isolated=nothing,
            resend=nothing,
            parts=parts,
        )
    )


SHA256 = hashlib.sha256(DOCUMENT.encode()).hexdigest()


def post(client: TestClient, path: str, key: str, body: Any = None) -> Any:
    if body is None and path.endswith("/approve"):
        body = {"sha256": SHA256}
    return client.post(path, headers={"Authorization": f"Bearer {key}"}, json=body)


def draft(client: TestClient, key: str = "tsk_risk-ana", document: str = DOCUMENT) -> Any:
    return post(client, "/v1/rulebooks", key, {"document": document})


def test_a_rulebook_goes_from_draft_to_activated_with_two_people(client: TestClient) -> None:
    drafted = draft(client)
    assert (drafted.status_code, drafted.json()["status"]) == (201, "DRAFT")
    assert drafted.json()["sha256"] == hashlib.sha256(DOCUMENT.encode()).hexdigest()
    for step, key, status in (
        ("propose", "tsk_risk-ana", "PROPOSED"),
        ("approve", "tsk_approver-ben", "APPROVED"),
        ("activate", "tsk_risk-ana", "ACTIVATED"),
    ):
        taken = post(client, f"{STEPS}/{step}", key)
        assert (taken.status_code, taken.json()["status"]) == (200, status)
    shown = client.get(STEPS, headers={"Authorization": "Bearer tsk_auditor-eva"}).json()
    assert (shown["author"], shown["approver"]) == ("ana", "ben")
    assert shown["document"] == DOCUMENT
    listed = client.get("/v1/rulebooks", headers={"Authorization": "Bearer tsk_auditor-eva"})
    assert [rulebook["name"] for rulebook in listed.json()["items"]] == ["house"]


@pytest.mark.parametrize(
    ("author", "second"),
    [
        ("tsk_risk+approver-ana", "tsk_risk+approver-ana"),
        ("tsk_risk-ana", "tsk_approver-ana"),
        ("tsk_risk-ana-1", "tsk_risk+approver-ana-2"),
    ],
    ids=["one key with both roles", "two keys of one person", "two keys with the same role"],
)
def test_four_eyes_cannot_be_passed_by_one_identity(
    client: TestClient, outbox: KeptOutbox, author: str, second: str
) -> None:
    draft(client, author)
    assert post(client, f"{STEPS}/propose", author).status_code == 200
    refused = post(client, f"{STEPS}/approve", second)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "A second person decides" in refused.json()["detail"]
    assert post(client, f"{STEPS}/activate", author).status_code == 409
    assert outbox.messages == []


def test_somebody_else_may_not_propose_a_draft(client: TestClient) -> None:
    draft(client)
    assert post(client, f"{STEPS}/propose", "tsk_risk-cem").status_code == 403


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/rulebooks", "tsk_approver-ben"),
        (f"{STEPS}/propose", "tsk_approver-ben"),
        (f"{STEPS}/approve", "tsk_risk-cem"),
        (f"{STEPS}/activate", "tsk_operator-eva"),
    ],
)
def test_each_step_has_its_role(client: TestClient, path: str, key: str) -> None:
    draft(client)
    body = {"document": DOCUMENT} if path == "/v1/rulebooks" else None
    assert post(client, path, key, body).status_code == 403


def test_an_approval_names_the_document_that_was_read(client: TestClient) -> None:
    draft(client)
    post(client, f"{STEPS}/propose", "tsk_risk-ana")
    other = {"sha256": "0" * 64}
    assert post(client, f"{STEPS}/approve", "tsk_approver-ben", other).status_code == 409
    assert post(client, f"{STEPS}/approve", "tsk_approver-ben", {}).status_code == 422
    assert post(client, f"{STEPS}/activate", "tsk_risk-ana").status_code == 409


def test_no_step_is_left_out_or_taken_twice(client: TestClient) -> None:
    draft(client)
    assert post(client, f"{STEPS}/approve", "tsk_approver-ben").status_code == 409
    assert post(client, f"{STEPS}/propose", "tsk_risk-ana").status_code == 200
    again = post(client, f"{STEPS}/propose", "tsk_risk-ana")
    assert (again.status_code, again.json()["type"]) == (409, "urn:tocsin:problem:conflict")


def test_a_version_is_written_once(client: TestClient) -> None:
    assert draft(client).status_code == 201
    assert draft(client, "tsk_risk-cem").status_code == 409


def test_a_rulebook_that_cannot_be_used_is_not_kept(client: TestClient) -> None:
    refused = draft(client, document="rulebook: house\nindicators: {R-99: {weight: 2}}\n")
    assert refused.status_code == 422
    refused = draft(client, document="rulebook: house\nversion: 1\nindicators: {R-99: {}}\n")
    assert any("unknown indicator" in error["detail"] for error in refused.json()["errors"])
    listed = client.get("/v1/rulebooks", headers={"Authorization": "Bearer tsk_risk-ana"})
    assert listed.json()["items"] == []


def test_an_unknown_rulebook_is_not_found(client: TestClient) -> None:
    assert post(client, "/v1/rulebooks/none/1/propose", "tsk_risk-ana").status_code == 404


def test_an_activation_is_sent_to_every_partition(client: TestClient, outbox: KeptOutbox) -> None:
    draft(client)
    post(client, f"{STEPS}/propose", "tsk_risk-ana")
    post(client, f"{STEPS}/approve", "tsk_approver-ben")
    post(client, f"{STEPS}/activate", "tsk_approver-ben")
    assert [message.to_partition for message in outbox.messages] == [0, 1, 2]
    assert len({message.value for message in outbox.messages}) == 1
    event = validated(outbox.messages[0].value).event
    assert (event.id, event.subject) == (f"rulebook-activated:house:{VERSION}", "*")
    activated = event.data
    assert isinstance(activated, RulebookActivatedV1)
    assert activated.digest == "sha256:" + hashlib.sha256(DOCUMENT.encode()).hexdigest()
    assert activated.effective_date.isoformat() == "2026-03-02"
    assert (activated.author, activated.approved_by) == ("ana", ["ben"])
    assert json.loads(outbox.messages[0].value)["time"] == "2026-03-01T23:30:00Z"


def test_the_way_back_is_to_activate_an_earlier_version_again(
    client: TestClient, outbox: KeptOutbox
) -> None:
    draft(client)
    for step, key in (("propose", "risk-ana"), ("approve", "approver-ben")):
        post(client, f"{STEPS}/{step}", f"tsk_{key}")
    first = post(client, f"{STEPS}/activate", "tsk_risk-ana").json()
    again = post(client, f"{STEPS}/activate", "tsk_approver-ben").json()
    assert (first["activations"], again["activations"]) == (1, 2)
    assert (first["activator"], again["activator"]) == ("ana", "ben")
    ids = [json.loads(message.value)["id"] for message in outbox.messages]
    name = f"rulebook-activated:house:{VERSION}"
    assert ids == [name] * 3 + [f"{name}:2"] * 3
    # What was approved is not approved again.
    assert post(client, f"{STEPS}/approve", "tsk_approver-ben").status_code == 409
