"""The document of a step: stored in the alert's history, shown, and delivered from.

It has ids, reasons, next steps and links, but no name and no account number.
"""

from typing import Any

from services.alerts.decisions.domain.alert import Action, Alert, AlertChange, AlertReason, Owner


def event_document(change: AlertChange) -> dict[str, Any]:
    """Return a step as plain JSON values."""
    alert = change.alert
    return {
        "alert_id": alert.alert_id,
        "version": alert.version,
        "borrower_id": alert.borrower_id,
        "alert_type": alert.alert_type.value,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "state": alert.state.value,
        "from_state": None if alert.from_state is None else alert.from_state.value,
        "state_since": alert.state_since.isoformat(),
        "score": alert.score,
        "headline": alert.headline,
        "why": change.why,
        "actor": change.actor,
        "owner": _owner(alert.owner),
        "second_owner": None if alert.second_owner is None else _owner(alert.second_owner),
        "is_digest": alert.is_digest,
        "deadlines": _deadlines(alert),
        "reasons": [_reason(reason) for reason in alert.reasons],
        "actions": [_action(action) for action in alert.actions],
        "outcome_code": None if alert.outcome_code is None else alert.outcome_code.value,
        **change.details,
    }


def _owner(owner: Owner) -> dict[str, str]:
    return {"kind": owner.kind.value, "id": owner.id, "route": owner.route}


def _deadlines(alert: Alert) -> dict[str, str]:
    return {
        "acknowledge_by": alert.deadlines.acknowledge_by.isoformat(),
        "act_by": alert.deadlines.act_by.isoformat(),
        "escalate_at": alert.deadlines.escalate_at.isoformat(),
    }


def _reason(reason: AlertReason) -> dict[str, Any]:
    return {
        "indicator": reason.indicator,
        "name": reason.name,
        "risk_type": reason.risk_type,
        "level": reason.level.value,
        "line": reason.line,
        "share": reason.share,
        "evidence_event_ids": list(reason.evidence_event_ids),
    }


def _action(action: Action) -> dict[str, str]:
    return {
        "code": action.code,
        "text": action.text,
        "risk_type": action.risk_type,
        "role": action.role,
        "due_on": action.due_on.isoformat(),
        "due_at": action.due_at.isoformat(),
    }
