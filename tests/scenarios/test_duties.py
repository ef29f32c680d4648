"""Who hears of an alert while people are absent, leave and come back; expected lines by hand.

The clock begins on Monday 2 March 2026, 10:00 in Berlin. ana is the officer and ben her substitute,
lea leads their team, sam is the senior, wei works in workout. Of a WATCH alert that opens on Monday
at 10:00, half of the time is over on Tuesday at 14:00.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.alerts.decisions.domain.duties import reassigned
from services.alerts.directory.domain.member import Absence, Delegation, Member, Queue
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.primitives.vocabulary import Level, RiskState
from tests.fakes.assessments import MONDAY, contributor
from tests.fakes.office import (
    POLICY,
    Office,
    OfficeStep,
    Scenario,
    acknowledged,
    assessed,
    assigned,
    check,
)
from tests.fakes.people import bank

RED = contributor("R-01", Level.RED, 30.0)
OTHER_RED = contributor("F-05", Level.RED, 20.0)
WATCH, HIGH = RiskState.WATCH, RiskState.HIGH_RISK
MONDAY_TEN, OPENED = "Mon 02 Mar 10:00", "opened b-1"
OPENS = assessed(0, WATCH, RED, officer_id="o-ana")


def absent(first: int, last: int) -> dict[str, Any]:
    """Days of March, the first and the last one included."""
    return {"absences": (Absence(begins=date(2026, 3, first), ends=date(2026, 3, last)),)}


def person(name: str, **changes: Any) -> Member:
    return replace(bank().members[name], **changes)


def people(*changed: Member, **changes: Any) -> Organisation:
    organisation = bank(*changed)
    desks = {
        "credit-desk": Queue(queue_id="credit-desk", members=("ben",), lead="wei", calendar="bank"),
        "senior-desk": Queue(queue_id="senior-desk", members=("sam",), calendar="bank"),
        "legal": Queue(queue_id="legal", members=("rita",), calendar="bank"),
    }
    return replace(organisation, queues={**organisation.queues, **desks}, **changes)


def office(*changed: Member, **changes: Any) -> Callable[[], Office]:
    organisation = people(*changed, **changes)
    policy = replace(POLICY, organisation=organisation)
    return lambda: Office(organisation=organisation, policy=policy)


def compared(day: float) -> OfficeStep:
    """A process compares the owners of open alerts with who is on duty."""

    def step(office: Office) -> None:
        office.advance(MONDAY + timedelta(days=day))
        for borrower_id, alert in office._open_alerts():
            change = reassigned(
                alert,
                organisation=office.organisation,
                fallback_queue=office.policy.routing.fallback_queue,
                at=office.now,
            )
            if change is not None:
                office._keep(borrower_id, change.alert)
                office._notify_owners(change)

    return step


DELEGATION = Delegation(person_id="wei", begins=date(2026, 3, 3), ends=date(2026, 3, 3))
SCENARIOS = (
    Scenario(
        story="a present officer hears of an own borrower",
        office=office(),
        steps=[OPENS],
        notices=[f"{MONDAY_TEN} ana {OPENED}"],
    ),
    Scenario(
        story="the substitute hears while the officer is absent",
        office=office(person("ana", **absent(2, 6))),
        steps=[OPENS],
        notices=[f"{MONDAY_TEN} ben {OPENED}"],
    ),
    Scenario(
        story="the substitute hears after the officer has left",
        office=office(person("ana", left_on=date(2026, 3, 2))),
        steps=[OPENS],
        notices=[f"{MONDAY_TEN} ben {OPENED}"],
    ),
    Scenario(
        story="the lead of the team hears while both are absent",
        office=office(person("ana", **absent(2, 6)), person("ben", **absent(2, 6))),
        steps=[OPENS],
        notices=[f"{MONDAY_TEN} lea {OPENED}"],
    ),
    Scenario(
        story="the lead of the fallback queue hears when nobody in the line is present",
        office=office(
            *(person(name, **absent(2, 6)) for name in ("ana", "ben", "lea", "sam", "rita"))
        ),
        steps=[OPENS],
        notices=[f"{MONDAY_TEN} wei {OPENED}"],
    ),
    Scenario(
        story="the fallback queue hears of an officer whom nobody knows",
        office=office(),
        steps=[assessed(0, WATCH, RED, officer_id="officer-typo")],
        notices=[f"{MONDAY_TEN} ben {OPENED}"],
    ),
    Scenario(
        story="an open alert goes to the substitute when the absence begins",
        office=office(person("ana", **absent(3, 6))),
        steps=[OPENS, compared(0.1), compared(1)],
        notices=[f"{MONDAY_TEN} ana {OPENED}", "Tue 03 Mar 10:00 ben assigned b-1"],
    ),
    Scenario(
        story="the absence begins at midnight in Berlin",
        office=office(person("ana", **absent(3, 6))),
        steps=[OPENS, compared(13.99 / 24), compared(14 / 24)],
        notices=[f"{MONDAY_TEN} ana {OPENED}", "Tue 03 Mar 00:00 ben assigned b-1"],
    ),
    Scenario(
        story="comparing again gives nothing away twice",
        office=office(person("ana", **absent(3, 6))),
        steps=[OPENS, compared(1), compared(1), compared(1.1)],
        notices=[f"{MONDAY_TEN} ana {OPENED}", "Tue 03 Mar 10:00 ben assigned b-1"],
    ),
    Scenario(
        story="work returns after the absence, and the reminder went to the substitute",
        office=office(person("ana", **absent(3, 3))),
        steps=[OPENS, compared(1), compared(2)],
        notices=[
            f"{MONDAY_TEN} ana {OPENED}",
            "Tue 03 Mar 10:00 ben assigned b-1",
            "Tue 03 Mar 14:00 ben reminded b-1",
            "Wed 04 Mar 10:00 ana assigned b-1",
        ],
    ),
    Scenario(
        story="work stays with the substitute in a bank where it does not return",
        office=office(person("ana", **absent(3, 3)), returns_work=False),
        steps=[OPENS, compared(1), compared(2)],
        notices=[
            f"{MONDAY_TEN} ana {OPENED}",
            "Tue 03 Mar 10:00 ben assigned b-1",
            "Tue 03 Mar 14:00 ben reminded b-1",
        ],
    ),
    Scenario(
        story="who leaves on Tuesday loses nothing",
        office=office(person("ana", left_on=date(2026, 3, 3))),
        steps=[OPENS, compared(1), compared(1.1)],
        notices=[f"{MONDAY_TEN} ana {OPENED}", "Tue 03 Mar 10:00 ben assigned b-1"],
    ),
    Scenario(
        story="an acknowledged alert moves too and asks for no second acknowledgement",
        office=office(person("ana", **absent(3, 6))),
        steps=[OPENS, acknowledged(0.1, by="ana"), compared(1), compared(2)],
        notices=[f"{MONDAY_TEN} ana {OPENED}", "Tue 03 Mar 10:00 ben assigned b-1"],
    ),
    Scenario(
        story="a delegate comes before the substitute, on the days of the delegation",
        office=office(person("ana", delegates=(DELEGATION,), **absent(3, 6))),
        steps=[OPENS, compared(1), compared(2)],
        notices=[
            f"{MONDAY_TEN} ana {OPENED}",
            "Tue 03 Mar 10:00 wei assigned b-1",
            "Tue 03 Mar 14:00 wei reminded b-1",
            "Wed 04 Mar 10:00 ben assigned b-1",
        ],
    ),
    Scenario(
        story="a substitute who is absent too passes the work on",
        office=office(person("ana", **absent(3, 6)), person("ben", **absent(4, 6))),
        steps=[OPENS, compared(1), compared(2)],
        notices=[
            f"{MONDAY_TEN} ana {OPENED}",
            "Tue 03 Mar 10:00 ben assigned b-1",
            "Tue 03 Mar 14:00 ben reminded b-1",
            "Wed 04 Mar 10:00 lea assigned b-1",
        ],
    ),
    Scenario(
        story="an alert that a person gives to somebody absent goes on to the substitute",
        office=office(person("ana", **absent(2, 6))),
        steps=[
            assessed(0, WATCH, RED, officer_id="o-wei"),
            assigned(0.1, to="o-ana", by="sam"),
            compared(0.2),
        ],
        notices=[f"{MONDAY_TEN} wei {OPENED}", "Mon 02 Mar 14:48 ben assigned b-1"],
    ),
    Scenario(
        story="a worse state opens with the substitute and the second owner",
        office=office(person("ana", **absent(3, 6))),
        steps=[OPENS, compared(1), assessed(1.1, HIGH, OTHER_RED, officer_id="o-ana")],
        notices=[
            f"{MONDAY_TEN} ana {OPENED}",
            "Tue 03 Mar 10:00 ben assigned b-1",
            "Tue 03 Mar 12:24 ben resolved:SUPERSEDED b-1",
            "Tue 03 Mar 12:24 ben opened b-1",
            "Tue 03 Mar 12:24 sam opened b-1",
        ],
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.story)
def test_who_hears_while_people_are_absent(scenario: Scenario) -> None:
    check(scenario)
