"""Reads a directory from YAML, and makes the organisation of its document."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from pydantic import ValidationError

from services.alerts.directory.adapters.directory_document import (
    WEEKDAYS,
    ApprovalLimitSection,
    CalendarSection,
    DirectoryDocument,
    PersonSection,
    QueueSection,
    holidays_of,
    yaml_path,
)
from services.alerts.directory.domain.member import (
    Absence,
    ApprovalLimit,
    Branch,
    Delegation,
    Member,
    Queue,
    Team,
)
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.directory.domain.organisation_faults import (
    DirectoryFault,
    InvalidDirectory,
    faults,
)
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.kit import bank_holidays
from services.kit.strict_yaml import InvalidYaml, read_yaml

USUAL_WEEKEND = frozenset({5, 6})


def read_directory(text: str) -> DirectoryDocument:
    """Returns the document in a YAML text; its references are checked too.

    Raises:
        InvalidDirectory: If it has faults.
    """
    try:
        document = DirectoryDocument.model_validate(read_yaml(text))
    except InvalidYaml as error:
        fault = DirectoryFault(path="(file)", fault=str(error), remedy="correct the YAML")
        raise InvalidDirectory((fault,)) from error
    except ValidationError as error:
        raise InvalidDirectory(_form_faults(error)) from error
    organisation_of(document, version=1)
    return document


def organisation_of(document: DirectoryDocument, *, version: int) -> Organisation:
    """Returns the organisation that a document describes.

    Raises:
        InvalidDirectory: If a reference or a rule is broken.
    """
    calendar_of = _Calendars(document)
    organisation = Organisation(
        version=version,
        members={
            name: _member(name, person, calendar_of) for name, person in document.people.items()
        },
        queues={name: _queue(name, queue, calendar_of) for name, queue in document.queues.items()},
        branches={
            name: Branch(branch_id=name, name=branch.name, calendar=calendar_of(None, name))
            for name, branch in document.branches.items()
        },
        teams={
            name: Team(team_id=name, lead=team.lead, branch_id=team.branch)
            for name, team in document.teams.items()
        },
        calendars={name: _calendar(section) for name, section in document.calendars.items()},
        default_calendar=document.calendar,
        risk_head=document.risk_head,
        committee=document.committee,
        on_call=document.on_call,
        returns_work=document.returns_work,
    )
    if broken := faults(organisation):
        raise InvalidDirectory(broken)
    return organisation


def canonical_bytes(document: DirectoryDocument) -> bytes:
    """Returns the bytes of a document that its digest covers; the order of keys is no difference.

    The order of people, teams and so on has no meaning; that of substitutes has, and stays.
    """
    return msgspec.json.encode(plain(document), order="deterministic")


def plain(document: DirectoryDocument) -> Mapping[str, Any]:
    """Returns a document as plain values, without the fields that have their default."""
    values: Mapping[str, Any] = document.model_dump(mode="json", exclude_defaults=True)
    return values


@dataclass(frozen=True, slots=True)
class _Calendars:
    """Names the calendar of an entry: its own, else that of its branch, else that of the bank."""

    document: DirectoryDocument

    def __call__(self, own: str | None, branch_id: str | None) -> str:
        branch = self.document.branches.get(branch_id) if branch_id else None
        return own or (branch.calendar if branch else None) or self.document.calendar


def _member(person_id: str, person: PersonSection, calendar_of: _Calendars) -> Member:
    return Member(
        person_id=person_id,
        display_name=person.name,
        roles=frozenset(str(role) for role in person.roles),
        calendar=calendar_of(person.calendar, person.branch),
        officer_id=person.officer_id,
        branch_id=person.branch,
        team=person.team,
        superior=person.superior,
        language=person.language,
        email=person.email,
        approval_limit=_limit(person.approval_limit),
        delegates=tuple(
            Delegation(person_id=each.person, begins=each.begins, ends=each.ends)
            for each in person.delegates
        ),
        absences=tuple(Absence(begins=each.begins, ends=each.ends) for each in person.absences),
        substitutes=person.substitutes,
        left_on=person.left_on,
    )


def _limit(section: ApprovalLimitSection | None) -> ApprovalLimit | None:
    if section is None:
        return None
    return ApprovalLimit(amount=Decimal(section.amount), currency=section.currency)


def _queue(queue_id: str, queue: QueueSection, calendar_of: _Calendars) -> Queue:
    return Queue(
        queue_id=queue_id,
        members=queue.members,
        calendar=calendar_of(queue.calendar, queue.branch),
        branch_id=queue.branch,
        lead=queue.lead,
    )


def _calendar(section: CalendarSection) -> WorkingCalendar:
    return WorkingCalendar(
        timezone=ZoneInfo(section.timezone),
        opens=section.opens,
        closes=section.closes,
        free_weekdays=_free_weekdays(section),
        holidays=holidays_of(section.country, section.subdivision) | set(section.days_off),
    )


def _free_weekdays(section: CalendarSection) -> frozenset[int]:
    if section.free_weekdays is not None:
        return frozenset(WEEKDAYS.index(name) for name in section.free_weekdays)
    if section.country is None:
        return USUAL_WEEKEND
    return bank_holidays.weekend(section.country, section.subdivision)


def _form_faults(error: ValidationError) -> tuple[DirectoryFault, ...]:
    return tuple(
        DirectoryFault(
            path=yaml_path(each["loc"]) or "(document)",
            fault=each["msg"].removeprefix("Value error, "),
            remedy="see docs/reference/people.md",
        )
        for each in error.errors(include_url=False, include_context=False)
    )
