"""Maturities and inspections reach a person: by the open alert, else by the digest."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from services.alerts import metrics
from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.primitives.vocabulary import AlertEventKind, AlertType, Level, RiskState
from tests.fakes.assessments import MONDAY, FakeRecord, assessment, contributor, record
from tests.integration.alerts.conftest import OFFICER, RISK, STRANGER, Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
MATURITY = {
    "borrower_id": "b-1",
    "loan_id": "L-7",
    "maturity_date": "2026-03-31",
    "days_left": 29,
    "outstanding": "12500.00",
    "currency": "EUR",
    "as_of": "2026-03-02",
    "difficulty": "HIGH",
    "state": "NORMAL",
}
INSPECTION = {
    "borrower_id": "b-1",
    "due_date": "2026-03-01",
    "kind": "SITE_VISIT",
    "as_of": "2026-03-02",
}
SENTENCE = (
    "Loan L-7 ends on 31 March 2026 with EUR 12,500.00 outstanding; collecting it will be hard."
)


def event(desk: Desk, event_type: str, data: dict[str, Any], subject: str = "b-1") -> FakeRecord:
    envelope = {
        "specversion": "1.0",
        "id": f"{event_type}-{desk.offset}",
        "source": "tocsin/scoring",
        "type": event_type,
        "subject": subject,
        "time": (MONDAY + timedelta(hours=1)).isoformat(),
        "data": data,
    }
    desk.offset += 1
    return FakeRecord(
        topic="risk",
        partition=0,
        offset=desk.offset - 1,
        timestamp=int(MONDAY.timestamp() * 1000),
        key=subject.encode(),
        value=json.dumps(envelope).encode(),
    )


def maturity(desk: Desk, **changes: Any) -> FakeRecord:
    return event(desk, "maturity.approaching.v1", {**MATURITY, **changes})


def inspection(desk: Desk) -> FakeRecord:
    return event(desk, "inspection.fell-due.v1", INSPECTION)


async def test_in_a_normal_state_the_digest_lists_what_is_due(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.NORMAL))
    await desk.apply([maturity(desk), inspection(desk)])
    [item] = await desk.reading.digest(person=OFFICER, since=MONDAY, limit=10)
    assert item.texts["en"].due == ["A site visit has been due since 1 March 2026.", SENTENCE]
    assert item.texts["es"].due[0] == "Visita al cliente pendiente desde el 1 de marzo de 2026."
    assert await desk.reading.digest(person=STRANGER, since=MONDAY, limit=10) == []
    tomorrow = MONDAY + timedelta(days=1)
    assert await desk.reading.digest(person=OFFICER, since=tomorrow, limit=10) == []
    codes = "SELECT sequence, step, code, reason FROM alerts.decision WHERE sequence IS NULL"
    rows = [tuple(row) for row in await desk.pool.fetch(f"{codes} ORDER BY reason")]
    assert rows[1] == (
        None,
        "INHIBIT",
        "IN_DIGEST",
        "MATURITY_DUE L-7, 2026-03-31: no alert is open, so it is in the digest",
    )


async def test_an_open_alert_has_it_as_news(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    await desk.apply([maturity(desk)])
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=OFFICER)).items
    detail = await desk.reading.get_alert(alert.alert_id, person=OFFICER)
    assert (detail.news[0].kind, detail.news[0].texts["en"]) == (
        AlertType.MATURITY_DUE,
        (SENTENCE,),
    )
    assert [step.kind for step in detail.history] == [
        AlertEventKind.OPENED,
        AlertEventKind.UPDATED,
    ]
    assert detail.history[-1].why == SENTENCE


async def test_an_assessment_and_a_maturity_in_one_batch_lose_nothing(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    follows = record(
        assessment(RiskState.WATCH, RED, sequence=2, days_later=1, score=46.0), offset=desk.offset
    )
    desk.offset += 1
    await desk.apply([follows, maturity(desk)])
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    assert (alert.version, alert.score, alert.as_of) == (2, 46.0, date(2026, 3, 3))
    detail = await desk.reading.get_alert(alert.alert_id, person=RISK)
    assert [item.kind for item in detail.news] == [AlertType.MATURITY_DUE]


async def test_what_is_read_again_changes_nothing(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    await desk.apply([maturity(desk), maturity(desk)])
    await desk.apply([maturity(desk)])
    assert await desk.pool.fetchval("SELECT count(*) FROM alerts.due_notice") == 1
    assert await desk.pool.fetchval("SELECT version FROM alerts.alert") == 2
    # The next due date is another notice.
    await desk.apply([maturity(desk, maturity_date="2027-03-31")])
    assert await desk.pool.fetchval("SELECT version FROM alerts.alert") == 3


async def test_a_borrower_without_an_assessment_is_listed_once_it_has_one(desk: Desk) -> None:
    await desk.apply([maturity(desk)])
    assert await desk.reading.digest(person=RISK, since=MONDAY, limit=10) == []
    await desk.assess(assessment(RiskState.NORMAL))
    [item] = await desk.reading.digest(person=RISK, since=MONDAY, limit=10)
    assert item.texts["en"].due == [SENTENCE]


async def test_a_notice_about_another_borrower_is_quarantined(desk: Desk) -> None:
    wrong = event(desk, "maturity.approaching.v1", MATURITY, subject="b-2")
    await desk.apply([wrong])
    assert await desk.pool.fetchval("SELECT count(*) FROM alerts.due_notice") == 0
    assert desk.measured.total(metrics.ASSESSMENTS, result="ignored") == 0
    assert await desk.pool.fetchval("SELECT count(*) FROM alerts.quarantine") == 1
