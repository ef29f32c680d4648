"""Gives the open alerts of people who are absent or have left to who is on duty, and back."""

from dataclasses import replace
from datetime import datetime

from services.alerts.decisions.domain import timers
from services.alerts.decisions.domain.alert import SYSTEM, Alert, AlertChange, Owner
from services.alerts.decisions.domain.ownership import owner_on_duty
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.primitives.vocabulary import AlertEventKind


def reassigned(
    alert: Alert, *, organisation: Organisation, fallback_queue: str, at: datetime
) -> AlertChange | None:
    """Returns the change that gives an open alert to who is on duty; None if nobody changes.

    Deadlines and status stay, and so does who acknowledged it.
    """
    if not alert.is_open:
        return None
    owner, second = alert.owner, alert.second_owner
    on_duty = owner_on_duty(owner, organisation=organisation, fallback_queue=fallback_queue, at=at)
    second_on_duty = second and owner_on_duty(
        second, organisation=organisation, fallback_queue=fallback_queue, at=at
    )
    reasons = _reasons(owner, on_duty) + (
        _reasons(second, second_on_duty) if second and second_on_duty else []
    )
    if not reasons:
        return None
    return AlertChange(
        kind=AlertEventKind.ASSIGNED,
        alert=replace(
            alert,
            owner=on_duty,
            second_owner=second_on_duty,
            version=alert.version + 1,
            updated_at=at,
            timer=timers.to_be_scheduled(alert.timer, at=at),
        ),
        at=at,
        actor=SYSTEM,
        why="; ".join(reasons),
        details={"previous_owner_id": owner.id},
    )


def _reasons(before: Owner, after: Owner) -> list[str]:
    """Returns why an owner changes; nothing where the same one remains for another reason."""
    if (before.kind, before.id) == (after.kind, after.id):
        return []
    if after.because is not None:
        return [f"{after.id} takes over from {before.id}: {after.because}"]
    return [f"{after.id} is present again and takes back from {before.id}"]
