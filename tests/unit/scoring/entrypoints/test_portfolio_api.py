"""REST about many borrowers: who may see whom, pages, and what makes no sense."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.scoring.application.ports import Isolation
from services.scoring.domain.portfolio.exit_candidates import ExitCandidate
from services.scoring.entrypoints.http import create_app
from services.scoring.entrypoints.response_models import exit_candidate_item
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.approvals_in_memory import no_approvals
from tests.fakes.clock import ManualClock
from tests.fakes.portfolio_in_memory import log_of_fifty_five_days, portfolio_of
from tests.fakes.scoring_store import ISOLATED_SINCE
from tests.fakes.scoring_worker import MemoryWorker
from tests.fakes.wire_events import START


class Keys:
    """`tsk_<role>[-<officer>]` is a key."""

    async def authenticate(self, text: str) -> Principal | None:
        role, _, officer = text.removeprefix("tsk_").partition("-")
        return Principal(
            id=text,
            name=text,
            roles=frozenset({Role[role.upper()]}),
            officer_ids=frozenset({officer} if officer else ()),
        )


def lived() -> MemoryWorker:
    """Return a worker after all of it."""
    worker = MemoryWorker()

    async def run() -> None:
        await worker.apply(log_of_fifty_five_days())
        await worker.finish_sweeps()

    asyncio.run(run())
    return worker


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of(lived())


def client_of(worker: MemoryWorker) -> TestClient:
    health = Health(ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))
    parts = WebParts(
        health=health,
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Keys(),
        access_log=MemoryAccessLog(),
    )
    portfolio = portfolio_of(worker)
    app = create_app(
        None, None, portfolio, None, no_approvals(), isolated=None, resend=None, parts=parts
    )  # type: ignore[arg-type]
    return TestClient(app)


def get(client: TestClient, path: str, key: str = "tsk_risk") -> Any:
    return client.get(f"/v1/portfolio/{path}", headers={"Authorization": f"Bearer {key}"})


def names(answer: Any) -> list[str]:
    return [item["borrower_id"] for item in answer.json()["items"]]


def test_near_triggers_name_figure_threshold_and_days(client: TestClient) -> None:
    answer = get(client, "near-triggers")
    assert answer.status_code == 200
    (first, *_) = answer.json()["items"]
    assert (first["borrower_id"], first["as_of"]) == ("B-1", "2026-02-28")
    signals = {item["indicator"]: item for item in first["triggers"]}
    # Due on 10 January, nothing paid: material for 49 day closes; hard is more than 90.
    assert signals["R-02"]["value"] == "49"
    assert (signals["R-02"]["level"], signals["R-02"]["days"]) == ("RED", 41)


def test_an_officer_sees_own_borrowers_whatever_is_asked(client: TestClient) -> None:
    assert names(get(client, "near-triggers", "tsk_officer-bob")) == []  # written off
    assert names(get(client, "near-triggers", "tsk_officer-ann")) == ["B-1", "B-2"]
    assert names(get(client, "near-triggers?officer_id=ann", "tsk_officer-bob")) == []
    assert get(client, "near-triggers", "tsk_operator").status_code == 403


def test_pages_go_on_where_the_last_one_ended(client: TestClient) -> None:
    first = get(client, "near-triggers?limit=1").json()
    assert (first["items"][0]["borrower_id"], first["next_cursor"]) == ("B-1", "B-1")
    second = get(client, f"near-triggers?limit=1&cursor={first['next_cursor']}").json()
    assert second["items"][0]["borrower_id"] == "B-2"
    assert get(client, "near-triggers?cursor=B-3").json() == {"items": [], "next_cursor": None}


def test_filters_narrow_what_is_looked_at(client: TestClient) -> None:
    assert names(get(client, "near-triggers?segment=RETAIL")) == []
    assert names(get(client, "near-triggers?branch_id=branch-1&officer_id=ann")) == ["B-1", "B-2"]
    assert names(get(client, "near-triggers?state=DEFAULT")) == []


def test_who_is_in_material_arrears_is_no_exit_candidate(client: TestClient) -> None:
    assert names(get(client, "exit-candidates")) == []


def test_maturities_of_a_month(client: TestClient) -> None:
    answer = get(client, "maturities?month=2026-03")
    assert answer.json()["items"] == [
        {
            "borrower_id": "B-2",
            "loan_id": "B-2-O",
            "maturity_date": "2026-03-10",
            "outstanding": "0.00",
            "currency": "EUR",
            "difficulty": "MEDIUM",
            "state": "WATCH",
            "officer_id": "ann",
            "branch_id": "branch-1",
            "isolated_since": None,
        }
    ]
    assert names(get(client, "maturities?month=2026-04")) == []


def test_a_list_says_since_when_a_borrower_is_isolated() -> None:
    worker = lived()
    worker.states.isolations["B-2"] = Isolation(borrower_id="B-2", folded_to=9, reason="x")
    client, since = client_of(worker), "2026-03-01T12:00:00Z"
    near = get(client, "near-triggers").json()["items"]
    assert [(item["borrower_id"], item["isolated_since"]) for item in near] == [
        ("B-1", None),
        ("B-2", since),
    ]
    (ending,) = get(client, "maturities?month=2026-03").json()["items"]
    assert ending["isolated_since"] == since


@pytest.mark.parametrize(("name", "since"), [("B-1", ISOLATED_SINCE), ("B-2", None)])
def test_an_exit_candidate_says_since_when_it_is_isolated(
    name: str, since: datetime | None
) -> None:
    candidate = ExitCandidate(name, "WATCH", 300_000, 100, "EUR", ["A-01"], None)
    assert exit_candidate_item(candidate, {"B-1": ISOLATED_SINCE}).isolated_since == since


def test_risk_points_count_months_hit_and_what_was_lost(client: TestClient) -> None:
    queue = get(client, "risk-points?from_month=2026-01&to_month=2026-02").json()
    assert queue["currency"] == "EUR"
    delay = next(item for item in queue["items"] if item["risk_type"] == "PAYMENT_DELAY")
    # January: all three unpaid since the 10th. February: B-1 and B-2; B-3 owes nothing any more.
    assert (delay["months_hit"], delay["months_exposed"]) == (5, 5)
    assert delay["occurrence_rate"] == "1"
    assert (delay["exposure_hit"], delay["loss"]) == ("36000.00", "12000.00")
    assert delay["loss_rate"] == "0.333333"


@pytest.mark.parametrize(
    "path",
    [
        "maturities?month=2026-13",
        "maturities",
        "near-triggers?limit=501",
        "near-triggers?segment=HUGE",
        "risk-points?from_month=2026-01&to_month=2027-01",
        "risk-points?from_month=2026-02&to_month=2026-01",
    ],
)
def test_what_makes_no_sense_is_refused(client: TestClient, path: str) -> None:
    answer = get(client, path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("near-triggers", "tsk_source"),
        ("risk-points?from_month=2026-01&to_month=2026-02", "tsk_officer-ann"),
    ],
)
def test_who_may_not_see_it_is_refused(client: TestClient, path: str, key: str) -> None:
    assert get(client, path, key).status_code == 403


def test_the_story_begins_where_the_tests_expect() -> None:
    assert str(START) == "2026-01-05"
