"""The HTTP application answers errors in one shape, and never starts with an unguarded route."""

from datetime import UTC, datetime
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel
from starlette.testclient import TestClient

from services.kit.access import keys
from services.kit.access.keys import Role
from services.kit.catalogue import HTTP_REQUESTS, KIT_CATALOGUE
from services.kit.http import problems
from services.kit.http.application import LenientRoute, UndeclaredRoute, WebParts, create_app
from services.kit.http.auth import Principal, public, require
from services.kit.http.health import Health, NotReady
from services.kit.http.json_route import JsonRoute
from services.kit.http.keyed_route import KeyedRoute
from services.kit.http.limits import RequestLimits
from services.kit.http.problems import ProblemKind
from services.kit.metrics import Metrics
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OFFICER = "tsk_officer"
AUDITOR = "tsk_auditor"


class Booked(Exception):
    """A domain error of an imaginary service."""


class Line(BaseModel):
    amount: int
    tags: list[int] = []


class KnownKeys:
    """Two fixed callers."""

    async def authenticate(self, text: str) -> Principal | None:
        roles = {OFFICER: Role.OFFICER, AUDITOR: Role.AUDITOR}
        if text not in roles:
            return None
        return Principal(id=text, name=text, roles=frozenset({roles[text]}))


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1", route_class=JsonRoute)
    officers = Depends(require(Role.OFFICER))

    @routes.post("/lines/{number}", dependencies=[officers])
    async def line(number: int, body: Line) -> int:
        return number + body.amount

    @routes.get("/booked", dependencies=[officers])
    async def booked() -> None:
        raise Booked("The line is booked; reverse it instead.")

    @routes.get("/bug", dependencies=[officers])
    async def bug() -> None:
        raise RuntimeError("the password is hunter2")

    return routes


def application(**changes: object) -> FastAPI:
    parts = WebParts(
        health=changes.get("health", Health(ManualClock(NOW))),  # type: ignore[arg-type]
        metrics=changes.get("metrics", Metrics(KIT_CATALOGUE)),  # type: ignore[arg-type]
        authenticator=KnownKeys(),
        problems={Booked: ProblemKind(409, "line-booked", "The line is booked")},
        limits=changes.get("limits", RequestLimits(max_body_bytes=200)),  # type: ignore[arg-type]
    )
    return create_app("test", parts=parts, routers=[router()])


@pytest.fixture
def client() -> TestClient:
    return TestClient(application(), raise_server_exceptions=False)


