"""The steps that people take on an alert, each checked against what went before.

Called by the handling use cases with the alert locked. A step returns the change to record,
or `Refused` with the reason in words. A resolved alert takes comments and nothing else.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from services.alerts.decisions.domain.alert import Alert, Change, Owner
from services.alerts.primitives.vocabulary import (
    OUTCOMES_OF_A_PERSON,
    AlertEventKind,
    AlertStatus,
    OutcomeCode,
    OwnerKind,
)

MOST_CHARACTERS_OF_A_NOTE = 2000
MOST_CHARACTERS_OF_AN_OWNER = 128
BY_HAND = "by hand"
_OWNER_ID = re.compile(rf"[!-~]{{1,{MOST_CHARACTERS_OF_AN_OWNER}}}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A step that does not fit, and why."""

    why: str


def acknowledge(alert: Alert, *, actor: str, at: datetime) -> Change | Refused:
    """Mark an open alert as seen."""
    if alert.status is not AlertStatus.OPEN:
        return Refused(why=f"only an OPEN alert can be acknowledged; this one is {alert.status}")
    after = replace(
        alert,
        version=alert.version + 1,
        status=AlertStatus.ACKNOWLEDGED,
        acknowledged_at=at,
        acknowledged_by=actor,
        updated_at=at,
    )
    return Change(
        kind=AlertEventKind.ACKNOWLEDGED, alert=after, at=at, actor=actor, why="acknowledged"
    )


def assign(
    alert: Alert, *, owner_kind: OwnerKind, owner_id: str, actor: str, at: datetime
) -> Change | Refused:
    """Give an open alert to another owner; it counts as in progress once acknowledged."""
    if not alert.is_open:
        return Refused(why="a resolved alert keeps its owner")
    if not _OWNER_ID.fullmatch(owner_id):
        return Refused(
            why=f"owner_id must have 1 to {MOST_CHARACTERS_OF_AN_OWNER} visible ASCII characters"
        )
    if (alert.owner.kind, alert.owner.id) == (owner_kind, owner_id):
        return Refused(why=f"{owner_id} holds this alert already")
    after = replace(
        alert,
        version=alert.version + 1,
        status=_in_progress(alert.status),
        owner=Owner(kind=owner_kind, id=owner_id, route=BY_HAND),
        updated_at=at,
    )
    return Change(
        kind=AlertEventKind.ASSIGNED,
        alert=after,
        at=at,
        actor=actor,
        why=f"assigned by hand, before: {alert.owner.id}",
        details={"previous_owner_id": alert.owner.id},
    )


def comment(alert: Alert, *, text: str, actor: str, at: datetime) -> Change | Refused:
    """Write something down; on an acknowledged alert it shows that work goes on."""
    if not text.strip() or len(text) > MOST_CHARACTERS_OF_A_NOTE:
        return Refused(why=f"text must have 1 to {MOST_CHARACTERS_OF_A_NOTE} characters")
    after = replace(
        alert, version=alert.version + 1, status=_in_progress(alert.status), updated_at=at
    )
    return Change(
        kind=AlertEventKind.COMMENTED,
        alert=after,
        at=at,
        actor=actor,
        why="commented",
        details={"comment": text},
    )


def resolve(
    alert: Alert, *, outcome_code: OutcomeCode, note: str, actor: str, at: datetime
) -> Change | Refused:
    """Close an alert with what came of it."""
    if not alert.is_open:
        return Refused(why=f"it is resolved already, as {alert.outcome_code}")
    if outcome_code not in OUTCOMES_OF_A_PERSON:
        return Refused(why=f"outcome {outcome_code} is given by the system only")
    if len(note) > MOST_CHARACTERS_OF_A_NOTE:
        return Refused(why=f"note must have at most {MOST_CHARACTERS_OF_A_NOTE} characters")
    return closed(alert, outcome_code=outcome_code, why="resolved", note=note, actor=actor, at=at)


def closed(
    alert: Alert, *, outcome_code: OutcomeCode, why: str, note: str, actor: str, at: datetime
) -> Change:
    """Return the change that closes an alert, for people and for the system alike."""
    after = replace(
        alert,
        version=alert.version + 1,
        status=AlertStatus.RESOLVED,
        resolved_at=at,
        outcome_code=outcome_code,
        updated_at=at,
    )
    return Change(
        kind=AlertEventKind.RESOLVED,
        alert=after,
        at=at,
        actor=actor,
        why=why,
        details={"note": note} if note else {},
    )


def _in_progress(status: AlertStatus) -> AlertStatus:
    return AlertStatus.IN_PROGRESS if status is AlertStatus.ACKNOWLEDGED else status
