"""REST for alerts: who sees what, which versions count, what a refusal looks like."""

import pytest
from starlette.testclient import TestClient

from services.alerts.decisions.domain.alert import Owner
from services.alerts.delivery.domain import signing
from services.alerts.primitives.vocabulary import AlertStatus, OutcomeCode, OwnerKind, Severity
from tests.fakes.alerts_http import AUDITOR, OFFICER, OPERATOR, SENIOR, bearer, client
from tests.fakes.alerts_in_memory import NOW, SECRET, InMemoryAlerts, an_alert
from tests.fakes.clock import ManualClock


@pytest.fixture
def books() -> InMemoryAlerts:
    return InMemoryAlerts(
        an_alert("own", "B-1"),
        an_alert(
            "foreign",
            "B-2",
            officer_id="officer-9",
            owner=Owner(kind=OwnerKind.OFFICER, id="officer-9", route="officer of the borrower"),
            severity=Severity.MEDIUM,
        ),
        clock=ManualClock(NOW),
    )


@pytest.fixture
def http(books: InMemoryAlerts) -> TestClient:
    return client(books)


def ids(response: object) -> list[str]:
    return [item["alert_id"] for item in response.json()["items"]]  # type: ignore[attr-defined]


class TestReading:
    def test_an_officer_sees_own_alerts_only(self, http: TestClient) -> None:
        assert ids(http.get("/v1/alerts", headers=bearer(OFFICER))) == ["own"]
        assert ids(http.get("/v1/alerts", headers=bearer(SENIOR))) == ["foreign", "own"]

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/alerts/foreign",
            "/v1/alerts/absent",
            "/v1/borrowers/B-2/card",
            "/v1/borrowers/B-9/card",
        ],
    )
    def test_foreign_and_absent_are_the_same_404(self, http: TestClient, path: str) -> None:
        response = http.get(path, headers=bearer(OFFICER))
        assert response.status_code == 404
        assert response.json()["type"] == "urn:tocsin:problem:not-found"

    def test_filters_narrow_and_repeat(self, http: TestClient) -> None:
        answer = http.get("/v1/alerts?severity=MEDIUM&severity=LOW", headers=bearer(SENIOR))
        assert ids(answer) == ["foreign"]
        assert ids(http.get("/v1/alerts?status=RESOLVED", headers=bearer(SENIOR))) == []
        assert ids(http.get("/v1/alerts?borrower_id=B-1", headers=bearer(SENIOR))) == ["own"]

    def test_pages_follow_the_cursor(self, http: TestClient) -> None:
        first = http.get("/v1/alerts?limit=1", headers=bearer(SENIOR))
        cursor = first.json()["next_cursor"]
        second = http.get(f"/v1/alerts?limit=1&cursor={cursor}", headers=bearer(SENIOR))
        assert ids(first) + ids(second) == ["foreign", "own"]
        assert second.json()["next_cursor"] is None

    @pytest.mark.parametrize(
        "query", ["severity=URGENT", "limit=0", "limit=201", "colour=red", "opened_from=2026-01-01"]
    )
    def test_a_wish_that_makes_no_sense_is_422_by_name(self, http: TestClient, query: str) -> None:
        response = http.get(f"/v1/alerts?{query}", headers=bearer(SENIOR))
        assert response.status_code == 422
        assert response.json()["errors"][0]["parameter"].startswith(query.partition("=")[0])

    def test_the_list_to_work_off_is_in_the_language_of_the_reader(self, http: TestClient) -> None:
        headers = bearer(OFFICER, **{"Accept-Language": "es-ES,es;q=0.9"})
        answer = http.get("/v1/alerts?tab=now&scope=mine", headers=headers).json()
        [item] = answer["items"]
        assert item["sentence"].startswith("B-1 está en el estado")
        assert item["position"]["exposure"] == "50000.00"
        assert answer["now"] == "2026-03-04T09:30:00Z"
        assert set(answer["counts"]) == {"now", "later", "waiting", "snoozed", "done"}

    @pytest.mark.parametrize(
        "query", ["tab=soon", "tab=now&severity=HIGH", "tab=now&scope=bank", "tab=now&cursor=x"]
    )
    def test_a_tab_goes_with_no_other_filter(self, http: TestClient, query: str) -> None:
        assert http.get(f"/v1/alerts?{query}", headers=bearer(SENIOR)).status_code == 422

    def test_one_alert_comes_with_its_card_history_and_etag(self, http: TestClient) -> None:
        response = http.get("/v1/alerts/own", headers=bearer(OFFICER))
        assert response.headers["ETag"] == '"1"'
        body = response.json()
        assert body["detail"]["actions"][0]["text"] == "Request a 13-week cash forecast"
        assert body["detail"]["history"][0]["kind"] == "alert.opened.v1"
        assert body["card"]["borrower_id"] == "B-1"


