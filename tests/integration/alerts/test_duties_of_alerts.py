"""The work of absent people on a real PostgreSQL: moved once by three processes, and back."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.alerts.decisions.adapters.alert_reads import PostgresAlertReads
from services.alerts.decisions.adapters.duty_sweep import PostgresDutySweep
from services.alerts.decisions.adapters.step_recorder import StepRecorder
from services.alerts.delivery.adapters.delivery_fan_out import DeliveryFanOut
from services.alerts.directory.application.organisations import FixedOrganisation
from services.alerts.directory.domain.member import Absence, Queue
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.primitives.vocabulary import RiskState
from services.kit.stream.outbox import Outbox
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.fakes.clock import ManualClock
from tests.fakes.people import bank
from tests.integration.alerts.conftest import Desk

pytestmark = pytest.mark.integration
BORROWERS = 7


def office(**ana: Any) -> Organisation:
    organisation = bank()
    members = {**organisation.members, "ana": replace(organisation.members["ana"], **ana)}
    queues = {
        **organisation.queues,
        **{
            name: Queue(queue_id=name, members=("ben",), calendar="bank")
            for name in ("credit-desk", "senior-desk", "legal")
        },
    }
    return replace(organisation, members=members, queues=queues)


def absent_until(day: datetime) -> Organisation:
    return office(absences=(Absence(begins=MONDAY.date(), ends=day.date()),))


def sweep(pool: asyncpg.Pool, organisation: Organisation) -> PostgresDutySweep:
    clock, organisations = ManualClock(MONDAY), FixedOrganisation(organisation)
    return PostgresDutySweep(
        pool=pool,
        step_recorder=StepRecorder(
            outbox=Outbox(schema="alerts"),
            alerts_topic="alerts",
            subscriber=DeliveryFanOut(organisations, clock=clock),
        ),
        organisations=organisations,
        fallback_queue="credit-desk",
        clock=clock,
    )


async def give_all(worker: PostgresDutySweep, at: datetime) -> int:
    total = 0
    while changes := await worker.give(at, lambda _partition: None):
        total += len(changes)
    return total


async def owners(pool: asyncpg.Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        "SELECT DISTINCT owner_id, owner_substitute_for, owner_because FROM alerts.alert"
        " WHERE status <> 'RESOLVED'"
    )
    return sorted(tuple(row) for row in rows)


@pytest.fixture
async def alerts(desk: Desk) -> Desk:
    for number in range(BORROWERS):
        await desk.assess(
            assessment(
                RiskState.WATCH,
                contributor("R-01"),
                borrower_id=f"b-{number}",
                officer_id="o-ana",
            )
        )
    return desk


async def test_three_processes_move_each_alert_once_and_back(alerts: Desk) -> None:
    pool = alerts.pool
    week = absent_until(MONDAY + timedelta(days=4))
    before = await pool.fetch("SELECT alert_id, act_by, status FROM alerts.alert ORDER BY 1")
    moved = await asyncio.gather(*(give_all(sweep(pool, week), MONDAY) for _ in range(3)))
    # A process passes over borrowers that another one has locked; a next round finds the rest.
    assert sum(moved) + await give_all(sweep(pool, week), MONDAY) == BORROWERS
    because = "substitute of ana, absent until 2026-03-06"
    assert await owners(pool) == [("o-ben", "o-ana", because)]
    assert (
        await pool.fetch("SELECT alert_id, act_by, status FROM alerts.alert ORDER BY 1") == before
    )
    steps = await pool.fetch(
        "SELECT why, actor, owner_id FROM alerts.alert_event WHERE kind = 'alert.assigned.v1'"
    )
    why = f"o-ben takes over from o-ana: {because}"
    assert [tuple(row) for row in steps] == [(why, "tocsin", "o-ben")] * BORROWERS
    saturday = MONDAY + timedelta(days=5)
    returned = await asyncio.gather(*(give_all(sweep(pool, week), saturday) for _ in range(3)))
    assert sum(returned) + await give_all(sweep(pool, week), saturday) == BORROWERS
    assert await owners(pool) == [("o-ana", None, None)]
    assert await give_all(sweep(pool, week), saturday) == 0


async def test_who_leaves_loses_nothing(alerts: Desk) -> None:
    left = office(left_on=MONDAY.date())
    assert await give_all(sweep(alerts.pool, left), MONDAY) == BORROWERS
    because = "substitute of ana, who left on 2026-03-02"
    assert await owners(alerts.pool) == [("o-ben", "o-ana", because)]
    assert await give_all(sweep(alerts.pool, left), MONDAY + timedelta(days=30)) == 0


async def test_without_directory_and_without_absence_nothing_moves(alerts: Desk) -> None:
    assert await give_all(sweep(alerts.pool, office()), MONDAY) == 0
    without = FixedOrganisation(replace(office(), version=0))
    assert (await without.current()).is_empty
    assert await give_all(sweep(alerts.pool, await without.current()), MONDAY) == 0


async def test_a_default_case_with_one_owner_is_counted(desk: Desk) -> None:
    reads = PostgresAlertReads(desk.pool)
    await desk.assess(assessment(RiskState.DEFAULT, contributor("R-01"), borrower_id="b-1"))
    await desk.assess(assessment(RiskState.WATCH, contributor("R-01"), borrower_id="b-2"))
    assert await reads.count_cases_with_one_owner() == 0
    await desk.pool.execute("UPDATE alerts.alert SET second_owner_id = NULL")
    assert await reads.count_cases_with_one_owner() == 1
