"""Every operation of the three APIs against every role and every relation to a borrower.

The operations come from the services' own OpenAPI, the roles from tables that are written by hand.
The applications are the real ones on a real database, with borrowers that are a caller's own, of
their branch, delegated to them, foreign and absent. A foreign one is answered like an absent one.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from services.alerts.__main__ import application as alerts_application
from services.alerts.settings import AlertsSettings
from services.alerts.wiring import Alerts
from services.alerts.wiring import build as build_alerts
from services.ingest.entrypoints.http import create_app as ingest_application
from services.ingest.settings import IngestSettings
from services.ingest.wiring import build as build_ingest
from services.kit.access import persons, row_rights, store
from services.kit.access.keys import Role
from services.kit.access.row_rights import RightKind, RowRight
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings
from services.scoring.entrypoints.worker import application as scoring_application
from services.scoring.settings import ScoringSettings
from services.scoring.wiring import build as build_scoring
from tests.conftest import Servers
from tests.fakes.assessments import RiskState, assessment, contributor, record
from tests.fakes.scoring_worker import MemoryWorker
from tests.fakes.wire_events import registered
from tests.integration.alerts.conftest import Desk
from tests.integration.test_odd_requests import Operation, encoded, operations, plausible_value
from tests.unit.alerts.test_who_may_what import ALLOWED as ALERTS

pytestmark = pytest.mark.integration

READERS = {Role.OFFICER, Role.SENIOR, Role.RISK, Role.WORKOUT, Role.APPROVER, Role.AUDITOR}
OF_MANY = READERS - {Role.OFFICER}
OPERATOR, SOURCE = {Role.OPERATOR}, {Role.SOURCE}
OPERATIONS = {Role.OPERATOR, Role.AUDITOR}
RULES = {Role.SENIOR, Role.RISK, Role.APPROVER, Role.AUDITOR, Role.OPERATOR}
ALL = set(Role) - SOURCE
Roles = dict[tuple[str, str], set[Role]]
QUARANTINE: Roles = {
    ("GET", "/v1/quarantine"): OPERATIONS | SOURCE,
    ("GET", "/v1/quarantine/counts"): OPERATIONS,
    ("GET", "/v1/quarantine/{entry_id}"): OPERATIONS,
    ("POST", "/v1/quarantine/{entry_id}/retry"): OPERATOR,
    ("POST", "/v1/quarantine/{entry_id}/release"): OPERATOR,
    ("POST", "/v1/quarantine/{entry_id}/discard"): OPERATOR,
    ("POST", "/v1/quarantine/retry"): OPERATOR,
}


def approvals(*, propose: set[Role], decide: set[Role]) -> Roles:
    return {
        ("GET", "/v1/approvals"): ALL,
        ("GET", "/v1/approvals/{proposal_id}"): ALL,
        ("POST", "/v1/approvals"): propose,
        ("POST", "/v1/approvals/{proposal_id}/approve"): decide,
        ("POST", "/v1/approvals/{proposal_id}/reject"): decide,
        ("POST", "/v1/approvals/{proposal_id}/conflict"): decide,
    }


INGEST: Roles = {
    **{
        operation: roles
        for operation, roles in QUARANTINE.items()
        if operation[1] != "/v1/quarantine/{entry_id}/release"
    },
    ("GET", "/v1/quarantine/{entry_id}"): OPERATIONS | SOURCE,
    **approvals(propose={Role.RISK, Role.OPERATOR}, decide={Role.APPROVER}),
    ("POST", "/v1/events"): SOURCE,
    ("GET", "/v1/history-loads"): OPERATIONS,
    ("POST", "/v1/history-loads"): OPERATOR,
    ("POST", "/v1/history-loads/{load_id}/close"): OPERATOR,
    ("GET", "/v1/accounts"): OPERATIONS,
    ("POST", "/v1/accounts"): OPERATOR,
}
SCORING: Roles = {
    **QUARANTINE,
    # A rulebook is proposed by RISK, days without a close and a withdrawal by an operator.
    **approvals(propose={Role.RISK, Role.OPERATOR}, decide={Role.APPROVER}),
    **{
        ("GET", f"/v1/borrowers/{{borrower_id}}/{view}"): READERS
        for view in ("assessment", "explanation", "arrears", "ledger", "history")
    },
    **{
        ("GET", f"/v1/portfolio/{view}"): READERS
        for view in ("near-triggers", "exit-candidates", "maturities")
    },
    ("GET", "/v1/portfolio/risk-points"): OF_MANY,
    ("GET", "/v1/portfolio/sectors"): OF_MANY,
    ("GET", "/v1/rulebooks"): RULES,
    ("POST", "/v1/rulebooks"): {Role.RISK},
    ("GET", "/v1/rulebooks/{name}/{version}"): RULES,
    ("POST", "/v1/rulebooks/{name}/{version}/propose"): {Role.RISK},
    ("POST", "/v1/rulebooks/{name}/{version}/approve"): {Role.APPROVER},
    ("POST", "/v1/rulebooks/{name}/{version}/activate"): {Role.RISK, Role.APPROVER},
    ("GET", "/v1/isolated-borrowers"): OPERATIONS,
    ("POST", "/v1/isolated-borrowers/{borrower_id}/resume"): OPERATOR,
    ("POST", "/v1/borrowers/{borrower_id}/resend"): OPERATOR,
}
TABLES: dict[str, Roles] = {
    "ingest": INGEST,
    "scoring": SCORING,
    "alerts": {
        **{
            (method, path.replace(":path}", "}")): roles
            for (method, path), roles in ALERTS.items()
            if path != "/openapi.json"
        },
        **QUARANTINE,
    },
}
# Who may see what: the caller's own, of their branch, delegated to them, foreign.
BORROWERS = {
    "b-own": ("o-7", "north"),
    "b-branch": ("o-8", "north"),
    "b-delegated": ("o-9", "south"),
    "b-foreign": ("o-10", "south"),
}
ABSENT = "b-absent"
EVERYBODY = set(BORROWERS)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A caller of one role, and the borrowers that they may see."""

    role: Role
    sees: frozenset[str] = frozenset()
    branch_ids: tuple[str, ...] = ()


