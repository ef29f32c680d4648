"""Who read which borrower: a row for each read and each refusal, before the answer leaves."""

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.testclient import TestClient

from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import SystemClock
from services.kit.database import DatabaseUnavailable
from services.kit.http.access_log import AccessEntry, AccessLog, AccessOutcome, audited_read
from services.kit.http.application import UnloggedRead, WebParts, create_app
from services.kit.http.auth import Principal, require
from services.kit.http.health import Health
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import NOT_FOUND, UNAVAILABLE
from services.kit.metrics import Metrics
from tests.fakes.access_log_in_memory import MemoryAccessLog

CARD = "GET /borrowers/{borrower_id}/card"


class Absent(Exception):
    """There is no such borrower for the caller."""


class Callers:
    async def authenticate(self, text: str) -> Principal | None:
        roles = {"tsk_ada": Role.RISK, "tsk_op": Role.OPERATOR}
        if text not in roles:
            return None
        return Principal(id=f"k-{text}", name=text, roles=frozenset({roles[text]}), person_id="ada")


def app_of(log: AccessLog | None) -> FastAPI:
    router = APIRouter(route_class=JsonRoute, dependencies=[Depends(require(Role.RISK))])

    @router.get(
        "/borrowers/{borrower_id:path}/card", dependencies=[Depends(audited_read("borrower_id"))]
    )
    async def card(borrower_id: str) -> str:
        if borrower_id != "B-1":
            raise Absent(borrower_id)
        return "the card"

    @router.get("/counts")
    async def counts() -> int:
        return 1

    parts = WebParts(
        health=Health(SystemClock()),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Callers(),
        problems={Absent: NOT_FOUND, DatabaseUnavailable: UNAVAILABLE},
        access_log=log,
    )
    return create_app("test", parts=parts, routers=[router])


def get(log: AccessLog, path: str, key: str = "tsk_ada") -> int:
    client = TestClient(app_of(log), raise_server_exceptions=False)
    return client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code


@pytest.mark.parametrize(
    ("path", "key", "status", "outcome"),
    [
        ("/borrowers/B-1/card", "tsk_ada", 200, AccessOutcome.READ),
        ("/borrowers/B-2/card", "tsk_ada", 404, AccessOutcome.REFUSED),
        ("/borrowers/B-1/card", "tsk_op", 403, AccessOutcome.REFUSED),
        ("/borrowers/B-1/card?x=1", "tsk_ada", 422, AccessOutcome.REFUSED),
    ],
    ids=["read", "not theirs", "not their role", "not understood"],
)
def test_a_read_and_a_refusal_leave_a_row(
    path: str, key: str, status: int, outcome: AccessOutcome
) -> None:
    log = MemoryAccessLog()
    assert get(log, path, key) == status
    assert log.entries == [
        AccessEntry(
            actor="ada",
            caller_id=f"k-{key}",
            operation=CARD,
            subject=path.split("/")[2],
            outcome=outcome,
        )
    ]


def test_a_stranger_and_a_route_without_a_borrower_leave_none() -> None:
    log = MemoryAccessLog()
    assert get(log, "/borrowers/B-1/card", "tsk_nobody") == 401
    assert get(log, "/counts") == 200
    assert log.entries == []


def test_what_cannot_be_logged_is_not_shown() -> None:
    class Away:
        async def add(self, entry: AccessEntry) -> None:
            raise DatabaseUnavailable("restarts")

    assert get(Away(), "/borrowers/B-1/card") == 503


def test_an_application_without_a_log_does_not_start() -> None:
    with pytest.raises(UnloggedRead, match="/card"):
        app_of(None)
