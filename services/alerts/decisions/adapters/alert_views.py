"""Rows as the views that the use cases return."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.application.read_models import (
    ActionView,
    AlertDetail,
    AlertEventView,
    AlertSummary,
    OwnerView,
    ReasonView,
)
from services.alerts.decisions.domain.alert import Alert, Owner
from services.alerts.primitives.vocabulary import AlertEventKind

Row = Mapping[str, Any]


def summary(alert: Alert) -> AlertSummary:
    """Return an alert as a list shows it."""
    return AlertSummary(
        alert_id=alert.alert_id,
        version=alert.version,
        borrower_id=alert.borrower_id,
        alert_type=alert.alert_type,
        severity=alert.severity,
        status=alert.status,
        state=alert.state,
        from_state=alert.from_state,
        state_since=alert.state_since,
        score=alert.score,
        headline=alert.headline,
        owner=_owner(alert.owner),
        second_owner=None if alert.second_owner is None else _owner(alert.second_owner),
        segment=alert.segment,
        branch_id=alert.branch_id,
        is_digest=alert.is_digest,
        opened_at=alert.opened_at,
        updated_at=alert.updated_at,
        acknowledge_by=alert.deadlines.acknowledge_by,
        act_by=alert.deadlines.act_by,
        escalate_at=alert.deadlines.escalate_at,
        acknowledged_at=alert.acknowledged_at,
        resolved_at=alert.resolved_at,
        outcome_code=alert.outcome_code,
    )


def detail(row: Row, history: list[Row]) -> AlertDetail:
    """Return one alert whole."""
    alert = alert_rows.from_row(row)
    return AlertDetail(
        alert=summary(alert),
        reasons=[
            ReasonView(
                indicator=reason.indicator,
                name=reason.name,
                risk_type=reason.risk_type,
                level=reason.level.value,
                line=reason.line,
                share=reason.share,
                evidence_event_ids=reason.evidence_event_ids,
            )
            for reason in alert.reasons
        ],
        actions=[
            ActionView(
                code=action.code,
                text=action.text,
                risk_type=action.risk_type,
                role=action.role,
                due_on=action.due_on,
                due_at=action.due_at,
            )
            for action in alert.actions
        ],
        history=[event(step) for step in history],
    )


def event(row: Row) -> AlertEventView:
    """Return one step of an alert's history."""
    return AlertEventView(
        event_id=row["event_id"],
        kind=AlertEventKind(row["kind"]),
        alert_id=row["alert_id"],
        borrower_id=row["borrower_id"],
        version=row["version"],
        at=row["at"],
        actor=row["actor"],
        why=row["why"],
        data=msgspec.json.decode(row["document"]),
    )


def _owner(owner: Owner) -> OwnerView:
    return OwnerView(kind=owner.kind, id=owner.id, route=owner.route)
