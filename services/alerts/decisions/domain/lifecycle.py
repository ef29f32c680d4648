"""The steps that people take on an alert, each checked against its status.

The handling use cases call them with the alert locked. A step returns the change to record, or
`StepNotAllowed` if the status forbids it; a value that breaks a limit raises `InvalidInput`. A
resolved alert accepts comments only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from services.alerts.decisions.domain import timers
from services.alerts.decisions.domain.alert import Alert, AlertChange, Owner
from services.alerts.primitives import limits
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import (
    OUTCOMES_OF_A_PERSON,
    AlertEventKind,
    AlertStatus,
    OutcomeCode,
    OwnerKind,
)

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNotAllowed:
    """A step that the status of the alert forbids, and why."""

    why: str


def acknowledge(alert: Alert, *, actor: str, at: datetime) -> AlertChange | StepNotAllowed:
    """Acknowledges an open alert."""
    if alert.status is not AlertStatus.OPEN:
        return StepNotAllowed(
            why=f"only an OPEN alert can be acknowledged; this one is {alert.status}"
        )
    after = replace(
        _touched(alert),
        status=AlertStatus.ACKNOWLEDGED,
        acknowledged_at=at,
        acknowledged_by=actor,
        timer=timers.acknowledged(alert.timer, at=at),
    )
    return _change(AlertEventKind.ACKNOWLEDGED, after, actor=actor, at=at, why="acknowledged")


def assign(
    alert: Alert, *, owner_kind: OwnerKind, owner_id: str, actor: str, at: datetime
) -> AlertChange | StepNotAllowed:
    """Assigns an open alert to another owner; an acknowledged one is then in progress."""
    if not alert.is_open:
        return StepNotAllowed(why="a resolved alert keeps its owner")
    if not re.fullmatch(limits.OWNER_ID_PATTERN, owner_id):
        raise InvalidInput(
            f"owner_id must have 1 to {limits.OWNER_ID_CHARACTERS} visible ASCII characters and "
            "no space; send the id of an officer or a queue, not a name",
            pointer="/owner_id",
        )
    if (alert.owner.kind, alert.owner.id) == (owner_kind, owner_id):
        return StepNotAllowed(why=f"{owner_id} holds this alert already")
    owner = Owner(kind=owner_kind, id=owner_id, route=BY_HAND)
    return _change(
        AlertEventKind.ASSIGNED,
        replace(
            _touched(alert),
            status=_in_progress(alert.status),
            owner=owner,
            timer=timers.to_be_scheduled(alert.timer, at=at),
        ),
        actor=actor,
        at=at,
        why=f"assigned by hand, before: {alert.owner.id}",
        details={"previous_owner_id": alert.owner.id},
    )


def comment(alert: Alert, *, text: str, actor: str, at: datetime) -> AlertChange | StepNotAllowed:
    """Comments on an alert; an acknowledged one is then in progress."""
    _check_note(text, pointer="/text")
    if not text.strip():
        raise InvalidInput("text must not be blank; write what happened", pointer="/text")
    return _change(
        AlertEventKind.COMMENTED,
        replace(_touched(alert), status=_in_progress(alert.status)),
        actor=actor,
        at=at,
        why="commented",
        details={"comment": text},
    )


def resolve(
    alert: Alert, *, outcome_code: OutcomeCode, note: str, actor: str, at: datetime
) -> AlertChange | StepNotAllowed:
    """Closes an alert with an outcome code."""
    if not alert.is_open:
        return StepNotAllowed(why=f"it is resolved already, as {alert.outcome_code}")
    if outcome_code not in OUTCOMES_OF_A_PERSON:
        raise InvalidInput(
            f"only the system closes an alert as {outcome_code}; choose one of "
            f"{', '.join(sorted(OUTCOMES_OF_A_PERSON))}",
            pointer="/outcome_code",
        )
    _check_note(note, pointer="/note")
    return closed(
        _touched(alert),
        outcome_code=outcome_code,
        why="resolved",
        note=note,
        actor=actor,
        at=at,
    )


def closed(
    alert: Alert, *, outcome_code: OutcomeCode, why: str, note: str, actor: str, at: datetime
) -> AlertChange:
    """Returns the change that closes an alert, for people and for the system alike."""
    after = replace(
        alert,
        status=AlertStatus.RESOLVED,
        resolved_at=at,
        outcome_code=outcome_code,
        timer=timers.ended(alert.timer),
    )
    details = {"note": note} if note else {}
    return _change(AlertEventKind.RESOLVED, after, actor=actor, at=at, why=why, details=details)


def _touched(alert: Alert) -> Alert:
    """Returns the alert in the hands of a person: it no longer ends by itself."""
    return replace(alert, ends_by_itself=False)


def _change(
    kind: AlertEventKind,
    after: Alert,
    *,
    actor: str,
    at: datetime,
    why: str,
    details: Mapping[str, str] = MappingProxyType({}),
) -> AlertChange:
    after = replace(after, version=after.version + 1, updated_at=at)
    return AlertChange(kind=kind, alert=after, at=at, actor=actor, why=why, details=details)


def _check_note(text: str, *, pointer: str) -> None:
    if len(text) > limits.NOTE_CHARACTERS:
        raise InvalidInput(
            f"{pointer[1:]} must have at most {limits.NOTE_CHARACTERS} characters, this one has "
            f"{len(text)}; shorten it",
            pointer=pointer,
        )


def _in_progress(status: AlertStatus) -> AlertStatus:
    return AlertStatus.IN_PROGRESS if status is AlertStatus.ACKNOWLEDGED else status
