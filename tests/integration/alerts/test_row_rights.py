"""Whose borrowers a person sees: every read of the real database, by each kind of right."""

from dataclasses import dataclass

import pytest

from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import EVERYTHING, Scope
from services.alerts.primitives.errors import ResourceNotFound
from services.alerts.primitives.vocabulary import Level, OwnerKind, RiskState
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.integration.alerts.conftest import RISK, Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
# Borrower, officer, branch. b-4 was assigned to a queue, b-5 to an officer of another branch.
BORROWERS = (
    ("b-1", "o-7", "north"),
    ("b-2", "o-8", "north"),
    ("b-3", "o-9", "south"),
    ("b-4", "o-9", "south"),
    ("b-5", "o-9", "south"),
)
EVERYONE = {name for name, _, _ in BORROWERS}


def person(**rights: set[str]) -> Person:
    scope = Scope(**{name: frozenset(ids) for name, ids in rights.items()})
    return Person(id="anna", officer_id=None, scope=scope)


SCOPES: dict[str, tuple[Person, set[str]]] = {
    "everything": (Person(id="risk", officer_id=None, scope=EVERYTHING), EVERYONE),
    "nothing": (person(), set()),
    "an empty id": (person(officer_ids={""}, branch_ids={""}, queue_ids={""}), set()),
    "own, and assigned": (person(officer_ids={"o-7"}), {"b-1", "b-5"}),
    "own and delegated": (person(officer_ids={"o-7", "o-8"}), {"b-1", "b-2", "b-5"}),
    "a branch": (person(branch_ids={"north"}), {"b-1", "b-2"}),
    "a branch and own": (person(branch_ids={"south"}, officer_ids={"o-8"}), EVERYONE - {"b-1"}),
    "a queue": (person(queue_ids={"workout"}), {"b-4"}),
    "a queue named like an officer": (person(queue_ids={"o-7"}), set()),
    "an officer named like a queue": (person(officer_ids={"workout"}), set()),
    "an officer named like a branch": (person(officer_ids={"north"}), set()),
}


@dataclass(frozen=True)
class Seen:
    """The borrowers that each read shows to a person."""

    listed: set[str]
    alerts: set[str]
    cards: set[str]
    decided: set[str]
    digested: set[str]
    streamed: set[str]
    lockable: set[str]
    counted: int
    budgeted: int


@pytest.fixture
async def alerts(desk: Desk) -> dict[str, str]:
    """Open an alert of each borrower, and a digest item; returns the alerts' ids."""
    for name, officer, branch in BORROWERS:
        responsible = {"borrower_id": name, "officer_id": officer, "branch_id": branch}
        await desk.assess(assessment(RiskState.WATCH, RED, **responsible))
    page = await desk.reading.list_alerts(AlertFilters(), person=RISK)
    ids = {alert.borrower_id: alert.alert_id for alert in page.items}
    for name, kind, owner in (
        ("b-4", OwnerKind.QUEUE, "workout"),
        ("b-5", OwnerKind.OFFICER, "o-7"),
    ):
        await desk.handling.assign(
            ids[name], owner_kind=kind, owner_id=owner, expected_version=1, person=RISK
        )
    await desk.pool.execute("UPDATE alerts.borrower SET has_tasks = true")
    return ids


async def seen(desk: Desk, alerts: dict[str, str], person: Person) -> Seen:
    reading = desk.reading

    async def shows(read: object, *args: str, **options: object) -> bool:
        try:
            await read(*args, person=person, **options)  # type: ignore[operator]
        except ResourceNotFound:
            return False
        return True

    async def lockable(name: str) -> bool:
        async with desk.handling._repository.lock(alerts[name], scope=person.scope) as locked:
            return locked is not None

    budget = await reading.alert_budget(person=person, weeks=4)
    page = await reading.list_alerts(AlertFilters(), person=person)
    digest = await reading.digest(person=person, since=MONDAY, limit=100)
    return Seen(
        listed={alert.borrower_id for alert in page.items},
        alerts={name for name, id_ in alerts.items() if await shows(reading.get_alert, id_)},
        cards={name for name in alerts if await shows(reading.get_card, name)},
        decided={
            name for name in alerts if await shows(reading.decisions, name, until=None, limit=10)
        },
        digested={item.borrower_id for item in digest},
        streamed={item.event.borrower_id for item in await reading.feed_after(None, person=person)},
        lockable={name for name in alerts if await lockable(name)},
        counted=sum((await reading.count_open(person=person)).values()),
        budgeted=sum(each.opened for each in budget.items),
    )


async def test_every_read_shows_the_same_borrowers(desk: Desk, alerts: dict[str, str]) -> None:
    shown = {name: await seen(desk, alerts, who) for name, (who, _) in SCOPES.items()}
    expected = {
        name: Seen(*[names] * 7, counted=len(names), budgeted=len(names))
        for name, (_, names) in SCOPES.items()
    }
    assert shown == expected


async def test_a_borrower_that_moves_takes_its_past_along(
    desk: Desk, alerts: dict[str, str]
) -> None:
    """b-1 goes from o-7 in the north to o-9 in the south; its alert was opened in the north."""
    await desk.assess(
        assessment(
            RiskState.WATCH,
            RED,
            sequence=2,
            days_later=1,
            borrower_id="b-1",
            officer_id="o-9",
            branch_id="south",
        )
    )
    await desk.pool.execute("UPDATE alerts.alert SET owner_id = 'o-9' WHERE borrower_id = 'b-1'")
    for rights in ({"officer_ids": {"o-7"}}, {"branch_ids": {"north"}}):
        assert "b-1" not in (await seen(desk, alerts, person(**rights))).streamed
    for rights in ({"officer_ids": {"o-9"}}, {"branch_ids": {"south"}}):
        assert "b-1" in (await seen(desk, alerts, person(**rights))).listed


async def test_the_second_owner_sees_the_borrower(desk: Desk, alerts: dict[str, str]) -> None:
    await desk.pool.execute(
        "UPDATE alerts.alert SET second_owner_kind = 'QUEUE', second_owner_id = 'collection',"
        " second_owner_route = 'default' WHERE borrower_id = 'b-3'"
    )
    assert (await seen(desk, alerts, person(queue_ids={"collection"}))).cards == {"b-3"}
