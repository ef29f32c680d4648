"""An alert: why one person must attend to one borrower, with next steps and deadlines.

Every alert has an owner, a reason, an action and a deadline, and closes only with an outcome code
(`__post_init__` refuses anything else). A changed alert is a new value with the next version;
`AlertChange` is the step that led to it, and is what gets stored and sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.alerts.decisions.domain.differences import AssessmentDifference
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    Level,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)

# The actor of what no person did.
SYSTEM = "tocsin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who is responsible for an alert, and the routing rule that decided it.

    Attributes:
        substitute_for: The officer whose work it stays, if somebody else has it now.
        because: Why it belongs to somebody else than the rule named.
    """

    kind: OwnerKind
    id: str
    route: str
    substitute_for: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonLine:
    """One contributor as it was when the alert was announced."""

    indicator: str
    name: str
    risk_type: str
    level: Level
    line: str
    share: float
    evidence_event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertText:
    """The alert in one language: now in a sentence, why the state was entered, present causes.

    `why` starts with the state and its date; `reasons` and `actions` are in the order of the
    alert's reasons and actions.
    """

    headline: str
    why: tuple[str, ...]
    reasons: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """One piece of news about an open alert: what differed from the message before.

    `texts` are sentences by language, one for each difference.
    """

    at: datetime
    kind: AlertType
    differences: tuple[AssessmentDifference, ...]
    texts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One recommended step of the playbook, the role that takes it and when it is due.

    `text` is in English; `AlertText` has it in every language. `due_at` is the closing time of the
    bank on `due_on`.
    """

    code: str
    text: str
    risk_type: str
    role: str
    due_on: date
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Until when the owner acknowledges and acts, and when the alert escalates."""

    acknowledge_by: datetime
    act_by: datetime
    escalate_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """When the next reminder or escalation of an alert may be due.

    Attributes:
        round: Counts from 1; the next one begins when the borrower gets worse after somebody acted.
        began_at: From when the time of the round counts.
        handled_until: What fell due up to then is over.
        level: The highest level that was notified in this round; 0 is the owner.
        snoozes: How often the alert was snoozed in this round.
        due_at: When something may be due; None if nothing follows.
    """

    round: int
    began_at: datetime
    handled_until: datetime
    level: int
    snoozes: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Until when an alert waits, who decided that and why; its deadlines stop meanwhile."""

    began_at: datetime
    until: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLink:
    """A document about an alert: where it is, and the SHA-256 of its content when it was linked.

    Tocsin never fetches it; whoever opens it compares the hash.
    """

    url: str
    sha256: str
    title: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert at one version of its life-cycle.

    `changed_version` is the version of the last step that was neither a notice nor a remark: who
    has read that one has read what the alert is. It began at `timer.began_at` again, in another
    `timer.round`, where the borrower got worse after somebody acted.
    `alert_type` is why it was opened and never changes; what came later is `news`, the newest
    first. While it is open, score, headline, reasons and texts follow each assessment (`as_of`),
    and so do the factors, trigger classes and process stages of its causes.
    `ends_by_itself` is whether it may end once its reasons have recovered: it was never
    worse than ATTENTION, has no hard trigger, finding or covenant, and nobody has touched it.
    `is_ignored` is whether the system closed it after its deadline to acknowledge had passed.
    """

    alert_id: str
    version: int
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
    owner: Owner
    second_owner: Owner | None
    officer_id: str | None
    segment: str | None
    branch_id: str | None
    factors: tuple[str, ...]
    triggers: tuple[str, ...]
    stages: tuple[str, ...]
    is_digest: bool
    opened_at: datetime
    updated_at: datetime
    deadlines: Deadlines
    timer: Timer
    reasons: tuple[ReasonLine, ...]
    actions: tuple[Action, ...]
    texts: Mapping[str, AlertText]
    news: tuple[NewsItem, ...]
    changed_version: int = 1
    snooze: Snooze | None = None
    links: tuple[DocumentLink, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    outcome_code: OutcomeCode | None = None
    ends_by_itself: bool = False
    is_ignored: bool = False

    def __post_init__(self) -> None:
        if not self.headline or not self.actions:
            raise ValueError(f"alert {self.alert_id} needs a headline and at least one action")
        if (self.status is AlertStatus.RESOLVED) != (self.outcome_code is not None):
            raise ValueError(
                f"alert {self.alert_id}: status {self.status} with outcome {self.outcome_code}; "
                "an alert closes with an outcome code, and only then has one"
            )

    @property
    def is_open(self) -> bool:
        """Returns whether the alert is not resolved."""
        return self.status is not AlertStatus.RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChange:
    """One step in an alert's life-cycle: the alert after it, who took it, when and why."""

    kind: AlertEventKind
    alert: Alert
    at: datetime
    actor: str
    why: str
    details: Mapping[str, str | int | tuple[str, ...]] = field(default_factory=dict)

    @property
    def event_id(self) -> str:
        """Returns the id of the event of this step; the same on every run."""
        return f"{self.alert.alert_id}-{self.alert.version}"
