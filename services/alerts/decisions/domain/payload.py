"""The body of a webhook: thin, at most 16 kB, the same for every attempt.

Ids, reasons, next steps and links; no name, no account number. `document` is the whole event
as it is stored in the alert's history; the renderers take from it. What does not fit is left
out from the end and marked, never cut in the middle.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from services.alerts.decisions.domain.alert import Action, Alert, Change, Owner, Reason

MOST_BYTES = 16_000

Document = Mapping[str, Any]


def document(change: Change) -> dict[str, Any]:
    """Return the event of a step as plain JSON values: stored, shown, and sent from."""
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


def standard_body(document: Document, *, kind: str, at: str, link: str) -> bytes:
    """Return the Standard Webhooks payload: type, timestamp and data."""
    data = {**document, "links": {"card": link}}
    return fitted(data, lambda fitting: {"type": kind, "timestamp": at, "data": fitting})


def fitted(data: dict[str, Any], render: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """Render, leaving out what is dispensable until the bytes fit."""
    body = encode(render(data))
    while len(body) > MOST_BYTES:
        data = _thinner(data)
        body = encode(render(data))
    return body


def encode(value: Mapping[str, Any]) -> bytes:
    """Return compact JSON with sorted keys: equal values are equal bytes."""
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    ).encode("utf-8")


def _thinner(data: dict[str, Any]) -> dict[str, Any]:
    """Leave the next dispensable thing out: evidence, then reasons, then actions, then text."""
    data = {**data, "is_shortened": True}
    if any(reason.get("evidence_event_ids") for reason in data["reasons"]):
        data["reasons"] = [{**reason, "evidence_event_ids": []} for reason in data["reasons"]]
    elif len(data["reasons"]) > 1:
        data["reasons"] = data["reasons"][:-1]
    elif len(data["actions"]) > 1:
        data["actions"] = data["actions"][:-1]
    else:
        longest = max(
            (name for name, value in data.items() if isinstance(value, str)),
            key=lambda name: len(data[name]),
            default=None,
        )
        if longest is None or len(data[longest]) < 100:
            return {**data, "reasons": [], "actions": []}
        data[longest] = data[longest][: len(data[longest]) // 2] + "…"
    return data


def _owner(owner: Owner) -> dict[str, str]:
    return {"kind": owner.kind.value, "id": owner.id, "route": owner.route}


def _deadlines(alert: Alert) -> dict[str, str]:
    return {
        "acknowledge_by": alert.deadlines.acknowledge_by.isoformat(),
        "act_by": alert.deadlines.act_by.isoformat(),
        "escalate_at": alert.deadlines.escalate_at.isoformat(),
    }


def _reason(reason: Reason) -> dict[str, Any]:
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
