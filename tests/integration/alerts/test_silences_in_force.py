"""Silences on a real database: read by the consumer, protected by constraints, never changed."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from services.alerts.decisions.adapters.silence_rows import PostgresSilences
from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.decisions.domain.silence import Matchers, Silence
from services.alerts.directory.domain.scope import EVERYTHING, Scope
from services.alerts.primitives.vocabulary import DecisionCode, Level, RiskState
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.integration.alerts.conftest import OFFICER, RISK, STRANGER, Desk

pytestmark = pytest.mark.integration
RED = contributor("R-01", Level.RED, 30.0)
SILENCES = PostgresSilences()
SILENCE = Silence(
    silence_id="s-1",
    begins_at=MONDAY,
    ends_at=MONDAY + timedelta(days=10),
    reason="known and in work",
    author="ana",
    matchers=Matchers(borrower_ids=frozenset({"b-1"})),
)


async def add(desk: Desk, silence: Silence, approved_by: str | None = None) -> None:
    async with desk.pool.acquire() as connection:
        await SILENCES.add(connection, silence, approved_by=approved_by)


async def owners(desk: Desk) -> list[str]:
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    return [alert.borrower_id for alert in page.items]


async def test_the_consumer_holds_back_until_a_person_ends_the_silence(desk: Desk) -> None:
    await add(desk, SILENCE)
    await desk.assess(
        assessment(RiskState.WATCH, RED, days_later=1),
        assessment(RiskState.WATCH, RED, days_later=1, borrower_id="b-2"),
    )
    assert await owners(desk) == ["b-2"]
    [silenced] = await desk.reading.decisions("b-1", person=RISK, until=None, limit=10)
    assert (silenced.code, silenced.rule_id) == (DecisionCode.SILENCED, "s-1")
    assert silenced.reason == (
        "state NORMAL to WATCH: silenced by ana until 2026-03-12T09:00+00:00: known and in work"
    )
    async with desk.pool.acquire() as connection:
        assert await SILENCES.end(
            connection, "s-1", by="ana", reason="solved", at=MONDAY + timedelta(days=2)
        )
    await desk.assess(assessment(RiskState.WATCH, RED, sequence=2, days_later=2))
    assert sorted(await owners(desk)) == ["b-1", "b-2"]


@pytest.mark.parametrize(
    ("changes", "approved_by", "constraint"),
    [
        pytest.param({"days": 31}, None, "long_ones_need_two_people", id="31 days alone"),
        pytest.param({"days": 31}, "Ana", "approver_is_not_the_author", id="approved by herself"),
        pytest.param({"days": 91}, "rita", "at_most_90_days", id="91 days"),
        pytest.param({"severities": ["HARD"]}, "rita", "silence_severities_check", id="hard"),
    ],
)
async def test_no_client_silences_what_the_rules_forbid(
    desk: Desk, changes: dict[str, object], approved_by: str | None, constraint: str
) -> None:
    days = changes.get("days", 10)
    assert isinstance(days, int)
    matchers = Matchers(severities=frozenset(changes.get("severities", ())))  # type: ignore[call-overload]
    silence = replace(SILENCE, ends_at=MONDAY + timedelta(days=days), matchers=matchers)
    with pytest.raises(asyncpg.CheckViolationError, match=constraint):
        await add(desk, silence, approved_by)


async def test_a_silence_is_never_changed_and_belongs_to_the_audit_chain(desk: Desk) -> None:
    await add(desk, SILENCE)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.pool.execute("UPDATE alerts.silence SET reason = 'another'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.pool.execute("DELETE FROM alerts.silence")
    assert await desk.pool.fetchval("SELECT audit_number FROM alerts.silence") == 1


async def test_people_see_the_silences_of_borrowers_that_they_may_see(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    await add(desk, SILENCE)

    async def seen(scope: Scope) -> list[str]:
        async with desk.pool.acquire() as connection:
            listed = await SILENCES.listed(connection, scope=scope, at=MONDAY)
            return [each.silence_id for each in listed]

    assert await seen(EVERYTHING) == ["s-1"]
    assert await seen(OFFICER.scope) == ["s-1"]
    assert await seen(STRANGER.scope) == []
    async with desk.pool.acquire() as connection:
        names = frozenset({"b-1", "b-9"})
        assert await SILENCES.unseen(connection, names, scope=OFFICER.scope) == {"b-9"}


async def test_the_alerts_of_the_last_30_days_are_counted_from_the_newest_assessment(
    desk: Desk,
) -> None:
    await desk.assess(
        assessment(RiskState.WATCH, RED),
        assessment(RiskState.WATCH, RED, borrower_id="b-2", days_later=1),
        assessment(RiskState.DEFAULT, RED, borrower_id="b-3", days_later=31),
    )
    async with desk.pool.acquire() as connection:
        [past] = await SILENCES.past_alerts(connection, scope=EVERYTHING, days=31)
        assert (past.subject.borrower_id, past.owner_id) == ("b-2", "o-7")
        assert past.subject.risk_types == {"PAYMENT_DELAY"}
        assert not await SILENCES.past_alerts(connection, scope=EVERYTHING, days=30)
