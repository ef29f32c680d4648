"""Checks a directory: every reference exists, no circle, no id twice, every calendar has work days.

All faults are listed at once, each with its path in the YAML document and a remedy.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from services.alerts.directory.domain.member import Absence, Delegation, Member
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.directory.domain.working_calendar import WorkingCalendar

# A calendar with a longer break has no working day within the year of its deadlines.
LONGEST_BREAK: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryFault:
    """One fault of a directory: where it is, what is wrong, and the remedy."""

    path: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.fault}; {self.remedy}"


class InvalidDirectory(Exception):
    """A directory cannot be used; `faults` are all of its faults."""

    def __init__(self, directory_faults: tuple[DirectoryFault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in directory_faults))
        self.faults = directory_faults


def faults(organisation: Organisation) -> tuple[DirectoryFault, ...]:
    """Returns every fault of a directory; none if it can be activated."""
    return (
        *_unknown_references(organisation),
        *_circles_of_superiors(organisation),
        *_own_substitutes(organisation),
        *_repeated_owner_ids(organisation),
        *_backward_periods(organisation),
        *_calendars_without_work(organisation),
    )


def missing_queues(organisation: Organisation, routed: Iterable[str]) -> tuple[DirectoryFault, ...]:
    """Returns a fault for each queue that routing names and the directory does not have."""
    return tuple(
        DirectoryFault(
            path=f"queues.{queue_id}",
            fault=f"routing sends alerts to queue {queue_id}, and the directory does not have it",
            remedy="add the queue, or change the routing file first",
        )
        for queue_id in sorted(set(routed))
        if organisation.queue(queue_id) is None
    )


def _unknown_references(organisation: Organisation) -> Iterator[DirectoryFault]:
    known: Mapping[str, Mapping[str, object]] = {
        "person": organisation.members,
        "team": organisation.teams,
        "branch": organisation.branches,
        "calendar": organisation.calendars,
    }
    for path, kind, name in _references(organisation):
        if name is not None and name not in known[kind]:
            section = {"person": "people", "branch": "branches"}.get(kind, f"{kind}s")
            yield DirectoryFault(
                path=path,
                fault=f"there is no {kind} {name}",
                remedy=f"add it under {section}, or correct the id",
            )


def _references(organisation: Organisation) -> Iterator[tuple[str, str, str | None]]:
    """Yields path, kind and id of everything that names an entry of the directory."""
    yield "calendar", "calendar", organisation.default_calendar
    yield "risk_head", "person", organisation.risk_head
    yield from _people("committee", organisation.committee)
    yield from _people("on_call", organisation.on_call)
    for member in organisation.members.values():
        yield from _references_of(member)
    for queue in organisation.queues.values():
        path = f"queues.{queue.queue_id}"
        yield from _people(f"{path}.members", queue.members)
        yield f"{path}.lead", "person", queue.lead
        yield f"{path}.branch", "branch", queue.branch_id
        yield f"{path}.calendar", "calendar", queue.calendar
    for team in organisation.teams.values():
        yield f"teams.{team.team_id}.lead", "person", team.lead
        yield f"teams.{team.team_id}.branch", "branch", team.branch_id
    for branch in organisation.branches.values():
        yield f"branches.{branch.branch_id}.calendar", "calendar", branch.calendar


def _references_of(member: Member) -> Iterator[tuple[str, str, str | None]]:
    path = f"people.{member.person_id}"
    yield f"{path}.superior", "person", member.superior
    yield f"{path}.team", "team", member.team
    yield f"{path}.branch", "branch", member.branch_id
    yield f"{path}.calendar", "calendar", member.calendar
    yield from _people(f"{path}.substitutes", member.substitutes)
    for index, delegation in enumerate(member.delegates):
        yield f"{path}.delegates[{index}].person", "person", delegation.person_id


def _people(path: str, names: Iterable[str]) -> Iterator[tuple[str, str, str | None]]:
    for index, name in enumerate(names):
        yield f"{path}[{index}]", "person", name


def _circles_of_superiors(organisation: Organisation) -> Iterator[DirectoryFault]:
    reported: set[str] = set()
    for member in organisation.members.values():
        circle = _circle_of(member, organisation)
        if circle and member.person_id not in reported:
            reported.update(circle)
            yield DirectoryFault(
                path=f"people.{member.person_id}.superior",
                fault=f"{', '.join(circle)} are superiors of each other",
                remedy="take the superior of one of them out, so that the chain ends",
            )


def _circle_of(member: Member, organisation: Organisation) -> list[str]:
    """Returns the circle of superiors that a member is part of; empty if there is none."""
    chain = [member.person_id]
    superior = organisation.member(member.superior) if member.superior else None
    while superior is not None and superior.person_id not in chain:
        chain.append(superior.person_id)
        superior = organisation.member(superior.superior) if superior.superior else None
    return sorted(chain) if superior is member else []


def _own_substitutes(organisation: Organisation) -> Iterator[DirectoryFault]:
    """Yields who takes over from themselves; two who take over from each other are no fault.

    The work of an absent person goes to the first present one and never further along a chain.
    """
    for member in organisation.members.values():
        name = member.person_id
        delegates = [delegation.person_id for delegation in member.delegates]
        for field, people in (("substitutes", member.substitutes), ("delegates", delegates)):
            if name in people:
                yield DirectoryFault(
                    path=f"people.{name}.{field}[{list(people).index(name)}]",
                    fault=f"{name} takes over from {name}",
                    remedy="name another person",
                )


def _repeated_owner_ids(organisation: Organisation) -> Iterator[DirectoryFault]:
    counts = Counter(member.owner_id for member in organisation.members.values())
    for owner_id, count in counts.items():
        if count == 1:
            continue
        people = [each for each in organisation.members.values() if each.owner_id == owner_id]
        names = ", ".join(each.person_id for each in people)
        yield DirectoryFault(
            path=f"people.{people[1].person_id}.officer_id",
            fault=f"{names} have the same officer id {owner_id}",
            remedy="give each person the id of the core system, and nobody that of another",
        )


def _backward_periods(organisation: Organisation) -> Iterator[DirectoryFault]:
    for member in organisation.members.values():
        periods: tuple[tuple[str, tuple[Absence | Delegation, ...]], ...] = (
            ("absences", member.absences),
            ("delegates", member.delegates),
        )
        for name, entries in periods:
            for index, entry in enumerate(entries):
                if entry.ends < entry.begins:
                    yield DirectoryFault(
                        path=f"people.{member.person_id}.{name}[{index}].ends",
                        fault=f"{entry.ends} is before it begins, {entry.begins}",
                        remedy="exchange the days; the last day is included",
                    )


def _calendars_without_work(organisation: Organisation) -> Iterator[DirectoryFault]:
    for name, calendar in organisation.calendars.items():
        break_begins = _long_break(calendar)
        if break_begins is not None:
            yield DirectoryFault(
                path=f"calendars.{name}",
                fault=f"no working day within {LONGEST_BREAK.days} days after {break_begins}",
                remedy="remove days off, or a free weekday",
            )


def _long_break(calendar: WorkingCalendar) -> date | None:
    """Returns the day on which a break begins that is longer than any holiday of a bank."""
    free = sorted(_days_off(calendar))
    runs = groupby(enumerate(free), key=lambda pair: pair[1].toordinal() - pair[0])
    for _, run in runs:
        days = [day for _, day in run]
        if len(days) > LONGEST_BREAK.days:
            return days[0]
    return None


def _days_off(calendar: WorkingCalendar) -> set[date]:
    """Returns the holidays, and the free weekdays in the week around each."""
    week = [timedelta(days=distance) for distance in range(-6, 7)]
    around = {holiday + distance for holiday in calendar.holidays for distance in week}
    return {day for day in around if not calendar.is_working_day(day)}
