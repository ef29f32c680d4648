"""Decides who owns work on a day: its owner, who takes over, or the fallback queue.

Without a directory an owner stays as it is. With one, work never belongs to somebody who is absent,
has left or is unknown.
"""

from dataclasses import replace
from datetime import datetime

from services.alerts.decisions.domain.alert import Owner
from services.alerts.directory.domain.organisation import Duty, Organisation
from services.alerts.primitives.vocabulary import OwnerKind


def owner_on_duty(
    owner: Owner, *, organisation: Organisation, fallback_queue: str, at: datetime
) -> Owner:
    """Returns who owns at a moment the work that belongs to an owner or to its principal.

    `because` has the reason. Where the directory lets work return, `substitute_for` has the officer
    whose work it stays.
    """
    if organisation.is_empty:
        return owner
    own = _entitled(owner)
    day = organisation.local_day(own.kind, own.id, at)
    refusal = organisation.assignable(own.kind, own.id, on=day)
    if own.kind is OwnerKind.QUEUE:
        reason = None if refusal is None else refusal.detail
        return own if reason is None else replace(own, id=fallback_queue, because=reason)
    responsible = organisation.responsible(own.kind, own.id, on=day)
    if refusal is None and responsible.duty is Duty.OWNER:
        return own
    principal = own.id if organisation.returns_work else None
    if responsible.person_ids and responsible.duty is not Duty.OWNER:
        substitute = organisation.members[responsible.person_ids[0]]
        return replace(
            own, id=substitute.owner_id, substitute_for=principal, because=responsible.because
        )
    return Owner(
        kind=OwnerKind.QUEUE,
        id=fallback_queue,
        route=own.route,
        substitute_for=principal,
        because=responsible.because if refusal is None else refusal.detail,
    )


def _entitled(owner: Owner) -> Owner:
    """Returns the owner to whom work belongs that somebody else may have now."""
    if owner.substitute_for is None:
        return owner
    return Owner(kind=OwnerKind.OFFICER, id=owner.substitute_for, route=owner.route)
