"""REST for the steps of people: snooze, start, take, reopen, links, bulk, undo."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from services.alerts.decisions.domain.alert import Owner
from services.alerts.primitives.vocabulary import AlertStatus, OutcomeCode, OwnerKind, Severity
from tests.fakes.alerts_http import AUDITOR, OFFICER, SENIOR, bearer, client
from tests.fakes.alerts_in_memory import NOW, InMemoryAlerts, an_alert
from tests.fakes.clock import ManualClock

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
OTHER = Owner(kind=OwnerKind.OFFICER, id="officer-9", route="officer of the borrower")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def books(clock: ManualClock) -> InMemoryAlerts:
    return InMemoryAlerts(
        an_alert("own", "B-1"),
        an_alert("hard", "B-3", severity=Severity.HARD),
        an_alert("foreign", "B-2", officer_id="officer-9", owner=OTHER),
        clock=clock,
    )


@pytest.fixture
def http(books: InMemoryAlerts) -> TestClient:
    return client(books)


def post(
    http: TestClient, path: str, body: Any = None, *, key: str = OFFICER, version: int | None = 1
) -> Any:
    headers = bearer(key) if version is None else bearer(key, **{"If-Match": f'"{version}"'})
    return http.post(f"/v1/{path}", headers=headers, json=body)


def bulk(http: TestClient, command: dict[str, Any], *items: tuple[str, int]) -> Any:
    named = [{"alert_id": alert_id, "version": version} for alert_id, version in items]
    return post(http, "alerts/bulk", {"command": command, "items": named}, version=None)


def test_a_step_answers_the_whole_alert_and_what_may_follow(http: TestClient) -> None:
    response = post(http, "alerts/own/start")
    assert response.status_code == 200
    assert response.headers["ETag"] == '"2"'
    body = response.json()
    assert body["alert"]["status"] == "IN_PROGRESS"
    assert body["alert"]["headline"]
    assert body["allowed_actions"] == [
        "snooze",
        "assign",
        "take",
        "resolve",
        "comments",
        "links",
    ]
    assert body["undo_until"] == "2026-03-04T09:31:00Z"


def test_a_snoozed_alert_says_until_when_and_why(http: TestClient) -> None:
    until = {"until": "2026-03-06T09:00:00Z", "reason": "pays on Friday"}
    body = post(http, "alerts/own/snooze", until).json()
    assert body["alert"]["snooze"] == {
        "began_at": "2026-03-04T09:30:00Z",
        "by": "olga",
        **until,
    }
    ended = post(http, "alerts/own/end-snooze", version=2).json()
    assert ended["alert"]["snooze"] is None


@pytest.mark.parametrize(
    ("alert", "body", "status", "says"),
    [
        ("own", {"until": "2026-03-08T09:30:00Z", "reason": "x"}, 422, "at most 3 days"),
        ("own", {"until": "2026-03-04T09:30:00Z", "reason": "x"}, 422, "in the future"),
        ("own", {"until": "2026-03-06T09:30:00", "reason": "x"}, 422, "/until"),
        ("own", {"until": "2026-03-06T09:30:00Z", "reason": ""}, 422, "/reason"),
        ("own", {"until": "2026-03-06T09:30:00Z"}, 422, "/reason"),
        ("hard", {"until": "2026-03-06T09:30:00Z", "reason": "x"}, 409, "cannot wait"),
        ("foreign", {"until": "2026-03-06T09:30:00Z", "reason": "x"}, 404, "no alert foreign"),
    ],
)
def test_a_snooze_that_cannot_be(
    http: TestClient, alert: str, body: dict[str, str], status: int, says: str
) -> None:
    response = post(http, f"alerts/{alert}/snooze", body)
    assert response.status_code == status
    assert says in response.text


def test_taking_an_alert_assigns_it_to_the_caller(http: TestClient, books: InMemoryAlerts) -> None:
    response = post(http, "alerts/foreign/take", key=SENIOR)
    assert response.status_code == 200
    assert books.alerts["foreign"].owner.id == "sven"


def test_a_resolved_alert_is_reopened_with_a_reason(
    http: TestClient, books: InMemoryAlerts, clock: ManualClock
) -> None:
    post(http, "alerts/own/resolve", {"outcome_code": "MITIGATED"})
    assert post(http, "alerts/own/reopen", {}, version=2).status_code == 422
    clock.advance(30 * 86_400 + 1)
    assert post(http, "alerts/own/reopen", {"reason": "x"}, version=2).status_code == 409
    clock.set_back(1)
    body = post(http, "alerts/own/reopen", {"reason": "did not pay"}, version=2).json()
    assert (body["alert"]["status"], body["alert"]["round"]) == ("OPEN", 2)
    # One working day of eight hours, on Friday, 3 April 2026, at 11:30 in Berlin.
    assert body["alert"]["acknowledge_by"] == "2026-04-06T09:30:00Z"


def test_a_document_is_linked_with_its_hash_and_without_a_version(http: TestClient) -> None:
    document = {"url": "https://dms.bank.example/1", "sha256": SHA, "title": "Plan"}
    body = post(http, "alerts/own/links", document, version=None).json()
    assert body["alert"]["links"] == [
        {**document, "by": "olga", "at": "2026-03-04T09:30:00Z"},
    ]
    assert body["undo_until"] is None
    refused = post(http, "alerts/own/links", {**document, "sha256": "abc"}, version=None)
    assert refused.status_code == 422


def test_a_bulk_command_has_a_result_for_each_alert(
    http: TestClient, books: InMemoryAlerts
) -> None:
    response = bulk(
        http,
        {"step": "snooze", "until": "2026-03-05T09:30:00Z", "reason": "holiday"},
        ("own", 1),
        ("hard", 1),
        ("foreign", 1),
        ("absent", 1),
    )
    assert response.status_code == 200
    items = response.json()["items"]
    assert [(item["alert_id"], item["status"]) for item in items] == [
        ("own", 200),
        ("hard", 409),
        ("foreign", 404),
        ("absent", 404),
    ]
    assert items[0]["command"]["alert"]["snooze"]["reason"] == "holiday"
    assert "cannot wait" in items[1]["detail"]
    assert bulk(http, {"step": "acknowledge"}, ("own", 1)).json()["items"][0]["status"] == 412
    assert books.alerts["foreign"].version == 1


def test_one_undo_takes_back_a_bulk_command(
    http: TestClient, books: InMemoryAlerts, clock: ManualClock
) -> None:
    body = bulk(http, {"step": "resolve", "outcome_code": "FALSE"}, ("own", 1), ("hard", 1)).json()
    commands = {item["command"]["command_id"] for item in body["items"]}
    assert len(commands) == 1
    clock.advance(60)
    undone = post(http, f"commands/{commands.pop()}/undo", version=None).json()
    assert [item["status"] for item in undone["items"]] == [200, 200]
    for name in ("own", "hard"):
        alert = books.alerts[name]
        assert (alert.status, alert.outcome_code, alert.version) == (AlertStatus.OPEN, None, 3)


def test_what_was_assigned_away_is_undone_by_who_did_it(
    http: TestClient, books: InMemoryAlerts
) -> None:
    body = post(http, "alerts/own/assign", {"owner_id": "officer-9"}).json()
    path = f"commands/{body['command_id']}/undo"
    assert post(http, path, key=SENIOR, version=None).status_code == 404
    assert post(http, path, version=None).json()["items"][0]["status"] == 200
    assert books.alerts["own"].owner.id == "officer-7"


def test_an_undo_that_comes_too_late_says_so(http: TestClient, clock: ManualClock) -> None:
    body = post(http, "alerts/own/acknowledge").json()
    clock.advance(61)
    [item] = post(http, f"commands/{body['command_id']}/undo", version=None).json()["items"]
    assert (item["status"], item["command"]) == (409, None)
    assert "more than 60 seconds ago" in item["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"command": {"step": "acknowledge"}, "items": []},
        {
            "command": {"step": "acknowledge"},
            "items": [{"alert_id": f"a-{n}", "version": 1} for n in range(201)],
        },
        {"command": {"step": "acknowledge"}, "items": [{"alert_id": "own", "version": 1}] * 2},
        {"command": {"step": "delete"}, "items": [{"alert_id": "own", "version": 1}]},
        {"command": {"step": "resolve"}, "items": [{"alert_id": "own", "version": 1}]},
        {"command": {"step": "take", "note": "x"}, "items": [{"alert_id": "own", "version": 1}]},
    ],
    ids=["none", "201", "twice", "unknown step", "value missing", "value too many"],
)
def test_a_bulk_command_that_makes_no_sense_is_422(
    http: TestClient, books: InMemoryAlerts, body: dict[str, Any]
) -> None:
    assert post(http, "alerts/bulk", body, version=None).status_code == 422
    assert books.alerts["own"].version == 1


@pytest.mark.parametrize("path", ["alerts/own/start", "alerts/bulk", "commands/c-1/undo"])
def test_who_only_reads_takes_no_step(http: TestClient, path: str) -> None:
    assert post(http, path, {}, key=AUDITOR).status_code == 403


def test_outcomes_of_the_system_stay_its_own_in_bulk(
    http: TestClient, books: InMemoryAlerts
) -> None:
    response = bulk(http, {"step": "resolve", "outcome_code": "SUPERSEDED"}, ("own", 1))
    assert response.json()["items"][0]["status"] == 422
    assert books.alerts["own"].outcome_code is not OutcomeCode.SUPERSEDED
