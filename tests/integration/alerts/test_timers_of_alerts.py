"""Three processes take the timers of alerts from one real database."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import pytest

from services.alerts import metrics
from services.alerts.decisions.adapters.alert_timers import PostgresAlertTimers
from services.alerts.decisions.adapters.step_recorder import StepRecorder
from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.decisions.application.timer_loop import TimerLoop
from services.alerts.decisions.domain.policy import RoutingPlan
from services.alerts.delivery.adapters.delivery_fan_out import DeliveryFanOut
from services.alerts.directory.application.organisations import FixedOrganisation
from services.alerts.primitives.errors import StepRefused
from services.alerts.primitives.vocabulary import AlertEventKind, Level, RiskState
from services.contracts.alert import AlertEscalatedV1
from services.kit.stream.outbox import Outbox
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.fakes.people import bank
from tests.fakes.wire_events import validated
from tests.integration.alerts.conftest import RISK, Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
# The steps of an alert in WATCH until this moment: a reminder and the first level.
FRIDAY = MONDAY + timedelta(days=4)
STEPS = (
    "SELECT alert_id, version, kind, document FROM alerts.alert_event"
    " WHERE kind = ANY ('{alert.reminded.v1,alert.escalated.v1}') ORDER BY alert_id, version"
)


def process(desk: Desk, wakes: list[int] | None = None) -> TimerLoop:
    """Return the timers of one more process."""

    async def now() -> datetime:
        return desk.clock.now()

    timers = PostgresAlertTimers(
        pool=desk.pool,
        step_recorder=StepRecorder(
            outbox=Outbox(schema="alerts"),
            alerts_topic="alerts",
            subscriber=DeliveryFanOut(desk.directory, clock=desk.clock),
        ),
        organisations=FixedOrganisation(bank()),
        routing=RoutingPlan(fallback_queue="credit-desk"),
        clock=desk.clock,
        on_step=(wakes if wakes is not None else []).append,
    )
    return TimerLoop(timers=timers, now=now, recorder=desk.measured)


async def open_alerts(desk: Desk, count: int) -> None:
    await desk.never_storm()
    await desk.assess(
        *(
            assessment(RiskState.WATCH, RED, borrower_id=f"b-{number:03}", officer_id="o-ana")
            for number in range(count)
        )
    )


async def test_three_processes_take_every_step_of_every_alert_once(desk: Desk) -> None:
    await open_alerts(desk, 150)
    processes = [process(desk) for _ in range(3)]
    for day in range(15):
        desk.clock.advance(timedelta(days=1 if day else 0).total_seconds())
        await asyncio.gather(*(each.tick() for each in processes))
        # What one process passed over, because another one had it, is taken at the next tick.
        await processes[0].tick()
    rows = await desk.pool.fetch(STEPS)
    by_alert: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        by_alert.setdefault(row["alert_id"], []).append((row["version"], row["kind"]))
    assert len(by_alert) == 150
    expected = [(2, "alert.reminded.v1")] + [(number, "alert.escalated.v1") for number in (3, 4, 5)]
    assert all(steps == expected for steps in by_alert.values())
    assert desk.measured.total(metrics.ALERT_EVENTS, kind="alert.escalated.v1") == 450


async def test_an_acknowledgement_and_a_timer_never_both_win(desk: Desk) -> None:
    await open_alerts(desk, 20)
    loop = process(desk)
    await loop.tick()
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    desk.clock.advance(timedelta(days=4).total_seconds())

    async def acknowledge(alert_id: str) -> None:
        await desk.handling.acknowledge(alert_id, expected_version=1, person=RISK)

    await asyncio.gather(
        loop.tick(), *(acknowledge(alert.alert_id) for alert in page.items), return_exceptions=True
    )
    await loop.tick()
    events = await desk.pool.fetch("SELECT alert_id, kind FROM alerts.alert_event ORDER BY feed_id")
    for alert in page.items:
        kinds = [row["kind"] for row in events if row["alert_id"] == alert.alert_id]
        assert kinds[-1] in ("alert.acknowledged.v1", "alert.escalated.v1")
        # After the acknowledgement nothing follows.
        assert "alert.acknowledged.v1" not in kinds[:-1]


async def test_an_acknowledged_alert_has_no_timer_of_before(desk: Desk) -> None:
    await open_alerts(desk, 1)
    loop = process(desk)
    await loop.tick()
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    await desk.handling.acknowledge(alert.alert_id, expected_version=1, person=RISK)
    due_at = await desk.pool.fetchval("SELECT timer_due_at FROM alerts.alert")
    assert due_at == desk.clock.now()  # to be scheduled; nothing of before is left
    desk.clock.advance(timedelta(days=4).total_seconds())
    await loop.tick()
    assert await desk.pool.fetch(STEPS) == []


async def test_a_notice_is_in_the_history_the_outbox_and_wakes_who_delivers(desk: Desk) -> None:
    await open_alerts(desk, 1)
    wakes: list[int] = []
    loop = process(desk, wakes)
    await loop.tick()
    assert wakes == []
    desk.clock.advance(timedelta(days=4).total_seconds())
    await loop.tick()
    assert wakes == [0]
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    detail = await desk.reading.get_alert(alert.alert_id, person=RISK)
    notice = detail.history[-1]
    assert notice.kind is AlertEventKind.ESCALATED
    assert notice.data["recipients"] == ["ana", "sam"]
    value = await desk.pool.fetchval("SELECT value FROM alerts.outbox ORDER BY seq DESC")
    event = validated(value).event.data
    assert isinstance(event, AlertEscalatedV1)
    assert (event.level, event.recipients) == (1, ["ana", "sam"])


async def test_one_alert_with_a_fault_delays_no_other(desk: Desk, pool: asyncpg.Pool) -> None:
    await open_alerts(desk, 2)
    # A moment that no calendar of Python can reach.
    await pool.execute(
        "UPDATE alerts.alert SET acknowledge_by = '9999-12-31 23:00+00' WHERE borrower_id = 'b-000'"
    )
    loop = process(desk)
    await loop.tick()
    desk.clock.advance(timedelta(days=4).total_seconds())
    await loop.tick()
    rows = await desk.pool.fetch("SELECT borrower_id FROM alerts.alert_event WHERE version = 2")
    assert [row["borrower_id"] for row in rows] == ["b-001"]
    assert desk.measured.total(metrics.TIMERS_FAILED) >= 1


async def test_how_long_the_oldest_timer_is_overdue_is_measured(desk: Desk) -> None:
    loop = process(desk)
    await loop.measure()
    assert desk.measured.latest(metrics.TIMERS_OVERDUE_SECONDS) == 0
    await open_alerts(desk, 1)
    desk.clock.advance(90)
    await loop.measure()
    assert desk.measured.latest(metrics.TIMERS_OVERDUE_SECONDS) == 90
    await loop.tick()
    await loop.measure()
    assert desk.measured.latest(metrics.TIMERS_OVERDUE_SECONDS) == 0


async def test_a_resolved_alert_cannot_be_escalated(desk: Desk) -> None:
    await open_alerts(desk, 1)
    [alert] = (await desk.reading.list_alerts(AlertFilters(), person=RISK)).items
    await desk.handling.acknowledge(alert.alert_id, expected_version=1, person=RISK)
    with pytest.raises(StepRefused):
        await desk.handling.acknowledge(alert.alert_id, expected_version=2, person=RISK)
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute(
            "UPDATE alerts.alert SET status = 'RESOLVED', outcome_code = 'FALSE'"
        )
