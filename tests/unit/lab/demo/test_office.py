"""The people of the demo's bank: who they are, how they handle alerts, and what is counted."""

from typing import Any

import pytest

from lab.demo import office
from lab.demo.alerts_client import AlertsClient, Refused
from lab.demo.office import Habit, Office, OfficeCounts
from lab.simulator.portfolio import Portfolio, Setup

OFFICERS = ("officer_id", "origination_officer_id", "collection_officer_id")
# Ids whose SHA-256 begins with a byte that is 0, 1 and 7 modulo 8.
BY_HABIT = {Habit.NEVER: "a-0", Habit.LATE: "a-5", Habit.PROMPT: "a-1"}


def test_every_officer_of_the_simulated_bank_is_in_the_directory() -> None:
    people = office.directory().people.values()
    known = {person.officer_id for person in people}
    named = set()
    for _, events in Portfolio(Setup(seed=7, borrowers=200, days=3)).simulate():
        for event in events:
            named |= {event.data[field] for field in OFFICERS if event.data.get(field)}
    assert len(named) == 16
    assert named <= known


def test_the_names_of_people_are_in_three_scripts() -> None:
    names = " ".join(person.name for person in office.directory().people.values())
    assert all(letter in names for letter in ("A", "Д", "李"))


class Recorded(AlertsClient):
    """Records steps in place of taking them; the first `refused` ones are refused."""

    def __init__(self, alerts: list[dict[str, Any]], *, refused: int = 0) -> None:
        self._listed = alerts
        self._refused = refused
        self.steps: list[tuple[str, str, str]] = []

    async def alerts(self, status: object = ()) -> list[dict[str, Any]]:
        return self._listed

    async def take_step(self, alert: Any, step: str, body: Any, *, key: str) -> None:
        if self._refused:
            self._refused -= 1
            raise Refused
        self.steps.append((alert["alert_id"], step, key))


def alert(alert_id: str, **fields: object) -> dict[str, Any]:
    owner = {"kind": "OFFICER", "id": "officer-11"}
    return {
        "alert_id": alert_id,
        "version": 1,
        "status": "OPEN",
        "state": "WATCH",
        "owner": owner,
    } | fields


def people(client: AlertsClient) -> Office:
    document = office.directory()
    return Office(client, keys={name: name for name in document.people}, directory=document)


@pytest.mark.parametrize(("habit", "alert_id"), BY_HABIT.items())
def test_the_habit_follows_from_the_id(habit: Habit, alert_id: str) -> None:
    assert Habit.of(alert_id) is habit


async def test_the_prompt_acknowledge_at_once_the_late_in_the_fourth_round_others_never() -> None:
    client = Recorded([alert(each) for each in BY_HABIT.values()])
    bank = people(client)
    await bank.work()
    assert client.steps == [("a-1", "acknowledge", "ana")]
    for _ in range(3):
        await bank.work()
    late = [step for step in client.steps if step[0] == BY_HABIT[Habit.LATE]]
    assert late == [("a-5", "acknowledge", "ana")]
    assert not [step for step in client.steps if step[0] == BY_HABIT[Habit.NEVER]]


async def test_work_starts_on_an_acknowledged_alert_and_ends_in_the_normal_state() -> None:
    client = Recorded(
        [
            alert("a-1", status="ACKNOWLEDGED"),
            alert("a-2", status="IN_PROGRESS"),
            alert("a-3", status="IN_PROGRESS", state="NORMAL"),
        ]
    )
    await people(client).work()
    assert client.steps == [("a-1", "start", "ana"), ("a-3", "resolve", "ana")]


async def test_the_first_member_of_a_queue_works_for_it_and_a_refusal_stops_nobody() -> None:
    owner = {"kind": "QUEUE", "id": "workout"}
    client = Recorded([alert("a-1"), alert("a-1", owner=owner)], refused=1)
    await people(client).work()
    assert client.steps == [("a-1", "acknowledge", "uwe")]


def test_the_history_says_who_was_notified() -> None:
    def step(kind: str, *recipients: str) -> dict[str, Any]:
        return {"kind": f"alert.{kind}.v1", "data": {"recipients": list(recipients)}}

    history = [step("opened"), step("reminded", "ana"), step("escalated", "ana", "sam")]
    assert office.count([{"detail": {"history": history}}]) == OfficeCounts(
        steps={"opened": 1, "reminded": 1, "escalated": 1},
        reminded={"ana": 1},
        escalated={"ana": 1, "sam": 1},
    )
