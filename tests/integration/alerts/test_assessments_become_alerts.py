"""The handler of the risk topic on a real database: what an assessment leaves behind."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest

from services.alerts import metrics
from services.alerts.decisions.adapters.alert_reads import PostgresAlertReads
from services.alerts.decisions.application.handling import HandledAlert
from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.primitives.errors import ResourceNotFound, StepRefused, VersionConflict
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    DecisionCode,
    DecisionStep,
    Level,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)
from services.contracts.alert import AlertCommentedV1, AlertOpenedV1
from services.kit.stream.handler import Tally
from services.kit.stream.stop_reasons import StopPartition, StopReason
from tests.fakes.assessments import (
    MONDAY,
    FakeRecord,
    assessment,
    contributor,
    isolation_record,
    record,
)
from tests.fakes.wire_events import validated
from tests.integration.alerts.conftest import OFFICER, RISK, STRANGER, Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
AMBER = contributor("A-03", Level.AMBER, 10.0, risk_type="OVER_USE")


async def test_a_tightened_state_opens_one_alert_with_owner_reason_action_and_deadline(
    desk: Desk,
) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED, AMBER))
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    [alert] = page.items
    assert alert.severity is Severity.MEDIUM
    assert alert.owner.id == "o-7"
    assert alert.act_by > alert.acknowledge_by > alert.opened_at
    detail = await desk.reading.get_alert(alert.alert_id, person=RISK)
    assert [reason.indicator for reason in detail.reasons] == ["R-01", "A-03"]
    assert "GET_PROMISE" in {action.code for action in detail.actions}
    assert [step.kind for step in detail.history] == [AlertEventKind.OPENED]
    assert desk.measured.total(metrics.ASSESSMENTS, result="applied") == 1
    assert len(desk.wakes) == 1


async def test_a_worse_state_closes_the_milder_alert_and_opens_another(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.ATTENTION, AMBER))
    await desk.assess(assessment(RiskState.HIGH_RISK, RED, AMBER, sequence=2, days_later=1))
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    assert {(alert.state, alert.status, alert.outcome_code) for alert in page.items} == {
        (RiskState.ATTENTION, AlertStatus.RESOLVED, OutcomeCode.SUPERSEDED),
        (RiskState.HIGH_RISK, AlertStatus.OPEN, None),
    }


async def test_a_whole_history_in_one_batch_ends_like_one_batch_per_assessment(desk: Desk) -> None:
    history = [
        assessment(RiskState.ATTENTION, AMBER, sequence=1),
        assessment(RiskState.WATCH, RED, AMBER, sequence=2, days_later=1),
        assessment(RiskState.WATCH, RED, AMBER, sequence=3, days_later=2),
        assessment(RiskState.DEFAULT, RED, sequence=4, days_later=3),
        assessment(RiskState.PROBATION, sequence=5, days_later=40),
    ]
    await desk.assess(*history)
    one_by_one = [
        assessment(
            summary.state, *summary.contributors, sequence=summary.sequence, borrower_id="b-2"
        )
        for summary in history
    ]
    for summary in one_by_one:
        await desk.assess(summary)
    rows = await desk.pool.fetch(
        "SELECT borrower_id, kind, version, why FROM alerts.alert_event ORDER BY feed_id"
    )
    told = {
        borrower: [(row["kind"], row["version"], row["why"]) for row in rows if row[0] == borrower]
        for borrower in ("b-1", "b-2")
    }
    assert told["b-1"] == told["b-2"]
    assert [kind for kind, _, _ in told["b-1"]] == [
        "alert.opened.v1",
        "alert.resolved.v1",
        "alert.opened.v1",
        "alert.resolved.v1",
        "alert.opened.v1",
        "alert.updated.v1",
    ]


async def test_what_was_applied_before_is_a_counted_duplicate(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    tally = await desk.assess(
        assessment(RiskState.WATCH, RED), assessment(RiskState.WATCH, RED, sequence=2)
    )
    assert tally.duplicates == 1
    assert await desk.pool.fetchval("SELECT sequence FROM alerts.borrower") == 2
    assert await desk.pool.fetchval("SELECT count(*) FROM alerts.alert_event") == 1


async def test_after_a_gap_the_borrower_waits_and_the_others_go_on(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    tally = await desk.assess(
        assessment(RiskState.DEFAULT, RED, sequence=3),
        assessment(RiskState.WATCH, RED, borrower_id="b-2"),
        assessment(RiskState.DEFAULT, RED, sequence=4),
        assessment(RiskState.DEFAULT, RED, sequence=3),
    )
    assert tally == Tally(duplicates=1)
    assert desk.measured.total(metrics.ASSESSMENTS, result="gap") == 2
    assert await PostgresAlertReads(desk.pool).count_waiting() == 1
    applied = "SELECT borrower_id, sequence, state FROM alerts.borrower ORDER BY 1"
    rows = [tuple(row) for row in await desk.pool.fetch(applied)]
    assert rows == [("b-1", 1, "WATCH"), ("b-2", 1, "WATCH")]
    # The missing one arrives: what waits is applied after it, once.
    await desk.assess(assessment(RiskState.HIGH_RISK, RED, sequence=2))
    assert await PostgresAlertReads(desk.pool).count_waiting() == 0
    tally = await desk.assess(assessment(RiskState.DEFAULT, RED, sequence=4))
    assert tally == Tally(duplicates=1)
    rows = [tuple(row) for row in await desk.pool.fetch(applied)]
    assert rows == [("b-1", 4, "DEFAULT"), ("b-2", 1, "WATCH")]


async def test_many_borrowers_with_a_gap_stop_the_partition(desk: Desk) -> None:
    for number in range(20):
        await desk.assess(assessment(RiskState.WATCH, RED, borrower_id=f"b-{number}", sequence=2))
    with pytest.raises(StopPartition) as stopped:
        await desk.assess(assessment(RiskState.WATCH, RED, borrower_id="b-20", sequence=2))
    assert stopped.value.reason is StopReason.SEQUENCE_GAP
    assert await PostgresAlertReads(desk.pool).count_waiting() == 20


async def test_an_unreadable_record_is_set_aside_and_its_neighbours_go_on(desk: Desk) -> None:
    broken = FakeRecord(
        topic="risk", partition=0, offset=0, timestamp=0, key=b"b-1", value=b'{"type": '
    )
    tally = await desk.apply([broken, record(assessment(RiskState.WATCH, RED), offset=1)])
    assert tally.quarantined == 1
    row = await desk.pool.fetchrow("SELECT value, reason FROM alerts.quarantine")
    assert (row["value"], row["reason"]) == (b'{"type": ', "unreadable_assessment")
    assert await desk.pool.fetchval("SELECT count(*) FROM alerts.alert") == 1


async def test_the_database_refuses_a_second_open_alert_of_a_borrower(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    with pytest.raises(asyncpg.UniqueViolationError, match="one_open_alert_per_borrower"):
        await desk.pool.execute(
            """INSERT INTO alerts.alert SELECT (json_populate_record(
                   held, '{"alert_id": "another"}')).* FROM alerts.alert AS held"""
        )


async def test_the_history_can_be_neither_changed_nor_deleted(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    for statement in (
        "UPDATE alerts.alert_event SET why = 'never'",
        "DELETE FROM alerts.alert_event",
        "TRUNCATE alerts.alert_event",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.pool.execute(statement)


async def test_people_take_an_alert_through_its_life(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=OFFICER)).items
    step = desk.handling
    handled = [
        await step.acknowledge(alert.alert_id, expected_version=1, person=OFFICER),
        await step.assign(
            alert.alert_id,
            owner_kind=OwnerKind.QUEUE,
            owner_id="workout",
            expected_version=2,
            person=OFFICER,
        ),
        await step.comment(alert.alert_id, text="called", person=OFFICER),
        await step.resolve(
            alert.alert_id,
            outcome_code=OutcomeCode.MITIGATED,
            note="new plan",
            expected_version=3,
            person=OFFICER,
        ),
    ]
    assert [each.alert.version for each in handled] == [2, 3, 4, 5]
    detail = await desk.reading.get_alert(alert.alert_id, person=OFFICER)
    assert detail.alert.status is AlertStatus.RESOLVED
    assert [step.kind.value for step in detail.history] == [
        "alert.opened.v1",
        "alert.acknowledged.v1",
        "alert.assigned.v1",
        "alert.commented.v1",
        "alert.resolved.v1",
    ]
    with pytest.raises(StepRefused, match="resolved already"):
        await step.resolve(
            alert.alert_id,
            outcome_code=OutcomeCode.FALSE,
            note="",
            expected_version=5,
            person=OFFICER,
        )


async def test_of_five_people_with_the_same_version_one_wins(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    results = await asyncio.gather(
        *(
            desk.handling.assign(
                alert.alert_id,
                owner_kind=OwnerKind.QUEUE,
                owner_id=f"queue-{n}",
                expected_version=1,
                person=RISK,
            )
            for n in range(5)
        ),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, VersionConflict)]
    assert len(refused) == 4
    [handled] = [result for result in results if isinstance(result, HandledAlert)]
    assert handled.alert.version == 2


async def test_comments_at_the_same_time_are_all_recorded(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    await asyncio.gather(
        *(desk.handling.comment(alert.alert_id, text=f"remark {n}", person=RISK) for n in range(5))
    )
    # Who has read the alert before them acknowledges it all the same.
    await desk.handling.acknowledge(alert.alert_id, expected_version=1, person=RISK)
    detail = await desk.reading.get_alert(alert.alert_id, person=RISK)
    assert [step.version for step in detail.history] == [1, 2, 3, 4, 5, 6, 7]


async def test_a_foreign_alert_and_card_do_not_exist(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    assert (await desk.reading.list_alerts(AlertFilters(), person=STRANGER)).items == []
    with pytest.raises(ResourceNotFound):
        await desk.reading.get_alert(alert.alert_id, person=STRANGER)
    with pytest.raises(ResourceNotFound):
        await desk.reading.get_card("b-1", person=STRANGER)
    with pytest.raises(ResourceNotFound):
        await desk.handling.acknowledge(alert.alert_id, expected_version=1, person=STRANGER)
    assert list(await desk.reading.feed_after(None, person=STRANGER)) == []


async def test_the_card_shows_the_assessment_the_scores_and_the_open_alert(desk: Desk) -> None:
    await desk.assess(
        *(
            assessment(RiskState.WATCH, RED, sequence=n + 1, days_later=n * 30, score=40.0 + n)
            for n in range(5)
        )
    )
    card = await desk.reading.get_card("b-1", person=OFFICER)
    assert card.assessment["past_due"] == "1200.00"
    # 41.0 was reached on the first day of the ninety and held into them.
    assert [point.score for point in card.scores] == [41.0, 42.0, 43.0, 44.0]
    assert card.open_alert is not None
    assert card.open_alert.alert.alert_type is AlertType.STATE_CHANGED


async def test_the_card_says_since_when_the_state_stands(desk: Desk) -> None:
    """Scoring cannot process data of b-1; b-2 goes on, and so does what was sent before."""
    watch = assessment(RiskState.WATCH, RED)
    await desk.apply(
        [
            record(watch, offset=0),
            isolation_record("b-1", MONDAY, offset=1),
            record(replace(watch, borrower_id="b-2"), offset=2),
        ]
    )

    async def stands() -> tuple[datetime | None, datetime | None]:
        mine, other = [await desk.reading.get_card(name, person=OFFICER) for name in ("b-1", "b-2")]
        return mine.isolated_since, other.isolated_since

    assert await stands() == (MONDAY, None)
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    assert {alert.borrower_id: alert.isolated_since for alert in page.items} == {
        "b-1": MONDAY,
        "b-2": None,
    }
    # What waited comes first when the borrower resumes.
    await desk.apply([record(replace(watch, sequence=2, score=46.0), offset=3)])
    assert await stands() == (MONDAY, None)
    # One that has no assessment yet has no card either.
    await desk.apply(
        [isolation_record("b-1", None, offset=4), isolation_record("b-3", MONDAY, offset=5)]
    )
    assert await stands() == (None, None)


async def test_the_owner_is_informed_of_a_data_incident_once_and_of_its_end(desk: Desk) -> None:
    await desk.endpoint(minimum_severity=Severity.HARD)
    watch = assessment(RiskState.WATCH, RED)
    await desk.assess(watch, assessment(RiskState.NORMAL, borrower_id="b-2"))
    begins = [isolation_record(name, MONDAY, offset=2) for name in ("b-1", "b-2", "b-3")]
    await desk.apply(begins)
    await desk.apply([isolation_record("b-1", MONDAY, offset=5)])
    await desk.apply([isolation_record("b-1", None, offset=6)])
    rows = await desk.pool.fetch(
        "SELECT kind, borrower_id, version, owner_id, document FROM alerts.alert_event "
        "WHERE kind LIKE 'data-incident%' ORDER BY feed_id"
    )
    # The owner of the open alert; without one the borrower's officer. b-3 is nobody's yet.
    assert [tuple(row)[:4] for row in rows] == [
        ("data-incident.opened.v1", "b-1", 1, "o-7"),
        ("data-incident.opened.v1", "b-2", 1, "o-7"),
        ("data-incident.closed.v1", "b-1", 2, "o-7"),
    ]
    first, second, end = (json.loads(row["document"]) for row in rows)
    assert first["alert_id"] == end["alert_id"] is not None
    assert second["alert_id"] is None
    assert (first["deadlines"], first["actions"]) == (None, [])
    # A mild state, and an endpoint of hard alerts: it is delivered all the same.
    sent = await desk.pool.fetch("SELECT kind FROM alerts.webhook_delivery ORDER BY feed_id")
    assert [row["kind"] for row in sent] == [row["kind"] for row in rows]
    published = [
        validated(row["value"]).event
        for row in await desk.pool.fetch(
            "SELECT value FROM alerts.outbox WHERE value LIKE '%data-incident%' ORDER BY seq"
        )
    ]
    assert [event.type for event in published] == [row["kind"] for row in rows]


async def test_the_list_pages_without_missing_or_repeating(desk: Desk) -> None:
    await desk.assess(
        *(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}", days_later=n) for n in range(7))
    )
    seen = []
    cursor = None
    while True:
        page = await desk.reading.list_alerts(
            AlertFilters(severities=(Severity.MEDIUM,)), person=RISK, cursor=cursor, limit=3
        )
        seen += [alert.borrower_id for alert in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"b-{n}" for n in reversed(range(7))]


async def test_the_feed_gives_consecutive_places_in_the_order_of_commits(desk: Desk) -> None:
    await desk.assess(*(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(19)))
    alerts = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    await asyncio.gather(
        *(
            desk.handling.acknowledge(alert.alert_id, expected_version=1, person=RISK)
            for alert in alerts
        )
    )
    items = await desk.reading.feed_after(None, person=RISK)
    assert [item.cursor for item in items] == [str(position) for position in range(1, 39)]
    assert await desk.reading.feed_end() == "38"
    assert [item.cursor for item in await desk.reading.feed_after("36", person=RISK)] == [
        "37",
        "38",
    ]


async def test_every_step_goes_to_the_alerts_topic_as_the_contract_has_it(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.DEFAULT, RED, AMBER))
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    await desk.handling.comment(alert.alert_id, text="called", person=RISK)
    rows = await desk.pool.fetch("SELECT topic, key, value FROM alerts.outbox ORDER BY seq")
    events = [validated(row["value"]).event for row in rows]
    assert [event.type for event in events] == ["alert.opened.v1", "alert.commented.v1"]
    assert [row["key"] for row in rows] == [b"b-1", b"b-1"]
    opened, commented = (event.data for event in events)
    assert isinstance(opened, AlertOpenedV1)
    assert isinstance(commented, AlertCommentedV1)
    assert opened.second_owner_id == "workout"
    assert commented.comment == "called"


async def test_a_decision_against_an_alert_is_stored_with_its_reason(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED, is_money_at_risk=False))
    await desk.assess(assessment(RiskState.WATCH, RED, sequence=2, days_later=1))
    decisions = await desk.reading.decisions("b-1", person=RISK, until=None, limit=10)
    assert [(each.sequence, each.step, each.code, each.rule_id) for each in decisions] == [
        (2, DecisionStep.NOTIFY, DecisionCode.MONEY_CAME_AT_RISK, None),
        (2, DecisionStep.ROUTE, DecisionCode.ROUTED, "borrower's officer"),
        (1, DecisionStep.MONEY_AT_RISK, DecisionCode.NO_MONEY_AT_RISK, None),
    ]
    assert [each.alert_id is None for each in decisions] == [False, True, True]
    assert decisions[1].reason == "officer o-7 by the route “borrower's officer”"
    assert decisions[2].reason == (
        "state NORMAL to WATCH: no exposure, commitment or liability, so no alert"
    )
    assert decisions[2].signals == {"R-01": Level.RED}
    [first] = await desk.reading.decisions("b-1", person=OFFICER, until=MONDAY, limit=10)
    assert first == decisions[2]
    with pytest.raises(ResourceNotFound):
        await desk.reading.decisions("b-1", person=STRANGER, until=None, limit=10)
    assert desk.measured.total(metrics.DECISIONS, code="NO_MONEY_AT_RISK") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.pool.execute("UPDATE alerts.decision SET reason = 'another'")


async def test_signals_in_a_normal_state_are_in_the_digest_while_they_last(desk: Desk) -> None:
    await desk.assess(
        assessment(RiskState.NORMAL, RED),
        assessment(RiskState.NORMAL, AMBER, borrower_id="b-2"),
        assessment(RiskState.NORMAL, borrower_id="b-3"),
    )
    await desk.assess(assessment(RiskState.NORMAL, borrower_id="b-2", sequence=2))
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    assert page.items == []
    digest = await desk.reading.digest(person=OFFICER, since=MONDAY, limit=10)
    [item] = digest
    [signal] = item.signals
    assert (item.borrower_id, signal.indicator, signal.level) == ("b-1", "R-01", Level.RED)
    assert (signal.factor, signal.trigger, signal.stage) == ("RECORD", "PAYMENT", "COLLECTION")
    assert item.texts["es"].signals[0].startswith("Lleva 34 días con importes vencidos")
    assert await desk.reading.digest(person=STRANGER, since=MONDAY, limit=10) == []


async def test_alerts_are_listed_by_where_their_causes_belong(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.WATCH, RED))
    for filters, borrowers in (
        (AlertFilters(factors=("RECORD", "FINANCE"), triggers=("PAYMENT",)), ["b-1"]),
        (AlertFilters(stages=("COLLECTION",)), ["b-1"]),
        (AlertFilters(factors=("FINANCE",)), []),
        (AlertFilters(triggers=("CONDUCT",)), []),
        (AlertFilters(stages=("APPROVAL",)), []),
    ):
        page = await desk.reading.list_alerts(filters, person=RISK)
        assert [each.borrower_id for each in page.items] == borrowers


async def test_a_task_reaches_the_officer_until_it_is_done_and_opens_no_alert(desk: Desk) -> None:
    await desk.assess(assessment(RiskState.NORMAL, tasks=("SMALL_ARREARS",)))
    later = MONDAY + timedelta(days=9)
    [item] = await desk.reading.digest(person=OFFICER, since=later, limit=10)
    assert (item.borrower_id, item.signals, item.tasks) == ("b-1", [], ("SMALL_ARREARS",))
    assert item.texts["zh"].tasks[0].startswith("催收：")
    card = await desk.reading.get_card("b-1", person=OFFICER)
    assert card.texts["en"].tasks[0].startswith("Collections: ")
    assert card.open_alert is None
    assert await desk.reading.digest(person=STRANGER, since=later, limit=10) == []
    await desk.assess(assessment(RiskState.NORMAL, sequence=2))
    assert await desk.reading.digest(person=OFFICER, since=later, limit=10) == []


async def test_an_untouched_amber_alert_ends_by_itself_and_is_counted(desk: Desk) -> None:
    green = frozenset({"A-03"})
    await desk.assess(assessment(RiskState.ATTENTION, AMBER))
    await desk.assess(assessment(RiskState.NORMAL, sequence=2, days_later=1, measured_green=green))
    await desk.assess(assessment(RiskState.NORMAL, sequence=3, days_later=31, measured_green=green))
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    [alert] = page.items
    assert (alert.outcome_code, alert.is_ignored) == (OutcomeCode.NO_ACTION_RECOVERED, True)
    budget = await desk.reading.alert_budget(person=RISK, weeks=12)
    [week] = budget.items
    assert budget.per_owner_week == 25
    # 2 March 2026 is a Monday.
    assert (week.owner_id, week.week.isoformat()) == ("o-7", "2026-03-02")
    assert (week.opened, week.ended_by_themselves, week.ignored) == (1, 1, 1)
    assert (await desk.reading.alert_budget(person=RISK, weeks=4)).items == []
