"""A small bank: officers, seniors, the head of risk, a queue, two branches and two calendars."""

from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.directory.domain.member import Branch, Member, Queue, Team
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.directory.domain.working_calendar import WorkingCalendar

BERLIN = WorkingCalendar(
    timezone=ZoneInfo("Europe/Berlin"), holidays=frozenset({date(2026, 12, 25)})
)
MADRID = WorkingCalendar(timezone=ZoneInfo("Europe/Madrid"), holidays=frozenset())


def member(person_id: str, **changes: Any) -> Member:
    """Returns a person with the role OFFICER and the officer id `o-<person id>`."""
    plain = Member(
        person_id=person_id,
        display_name=person_id.title(),
        roles=frozenset({"OFFICER"}),
        calendar="bank",
        officer_id=f"o-{person_id}",
    )
    return replace(plain, **changes)


def bank(*people: Member, **changes: Any) -> Organisation:
    """Returns version 1 of a directory; a given person replaces the one with the same id.

    ana and ben are officers of team north, led by lea; both report to sam, sam to rita, the head of
    risk. wei works off the queue `workout`, led by sam. cy and dee are the committee.
    """
    members = {
        each.person_id: each
        for each in (
            member("ana", team="north", superior="sam", substitutes=("ben",), branch_id="b1"),
            member("ben", team="north", superior="sam", branch_id="b1"),
            member("lea", roles=frozenset({"SENIOR"}), officer_id=None, superior="sam"),
            member("sam", roles=frozenset({"SENIOR"}), officer_id=None, superior="rita"),
            member("rita", roles=frozenset({"RISK"}), officer_id=None),
            member("wei", roles=frozenset({"WORKOUT"}), calendar="madrid"),
            member("cy", roles=frozenset({"APPROVER"}), officer_id=None),
            member("dee", roles=frozenset({"APPROVER"}), officer_id=None),
            *people,
        )
    }
    organisation = Organisation(
        version=1,
        members=members,
        queues={
            "workout": Queue(queue_id="workout", members=("wei",), calendar="madrid", lead="sam")
        },
        branches={"b1": Branch(branch_id="b1", name="North", calendar="bank")},
        teams={"north": Team(team_id="north", lead="lea", branch_id="b1")},
        calendars={"bank": BERLIN, "madrid": MADRID},
        default_calendar="bank",
        risk_head="rita",
        committee=("cy", "dee"),
    )
    return replace(organisation, **changes)
