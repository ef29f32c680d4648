"""REST of silences: the preview, one person up to 30 days, two for longer, never a hard trigger."""

from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from services.alerts.decisions.application.silences import PastAlert
from services.alerts.decisions.domain.silence import NoticeSubject
from services.alerts.primitives.vocabulary import Severity
from services.kit.access.keys import Role
from services.kit.http.auth import Principal
from tests.fakes import alerts_http
from tests.fakes.alerts_http import OFFICER, SENIOR, bearer
from tests.fakes.alerts_in_memory import InMemoryAlerts
from tests.fakes.clock import ManualClock

APPROVER, BRANCH = "tsk_approver", "tsk_branch"
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def past(
    number: int, owner: str, severity: Severity = Severity.MEDIUM, **changes: Any
) -> PastAlert:
    subject = {
        "borrower_id": f"b-{number}",
        "branch_id": "north",
        "segment": "SME",
        "severity": Severity.MEDIUM,
        "risk_types": frozenset({"LIQUIDITY"}),
        "indicators": frozenset({"A-01"}),
    }
    return PastAlert(
        alert_id=f"a-{number}", owner_id=owner, subject=NoticeSubject(**{**subject, **changes})
    )


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> InMemoryAlerts:
    people = {
        APPROVER: Principal(
            id="k9", name="Rita", roles=frozenset({Role.APPROVER}), person_id="rita"
        ),
        BRANCH: Principal(
            id="k8",
            name="Bea",
            roles=frozenset({Role.SENIOR}),
            person_id="bea",
            branch_ids=frozenset({"north"}),
        ),
    }
    for key, principal in people.items():
        monkeypatch.setitem(alerts_http.PEOPLE, key, principal)
    books = InMemoryAlerts(clock=ManualClock(NOW))
    books.silences.past = [
        past(1, "o-7"),
        past(2, "o-7", branch_id="south"),
        past(3, "o-8"),
        past(4, "o-8", segment="RETAIL"),
    ]
    return books


@pytest.fixture
def client(books: InMemoryAlerts) -> TestClient:
    return alerts_http.client(books)


def post(
    client: TestClient,
    matchers: dict[str, list[str]],
    *,
    days: int = 10,
    key: str = SENIOR,
    dry_run: bool = False,
) -> Response:
    return client.post(
        "/v1/silences",
        params={"dry_run": dry_run},
        json={"matchers": matchers, "days": days, "reason": "known and in work"},
        headers=bearer(key),
    )


def in_force(client: TestClient) -> list[dict[str, Any]]:
    answer = client.get("/v1/silences", headers=bearer(SENIOR))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_dry_run_shows_what_would_have_been_muted_and_stores_nothing(
    client: TestClient, books: InMemoryAlerts
) -> None:
    answer = post(client, {"segments": ["SME"], "branch_ids": ["north"]}, dry_run=True)
    assert answer.status_code == 200
    assert answer.json() == {
        "silence": None,
        "proposal_id": None,
        "preview": {
            "days": 30,
            "alerts": 4,
            "muted": 2,
            "by_owner": {"o-7": 1, "o-8": 1},
            "alert_ids": ["a-1", "a-3"],
        },
    }
    assert books.silences.stored == {}


def test_one_person_silences_up_to_30_days(client: TestClient) -> None:
    answer = post(client, {"borrower_ids": ["b-1"]}, days=30)
    assert answer.status_code == 201
    assert answer.json()["preview"]["muted"] == 1
    assert answer.json()["silence"] == {
        "silence_id": "silence-1",
        "matchers": {"borrower_ids": ["b-1"]},
        "begins_at": "2026-12-01T09:00:00Z",
        "ends_at": "2026-12-31T09:00:00Z",
        "reason": "known and in work",
        "author": "sven",
    }
    assert in_force(client) == [answer.json()["silence"]]


def test_for_longer_a_second_person_approves(client: TestClient, books: InMemoryAlerts) -> None:
    answer = post(client, {"borrower_ids": ["b-1"]}, days=31)
    assert (answer.status_code, answer.json()["silence"]) == (202, None)
    assert in_force(client) == []
    path = f"/v1/approvals/{answer.json()['proposal_id']}"
    shown = client.get(path, headers=bearer(APPROVER)).json()
    assert shown["after"]["days"] == 31
    decision = {"reason": "agreed", "digest": shown["digest"]}
    own = client.post(f"{path}/approve", json=decision, headers=bearer(SENIOR))
    assert own.status_code == 403
    approved = client.post(f"{path}/approve", json=decision, headers=bearer(APPROVER))
    assert approved.status_code == 200
    [silence] = in_force(client)
    assert (silence["author"], silence["ends_at"]) == ("sven", "2027-01-01T09:00:00Z")
    assert books.silences.approved_by == {silence["silence_id"]: "rita"}


@pytest.mark.parametrize(
    ("matchers", "days"),
    [
        pytest.param({}, 10, id="nothing named would mute the bank"),
        pytest.param({"severities": ["HARD"]}, 10, id="a hard trigger is never silenced"),
        pytest.param({"borrower_ids": ["b-1"]}, 91, id="more than 90 days"),
        pytest.param({"borrower_ids": ["b-1"]}, 0, id="no day at all"),
        pytest.param({"names": ["b-1"]}, 10, id="an unknown matcher"),
    ],
)
def test_what_cannot_be_silenced(
    client: TestClient, books: InMemoryAlerts, matchers: dict[str, list[str]], days: int
) -> None:
    assert post(client, matchers, days=days).status_code == 422
    assert books.silences.stored == {}


@pytest.mark.parametrize("terms", [{}, {"matchers": {}, "days": 45}, {"matchers": [], "days": 45}])
def test_a_proposal_made_by_hand_is_checked_as_well(
    client: TestClient, terms: dict[str, Any]
) -> None:
    body = {"kind": "silence", "subject": "s-1", "reason": "by hand", "terms": terms}
    answer = client.post("/v1/approvals", json=body, headers=bearer(SENIOR))
    assert answer.status_code == 422


def test_a_person_ends_a_silence(client: TestClient) -> None:
    post(client, {"borrower_ids": ["b-1"]})
    path = "/v1/silences/silence-1/end"
    ended = client.post(path, json={"reason": "solved"}, headers=bearer(SENIOR))
    assert (ended.status_code, in_force(client)) == (204, [])
    again = client.post(path, json={"reason": "solved"}, headers=bearer(SENIOR))
    assert again.status_code == 404


def test_who_sees_a_branch_silences_its_borrowers_and_no_others(
    client: TestClient, books: InMemoryAlerts
) -> None:
    books.silences.hidden = {"b-2"}
    assert post(client, {"branch_ids": ["north"]}, key=BRANCH).status_code == 201
    assert post(client, {"borrower_ids": ["b-1"]}, key=BRANCH).status_code == 201
    assert post(client, {"borrower_ids": ["b-1", "b-2"]}, key=BRANCH).status_code == 404
    assert post(client, {"branch_ids": ["north", "south"]}, key=BRANCH).status_code == 422
    assert post(client, {"segments": ["SME"]}, key=BRANCH).status_code == 422


def test_an_officer_silences_nothing(client: TestClient) -> None:
    assert post(client, {"borrower_ids": ["b-1"]}, key=OFFICER).status_code == 403
