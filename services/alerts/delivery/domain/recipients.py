"""Decides to whom in the bank a step of an alert is mailed, and from when on.

A step that names its recipients (a reminder, an escalation) goes to them. Every other step goes to
whoever is responsible for the alert on that day. Nobody is mailed about the own step. Outside the
working hours of a person a mail waits for the next opening, unless a hard trigger is at hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.alerts.directory.domain.organisation import Organisation
from services.alerts.primitives.vocabulary import OwnerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A person of the directory, and when their working hours begin; None: they are at work."""

    person_id: str
    not_before: datetime | None


def recipients(
    document: Mapping[str, Any], *, organisation: Organisation, at: datetime, is_urgent: bool
) -> Sequence[Recipient]:
    """Returns who is mailed about a step that is recorded at a moment, each person once."""
    named = document.get("recipients")
    people = _responsible(document, organisation, at) if named is None else iter(named)
    return [
        Recipient(
            person_id=person_id,
            not_before=None if is_urgent else _opening(person_id, organisation, at),
        )
        for person_id in dict.fromkeys(people)
        if person_id != document.get("actor")
    ]


def _responsible(
    document: Mapping[str, Any], organisation: Organisation, at: datetime
) -> Iterator[str]:
    for owner in (document["owner"], document.get("second_owner")):
        if owner is None:
            continue
        kind, owner_id = OwnerKind(owner["kind"]), owner["id"]
        timezone = organisation.calendar_of(kind, owner_id).timezone
        on = at.astimezone(timezone).date()
        yield from organisation.responsible(kind, owner_id, on=on).person_ids


def _opening(person_id: str, organisation: Organisation, at: datetime) -> datetime | None:
    member = organisation.member(person_id)
    name = organisation.default_calendar if member is None else member.calendar
    opening = organisation.calendars[name].add_working_time(at, timedelta())
    return opening if opening > at else None