class TestHandling:
    def test_acknowledging_moves_the_version_on(
        self, http: TestClient, books: InMemoryAlerts
    ) -> None:
        response = http.post(
            "/v1/alerts/own/acknowledge", headers=bearer(OFFICER, **{"If-Match": '"1"'})
        )
        assert response.status_code == 200
        assert response.headers["ETag"] == '"2"'
        assert books.alerts["own"].status is AlertStatus.ACKNOWLEDGED
        assert books.alerts["own"].acknowledged_by == "olga"

    def test_without_if_match_nothing_happens(
        self, http: TestClient, books: InMemoryAlerts
    ) -> None:
        response = http.post("/v1/alerts/own/acknowledge", headers=bearer(OFFICER))
        assert response.status_code == 428
        assert books.alerts["own"].version == 1

    @pytest.mark.parametrize("if_match", ['"7"', '"0"', "*", 'W/"1"', "1", '"1", "2"'])
    def test_another_version_is_412_and_nothing_happens(
        self, http: TestClient, books: InMemoryAlerts, if_match: str
    ) -> None:
        response = http.post(
            "/v1/alerts/own/acknowledge", headers=bearer(OFFICER, **{"If-Match": if_match})
        )
        assert response.status_code == 412
        assert books.alerts["own"].version == 1

    def test_a_step_that_does_not_fit_is_409(self, http: TestClient) -> None:
        once = bearer(OFFICER, **{"If-Match": '"1"'})
        twice = bearer(OFFICER, **{"If-Match": '"2"'})
        http.post("/v1/alerts/own/acknowledge", headers=once)
        response = http.post("/v1/alerts/own/acknowledge", headers=twice)
        assert response.status_code == 409
        assert response.json()["type"] == "urn:tocsin:problem:step-refused"

    def test_an_alert_closes_with_an_outcome(self, http: TestClient, books: InMemoryAlerts) -> None:
        response = http.post(
            "/v1/alerts/own/resolve",
            headers=bearer(OFFICER, **{"If-Match": '"1"'}),
            json={"outcome_code": "MITIGATED", "note": "plan agreed"},
        )
        assert response.status_code == 200
        assert books.alerts["own"].outcome_code is OutcomeCode.MITIGATED

    @pytest.mark.parametrize(
        "body", [{}, {"outcome_code": "DONE"}, {"outcome_code": "FALSE", "x": 1}]
    )
    def test_without_a_known_outcome_it_stays_open(
        self, http: TestClient, books: InMemoryAlerts, body: dict[str, object]
    ) -> None:
        headers = bearer(OFFICER, **{"If-Match": '"1"'})
        response = http.post("/v1/alerts/own/resolve", headers=headers, json=body)
        assert response.status_code == 422
        assert books.alerts["own"].is_open

    def test_assigning_and_commenting(self, http: TestClient, books: InMemoryAlerts) -> None:
        # A comment names no version, and is no conflict for who read the one before it.
        http.post(
            "/v1/alerts/own/comments", headers=bearer(OFFICER), json={"text": "Called, no answer."}
        )
        response = http.post(
            "/v1/alerts/own/assign",
            headers=bearer(OFFICER, **{"If-Match": '"1"'}),
            json={"owner_id": "workout", "owner_kind": "QUEUE"},
        )
        alert = response.json()["alert"]
        assert (alert["alert_id"], alert["version"], alert["changed_version"]) == ("own", 3, 3)
        assert books.alerts["own"].owner.id == "workout"

    @pytest.mark.parametrize(
        ("step", "body", "pointer", "remedy"),
        [
            ("comments", {"text": "x" * 2001}, "/text", "at most 2000"),
            ("comments", {"text": ""}, "/text", "at least 1"),
            ("comments", {"text": " \n"}, "/text", "write what happened"),
            ("assign", {"owner_id": "a b"}, "/owner_id", "no space"),
            ("assign", {"owner_id": "x" * 129}, "/owner_id", "at most 128"),
            ("resolve", {"outcome_code": "SUPERSEDED"}, "/outcome_code", "choose one of CONFIRMED"),
            (
                "resolve",
                {"outcome_code": "FALSE", "note": "x" * 2001},
                "/note",
                "at most 2000",
            ),
        ],
    )
    def test_a_value_beyond_its_limit_is_422_with_pointer_and_remedy(
        self,
        http: TestClient,
        books: InMemoryAlerts,
        step: str,
        body: dict[str, object],
        pointer: str,
        remedy: str,
    ) -> None:
        headers = bearer(OFFICER, **{"If-Match": '"1"'})
        response = http.post(f"/v1/alerts/own/{step}", headers=headers, json=body)
        assert response.status_code == 422
        assert response.json()["type"] == "urn:tocsin:problem:invalid-request"
        [error] = response.json()["errors"]
        assert (error["in"], error["pointer"]) == ("body", pointer)
        assert remedy in error["detail"]
        assert books.alerts["own"].version == 1

    @pytest.mark.parametrize("key", [AUDITOR, OPERATOR])
    def test_who_only_reads_cannot_handle(self, http: TestClient, key: str) -> None:
        response = http.post(
            "/v1/alerts/own/acknowledge", headers=bearer(key, **{"If-Match": '"1"'})
        )
        assert response.status_code == 403

    def test_a_foreign_alert_cannot_be_touched_and_does_not_exist(
        self, http: TestClient, books: InMemoryAlerts
    ) -> None:
        response = http.post(
            "/v1/alerts/foreign/acknowledge", headers=bearer(OFFICER, **{"If-Match": '"1"'})
        )
        assert response.status_code == 404
        assert books.alerts["foreign"].version == 1


