"""A query parameter that a route does not have is refused, with the names that resemble it."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.testclient import TestClient

from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import SystemClock
from services.kit.http.application import LenientRoute, WebParts, create_app
from services.kit.http.auth import Principal, require
from services.kit.http.health import Health
from services.kit.http.json_route import JsonRoute
from services.kit.http.keyed_route import KeyedRoute
from services.kit.http.limits import RequestLimits
from services.kit.http.request_model import RequestModel
from services.kit.metrics import Metrics
from tests.contract.documents import APPLICATIONS

RISK = require(Role.RISK)


class Filters(RequestModel):
    severity: str | None = None
    branch_id: str | None = None


class Callers:
    async def authenticate(self, text: str) -> Principal | None:
        roles = {"tsk_ada": Role.RISK, "tsk_bob": Role.RISK, "tsk_core": Role.SOURCE}
        return Principal(id=text, name=text, roles=frozenset({roles[text]}))


def page_limit(limit: int = 50) -> int:
    return limit


def client_of(*routers: APIRouter, **limits: float) -> TestClient:
    parts = WebParts(
        health=Health(SystemClock()),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Callers(),
        limits=RequestLimits(**limits),  # type: ignore[arg-type]
    )
    return TestClient(
        create_app("test", parts=parts, routers=routers),
        headers={"Authorization": "Bearer tsk_ada"},
    )


@pytest.fixture(scope="module")
def http() -> TestClient:
    routes = APIRouter(route_class=JsonRoute, dependencies=[Depends(RISK)])
    keyed = APIRouter(route_class=KeyedRoute)

    @routes.get("/modelled")
    async def modelled(query: Annotated[Filters, Query()]) -> str | None:
        return query.severity

    @routes.get("/plain")
    async def plain(
        limit: Annotated[int, Depends(page_limit)],
        begin: Annotated[str, Query(alias="from")] = "now",
    ) -> str:
        return f"{begin} {limit}"

    @keyed.post("/keyed")
    async def endpoint(request: Request, caller: Annotated[Principal, Depends(RISK)]) -> Response:
        return Response("taken")

    return client_of(routes, keyed)


@pytest.mark.parametrize(
    ("url", "name", "detail"),
    [
        (
            "/modelled?severty=HIGH",
            "severty",
            "is no parameter of this route; did you mean severity?",
        ),
        (
            "/modelled?branch=7",
            "branch",
            "is no parameter of this route; did you mean branch_id?",
        ),
        ("/plain?begin=x", "begin", "is no parameter of this route; leave it out"),
        ("/plain?limits=5", "limits", "is no parameter of this route; did you mean limit?"),
        ("/plain?Limit=5", "Limit", "is no parameter of this route; did you mean limit?"),
        ("/keyed?dry_run=true", "dry_run", "is no parameter of this route; leave it out"),
    ],
)
def test_an_unknown_parameter_is_named_with_near_ones(
    http: TestClient, url: str, name: str, detail: str
) -> None:
    refused = http.post(url) if url.startswith("/keyed") else http.get(url)
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert error == {
        "detail": detail,
        "code": "unknown_parameter",
        "in": "query",
        "parameter": name,
    }


def test_parameters_of_models_dependencies_and_aliases_are_known(http: TestClient) -> None:
    assert http.get("/modelled?severity=HIGH&branch_id=7").json() == "HIGH"
    assert http.get("/plain?limit=5&from=start").json() == "start 5"
    assert http.post("/keyed").text == "taken"


def test_a_stranger_learns_no_parameter(http: TestClient) -> None:
    strange = {"Authorization": "Basic x"}
    assert http.get("/modelled?severty=HIGH", headers=strange).status_code == 401
    assert http.get("/modelled", headers={"Authorization": "Bearer tsk_core"}).status_code == 403


def test_a_route_that_reads_its_query_leniently_stops_the_start() -> None:
    lenient = APIRouter(dependencies=[Depends(RISK)])

    @lenient.get("/lenient")
    async def endpoint() -> None: ...

    with pytest.raises(LenientRoute, match="GET /lenient"):
        client_of(lenient)


@pytest.mark.parametrize("service", sorted(APPLICATIONS))
def test_no_body_of_a_service_takes_an_unknown_field(service: str) -> None:
    api = APPLICATIONS[service]().openapi()
    schemas = api["components"]["schemas"]
    bodies = {
        reference.rpartition("/")[2]
        for operations in api["paths"].values()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if (reference := content.get("schema", {}).get("$ref"))
    }
    lenient = {name for name in bodies if schemas[name].get("additionalProperties") is not False}
    assert lenient == set()


def test_a_caller_has_a_bucket_of_requests_that_fills_with_time() -> None:
    """0.5 a second, so two at once after a pause; the third waits for two seconds at most."""
    routes = APIRouter(
        route_class=JsonRoute, dependencies=[Depends(require(Role.RISK, Role.SOURCE))]
    )

    @routes.get("/limited")
    async def limited() -> str:
        return "read"

    http = client_of(routes, requests_per_second=0.5)
    answers = [http.get("/limited") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "2"
    assert answers[2].json()["type"] == "urn:tocsin:problem:too-many-requests"
    assert http.get("/limited", headers={"Authorization": "Bearer tsk_bob"}).status_code == 200
    source = {"Authorization": "Bearer tsk_core"}
    assert {http.get("/limited", headers=source).status_code for _ in range(20)} == {200}
