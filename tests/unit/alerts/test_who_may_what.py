"""Every operation of alerts against every role: a table written by hand, and nothing besides."""

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from services.alerts.entrypoints.http import create_app
from services.alerts.entrypoints.pages.routes import Presentation
from services.alerts.entrypoints.pages.session import form_token
from services.kit.access.keys import PEOPLE, Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.alerts_in_memory import NOW, InMemoryAlerts
from tests.fakes.clock import ManualClock
from tests.fakes.commands_in_memory import MemoryCommands

READ = set(Role) - {Role.SOURCE, Role.OPERATOR}
HANDLE = {Role.OFFICER, Role.SENIOR, Role.RISK, Role.WORKOUT}
KEEP = {Role.OPERATOR}
LOOK = {Role.OPERATOR, Role.AUDITOR}
ALLOWED: dict[tuple[str, str], set[Role]] = {
    ("GET", "/openapi.json"): set(Role),
    ("GET", "/v1/alerts"): READ,
    ("GET", "/v1/alerts/{alert_id:path}"): READ,
    ("GET", "/v1/borrowers/{borrower_id:path}/card"): READ,
    ("GET", "/v1/borrowers/{borrower_id:path}/decisions"): READ,
    ("GET", "/v1/alert-budget"): READ,
    ("GET", "/v1/digest"): READ,
    ("GET", "/v1/stream"): READ,
    ("POST", "/v1/alerts/{alert_id:path}/acknowledge"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/assign"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/comments"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/resolve"): HANDLE,
    ("GET", "/v1/approvals"): READ | KEEP,
    ("GET", "/v1/approvals/{proposal_id}"): READ | KEEP,
    ("POST", "/v1/alerts/{alert_id:path}/start"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/take"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/snooze"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/end-snooze"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/links"): HANDLE,
    ("POST", "/v1/alerts/{alert_id:path}/reopen"): HANDLE,
    ("POST", "/v1/alerts/bulk"): HANDLE,
    ("POST", "/v1/commands/{command_id}/undo"): HANDLE,
    ("POST", "/v1/approvals"): {Role.SENIOR, Role.RISK, Role.WORKOUT},
    ("POST", "/v1/approvals/{proposal_id}/approve"): {Role.RISK, Role.APPROVER},
    ("POST", "/v1/approvals/{proposal_id}/reject"): {Role.RISK, Role.APPROVER},
    ("POST", "/v1/approvals/{proposal_id}/conflict"): {Role.RISK, Role.APPROVER},
    ("GET", "/v1/people"): READ | KEEP,
    ("GET", "/v1/people/versions"): READ | KEEP,
    ("PUT", "/v1/people"): {Role.SENIOR, Role.RISK},
    ("GET", "/v1/silences"): READ,
    ("POST", "/v1/silences"): {Role.SENIOR, Role.RISK},
    ("POST", "/v1/silences/{silence_id}/end"): {Role.SENIOR, Role.RISK},
    ("POST", "/v1/webhook-endpoints"): KEEP,
    ("GET", "/v1/webhook-endpoints"): LOOK,
    ("GET", "/v1/webhook-endpoints/{endpoint_id}"): LOOK,
    ("PUT", "/v1/webhook-endpoints/{endpoint_id}"): KEEP,
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/disable"): KEEP,
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/enable"): KEEP,
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/rotate-secret"): KEEP,
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/test"): KEEP,
    ("GET", "/v1/deliveries"): LOOK,
    ("GET", "/v1/deliveries/{delivery_id}"): LOOK,
    ("POST", "/v1/deliveries/{delivery_id}/resend"): KEEP,
    ("POST", "/v1/deliveries/resend"): KEEP,
}
OPEN = {
    ("GET", path)
    for path in (
        "/livez",
        "/readyz",
        "/startupz",
        "/metrics",
        "/login",
        "/language/{code}",
        "/static/tocsin.css",
    )
} | {("POST", "/login")}
PAGES = {
    ("GET", "/"): READ,
    ("GET", "/digest"): READ,
    ("GET", "/borrowers/{borrower_id:path}"): READ,
    ("POST", "/logout"): READ,
    ("POST", "/alerts/{alert_id:path}/acknowledge"): HANDLE,
    ("POST", "/alerts/{alert_id:path}/comment"): HANDLE,
    ("POST", "/alerts/{alert_id:path}/resolve"): HANDLE,
}


class OneOfEach:
    """Knows one key for each role, named like it."""

    async def authenticate(self, text: str) -> Principal | None:
        if text not in set(Role):
            return None
        role = Role(text)
        person = text.lower() if role in PEOPLE else None
        return Principal(
            id=text, name=text, roles=frozenset({role}), person_id=person, officer_id="o-1"
        )

    async def holder_of(self, key_id: str) -> Principal | None:
        return await self.authenticate(key_id)


@pytest.fixture(scope="module")
def http() -> TestClient:
    clock = ManualClock(NOW)
    parts = WebParts(
        health=Health(clock),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=OneOfEach(),
        access_log=MemoryAccessLog(),
        commands=MemoryCommands(clock),
    )
    app = create_app(
        InMemoryAlerts(clock=clock).use_cases(),
        parts=parts,
        clock=clock,
        presentation=Presentation(timezone="Europe/Berlin", secure_cookies=True),
    )
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def address(path: str) -> str:
    for name in ("{alert_id:path}", "{borrower_id:path}", "{endpoint_id}"):
        path = path.replace(name, "x-1")
    return path.replace("{delivery_id}", "1")


def test_the_table_names_every_operation_there_is(http: TestClient) -> None:
    there = {
        (method, context.path)
        for context in iter_route_contexts(http.app.routes)  # type: ignore[attr-defined]
        for method in context.methods or ()
    }
    assert there == set(ALLOWED) | OPEN | set(PAGES)


@pytest.mark.parametrize(("method", "path"), sorted(ALLOWED))
def test_without_a_key_nothing_answers(http: TestClient, method: str, path: str) -> None:
    assert http.request(method, address(path)).status_code == 401


@pytest.mark.parametrize("role", sorted(Role))
@pytest.mark.parametrize(("method", "path"), sorted(ALLOWED))
def test_a_role_gets_in_exactly_where_the_table_says(
    http: TestClient, method: str, path: str, role: Role
) -> None:
    response = http.request(
        method, address(path), headers={"Authorization": f"Bearer {role.value}"}
    )
    assert response.status_code not in {401, 500}
    assert (response.status_code != 403) is (role in ALLOWED[method, path])


@pytest.mark.parametrize("role", sorted(Role))
@pytest.mark.parametrize(("method", "path"), sorted(PAGES))
def test_a_page_shows_itself_to_the_same_roles(
    http: TestClient, method: str, path: str, role: Role
) -> None:
    cookie = http.post("/login", data={"key": role.value}).headers["set-cookie"].partition(";")[0]
    http.cookies.clear()
    form = {"token": form_token(cookie.partition("=")[2])} if method == "POST" else None
    response = http.request(method, address(path), headers={"Cookie": cookie}, data=form)
    assert response.status_code != 500
    assert (response.status_code == 403) is (role not in PAGES[method, path])


@pytest.mark.parametrize(("method", "path"), sorted(PAGES))
def test_a_page_leads_strangers_to_the_login(http: TestClient, method: str, path: str) -> None:
    assert http.request(method, address(path)).headers["location"] == "/login"


def test_in_production_the_cookie_travels_over_tls_only(http: TestClient) -> None:
    assert "Secure" in http.post("/login", data={"key": "OFFICER"}).headers["set-cookie"]
