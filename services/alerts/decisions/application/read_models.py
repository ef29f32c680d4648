"""What the use cases return: plain values, ready to be shown or turned into JSON.

The HTTP doors and the pages read these; they never see a row. All moments are aware and in
UTC, all dates are the bank's business dates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerView:
    """Who holds an alert, and the routing rule that said so."""

    kind: OwnerKind
    id: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    """One contributor of the assessment that the alert announced."""

    indicator: str
    name: str
    risk_type: str
    level: str
    line: str
    share: float
    evidence_event_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One recommended step with the role that takes it and the day it is due."""

    code: str
    text: str
    risk_type: str
    role: str
    due_on: date
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSummary:
    """An alert as a list shows it. `version` is the ETag."""

    alert_id: str
    version: int
    borrower_id: str
    alert_type: AlertType
    severity: Severity
    status: AlertStatus
    state: RiskState
    from_state: RiskState | None
    state_since: date
    score: float
    headline: str
    owner: OwnerView
    second_owner: OwnerView | None
    segment: str | None
    branch_id: str | None
    is_digest: bool
    opened_at: datetime
    updated_at: datetime
    acknowledge_by: datetime
    act_by: datetime
    escalate_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    outcome_code: OutcomeCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEventView:
    """One step of an alert's history, as it was recorded and sent; never changed later."""

    event_id: str
    kind: AlertEventKind
    alert_id: str
    borrower_id: str
    version: int
    at: datetime
    actor: str
    why: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
    """One alert with its reasons, next steps and whole history."""

    alert: AlertSummary
    reasons: Sequence[ReasonView]
    actions: Sequence[ActionView]
    history: Sequence[AlertEventView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoint:
    """The last score known of a business date, for the picture on the card."""

    as_of: date
    score: float
    state: RiskState


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowerCard:
    """The risk warning card: the latest assessment whole, the scores, the open alert.

    `assessment` is the `data` of the latest `assessment.changed.v1`, as scoring sent it.
    """

    borrower_id: str
    sequence: int
    at: datetime
    assessment: Mapping[str, Any]
    scores: Sequence[ScorePoint]
    open_alert: AlertDetail | None
    past_alerts: Sequence[AlertSummary]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One alert event with its place in the feed; `cursor` only ever grows."""

    cursor: str
    event: AlertEventView