CALLERS = {
    "officer": Caller(role=Role.OFFICER, sees=frozenset({"b-own", "b-delegated"})),
    "senior-of-north": Caller(
        role=Role.SENIOR, sees=frozenset({"b-own", "b-branch"}), branch_ids=("north",)
    ),
    "senior": Caller(role=Role.SENIOR, sees=frozenset(EVERYBODY)),
    "risk": Caller(role=Role.RISK, sees=frozenset(EVERYBODY)),
    "workout": Caller(role=Role.WORKOUT, sees=frozenset(EVERYBODY)),
    "approver": Caller(role=Role.APPROVER, sees=frozenset(EVERYBODY)),
    "auditor": Caller(role=Role.AUDITOR, sees=frozenset(EVERYBODY)),
    "operator": Caller(role=Role.OPERATOR),
    "source": Caller(role=Role.SOURCE),
}
# Bodies that let a command reach the alert; the version is one that no alert has.
BULK = "/v1/alerts/bulk"
BODIES: dict[str, Mapping[str, Any]] = {
    "/v1/alerts/{alert_id}/assign": {"owner_kind": "OFFICER", "owner_id": "o-7"},
    "/v1/alerts/{alert_id}/comments": {"text": "called"},
    "/v1/alerts/{alert_id}/links": {"url": "https://x", "sha256": "0" * 64, "title": "file"},
    "/v1/alerts/{alert_id}/reopen": {"reason": "it came back"},
    "/v1/alerts/{alert_id}/resolve": {"outcome_code": "FALSE", "note": ""},
    "/v1/alerts/{alert_id}/snooze": {"until": "2026-03-04T09:00:00Z", "reason": "on leave"},
    BULK: {
        "command": {"step": "acknowledge"},
        "items": [{"alert_id": "{alert_id}", "version": 999}],
    },
}
QUERIES = {
    "/v1/digest": "since=2020-01-01T00:00:00Z",
    "/v1/portfolio/maturities": "month=2026-03",
    "/v1/portfolio/risk-points": "from_month=2026-01&to_month=2026-03",
    "/v1/portfolio/sectors": "month=2026-03",
}
# The whole portfolio is theirs alone who may see all of it.
OF_THE_WHOLE = {"/v1/portfolio/sectors"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one request, without what names the request itself."""

    status: int
    text: str

    @property
    def shown(self) -> set[str]:
        return {name for name in BORROWERS if f'"{name}' in self.text}


class Service:
    """One application with a client for each caller."""

    def __init__(self, app: FastAPI, keys: Mapping[str, str]) -> None:
        self.operations = [
            each
            for each in operations(app)
            if each.path.startswith("/v1/") and ":path" not in each.path
        ]
        self._client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://localhost",
            timeout=60,
        )
        self._keys = keys

    async def send(
        self, operation: Operation, caller: str | None, ids: Mapping[str, str]
    ) -> Answer:
        url = operation.url().partition("?")[0]
        for name, value in ids.items():
            url = url.replace(f"/{PLACEHOLDER}", f"/{value}") if name in operation.path else url
        if operation.path in QUERIES:
            url = f"{url}?{QUERIES[operation.path]}"
        headers = {"If-Match": '"999"'}
        if caller is not None:
            headers["Authorization"] = f"Bearer {self._keys[caller]}"
        content = b""
        if operation.body:
            fields = operation.body["fields"]
            plausible = {name: plausible_value(schema) for name, schema in fields.items()}
            content = encoded(BODIES.get(operation.path, plausible), operation.body["type"])
            for name, value in ids.items():
                content = content.replace(name.encode(), value.encode())
            headers["Content-Type"] = operation.body["type"]
        response = await self._client.request(
            operation.method, url, headers=headers, content=content
        )
        return Answer(status=response.status_code, text=_neutral(response.text, ids))

    async def close(self) -> None:
        await self._client.aclose()


PLACEHOLDER = "b-1"  # What `Operation.url` puts for a text.


def _neutral(text: str, ids: Mapping[str, str]) -> str:
    """Returns the text of an answer without ids of the request and of its trace."""
    try:
        document = json.loads(text)
    except ValueError:
        return text
    if isinstance(document, dict):
        document = {name: value for name, value in document.items() if name != "trace_id"}
    neutral = json.dumps(document, ensure_ascii=False)
    for value in sorted(ids.values(), key=len, reverse=True):
        neutral = neutral.replace(value, "ID")
    return neutral


@pytest.fixture
async def keys(database_url: str) -> dict[str, str]:
    """A key for each caller; the officer stands in for o-9."""
    connection = await asyncpg.connect(database_url)
    now = SystemClock().now()
    issued = {}
    try:
        for name, caller in CALLERS.items():
            person = persons.StoredPerson(person_id=name, display_name=name, created_at=now)
            await persons.create(connection, person)
            grant = store.Grant(
                name=name,
                roles=frozenset({caller.role}),
                sources=("core",) if caller.role is Role.SOURCE else (),
                person_id=None if caller.role is Role.SOURCE else name,
                officer_id="o-7" if caller.role is Role.OFFICER else None,
                branch_ids=caller.branch_ids,
            )
            _, issued[name] = await store.issue(connection, grant, at=now)
        delegated = RowRight(
            person_id="officer", kind=RightKind.OFFICER, granted_id="o-9", reason="delegate"
        )
        await row_rights.replace_all(connection, [delegated])
    finally:
        await connection.close()
    return issued


@pytest.fixture
async def services(
    stack: Servers, database_url: str, keys: dict[str, str]
) -> AsyncIterator[dict[str, Service]]:
    platform = PlatformSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        database_url=database_url,
        http_requests_per_second=1e6,
    )
    settings = AlertsSettings(secret_key=base64.b64encode(b"k" * 32).decode())
    async with AsyncExitStack() as closing:
        ingest = await closing.enter_async_context(build_ingest(platform, IngestSettings()))
        scoring = await closing.enter_async_context(build_scoring(platform, ScoringSettings()))
        alerts: Alerts = await closing.enter_async_context(build_alerts(platform, settings))
        # A stream ends at once.
        alerts.web_parts.health.draining()
        opened = {
            "ingest": Service(ingest_application(ingest, IngestSettings()), keys),
            "scoring": Service(scoring_application(scoring), keys),
            "alerts": Service(alerts_application(alerts, platform, settings), keys),
        }
        yield opened
        for service in opened.values():
            await service.close()


@pytest.fixture
async def alert_ids(desk: Desk, database_url: str) -> dict[str, str]:
    """The borrowers in both services, each with an alert; returns the alerts' ids."""
    for name, (officer, branch) in BORROWERS.items():
        summary = assessment(
            RiskState.WATCH,
            contributor("R-01"),
            borrower_id=name,
            officer_id=officer,
            branch_id=branch,
        )
        await desk.apply([record(summary, offset=desk.offset)])
        desk.offset += 1
    await _store_in_scoring(database_url)
    rows = await desk.pool.fetch("SELECT borrower_id, alert_id FROM alerts.alert")
    return {row["borrower_id"]: row["alert_id"] for row in rows} | {ABSENT: f"{ABSENT}:1"}


async def _store_in_scoring(database_url: str) -> None:
    worker = MemoryWorker()
    raws = {
        name: registered(name, officer_id=officer, branch_id=branch)
        for name, (officer, branch) in BORROWERS.items()
    }
    await worker.apply(list(raws.values()))
    connection = await asyncpg.connect(database_url)
    try:
        for offset, (name, raw) in enumerate(raws.items()):
            stored = worker.states.rows[name]
            event = json.loads(raw)
            await connection.execute(
                "INSERT INTO scoring.borrower (borrower_id, partition, closed_offset, sequence,"
                " risk_state, score_micro, segment, officer_id, branch_id, state, last_source,"
                " last_event_id) VALUES ($1, 0, $2, 0, 'NORMAL', 0, 'SME', $3, $4, $5, $6, $7)",
                name,
                stored.closed_offset,
                *BORROWERS[name],
                stored.state,
                event["source"],
                event["id"],
            )
            await connection.execute(
                'INSERT INTO scoring.ledger (borrower_id, source, event_id, partition, "offset",'
                " day, event) VALUES ($1, $2, $3, 0, $4, '2026-01-05', $5)",
                name,
                event["source"],
                event["id"],
                offset,
                raw,
            )
    finally:
        await connection.close()


def ids_of(borrower_id: str, alert_ids: Mapping[str, str]) -> dict[str, str]:
    return {"{borrower_id}": borrower_id, "{alert_id}": alert_ids[borrower_id]}


def is_about_a_borrower(operation: Operation) -> bool:
    return (
        "{borrower_id}" in operation.path
        or "{alert_id}" in operation.path
        or operation.path == BULK
    )


async def test_the_tables_name_every_operation(services: dict[str, Service]) -> None:
    for name, service in services.items():
        there = {(each.method, each.path) for each in service.operations}
        assert there == set(TABLES[name]), name


async def test_every_role_gets_in_exactly_where_its_table_says(
    services: dict[str, Service], alert_ids: dict[str, str]
) -> None:
    wrong: list[str] = []
    sent = 0
    for name, service in services.items():
        for operation in service.operations:
            roles = TABLES[name][operation.method, operation.path]
            ids = ids_of(ABSENT, alert_ids)
            for caller in (None, *CALLERS):
                answer = await service.send(operation, caller, ids)
                sent += 1
                is_admitted = answer.status not in {401, 403}
                role = CALLERS[caller].role if caller else None
                may = role in roles and not (
                    operation.path in OF_THE_WHOLE and caller == "senior-of-north"
                )
                if operation.path.endswith("/events") and caller == "source":
                    may = is_admitted  # Its own sources decide, event by event.
                if (
                    (caller is None and answer.status != 401)
                    or (caller is not None and is_admitted is not may)
                    or answer.status >= 500
                ):
                    wrong.append(f"{caller}: {operation.method} {operation.path}: {answer}")
    assert wrong == []
    assert sent > 500


async def test_what_a_caller_may_not_see_is_answered_like_what_is_not_there(
    services: dict[str, Service], alert_ids: dict[str, str], database_url: str
) -> None:
    wrong: list[str] = []
    asked = [
        (service, operation, caller)
        for name, service in services.items()
        for operation in filter(is_about_a_borrower, service.operations)
        for caller, who in CALLERS.items()
        # Resume and resend, for an operator, are about ids and show nothing of a borrower.
        if who.role in TABLES[name][operation.method, operation.path] - {Role.OPERATOR}
    ]
    for service, operation, caller in asked:
        absent = await service.send(operation, caller, ids_of(ABSENT, alert_ids))
        for borrower in BORROWERS:
            answer = await service.send(operation, caller, ids_of(borrower, alert_ids))
            is_seen = borrower in CALLERS[caller].sees
            is_read = operation.method != "GET" or answer.status == 200
            if (answer == absent) is is_seen or (is_seen and not is_read):
                wrong.append(f"{caller}: {operation.method} {operation.path} of {borrower}")
    assert wrong == []
    assert len(asked) > 50
    await _check_access_log(database_url)


async def _check_access_log(database_url: str) -> None:
    """Every borrower that somebody saw was theirs, and nobody removes a row."""
    connection = await asyncpg.connect(database_url)
    try:
        for schema in ("alerts", "scoring"):
            rows = await connection.fetch(
                f"SELECT DISTINCT actor, subject, outcome FROM {schema}.access_log"
                " WHERE subject LIKE 'b-%'"
            )
            seen = {(row["actor"], row["subject"]) for row in rows if row["outcome"] == "READ"}
            assert seen == {(name, each) for name, who in CALLERS.items() for each in who.sees}
            assert ("officer", "b-foreign", "REFUSED") in {tuple(row) for row in rows}
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is append-only"):
                await connection.execute(f"DELETE FROM {schema}.access_log")
    finally:
        await connection.close()


async def test_no_list_count_or_figure_shows_a_borrower_that_the_caller_may_not_see(
    services: dict[str, Service], alert_ids: dict[str, str]
) -> None:
    shown: dict[str, set[str]] = {caller: set() for caller in CALLERS}
    for service in services.values():
        for operation in service.operations:
            if is_about_a_borrower(operation) or operation.method != "GET":
                continue
            for caller in CALLERS:
                answer = await service.send(operation, caller, {})
                shown[caller] |= answer.shown
    assert shown == {caller: set(who.sees) for caller, who in CALLERS.items()}
