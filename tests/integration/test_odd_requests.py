"""Odd input at every route of the three services, on a real database: never an error of ours.

The routes come from the services' own OpenAPI, so a new route is tested without a line here; the
pages for people, which are in no API, come from the routes themselves. Each parameter and each
field of a body gets every odd value once, all others are plausible.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from services.alerts.__main__ import application as alerts_application
from services.alerts.entrypoints.pages.session import COOKIE
from services.alerts.settings import AlertsSettings
from services.alerts.wiring import build as build_alerts
from services.ingest.entrypoints.http import create_app as ingest_application
from services.ingest.settings import IngestSettings
from services.ingest.wiring import build as build_ingest
from services.kit.access import persons, store
from services.kit.access.keys import Role
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings
from services.scoring.entrypoints.worker import application as scoring_application
from services.scoring.settings import ScoringSettings
from services.scoring.wiring import build as build_scoring
from tests.conftest import Servers

pytestmark = pytest.mark.integration

# As they stand in a URL; what needs it is encoded already.
ODD_TEXTS = (
    "",
    "%20",
    "%00",
    "a%00b",
    "%ff%fe",
    "%ed%a0%80",
    "%C3%A9",
    "%F0%9F%92%A9",
    "%E2%80%AE",
    "a" * 3000,
    quote("' OR 1=1; --"),
    quote("<script>"),
    "%25",
    "%2e%2e%2f%2e%2e",
    "%0d%0aX-A:%20b",
    "%5B%5D",
    "%7B%7D",
    "null",
    "true",
    "NaN",
    "1e400",
    "0",
    "-1",
    "9" * 18,
    "9" * 19,
    "9" * 40,
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "2026-02-30",
    "2026-03-31T10:00:00",
    quote("0001-01-01T00:00:00+23:59"),
    quote("9999-12-31T23:59:59-23:59"),
    base64.urlsafe_b64encode(b'["2026-03-31T10:00:00Z", "a\\u0000"]').decode(),
    base64.urlsafe_b64encode(b'["0001-01-01T00:00:00+23:59", "a"]').decode(),
)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    "",
    "\x00",
    "\ud800",
    "x" * 10_000,
    "2026-02-30",
    "0001-01-01T00:00:00+23:59",
    [],
    [[]],
    ["\x00"],
    {},
    {"a": None},
)
ODD_BODIES = (b"", b"{", b"[]", b"null", b"\xff", b"1" * 6_000, b"[" * 20_000, b'{"a":1,"a":2}')
ODD_HEADERS = ("", "1" * 19, "9" * 19, '"1', '"' + "9" * 40 + '"', "\xff", "a" * 3000)

PLAUSIBLE = {"integer": "1", "boolean": "true", "number": "1"}


class Door:
    """One application, with a key for everything, and the requests that it got."""

    def __init__(self, app: FastAPI, key: str) -> None:
        self.app = app
        self.sent = 0
        self.failures: list[str] = []
        self._client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {key}", "Cookie": f"{COOKIE}={key}"},
            timeout=60,
        )

    async def send(self, method: str, url: str, **more: Any) -> None:
        headers = [
            (name.encode(), value.encode("latin-1")) for name, value in more.pop("headers", ())
        ]
        response = await self._client.request(method, url, headers=headers, **more)
        self.sent += 1
        if response.status_code >= 500:
            self.failures.append(f"{response.status_code} {method} {url[:200]} {str(more)[:200]}")

    async def close(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def doors(stack: Servers, database_url: str) -> AsyncIterator[list[Door]]:
    platform = PlatformSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        database_url=database_url,
        http_requests_per_key=1_000,
        http_requests_per_second=1e6,
    )
    settings = AlertsSettings(secret_key=base64.b64encode(b"k" * 32).decode())
    connection = await asyncpg.connect(platform.dsn)
    now = SystemClock().now()
    person = persons.StoredPerson(person_id="odd", display_name="Odd", created_at=now)
    grant = store.Grant(
        name="odd", roles=frozenset(Role), sources=("*",), person_id="odd", officer_id="o-1"
    )
    try:
        await persons.create(connection, person)
        _, key = await store.issue(connection, grant, at=now)
    finally:
        await connection.close()
    async with AsyncExitStack() as closing:
        ingest = await closing.enter_async_context(build_ingest(platform, IngestSettings()))
        scoring = await closing.enter_async_context(build_scoring(platform, ScoringSettings()))
        alerts = await closing.enter_async_context(build_alerts(platform, settings))
        # A stream ends at once.
        alerts.web_parts.health.draining()
        opened = [
            Door(ingest_application(ingest, IngestSettings()), key),
            Door(scoring_application(scoring), key),
            Door(alerts_application(alerts, platform, settings), key),
        ]
        yield opened
        for door in opened:
            await door.close()


async def test_no_odd_request_is_an_error_of_ours(doors: list[Door]) -> None:
    for door in doors:
        for operation in operations(door.app):
            await probe(door, operation)
    assert not [failure for door in doors for failure in door.failures]
    assert all(door.sent > 200 for door in doors)


class Operation:
    """A method of a path, with its parameters and the schema of its body."""

    def __init__(
        self,
        method: str,
        path: str,
        parameters: Sequence[Mapping[str, Any]],
        body: Mapping[str, Any],
    ) -> None:
        self.method = method
        self.path = path
        self.parameters = parameters
        self.body = body

    def url(self, changed: str = "", value: str = "") -> str:
        """Returns the URL with one parameter replaced."""
        path, query = self.path, []
        for parameter in self.parameters:
            name = parameter["name"]
            kind = parameter.get("schema", {}).get("type", "string")
            text = value if name == changed else PLAUSIBLE.get(kind, "b-1")
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", text or "%20")
            elif parameter["in"] == "query" and (name == changed or parameter.get("required")):
                query.append(f"{quote(name)}={text}")
        return f"{path}?{'&'.join(query)}" if query else path


async def probe(door: Door, operation: Operation) -> None:
    for parameter in operation.parameters:
        if parameter["in"] == "header":
            for value in ODD_HEADERS:
                headers = [(parameter["name"], value)]
                await door.send(operation.method, operation.url(), headers=headers)
        else:
            for text in ODD_TEXTS:
                await door.send(operation.method, operation.url(parameter["name"], text))
    for headers, content in bodies(operation):
        await door.send(operation.method, operation.url(), content=content, headers=headers)


def bodies(operation: Operation) -> Iterator[tuple[list[tuple[str, str]], bytes]]:
    """Yields odd bodies, each with the headers that let it reach the route."""
    if not operation.body:
        return
    headers = [("content-type", operation.body["type"]), ("if-match", '"1"')]
    for content in ODD_BODIES:
        yield headers, content
    fields: Mapping[str, Any] = operation.body["fields"]
    plausible = {name: plausible_value(schema) for name, schema in fields.items()}
    for name in fields:
        for value in ODD_VALUES:
            yield headers, encoded({**plausible, name: value}, operation.body["type"])


def plausible_value(schema: Mapping[str, Any]) -> Any:
    options = [schema, *schema.get("anyOf", [])]
    for option in options:
        if "enum" in option:
            return option["enum"][0]
        if "default" in option:
            return option["default"]
        if option.get("type") in ("integer", "number", "boolean", "array", "object"):
            return {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}[
                option["type"]
            ]
        if "url" in str(option.get("title", "")).lower():
            return "https://hooks.bank.com/x"
    return "b-1"


def encoded(document: Mapping[str, Any], media_type: str) -> bytes:
    if media_type == "application/x-www-form-urlencoded":
        texts = {name: str(value) for name, value in document.items()}
        return urlencode(texts, errors="surrogatepass").encode()
    return json.dumps(document).encode()


def operations(app: FastAPI) -> Iterator[Operation]:
    """Yields the operations of the API, then the routes that are in no API."""
    api = app.openapi()
    for path, methods in api["paths"].items():
        for method, described in methods.items():
            yield Operation(
                method.upper(), path, described.get("parameters", []), body_of(api, described)
            )
    for context in iter_route_contexts(app.routes):
        if context.path is not None and context.path not in api["paths"]:
            yield from page_operations(context)


def page_operations(context: Any) -> Iterator[Operation]:
    dependant = context.dependant
    parameters = [{"name": field.alias, "in": "path"} for field in dependant.path_params]
    parameters += [{"name": field.alias, "in": "query"} for field in dependant.query_params]
    names = ("token", "key", "comment", "version", "outcome_code")
    fields: Mapping[str, Any] = {name: {} for name in names}
    form = {"type": "application/x-www-form-urlencoded", "fields": fields}
    for method in sorted(context.methods - {"HEAD"}):
        yield Operation(method, context.path, parameters, form if method == "POST" else {})


def body_of(api: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any]:
    content = described.get("requestBody", {}).get("content", {})
    if not content:
        return {}
    media_type, body = next(iter(content.items()))
    schema = body.get("schema", {})
    if "$ref" in schema:
        schema = api["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    fields = schema.get("properties") or {name: {} for name in body.get("example", {})}
    return {"type": media_type, "fields": fields}