class TestWebhooks:
    URL = "https://hooks.bank-partner.com/tocsin"

    def register(self, http: TestClient) -> str:
        response = http.post(
            "/v1/webhook-endpoints", headers=bearer(OPERATOR), json={"url": self.URL}
        )
        assert response.status_code == 201, response.text
        assert response.json()["secret"]
        location: str = response.headers["Location"]
        return location

    def test_the_secret_is_shown_once(self, http: TestClient) -> None:
        location = self.register(http)
        assert "secret" not in http.get(location, headers=bearer(AUDITOR)).json()

    def test_replacing_needs_the_version(self, http: TestClient) -> None:
        location = self.register(http)
        body = {"url": self.URL, "minimum_severity": "HIGH"}
        assert http.put(location, headers=bearer(OPERATOR), json=body).status_code == 428
        headers = bearer(OPERATOR, **{"If-Match": '"1"'})
        changed = http.put(location, headers=headers, json=body)
        assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
        assert http.put(location, headers=headers, json=body).status_code == 412

    def test_switching_off_and_on_and_rotating(self, http: TestClient) -> None:
        location = self.register(http)
        off = http.post(
            f"{location}/disable",
            headers=bearer(OPERATOR, **{"If-Match": '"1"'}),
            json={"reason": "moving house"},
        )
        assert off.json()["disabled_reason"] == "moving house"
        on = http.post(f"{location}/enable", headers=bearer(OPERATOR, **{"If-Match": '"2"'}))
        assert on.json()["is_enabled"] is True
        rotated = http.post(
            f"{location}/rotate-secret",
            headers=bearer(OPERATOR, **{"If-Match": '"3"'}),
            json={"keep_old_hours": 1},
        )
        assert rotated.json()["endpoint"]["old_secret_expires_at"] == "2026-03-04T10:30:00Z"

    @pytest.mark.parametrize("format_", ["standard", "slack", "teams"])
    def test_an_endpoint_can_be_tried_out(
        self, http: TestClient, books: InMemoryAlerts, format_: str
    ) -> None:
        http.post(
            "/v1/webhook-endpoints",
            headers=bearer(OPERATOR),
            json={"url": self.URL, "format": format_},
        )
        response = http.post("/v1/webhook-endpoints/we-1/test", headers=bearer(OPERATOR))
        assert response.json() == {
            "webhook_id": "test-1",
            "result": "delivered",
            "duration_ms": 12,
            "status_code": 204,
            "error": None,
            "response": "",
        }
        [sent] = books.posted
        assert sent.url == self.URL
        assert b"Test message" in sent.body
        checked = signing.verify(sent.headers, body=sent.body, secrets=[SECRET], now=NOW)
        assert checked.is_genuine

    def test_an_unknown_endpoint_cannot_be_tried_out(self, http: TestClient) -> None:
        response = http.post("/v1/webhook-endpoints/nope/test", headers=bearer(OPERATOR))
        assert response.status_code == 404

    @pytest.mark.parametrize(
        "url", ["http://169.254.169.254/", "https://localhost/x", "ftp://a.example.com", "nonsense"]
    )
    def test_an_address_inside_is_refused_by_name(self, http: TestClient, url: str) -> None:
        response = http.post("/v1/webhook-endpoints", headers=bearer(OPERATOR), json={"url": url})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/url"

    @pytest.mark.parametrize("key", [OFFICER, SENIOR, AUDITOR])
    def test_only_operators_register(self, http: TestClient, key: str) -> None:
        response = http.post("/v1/webhook-endpoints", headers=bearer(key), json={"url": self.URL})
        assert response.status_code == 403

    def test_resending_everything_to_everybody_is_refused(self, http: TestClient) -> None:
        response = http.post("/v1/deliveries/resend", headers=bearer(OPERATOR), json={})
        assert response.status_code == 422

    def test_all_that_failed_goes_out_again(self, http: TestClient, books: InMemoryAlerts) -> None:
        response = http.post(
            "/v1/deliveries/resend",
            headers=bearer(OPERATOR),
            json={"endpoint_id": "we-1", "status": "EXHAUSTED"},
        )
        assert (response.status_code, response.json()) == (202, {"resent": 0})
        assert len(books.resent) == 1

    def test_an_unknown_delivery_is_404(self, http: TestClient) -> None:
        assert http.get("/v1/deliveries/7", headers=bearer(AUDITOR)).status_code == 404
        assert http.post("/v1/deliveries/7/resend", headers=bearer(OPERATOR)).status_code == 404
