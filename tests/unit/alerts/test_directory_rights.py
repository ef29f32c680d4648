"""The row rights of a directory: own, branch and queue, delegates and those who take over."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.alerts.directory.adapters.directory_rights import rights_of
from services.alerts.directory.domain.member import Absence, Delegation, Queue, Team
from services.kit.access.row_rights import RightKind, RowRight
from tests.fakes.people import BERLIN, bank

ZONE = BERLIN.timezone


def ana_in(**changes: Any) -> set[tuple[str, str, datetime | None, datetime | None]]:
    """Returns who reads the borrowers of ana, from when until when, in a bank of ana, bo and cy."""
    organisation = bank()
    members = {
        name: replace(
            organisation.members[name],
            superior=None,
            team=None,
            substitutes=(),
            delegates=(),
            absences=(),
            left_on=None,
        )
        for name in list(organisation.members)
    }
    members["ana"] = replace(members["ana"], calendar=calendar_of_berlin(organisation), **changes)
    rights = rights_of(replace(organisation, members=members))
    owner_id = members["ana"].owner_id
    return {
        (right.person_id, right.reason, right.begins_at, right.ends_at)
        for right in rights
        if right.kind is RightKind.OFFICER and right.granted_id == owner_id
    }


def calendar_of_berlin(organisation: Any) -> str:
    return next(
        name for name, calendar in organisation.calendars.items() if calendar.timezone == ZONE
    )


def berlin(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), ZONE)


def others() -> list[str]:
    return [name for name in bank().members if name != "ana"]


def test_a_person_reads_their_own_until_they_leave() -> None:
    assert ana_in() == {("ana", "own", None, None)}
    first, *_ = others()
    assert ana_in(left_on=date(2026, 12, 31), substitutes=(first,)) == {
        ("ana", "own", None, berlin("2026-12-31")),
        (first, "substitute of ana", berlin("2026-12-31"), None),
    }


def test_a_delegate_reads_from_the_first_day_to_the_end_of_the_last() -> None:
    first, *_ = others()
    delegation = Delegation(person_id=first, begins=date(2026, 12, 1), ends=date(2026, 12, 4))
    assert ana_in(delegates=(delegation,)) == {
        ("ana", "own", None, None),
        (first, "delegate of ana", berlin("2026-12-01"), berlin("2026-12-05")),
    }


def test_who_takes_over_reads_during_the_absence() -> None:
    first, second, *_ = others()
    away = (Absence(begins=date(2026, 12, 24), ends=date(2026, 12, 31)),)
    days = berlin("2026-12-24"), berlin("2027-01-01")
    assert ana_in(absences=away, substitutes=(first, second)) == {
        ("ana", "own", None, None),
        (first, "substitute of ana", *days),
        (second, "substitute of ana", *days),
    }
    assert ana_in(absences=away, superior=first) == {
        ("ana", "own", None, None),
        (first, "substitute of ana", *days),
    }


def test_a_senior_reads_the_branch_and_nobody_else_does() -> None:
    organisation = bank()
    branch = next(iter(organisation.branches))
    members = {
        name: replace(member, branch_id=branch, roles=frozenset({"OFFICER"}))
        for name, member in organisation.members.items()
    }
    members["ana"] = replace(
        members["ana"], roles=frozenset({"SENIOR"}), delegates=(), absences=(), left_on=None
    )
    rights = rights_of(replace(organisation, members=members, queues={}))
    readers = {right.person_id for right in rights if right.kind is RightKind.BRANCH}
    assert readers - set(stand_ins(organisation, "ana")) == {"ana"}


def stand_ins(organisation: Any, name: str) -> list[str]:
    member = organisation.members[name]
    team: Team | None = organisation.teams.get(member.team) if member.team else None
    return [
        *member.substitutes,
        *organisation.superiors(member),
        *([team.lead] if team and team.lead else []),
    ]


def test_a_queue_is_read_by_its_members_and_its_lead() -> None:
    organisation = bank()
    first, second, third = list(organisation.members)[:3]
    calendar = calendar_of_berlin(organisation)
    queue = Queue(queue_id="workout", members=(first, second), calendar=calendar, lead=third)
    rights = rights_of(replace(organisation, queues={"workout": queue}))
    of_queue = [right for right in rights if right.kind is RightKind.QUEUE]
    assert {right.person_id for right in of_queue} == {first, second, third}
    assert of_queue[0] == RowRight(
        person_id=of_queue[0].person_id,
        kind=RightKind.QUEUE,
        granted_id="workout",
        reason="member of workout",
    )