def as_officer(**headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {OFFICER}", **headers}


def test_a_route_without_roles_stops_the_start() -> None:
    forgotten = APIRouter(prefix="/v1", route_class=JsonRoute)

    @forgotten.get("/open")
    async def open_to_all() -> None: ...

    parts = WebParts(
        health=Health(ManualClock(NOW)), metrics=Metrics(KIT_CATALOGUE), authenticator=KnownKeys()
    )
    with pytest.raises(UndeclaredRoute, match="GET /v1/open"):
        create_app("test", parts=parts, routers=[forgotten])


def test_roles_may_be_declared_by_the_router_for_all_its_routes() -> None:
    guarded = APIRouter(
        prefix="/v1", dependencies=[Depends(require(Role.RISK))], route_class=JsonRoute
    )
    outer = APIRouter()

    @guarded.get("/all")
    async def all_of_it() -> None: ...

    outer.include_router(guarded)
    parts = WebParts(
        health=Health(ManualClock(NOW)), metrics=Metrics(KIT_CATALOGUE), authenticator=KnownKeys()
    )
    client = TestClient(create_app("test", parts=parts, routers=[outer]))
    assert client.get("/v1/all").status_code == 401


def test_a_public_route_needs_no_key() -> None:
    opened = APIRouter(route_class=JsonRoute)

    @opened.get("/door", dependencies=[Depends(public("people log in here"))])
    async def door() -> str:
        return "open"

    parts = WebParts(
        health=Health(ManualClock(NOW)), metrics=Metrics(KIT_CATALOGUE), authenticator=KnownKeys()
    )
    client = TestClient(create_app("test", parts=parts, routers=[opened]))
    assert client.get("/door").json() == "open"


@pytest.mark.parametrize("path", ["/v1/booked", "/openapi.json"])
@pytest.mark.parametrize(
    "header", [None, "Bearer ", "Bearer nonsense", "Basic dXNlcjpwYXNz", "tsk_officer"]
)
def test_without_a_good_key_everything_is_401(
    client: TestClient, path: str, header: str | None
) -> None:
    response = client.get(path, headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.headers["content-type"] == problems.MEDIA_TYPE
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["type"] == "urn:tocsin:problem:unauthenticated"


def test_a_role_that_may_not_is_403(client: TestClient) -> None:
    response = client.get("/v1/booked", headers={"Authorization": f"Bearer {AUDITOR}"})
    assert response.status_code == 403
    assert response.json()["detail"] == "This needs one of the roles OFFICER."


def test_a_domain_error_is_answered_by_its_table(client: TestClient) -> None:
    response = client.get("/v1/booked", headers=as_officer(**{"X-Correlation-Id": "abc-1"}))
    assert response.status_code == 409
    assert response.json() == {
        "type": "urn:tocsin:problem:line-booked",
        "title": "The line is booked",
        "status": 409,
        "detail": "The line is booked; reverse it instead.",
        "instance": "/v1/booked",
        "trace_id": "abc-1",
    }


def test_a_defect_is_a_500_that_reveals_nothing(client: TestClient) -> None:
    response = client.get("/v1/bug", headers=as_officer())
    assert response.status_code == 500
    assert response.headers["content-type"] == problems.MEDIA_TYPE
    assert "hunter2" not in response.text
    assert response.headers["X-Correlation-Id"] == response.json()["trace_id"]


def test_faults_in_a_body_are_listed_with_json_pointers_and_without_values(
    client: TestClient,
) -> None:
    response = client.post(
        "/v1/lines/1", json={"amount": "Anna Nowak", "tags": [1, "x"]}, headers=as_officer()
    )
    assert response.status_code == 422
    assert [(fault["in"], fault["pointer"]) for fault in response.json()["errors"]] == [
        ("body", "/amount"),
        ("body", "/tags/1"),
    ]
    assert "Nowak" not in response.text


def test_no_body_is_read_from_a_caller_without_a_key(client: TestClient) -> None:
    # Who reads it finds that it is no JSON: 422.
    def status_for(**headers: str) -> int:
        sent = {"Content-Type": "application/json", **headers}
        return client.post("/v1/lines/1", content=b"no JSON", headers=sent).status_code

    assert status_for() == 401
    assert status_for(Authorization=f"Bearer {AUDITOR}") == 403
    assert status_for(**as_officer()) == 422


def test_of_many_faults_a_hundred_are_listed() -> None:
    client = TestClient(application(limits=RequestLimits()))
    response = client.post(
        "/v1/lines/1", json={"amount": 1, "tags": ["x"] * 150}, headers=as_officer()
    )
    problem = response.json()
    assert problem["detail"].startswith("150 fault(s); the first: /tags/0")
    assert [fault["pointer"] for fault in problem["errors"]] == [f"/tags/{n}" for n in range(100)]


def test_a_fault_in_the_path_names_its_parameter(client: TestClient) -> None:
    response = client.post("/v1/lines/one", json={"amount": 1}, headers=as_officer())
    assert response.json()["errors"][0]["parameter"] == "number"


def test_broken_json_is_a_problem_at_the_root(client: TestClient) -> None:
    response = client.post(
        "/v1/lines/1",
        content=b'{"amount": ',
        headers=as_officer(**{"Content-Type": "application/json"}),
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == ""


@pytest.mark.parametrize(
    "body",
    [
        b'{"amount": 1, "amount": 2}',
        b'{"amount": 1, "x": NaN}',
        b'{"amount": 1, "x": "\\u0000"}',
        b'{"amount": 1, "x": "\\ud800"}',
    ],
)
def test_json_that_readers_understand_differently_is_422(client: TestClient, body: bytes) -> None:
    headers = as_officer(**{"Content-Type": "application/json"})
    response = client.post("/v1/lines/1", content=body, headers=headers)
    assert response.status_code == 422
    assert response.json()["type"] == "urn:tocsin:problem:invalid-request"


def test_a_route_with_a_body_that_is_read_leniently_stops_the_start() -> None:
    routes = APIRouter()

    @routes.post("/lines", dependencies=[Depends(require(Role.OFFICER))])
    async def line(body: Line) -> int:
        return body.amount

    parts = WebParts(
        health=Health(ManualClock(NOW)), metrics=Metrics(KIT_CATALOGUE), authenticator=KnownKeys()
    )
    with pytest.raises(LenientRoute, match="POST /lines"):
        create_app("test", parts=parts, routers=[routes])


def test_a_content_type_of_many_characters_is_415(client: TestClient) -> None:
    headers = as_officer(**{"Content-Type": "application/json" + ";a=b" * 100})
    response = client.post("/v1/lines/1", content=b'{"amount": 1}', headers=headers)
    assert response.status_code == 415


def test_a_body_over_the_limit_is_413_by_its_declared_length(client: TestClient) -> None:
    response = client.post("/v1/lines/1", content=b"x" * 201, headers=as_officer())
    assert response.status_code == 413
    assert response.json()["type"] == "urn:tocsin:problem:body-too-large"


def test_a_body_over_the_limit_is_413_when_it_streams_without_a_length(
    client: TestClient,
) -> None:
    response = client.post(
        "/v1/lines/1",
        content=iter([b"x" * 100, b"x" * 101]),
        headers=as_officer(**{"Content-Type": "application/json"}),
    )
    assert response.status_code == 413
    assert response.json()["type"] == "urn:tocsin:problem:body-too-large"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("testserver", 200),
        ("localhost:8081", 200),
        ("127.0.0.1:8081", 200),
        ("[::1]:8081", 200),
        ("10.4.3.2", 200),
        ("risk.bank.com", 200),
        ("RISK.bank.com.:443", 200),
        ("evil.example", 400),
        ("risk.bank.com.evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("bank.com", 400),
        ("a b", 400),
        ("", 400),
        ("user@localhost", 400),
    ],
)
def test_a_host_that_is_not_ours_is_refused(host: str, status: int) -> None:
    limits = RequestLimits(host_names=frozenset({"risk.bank.com"}))
    client = TestClient(application(limits=limits))
    assert client.get("/livez", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("path", ["/v1/lines/1%00", "/livez?a=%00", "/livez?a=b%00c&d=e"])
def test_a_nul_character_is_no_part_of_a_path_or_a_query(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 422
    assert response.json()["type"] == "urn:tocsin:problem:invalid-request"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/livez", 405)]
)
def test_what_is_not_there_is_a_problem_too(
    client: TestClient, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == problems.MEDIA_TYPE


def test_every_answer_has_strict_headers(client: TestClient) -> None:
    headers = client.get("/livez").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "server" not in headers


def test_a_correlation_id_that_could_break_a_log_line_is_replaced(client: TestClient) -> None:
    sent = 'x" admin="true'
    assert (
        client.get("/livez", headers={"X-Correlation-Id": sent}).headers["X-Correlation-Id"] != sent
    )


def test_requests_are_counted_by_their_template_not_their_path() -> None:
    metrics = Metrics(KIT_CATALOGUE)
    client = TestClient(application(metrics=metrics))
    client.post("/v1/lines/4711", json={"amount": 1}, headers=as_officer())
    client.get("/nowhere/4711")
    shown = client.get("/metrics").text
    assert 'tocsin_http_requests_total{route="/v1/lines/{number}",status="2xx"} 1.0' in shown
    assert 'route="unmatched",status="4xx"' in shown
    assert "4711" not in shown
    assert HTTP_REQUESTS in set(metrics)


async def broken() -> None:
    raise NotReady("no partition is assigned")


def test_ready_names_what_is_missing_and_liveness_ignores_it() -> None:
    health = Health(ManualClock(NOW))
    health.add_readiness_check("partitions", broken)
    client = TestClient(application(health=health))
    assert client.get("/startupz").status_code == 503
    health.started()
    assert client.get("/startupz").status_code == 200
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"partitions": "no partition is assigned"}
    assert client.get("/livez").status_code == 200


def test_a_stuck_watchdog_fails_liveness() -> None:
    health = Health(ManualClock(NOW))
    health.add_liveness_check("consumer", lambda: "partition 3 has lag and has not moved for 60 s")
    response = TestClient(application(health=health)).get("/livez")
    assert response.status_code == 503


def test_a_key_text_has_the_documented_form() -> None:
    text = keys.key_text(key_id=keys.new_key_id(), secret=keys.new_secret())
    assert keys.parse(text) is not None


def keyed(**more: object) -> TestClient:
    """Returns a client of an application with a keyed route."""
    routes = APIRouter(route_class=KeyedRoute)

    @routes.post("/v1/keyed", **more)  # type: ignore[arg-type]
    async def endpoint(
        request: Request, caller: Annotated[Principal, Depends(require(Role.OFFICER))]
    ) -> Response:
        body = await request.body()
        if body == b"booked":
            raise Booked("The line is booked; reverse it instead.")
        if body == b"bug":
            raise RuntimeError("the password is hunter2")
        return Response(f"straight to {caller.id}", status_code=202)

    parts = WebParts(
        health=Health(ManualClock(NOW)),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=KnownKeys(),
        problems={Booked: ProblemKind(409, "line-booked", "The line is booked")},
        limits=RequestLimits(max_body_bytes=200),
    )
    return TestClient(
        create_app("test", parts=parts, routers=[routes]), raise_server_exceptions=False
    )


def test_a_keyed_route_admits_the_roles_that_it_declares_and_nobody_else() -> None:
    client = keyed()
    for headers, status in (
        (None, 401),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, 401),
        ({"Authorization": OFFICER}, 401),
        ({"Authorization": f"Bearer {AUDITOR}"}, 403),
        (as_officer(), 202),
    ):
        response = client.post("/v1/keyed", headers=headers)
        assert response.status_code == status, headers
        assert response.headers["x-content-type-options"] == "nosniff"
    assert response.text == f"straight to {OFFICER}"


@pytest.mark.parametrize(
    ("body", "status"), [(b"booked", 409), (b"bug", 500), (b"x" * 201, 413)], ids=str
)
def test_errors_of_a_keyed_route_are_problems_like_everywhere(body: bytes, status: int) -> None:
    response = keyed().post("/v1/keyed", content=body, headers=as_officer())
    assert response.status_code == status
    assert response.headers["content-type"] == problems.MEDIA_TYPE
    assert "hunter2" not in response.text


def test_a_body_that_lies_about_its_length_is_refused_on_a_keyed_route_too() -> None:
    response = keyed().post(
        "/v1/keyed", content=iter([b"x" * 150, b"x" * 150]), headers=as_officer()
    )
    assert response.status_code == 413


def test_a_keyed_route_is_measured_under_its_path() -> None:
    client = keyed()
    client.post("/v1/keyed", headers=as_officer())
    shown = client.get("/metrics").text
    assert 'tocsin_http_requests_total{route="/v1/keyed",status="2xx"} 1.0' in shown


def test_a_keyed_route_that_depends_on_more_than_its_key_stops_the_start() -> None:
    async def also() -> None: ...

    with pytest.raises(ValueError, match="one key guard"):
        keyed(dependencies=[Depends(require(Role.OFFICER)), Depends(also)])
