"""REST about a borrower: roles, foreign borrowers, cursors and problems."""

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from services.contracts.assessment import AssessmentChangedV1
from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.scoring.adapters.codec import build_codec
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.application.borrower_queries import (
    AssessmentView,
    BorrowerNotFound,
    HistoryRow,
    LedgerRow,
    Viewer,
)
from services.scoring.domain.assess.assessment import Cause
from services.scoring.domain.assess.effects import Effect
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.rulebook.context import Context
from services.scoring.entrypoints.http import create_app
from services.scoring.entrypoints.response_models import arrears_body
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.approvals_in_memory import no_approvals
from tests.fakes.clock import ManualClock
from tests.fakes.scoring_worker import RULEBOOK, ZONE
from tests.fakes.story import Story
from tests.fakes.wire_events import registered

SLASHED = "DE/4711/ledger"


class OneBorrower:
    """Queries over one borrower: B-1 of officer-1."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.isolated_since: datetime | None = None

    def _check(self, borrower_id: str, viewer: Viewer) -> None:
        if borrower_id not in ("B-1", SLASHED):
            raise BorrowerNotFound(borrower_id)
        if not viewer.sees_everything and "officer-1" not in viewer.officer_ids:
            raise BorrowerNotFound(borrower_id)

    async def assessment(
        self, borrower_id: str, *, as_of: date | None, viewer: Viewer
    ) -> AssessmentView:
        self._check(borrower_id, viewer)
        self.asked.append(as_of)
        context = Context(RULEBOOK)
        event = EventDecoder(ZONE).decode(registered("B-1"))
        borrower = fold(new_borrower("B-1"), event, context).borrower
        rules = context.rules_for(borrower)
        cause = Cause(event.source, event.id, "borrower.registered.v1")
        assessment = snapshot(borrower, rules, event.day, event.at_us, cause)
        return AssessmentView(
            assessment=assessment,
            borrower=borrower,
            rules=rules,
            isolated_since=self.isolated_since,
        )

    async def ledger(
        self, borrower_id: str, *, viewer: Viewer, after: int, limit: int
    ) -> list[LedgerRow]:
        self._check(borrower_id, viewer)
        rows = [
            LedgerRow(partition=0, offset=offset, day=date(2026, 1, 5), event=b'{"id": "x"}')
            for offset in (3, 7, 9)
            if offset > after
        ]
        return rows[:limit]

    async def history(
        self, borrower_id: str, *, viewer: Viewer, before: int, limit: int
    ) -> list[HistoryRow]:
        self._check(borrower_id, viewer)
        rows = [
            HistoryRow(sequence=sequence, event=b"{}")
            for sequence in (3, 2, 1)
            if sequence < before
        ]
        return rows[:limit]


class Keys:
    async def authenticate(self, text: str) -> Principal | None:
        role, _, officer = text.removeprefix("tsk_").partition("-")
        if role.upper() not in Role.__members__:
            return None
        return Principal(
            id=text,
            name=text,
            roles=frozenset({Role[role.upper()]}),
            officer_ids=frozenset({officer} if officer else ()),
        )


@pytest.fixture
def reading() -> OneBorrower:
    return OneBorrower()


@pytest.fixture
def client(reading: OneBorrower) -> TestClient:
    health = Health(ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))
    parts = WebParts(
        health=health,
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Keys(),
        access_log=MemoryAccessLog(),
    )
    app = create_app(
        reading, None, None, None, no_approvals(), isolated=None, resend=None, parts=parts
    )  # type: ignore[arg-type]
    return TestClient(app)


def get(client: TestClient, path: str, key: str = "tsk_risk") -> Any:
    return client.get(f"/v1/borrowers/{path}", headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize("view", ["assessment", "explanation", "arrears", "ledger", "history"])
def test_a_borrower_whose_id_has_slashes_is_reached_percent_encoded(
    client: TestClient, view: str
) -> None:
    assert get(client, f"DE%2F4711%2Fledger/{view}").status_code == 200
    assert get(client, f"DE%2F4712/{view}").status_code == 404


def test_an_assessment_is_the_contract_s_object(client: TestClient) -> None:
    response = get(client, "B-1/assessment")
    assert response.status_code == 200
    emitted = response.json() | {"sequence": 1, "reason": ["FIRST"]}
    msgspec.convert(emitted, AssessmentChangedV1)


@pytest.mark.parametrize(
    "view", ["assessment", "explanation", "explanation?language=en", "arrears"]
)
def test_an_answer_says_since_when_its_borrower_is_isolated(
    client: TestClient, reading: OneBorrower, view: str
) -> None:
    assert get(client, f"B-1/{view}").json()["isolated_since"] is None
    reading.isolated_since = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert get(client, f"B-1/{view}").json()["isolated_since"] == "2026-03-01T12:00:00Z"


def test_a_date_is_handed_on(client: TestClient, reading: OneBorrower) -> None:
    assert get(client, "B-1/assessment?as_of=2026-01-31").status_code == 200
    assert get(client, "B-1/arrears?as_of=2026-01-30").status_code == 200
    assert reading.asked == [date(2026, 1, 31), date(2026, 1, 30)]


def test_arrears_are_answered_in_days_late_and_in_days_in_arrears() -> None:
    """Nine days after 15 March, in ten days of grace; four after 20 March, without any."""
    story = Story(start="2024-03-01")
    story.loan(10_000, contractual_grace_days=10)
    story.schedule(("2024-03-15", 1_000))
    story.loan(5_000, loan_id="l-2")
    story.schedule(("2024-03-20", 700), loan_id="l-2")
    story.close_through("2024-03-24")
    borrower, rules, last = story.borrower, story.rules, story.log[-1]
    cause = Cause(last.source, last.id, "day.closed.v1")
    assessment = snapshot(borrower, rules, last.day, last.at_us, cause)
    answer = json.loads(
        arrears_body(AssessmentView(assessment=assessment, borrower=borrower, rules=rules))
    )
    loans = answer.pop("loans")
    assert answer == {
        "borrower_id": "b-1",
        "as_of": "2024-03-24",
        "days_late": 9,
        "days_in_arrears": 4,
        "dpd_regulatory": 9,
        "past_due": "1700.00",
        "currency": "EUR",
        "isolated_since": None,
    }
    assert [(loan["id"], loan["days_late"], loan["days_in_arrears"]) for loan in loans] == [
        ("l-1", 9, 0),
        ("l-2", 4, 4),
    ]
    assert [(loan["past_due"], loan["grace_days"]) for loan in loans] == [
        ("1000.00", 10),
        ("700.00", 0),
    ]


def test_an_explanation_names_every_indicator(client: TestClient) -> None:
    indicators = get(client, "B-1/explanation").json()["indicators"]
    assert {"R-01", "A-01", "F-02"} <= set(indicators)


@pytest.mark.parametrize("what", ["assessment", "explanation", "arrears", "ledger", "history"])
def test_another_officer_s_borrower_does_not_exist(client: TestClient, what: str) -> None:
    assert get(client, f"B-1/{what}", "tsk_officer-officer-1").status_code == 200
    foreign = get(client, f"B-1/{what}", "tsk_officer-officer-2")
    absent = get(client, f"B-404/{what}", "tsk_officer-officer-2")
    assert foreign.status_code == absent.status_code == 404
    assert set(foreign.json()) == set(absent.json())


@pytest.mark.parametrize("what", ["assessment", "explanation", "arrears", "ledger", "history"])
def test_only_readers_read(client: TestClient, what: str) -> None:
    assert get(client, f"B-1/{what}", "tsk_source").status_code == 403
    assert get(client, f"B-1/{what}", "tsk_nobody").status_code == 401


def test_the_ledger_continues_at_its_cursor(client: TestClient) -> None:
    first = get(client, "B-1/ledger?limit=2").json()
    assert [item["offset"] for item in first["items"]] == [3, 7]
    assert first["next_cursor"] == 7
    rest = get(client, f"B-1/ledger?limit=2&cursor={first['next_cursor']}").json()
    assert [item["offset"] for item in rest["items"]] == [9]
    assert rest["next_cursor"] is None


def test_the_history_is_newest_first(client: TestClient) -> None:
    page = get(client, "B-1/history?limit=2").json()
    assert [item["sequence"] for item in page["items"]] == [3, 2]
    assert page["next_cursor"] == 2


@pytest.mark.parametrize(
    "path",
    [
        "B-1/assessment?as_of=yesterday",
        "B-1/ledger?limit=0",
        "B-1/ledger?cursor=-1",
        "B-1/history?cursor=x",
        "B-1/ledger?limit=501",
    ],
)
def test_what_makes_no_sense_is_refused_by_its_place(client: TestClient, path: str) -> None:
    response = get(client, path)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_an_effect_is_known_by_its_sender_and_the_senders_number() -> None:
    codec = build_codec(ZONE)
    effect = Effect("B-1", 7, "B-2", "related-state.changed.v1", 0, data={"state": "DEFAULT"})
    raw = codec.encode_effect(effect)
    assert raw == codec.encode_effect(effect)
    assert json.loads(raw)["id"] == "told:B-1:7"
    assert json.loads(raw)["subject"] == "B-2"


@pytest.mark.parametrize(("language", "word"), [("en", "normal"), ("es", "normal"), ("zh", "正常")])
def test_an_explanation_is_in_the_requested_language(
    client: TestClient, language: str, word: str
) -> None:
    story = get(client, f"B-1/explanation?language={language}").json()["story"]
    assert story["language"] == language
    assert word in story["summary"][0]


def test_an_explanation_without_a_language_has_no_sentences(client: TestClient) -> None:
    assert "story" not in get(client, "B-1/explanation").json()


def test_a_language_that_is_not_spoken_is_refused(client: TestClient) -> None:
    assert get(client, "B-1/explanation?language=de").status_code == 422
