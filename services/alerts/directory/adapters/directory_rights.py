"""The row rights that a directory gives: own and delegated officers, branches and queues.

A person reads the borrowers of the officer that they are, and a senior those of their branch. Who
may act for somebody on a day reads what that person reads: a delegate while the delegation is in
force, and those who take over the work during an absence and after somebody has left. Days begin
and end by the calendar of the person who is stood in for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from services.alerts.directory.domain.member import Member
from services.alerts.directory.domain.organisation import Organisation
from services.kit.access.row_rights import RightKind, RowRight

_SENIOR = "SENIOR"


@dataclass(frozen=True, slots=True)
class _StandIn:
    """Somebody who may act for a member on some days; `last` is None for good."""

    person_id: str
    first: date
    last: date | None
    reason: str


def rights_of(organisation: Organisation) -> list[RowRight]:
    """Returns the rights of all people of a directory, past and future ones included."""
    rights: list[RowRight] = []
    for member in organisation.members.values():
        zone = organisation.calendars[member.calendar].timezone
        own = list(_own_rights(member))
        left_at = None if member.left_on is None else datetime.combine(member.left_on, time(), zone)
        rights += [replace(right, ends_at=left_at) for right in own]
        for stand_in in _stand_ins(organisation, member):
            begins_at = datetime.combine(stand_in.first, time(), zone)
            after = None if stand_in.last is None else stand_in.last + timedelta(days=1)
            rights += [
                replace(
                    right,
                    person_id=stand_in.person_id,
                    begins_at=begins_at,
                    ends_at=None if after is None else datetime.combine(after, time(), zone),
                    reason=stand_in.reason,
                )
                for right in own
            ]
    for queue in organisation.queues.values():
        people = {*queue.members, *(() if queue.lead is None else (queue.lead,))}
        rights += [
            RowRight(
                person_id=person_id,
                kind=RightKind.QUEUE,
                granted_id=queue.queue_id,
                reason=f"member of {queue.queue_id}",
            )
            for person_id in sorted(people)
        ]
    return rights


def _own_rights(member: Member) -> Iterator[RowRight]:
    yield RowRight(
        person_id=member.person_id,
        kind=RightKind.OFFICER,
        granted_id=member.owner_id,
        reason="own",
    )
    if member.branch_id is not None and _SENIOR in member.roles:
        yield RowRight(
            person_id=member.person_id,
            kind=RightKind.BRANCH,
            granted_id=member.branch_id,
            reason=f"senior of {member.branch_id}",
        )


def _stand_ins(organisation: Organisation, member: Member) -> Iterator[_StandIn]:
    name = member.person_id
    for each in member.delegates:
        yield _StandIn(each.person_id, each.begins, each.ends, f"delegate of {name}")
    team = None if member.team is None else organisation.teams[member.team]
    lead = () if team is None or team.lead in (None, name) else (team.lead,)
    takers = [*member.substitutes, *lead, *organisation.superiors(member)]
    spans: list[tuple[date, date | None]] = [(each.begins, each.ends) for each in member.absences]
    if member.left_on is not None:
        spans.append((member.left_on, None))
    for first, last in spans:
        for person_id in dict.fromkeys(takers):
            assert person_id is not None
            yield _StandIn(person_id, first, last, f"substitute of {name}")
