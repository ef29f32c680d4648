"""Converts alerts to rows of `alerts.alert` and back.

Rows are written as one JSON array (`json_populate_recordset`), so a batch is one statement
with one parameter however many columns there are.
"""

from typing import Any

import msgspec

from services.alerts.adapters.statements import Row
from services.alerts.decisions.domain.alert import Action, Alert, AlertReason, Deadlines, Owner
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    AlertType,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)

# What the officer $1 may see; NULL sees everything.
VISIBLE = """($1::text IS NULL OR alert.officer_id = $1
            OR (alert.owner_kind = 'OFFICER' AND alert.owner_id = $1))"""
COLUMNS = (
    "alert_id",
    "version",
    "borrower_id",
    "alert_type",
    "severity",
    "status",
    "state",
    "from_state",
    "state_since",
    "score",
    "headline",
    "owner_kind",
    "owner_id",
    "owner_route",
    "second_owner_kind",
    "second_owner_id",
    "second_owner_route",
    "officer_id",
    "segment",
    "branch_id",
    "is_digest",
    "opened_at",
    "updated_at",
    "acknowledge_by",
    "act_by",
    "escalate_at",
    "acknowledged_at",
    "acknowledged_by",
    "resolved_at",
    "outcome_code",
    "reasons",
    "actions",
)


def columns(alias: str) -> str:
    """Return the columns for a SELECT, each with its own name."""
    return ", ".join(f"{alias}.{name}" for name in COLUMNS)


def to_row(alert: Alert) -> dict[str, Any]:
    """Return the column values of an alert."""
    second = alert.second_owner
    return {
        **{name: getattr(alert, name) for name in COLUMNS if hasattr(alert, name)},
        "owner_kind": alert.owner.kind,
        "owner_id": alert.owner.id,
        "owner_route": alert.owner.route,
        "second_owner_kind": second and second.kind,
        "second_owner_id": second and second.id,
        "second_owner_route": second and second.route,
        "acknowledge_by": alert.deadlines.acknowledge_by,
        "act_by": alert.deadlines.act_by,
        "escalate_at": alert.deadlines.escalate_at,
    }


def from_row(row: Row) -> Alert:
    """Return the alert in a row that has all `COLUMNS`."""
    return Alert(
        alert_id=row["alert_id"],
        version=row["version"],
        borrower_id=row["borrower_id"],
        alert_type=AlertType(row["alert_type"]),
        severity=Severity(row["severity"]),
        status=AlertStatus(row["status"]),
        state=RiskState(row["state"]),
        from_state=None if row["from_state"] is None else RiskState(row["from_state"]),
        state_since=row["state_since"],
        score=row["score"],
        headline=row["headline"],
        owner=_owner(row, "owner"),
        second_owner=None if row["second_owner_id"] is None else _owner(row, "second_owner"),
        officer_id=row["officer_id"],
        segment=row["segment"],
        branch_id=row["branch_id"],
        is_digest=row["is_digest"],
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
        deadlines=Deadlines(
            acknowledge_by=row["acknowledge_by"],
            act_by=row["act_by"],
            escalate_at=row["escalate_at"],
        ),
        reasons=msgspec.json.decode(row["reasons"], type=tuple[AlertReason, ...]),
        actions=msgspec.json.decode(row["actions"], type=tuple[Action, ...]),
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        resolved_at=row["resolved_at"],
        outcome_code=None if row["outcome_code"] is None else OutcomeCode(row["outcome_code"]),
    )


def _owner(row: Row, prefix: str) -> Owner:
    return Owner(
        kind=OwnerKind(row[f"{prefix}_kind"]),
        id=row[f"{prefix}_id"],
        route=row[f"{prefix}_route"],
    )
