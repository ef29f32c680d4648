"""The list that people work off: tabs, order, counts and what a row shows."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.alerts.decisions.adapters.work_list_reads import PostgresWorkListReads
from services.alerts.decisions.application.work_list import (
    WorkList,
    WorkListReading,
    WorkScope,
    WorkTab,
    day_ends,
)
from services.alerts.directory.application.organisations import FixedOrganisation
from services.alerts.directory.domain.organisation import without_directory
from services.alerts.directory.domain.person import Person
from services.alerts.primitives.vocabulary import Level, OutcomeCode, OwnerKind, RiskState
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.fakes.people import BERLIN, bank
from tests.integration.alerts.conftest import OFFICER, RISK, STRANGER, Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
OTHER_RED = contributor("F-05", Level.RED, 20.0)
HARD = contributor("R-02", Level.HARD, 40.0)


def reading(desk: Desk) -> WorkListReading:
    async def now() -> datetime:
        return desk.clock.now()

    return WorkListReading(
        PostgresWorkListReads(desk.pool),
        organisations=FixedOrganisation(without_directory(BERLIN)),
        now=now,
    )


async def tab(desk: Desk, name: WorkTab, *, person: Person = RISK, limit: int = 50) -> WorkList:
    return await reading(desk).read(
        name, whose=WorkScope.ALL, person=person, language="en", cursor=None, limit=limit
    )


def borrowers(page: WorkList) -> list[str]:
    return [item.alert.borrower_id for item in page.items]


async def office(desk: Desk) -> dict[str, str]:
    """Open an alert in each tab; return the alert of each borrower."""
    await desk.assess(
        assessment(RiskState.WATCH, RED, borrower_id="later"),
        assessment(RiskState.DEFAULT, HARD, borrower_id="hard"),
        assessment(RiskState.WATCH, RED, borrower_id="taken"),
        assessment(RiskState.WATCH, RED, borrower_id="asleep"),
        assessment(RiskState.WATCH, RED, borrower_id="closed"),
        assessment(RiskState.WATCH, RED, borrower_id="rearmed"),
    )
    rows = await desk.pool.fetch("SELECT borrower_id, alert_id FROM alerts.alert")
    alerts = {row["borrower_id"]: row["alert_id"] for row in rows}
    handling = desk.handling
    for name in ("taken", "rearmed"):
        await handling.acknowledge(alerts[name], expected_version=1, person=RISK)
    await handling.snooze(
        alerts["asleep"],
        until=MONDAY + timedelta(days=3),
        reason="pays",
        expected_version=1,
        person=RISK,
    )
    await handling.resolve(
        alerts["closed"],
        outcome_code=OutcomeCode.FALSE,
        note="",
        expected_version=1,
        person=RISK,
    )
    await desk.assess(
        assessment(RiskState.WATCH, RED, HARD, borrower_id="rearmed", sequence=2, days_later=0.05)
    )
    return alerts


async def test_each_alert_is_in_the_first_tab_that_fits(desk: Desk) -> None:
    await office(desk)
    pages = {name: sorted(borrowers(await tab(desk, name))) for name in WorkTab}
    assert pages == {
        WorkTab.NOW: ["hard", "rearmed"],
        WorkTab.LATER: ["later"],
        WorkTab.WAITING: ["taken"],
        WorkTab.SNOOZED: ["asleep"],
        WorkTab.DONE: ["closed"],
    }
    page = await tab(desk, WorkTab.DONE)
    assert page.counts == {
        WorkTab.NOW: 2,
        WorkTab.LATER: 1,
        WorkTab.WAITING: 1,
        WorkTab.SNOOZED: 1,
        WorkTab.DONE: 1,
    }


async def test_what_is_due_today_is_for_now_and_the_closed_leave_after_30_days(desk: Desk) -> None:
    await office(desk)
    # Thursday 5 March, 9:30 in Berlin: due at 10.
    desk.clock.advance(timedelta(days=2, hours=23, minutes=30).total_seconds())
    assert "later" in borrowers(await tab(desk, WorkTab.NOW))
    assert (await tab(desk, WorkTab.NOW)).items[-1].is_overdue is False
    desk.clock.advance(timedelta(days=27, hours=1).total_seconds())
    assert borrowers(await tab(desk, WorkTab.DONE)) == []
    overdue = await tab(desk, WorkTab.NOW)
    assert all(item.is_overdue for item in overdue.items)


async def test_the_overdue_come_first_then_severity_then_exposure(desk: Desk) -> None:
    await desk.assess(
        assessment(RiskState.WATCH, RED, borrower_id="b-small"),
        assessment(RiskState.WATCH, RED, borrower_id="b-large"),
        assessment(RiskState.HIGH_RISK, RED, borrower_id="b-high"),
    )
    await desk.pool.execute(
        """UPDATE alerts.borrower SET assessment =
             replace(assessment::text, '"50000.00"', '"900000.00"')::json
            WHERE borrower_id = 'b-large'"""
    )
    assert borrowers(await tab(desk, WorkTab.LATER)) == ["b-high", "b-large", "b-small"]
    # On Friday all are overdue; severity and exposure go on deciding.
    desk.clock.advance(timedelta(days=4).total_seconds())
    assert borrowers(await tab(desk, WorkTab.NOW)) == ["b-high", "b-large", "b-small"]


async def test_a_page_goes_on_where_the_last_one_ended(desk: Desk) -> None:
    await desk.assess(
        *(assessment(RiskState.WATCH, RED, borrower_id=f"b-{number}") for number in range(7))
    )
    seen: list[str] = []
    cursor = None
    while True:
        page = await reading(desk).read(
            WorkTab.LATER,
            whose=WorkScope.ALL,
            person=RISK,
            language="en",
            cursor=cursor,
            limit=3,
        )
        seen += borrowers(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 7
    assert sorted(seen) == [f"b-{number}" for number in range(7)]


async def test_a_row_shows_sentence_position_news_and_deadline(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    await desk.assess(assessment(RiskState.WATCH, RED, HARD, sequence=2, days_later=0.05))
    page = await reading(desk).read(
        WorkTab.NOW, whose=WorkScope.MINE, person=OFFICER, language="es", cursor=None, limit=5
    )
    [item] = page.items
    assert item.sentence.startswith("b-1 está en el estado")
    assert "R-02" in item.news[0]
    assert item.name is None
    assert (item.position.exposure, item.position.past_due) == ("50000.00", "1200.00")
    assert item.position.as_of == date(2026, 3, 2)
    assert item.deadline == item.alert.acknowledge_by
    assert "acknowledge" in item.allowed_actions
    assert (page.now, page.last_close) == (MONDAY, date(2026, 3, 2))
    assert page.stream_position == await desk.reading.feed_end()


async def test_each_sees_own_alerts_only(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    assert borrowers(await tab(desk, WorkTab.LATER, person=OFFICER)) == ["b-1"]
    foreign = await tab(desk, WorkTab.LATER, person=STRANGER)
    assert (foreign.items, foreign.counts[WorkTab.LATER]) == ([], 0)
    # Who sees all, and is no officer, has none of their own.
    mine = await reading(desk).read(
        WorkTab.LATER, whose=WorkScope.MINE, person=RISK, language="en", cursor=None, limit=5
    )
    assert mine.items == []


def test_the_working_day_of_each_owner_ends_by_their_calendar() -> None:
    # Friday, 25 December 2026, a holiday in Berlin and none in Madrid, 12:00 at both.
    ends = day_ends(bank(), datetime(2026, 12, 25, 11, tzinfo=UTC))
    assert ends.default == datetime(2026, 12, 28, 16, tzinfo=UTC)
    assert ends.own == {
        (OwnerKind.OFFICER, "o-wei"): datetime(2026, 12, 25, 16, tzinfo=UTC),
        (OwnerKind.QUEUE, "workout"): datetime(2026, 12, 25, 16, tzinfo=UTC),
    }


def test_after_closing_time_the_next_working_day_counts() -> None:
    friday_evening = datetime(2026, 3, 6, 17, tzinfo=UTC)
    assert day_ends(bank(), friday_evening).default == datetime(2026, 3, 9, 16, tzinfo=UTC)
