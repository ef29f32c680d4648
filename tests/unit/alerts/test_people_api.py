"""REST of the directory: what one person may change, and what waits for a second."""

from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from services.alerts.directory.adapters.directory_reader import plain, read_directory
from services.kit.access.keys import Role
from services.kit.http.auth import Principal
from tests.fakes import alerts_http
from tests.fakes.alerts_http import OFFICER, OPERATOR, SENIOR, bearer
from tests.fakes.alerts_in_memory import InMemoryAlerts, an_alert
from tests.fakes.clock import ManualClock
from tests.fakes.directory_example import example

APPROVER = "tsk_approver"
DOCUMENT = plain(read_directory(example()))


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> InMemoryAlerts:
    approver = Principal(
        id="k9", name="Rita", roles=frozenset({Role.APPROVER}), person_id="somebody"
    )
    monkeypatch.setitem(alerts_http.PEOPLE, APPROVER, approver)
    return InMemoryAlerts(clock=ManualClock(datetime(2026, 12, 1, 9, tzinfo=UTC)))


@pytest.fixture
def client(books: InMemoryAlerts) -> TestClient:
    return alerts_http.client(books)


def put(client: TestClient, document: Any, *, version: int, key: str = SENIOR) -> Response:
    return client.put(
        "/v1/people",
        json={"directory": document, "reason": "as agreed"},
        headers=bearer(key, **{"If-Match": f'"{version}"'}),
    )


def approve(client: TestClient, proposal: int, key: str = APPROVER) -> Response:
    path = f"/v1/approvals/{proposal}"
    digest = client.get(path, headers=bearer(APPROVER)).json()["digest"]
    body = {"reason": "compared", "digest": digest}
    return client.post(f"{path}/approve", json=body, headers=bearer(key))


def activated(client: TestClient) -> None:
    submitted = put(client, DOCUMENT, version=0)
    assert approve(client, submitted.json()["proposal_id"]).status_code == 200


def changed(person: str, **fields: Any) -> dict[str, Any]:
    people = {**DOCUMENT["people"], person: {**DOCUMENT["people"][person], **fields}}
    return {**DOCUMENT, "people": people}


def test_a_bank_without_directory(client: TestClient) -> None:
    answer = client.get("/v1/people", headers=bearer(OFFICER))
    assert answer.json() == {"version": 0, "info": None, "directory": None}
    assert answer.headers["ETag"] == '"0"'


def test_the_first_directory_waits_for_a_second_person(client: TestClient) -> None:
    submitted = put(client, DOCUMENT, version=0)
    assert submitted.status_code == 202
    assert submitted.json()["is_active"] is False
    assert client.get("/v1/people", headers=bearer(OFFICER)).json()["version"] == 0
    proposal = submitted.json()["proposal_id"]
    shown = client.get(f"/v1/approvals/{proposal}", headers=bearer(SENIOR)).json()
    assert shown["after"]["people.ana.superior"] == "sam"
    assert approve(client, proposal).status_code == 200
    active = client.get("/v1/people", headers=bearer(OFFICER))
    assert active.headers["ETag"] == '"1"'
    assert active.json()["directory"]["people"]["ana"]["officer_id"] == "0017"
    assert active.json()["info"]["created_by"] == "sven"
    assert active.json()["info"]["activated_by"] == "somebody"


def test_one_person_enters_absences(client: TestClient) -> None:
    activated(client)
    absences = [{"begins": "2026-12-07", "ends": "2026-12-11"}]
    submitted = put(client, changed("ben", absences=absences), version=1)
    assert submitted.status_code == 200
    assert submitted.json()["is_active"] is True
    assert [each["path"] for each in submitted.json()["changes"]] == ["people.ben.absences"]
    assert client.get("/v1/people", headers=bearer(OFFICER)).json()["version"] == 2


def test_a_mixed_change_waits_whole(client: TestClient) -> None:
    activated(client)
    document = changed("ben", email="b@bank.example", roles=["OFFICER", "APPROVER"])
    assert put(client, document, version=1).status_code == 202
    assert client.get("/v1/people", headers=bearer(OFFICER)).json()["version"] == 1


def test_a_version_that_was_overtaken_is_not_activated(client: TestClient) -> None:
    activated(client)
    waiting = put(client, changed("ben", substitutes=["sam"]), version=1)
    absences = [{"begins": "2026-12-07", "ends": "2026-12-11"}]
    assert put(client, changed("ben", absences=absences), version=1).status_code == 200
    assert approve(client, waiting.json()["proposal_id"]).status_code == 409
    people = client.get("/v1/people", headers=bearer(OFFICER)).json()["directory"]["people"]
    assert people["ben"]["absences"] == absences


