"""The read models of alerts: plain values, ready to be shown or turned into JSON.

All moments are aware and in UTC, all dates are business dates of the bank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.alerts.decisions.domain.alert import (
    Action,
    Alert,
    AlertText,
    DocumentLink,
    NewsItem,
    Owner,
    ReasonLine,
    Snooze,
)
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    DecisionCode,
    DecisionStep,
    Level,
    OutcomeCode,
    RiskState,
    Severity,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilters:
    """Filters of the alerts list; an absent filter matches everything, and all must match."""

    statuses: Sequence[AlertStatus] = ()
    severities: Sequence[Severity] = ()
    states: Sequence[RiskState] = ()
    alert_types: Sequence[AlertType] = ()
    borrower_id: str | None = None
    owner_id: str | None = None
    segment: str | None = None
    branch_id: str | None = None
    factors: Sequence[str] = ()
    triggers: Sequence[str] = ()
    stages: Sequence[str] = ()
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    is_digest: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSummary:
    """An alert as a list shows it. `version` is the ETag.

    `headlines` are the headline by language, `factors`, `triggers` and `stages` where the causes
    belong. `isolated_since` is since when the borrower's data cannot be processed; null if they
    can. `round` counts how often the time to acknowledge began, `escalation_level` is the highest
    level that was notified in it; a step names any version from `changed_version` on.
    """

    alert_id: str
    version: int
    changed_version: int
    borrower_id: str
    alert_type: AlertType
    severity: Severity
    status: AlertStatus
    state: RiskState
    from_state: RiskState | None
    state_since: date
    as_of: date
    score: float
    headline: str
    headlines: Mapping[str, str]
    owner: Owner
    second_owner: Owner | None
    segment: str | None
    branch_id: str | None
    factors: Sequence[str]
    triggers: Sequence[str]
    stages: Sequence[str]
    is_digest: bool
    opened_at: datetime
    updated_at: datetime
    acknowledge_by: datetime
    act_by: datetime
    escalate_at: datetime
    round: int
    escalation_level: int
    snooze: Snooze | None
    links: Sequence[DocumentLink]
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    outcome_code: OutcomeCode | None
    ends_by_itself: bool
    is_ignored: bool
    isolated_since: datetime | None

    @classmethod
    def of(cls, alert: Alert, *, isolated_since: datetime | None) -> "AlertSummary":
        """Returns the summary of an alert."""
        shared = {name: getattr(alert, name) for name in _SHARED}
        return cls(
            acknowledge_by=alert.deadlines.acknowledge_by,
            act_by=alert.deadlines.act_by,
            escalate_at=alert.deadlines.escalate_at,
            round=alert.timer.round,
            escalation_level=alert.timer.level,
            isolated_since=isolated_since,
            headlines={language: text.headline for language, text in alert.texts.items()},
            **shared,
        )


_SHARED = tuple(name for name in AlertSummary.__slots__ if name in Alert.__slots__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
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
    reasons: Sequence[ReasonLine]
    texts: Mapping[str, AlertText]
    news: Sequence[NewsItem]
    actions: Sequence[Action]
    history: Sequence[AlertEvent]

    @classmethod
    def of(
        cls, alert: Alert, history: Sequence[AlertEvent], *, isolated_since: datetime | None
    ) -> "AlertDetail":
        """Returns the detail of an alert."""
        return cls(
            alert=AlertSummary.of(alert, isolated_since=isolated_since),
            reasons=alert.reasons,
            texts=alert.texts,
            news=alert.news,
            actions=alert.actions,
            history=history,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoint:
    """The last score of a business date, for the chart on the card."""

    as_of: date
    score: float
    state: RiskState


@dataclass(frozen=True, slots=True, kw_only=True)
class CardText:
    """Why the state was entered, as recorded then; what changed since the last message; causes.

    `causes` are by indicator: what is measured now, against what, and what it is about. `worse` are
    the days and amounts to a worse state; `factors` the five factors, `positives` what is measured
    good, `tasks` what waits for a person though it makes no alert.
    """

    why: Sequence[str]
    changes: Sequence[str]
    causes: Mapping[str, str]
    worse: Sequence[str]
    factors: Sequence[str]
    positives: Sequence[str]
    tasks: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLast:
    """The assessment that people read last: of the last message, else of the last state change."""

    sequence: int
    as_of: date
    at: datetime
    was_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowerCard:
    """The risk warning card: the latest assessment whole, the scores, the open alert.

    `assessment` is the `data` of the latest `assessment.changed.v1`, as scoring sent it.
    `isolated_since` is since when the risk state stands, because the borrower's data could not be
    processed; null if it moves. `texts` are by language, and compare with `read_last`.
    """

    borrower_id: str
    sequence: int
    at: datetime
    isolated_since: datetime | None
    assessment: Mapping[str, Any]
    read_last: ReadLast
    texts: Mapping[str, CardText]
    scores: Sequence[ScorePoint]
    open_alert: AlertDetail | None
    past_alerts: Sequence[AlertSummary]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerWeek:
    """The alerts of an owner that opened in the week from a Monday on, and what became of them.

    `ended_by_themselves` recovered before anybody touched them; `ignored` were closed by the system
    after their deadline to acknowledge.
    """

    owner_id: str
    week: date
    opened: int
    ended_by_themselves: int
    ignored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBudget:
    """How many alerts an owner can attend to in a week, and how many there were.

    `items` are by owner and week, the newest week first and in it the most alerts first.
    """

    per_owner_week: int
    items: Sequence[OwnerWeek]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What one step decided about a borrower and why, also when nobody was notified.

    `sequence` is the assessment that was decided about; null where something fell due without one.
    `rule_id` is the route, silence or storm that decided, `alert_id` the alert that was opened,
    changed or closed; `signals` are the levels that were not green, in the last row of an
    assessment.
    """

    borrower_id: str
    sequence: int | None
    at: datetime
    as_of: date
    state: RiskState
    step: DecisionStep
    code: DecisionCode
    reason: str
    rule_id: str | None
    alert_id: str | None
    signals: Mapping[str, Level]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSignal:
    """A signal that is not green, and where it belongs."""

    indicator: str
    level: Level
    factor: str
    trigger: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestText:
    """A borrower of the digest in one language; `due` are maturities and inspections."""

    signals: Sequence[str]
    tasks: Sequence[str]
    due: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestItem:
    """A borrower with signals that opened no alert, a task that waits, or something due."""

    borrower_id: str
    sequence: int
    at: datetime
    as_of: date
    state: RiskState
    segment: str | None
    branch_id: str | None
    officer_id: str | None
    signals: Sequence[DigestSignal]
    tasks: Sequence[str]
    texts: Mapping[str, DigestText]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One alert event with its position in the feed; `cursor` only ever grows."""

    cursor: str
    event: AlertEvent
