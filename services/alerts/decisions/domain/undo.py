"""Undoes a step of a person within a minute, as a step of its own in the history.

What a person decided about an alert is put back; comments, links and what the borrower's
assessments brought stay. Nothing is undone once somebody else acted or the alert changed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from services.alerts.decisions.domain.alert import (
    Alert,
    AlertChange,
    Deadlines,
    Owner,
    Snooze,
    Timer,
)
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.primitives import limits
from services.alerts.primitives.vocabulary import AlertEventKind, AlertStatus, OutcomeCode

REMARKS = frozenset({AlertEventKind.COMMENTED, AlertEventKind.LINKED, AlertEventKind.UNDONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledState:
    """What the steps of people change in an alert."""

    status: AlertStatus
    owner: Owner
    deadlines: Deadlines
    timer: Timer
    snooze: Snooze | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    outcome_code: OutcomeCode | None
    ends_by_itself: bool
    is_ignored: bool

    @classmethod
    def of(cls, alert: Alert) -> "HandledState":
        """Returns the part of an alert that the steps of people change."""
        return cls(**{name: getattr(alert, name) for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoableStep:
    """A step that a person took on one alert, and how the alert was before.

    Attributes:
        command_id: Shared by the steps that one command took on several alerts.
        version: The version of the alert after the step.
    """

    command_id: str
    alert_id: str
    person: str
    at: datetime
    kind: AlertEventKind
    version: int
    before: HandledState


def undo(
    alert: Alert, *, command: UndoableStep, actor: str, at: datetime
) -> AlertChange | StepNotAllowed:
    """Undoes what a command did to an alert."""
    refusal = _refusal(alert, command, actor, at)
    if refusal is not None:
        return StepNotAllowed(why=refusal)
    handled = {name: getattr(command.before, name) for name in HandledState.__slots__}
    due_at = at if command.before.timer.due_at is not None else None
    version = alert.version + 1
    after = replace(
        alert,
        **{**handled, "timer": replace(command.before.timer, due_at=due_at)},
        version=version,
        changed_version=version,
        updated_at=at,
    )
    return AlertChange(
        kind=AlertEventKind.UNDONE,
        alert=after,
        at=at,
        actor=actor,
        why=f"undone: {command.kind.value.removeprefix('alert.').removesuffix('.v1')}",
        details={"undone": command.kind.value},
    )


def _refusal(alert: Alert, command: UndoableStep, actor: str, at: datetime) -> str | None:
    seconds = int(limits.UNDO_WITHIN.total_seconds())
    if command.person != actor:
        return "only who took the step can undo it"
    if at - command.at > limits.UNDO_WITHIN:
        return f"it was more than {seconds} seconds ago; take the opposite step"
    if alert.changed_version != command.version:
        return "the alert has changed since; read it again"
    return None