def test_the_caller_names_the_version_that_it_changes(client: TestClient) -> None:
    activated(client)
    assert put(client, changed("ben", language="es"), version=0).status_code == 412
    without = client.put(
        "/v1/people", json={"directory": DOCUMENT, "reason": "none"}, headers=bearer(SENIOR)
    )
    assert without.status_code == 428


def test_nothing_new_is_refused(client: TestClient) -> None:
    activated(client)
    answer = put(client, DOCUMENT, version=1)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/directory"


def test_all_faults_are_answered(client: TestClient) -> None:
    document = changed("ana", superior="smith", substitutes=["bne"])
    answer = put(client, document, version=0)
    assert answer.status_code == 422
    assert [each["detail"].split(":")[0] for each in answer.json()["errors"]] == [
        "people.ana.superior",
        "people.ana.substitutes[0]",
    ]


def test_a_queue_of_the_routing_plan_cannot_be_left_out(client: TestClient) -> None:
    queues = {name: queue for name, queue in DOCUMENT["queues"].items() if name != "workout"}
    answer = put(client, {**DOCUMENT, "queues": queues}, version=0)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"].startswith("queues.workout: routing sends alerts")


def test_people_are_persons_of_the_access_schema(client: TestClient, books: InMemoryAlerts) -> None:
    books.directories._persons = ("ana", "ben", "sam", "rita")
    answer = put(client, DOCUMENT, version=0)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["detail"].startswith("people.wei: no person has the id wei; create it")


@pytest.mark.parametrize(("key", "status"), [(OFFICER, 403), (OPERATOR, 403), (SENIOR, 202)])
def test_who_may_submit(client: TestClient, key: str, status: int) -> None:
    assert put(client, DOCUMENT, version=0, key=key).status_code == status


def test_versions_are_listed_newest_first_in_pages(client: TestClient) -> None:
    activated(client)
    put(client, changed("ben", language="es"), version=1)
    put(client, changed("ben", language="zh"), version=2)
    page = client.get("/v1/people/versions?limit=2", headers=bearer(OFFICER)).json()
    assert [each["version"] for each in page["items"]] == [3, 2]
    rest = client.get(
        f"/v1/people/versions?limit=2&cursor={page['next_cursor']}", headers=bearer(OFFICER)
    ).json()
    assert ([each["version"] for each in rest["items"]], rest["next_cursor"]) == ([1], None)


def assign(client: TestClient, owner_id: str, kind: str = "OFFICER") -> Response:
    return client.post(
        "/v1/alerts/a-1/assign",
        json={"owner_kind": kind, "owner_id": owner_id},
        headers=bearer(SENIOR, **{"If-Match": '"1"'}),
    )


class TestAssigning:
    @pytest.fixture
    def books(self, books: InMemoryAlerts) -> InMemoryAlerts:
        books.alerts["a-1"] = an_alert("a-1", "B-1")
        return books

    def test_without_directory_every_owner_is_taken(self, client: TestClient) -> None:
        assert assign(client, "officer-typo").status_code == 200

    @pytest.mark.parametrize(
        ("kind", "owner_id", "detail"),
        [
            ("OFFICER", "00172", "the directory has no officer 00172; did you mean 0017, 0018?"),
            ("QUEUE", "work-out", "the directory has no queue work-out; did you mean workout?"),
            ("OFFICER", "workout", "the directory has no officer workout"),
        ],
    )
    def test_an_unknown_owner_is_refused_with_near_matches(
        self, client: TestClient, kind: str, owner_id: str, detail: str
    ) -> None:
        activated(client)
        answer = assign(client, owner_id, kind)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"detail": detail, "code": "value", "in": "body", "pointer": "/owner_id"}
        ]

    def test_a_known_owner_is_taken(self, client: TestClient) -> None:
        activated(client)
        assert assign(client, "0018").status_code == 200

    def test_somebody_who_left_is_refused(self, client: TestClient) -> None:
        activated(client)
        left = put(client, changed("ben", left_on="2026-12-01"), version=1)
        assert approve(client, left.json()["proposal_id"]).status_code == 200
        answer = assign(client, "0018")
        assert answer.status_code == 422
        assert answer.json()["detail"] == "officer 0018 left on 2026-12-01"
