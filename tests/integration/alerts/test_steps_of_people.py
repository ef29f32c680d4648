"""Snooze, reopen, links and undo on a real database: what is stored and what it refuses."""

from datetime import datetime, timedelta

import pytest

from services.alerts.decisions.application.read_models import AlertFilters, AlertSummary
from services.alerts.primitives.errors import ResourceNotFound, StepRefused
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    Level,
    OutcomeCode,
    OwnerKind,
    RiskState,
)
from services.contracts.alert import AlertSnoozedV1, AlertUndoneV1
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.fakes.wire_events import validated
from tests.integration.alerts.conftest import OFFICER, RISK, STRANGER, Desk
from tests.integration.alerts.test_timers_of_alerts import process

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
OTHER_RED = contributor("F-05", Level.RED, 20.0)
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


async def open_alert(desk: Desk) -> AlertSummary:
    await desk.assess(assessment(RiskState.WATCH, RED))
    return await only(desk)


async def only(desk: Desk) -> AlertSummary:
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    return alert


async def kinds(desk: Desk) -> list[str]:
    rows = await desk.pool.fetch("SELECT kind FROM alerts.alert_event ORDER BY feed_id")
    return [row["kind"].removeprefix("alert.").removesuffix(".v1") for row in rows]


async def test_a_snooze_ends_when_its_time_is_over(desk: Desk) -> None:
    alert = await open_alert(desk)
    until = MONDAY + timedelta(days=1)
    await desk.handling.snooze(
        alert.alert_id, until=until, reason="pays", expected_version=1, person=OFFICER
    )
    loop = process(desk)
    desk.clock.advance(timedelta(hours=20).total_seconds())
    await loop.tick()
    snoozed = await only(desk)
    assert snoozed.snooze is not None
    assert (snoozed.snooze.until, snoozed.snooze.reason) == (until, "pays")
    desk.clock.advance(timedelta(hours=4).total_seconds())
    await loop.tick()
    ended = await only(desk)
    assert ended.snooze is None
    assert ended.acknowledge_by == alert.acknowledge_by + timedelta(days=1)
    assert await kinds(desk) == ["opened", "snoozed", "snooze-ended"]


async def test_worse_news_ends_a_snooze(desk: Desk) -> None:
    alert = await open_alert(desk)
    await desk.handling.snooze(
        alert.alert_id,
        until=MONDAY + timedelta(days=14),
        reason="pays",
        expected_version=1,
        person=OFFICER,
    )
    await desk.assess(assessment(RiskState.WATCH, RED, OTHER_RED, sequence=2, days_later=10))
    after = await only(desk)
    assert (after.snooze, after.status, after.round) == (None, AlertStatus.OPEN, 2)
    assert await kinds(desk) == ["opened", "snoozed", "rearmed"]


async def test_a_reopened_alert_goes_on_with_the_next_assessment(desk: Desk) -> None:
    alert = await open_alert(desk)
    await desk.handling.resolve(
        alert.alert_id,
        outcome_code=OutcomeCode.MITIGATED,
        note="",
        expected_version=1,
        person=OFFICER,
    )
    await desk.handling.reopen(
        alert.alert_id, reason="not paid", expected_version=2, person=OFFICER
    )
    await desk.assess(assessment(RiskState.WATCH, RED, OTHER_RED, sequence=2, days_later=10))
    assert (await only(desk)).alert_id == alert.alert_id
    assert await kinds(desk) == ["opened", "resolved", "reopened", "updated"]


async def test_no_alert_is_reopened_beside_another_open_one(desk: Desk) -> None:
    alert = await open_alert(desk)
    await desk.handling.resolve(
        alert.alert_id,
        outcome_code=OutcomeCode.MITIGATED,
        note="",
        expected_version=1,
        person=OFFICER,
    )
    await desk.assess(assessment(RiskState.DEFAULT, RED, sequence=2, days_later=1))
    with pytest.raises(StepRefused, match="another alert of the borrower is open"):
        await desk.handling.reopen(alert.alert_id, reason="x", expected_version=2, person=OFFICER)
    assert (await kinds(desk))[-1] == "opened"


async def test_an_undo_is_a_step_of_its_own(desk: Desk) -> None:
    alert = await open_alert(desk)
    handled = await desk.handling.assign(
        alert.alert_id,
        owner_kind=OwnerKind.OFFICER,
        owner_id="o-8",
        expected_version=1,
        person=OFFICER,
    )
    # The alert is another officer's now, and only who assigned it can undo that.
    with pytest.raises(ResourceNotFound):
        await desk.handling.undo(handled.command_id, person=STRANGER)
    [result] = await desk.handling.undo(handled.command_id, person=OFFICER)
    assert result.error is None
    after = await only(desk)
    assert (after.owner.id, after.version) == ("o-7", 3)
    assert await kinds(desk) == ["opened", "assigned", "undone"]
    value = await desk.pool.fetchval("SELECT value FROM alerts.outbox ORDER BY seq DESC")
    event = validated(value).event.data
    assert isinstance(event, AlertUndoneV1)
    assert event.undone == AlertEventKind.ASSIGNED


async def test_nothing_is_undone_once_the_borrower_got_worse(desk: Desk) -> None:
    alert = await open_alert(desk)
    handled = await desk.handling.acknowledge(alert.alert_id, expected_version=1, person=OFFICER)
    await desk.assess(assessment(RiskState.WATCH, RED, OTHER_RED, sequence=2, days_later=10))
    [result] = await desk.handling.undo(handled.command_id, person=OFFICER)
    assert isinstance(result.error, StepRefused)
    assert (await kinds(desk))[-1] == "rearmed"


async def test_commands_of_yesterday_are_removed(desk: Desk) -> None:
    alert = await open_alert(desk)
    await desk.handling.acknowledge(alert.alert_id, expected_version=1, person=OFFICER)
    desk.clock.advance(timedelta(days=2).total_seconds())
    await desk.handling.start(alert.alert_id, expected_version=2, person=OFFICER)
    await desk.handling.comment(alert.alert_id, text="called", person=OFFICER)
    moments: list[datetime] = [
        row["at"] for row in await desk.pool.fetch("SELECT at FROM alerts.command")
    ]
    assert moments == [desk.clock.now()]


async def test_links_are_stored_and_published_with_their_hash(desk: Desk) -> None:
    alert = await open_alert(desk)
    url = "https://dms.bank.example/1"
    await desk.handling.link(alert.alert_id, url=url, sha256=SHA, title="Plan", person=OFFICER)
    [document] = (await only(desk)).links
    assert (document.url, document.sha256, document.by) == (url, SHA, "anna")


async def test_a_snooze_is_published_with_its_reason(desk: Desk) -> None:
    alert = await open_alert(desk)
    until = MONDAY + timedelta(days=2)
    await desk.handling.snooze(
        alert.alert_id, until=until, reason="pays", expected_version=1, person=OFFICER
    )
    value = await desk.pool.fetchval("SELECT value FROM alerts.outbox ORDER BY seq DESC")
    event = validated(value).event.data
    assert isinstance(event, AlertSnoozedV1)
    assert (event.until, event.reason) == (until, "pays")
