"""The closed lists of alerting; stored, sent and shown under exactly these names.

Order matters in `Severity`, `Level` and `RiskState`: ranks are compared, names never are.
"""

from enum import StrEnum


class RiskState(StrEnum):
    """A borrower's risk state, as scoring reports it."""

    NORMAL = "NORMAL"
    ATTENTION = "ATTENTION"
    WATCH = "WATCH"
    HIGH_RISK = "HIGH_RISK"
    DEFAULT = "DEFAULT"
    PROBATION = "PROBATION"
    CLOSED = "CLOSED"

    @property
    def rank(self) -> int:
        """Returns how bad the state is; a higher rank is worse."""
        return _STATE_RANK[self]


# Probation follows a default, so it ranks between high risk and default: leaving default for it is
# a relaxation, falling back into default is a tightening.
_STATE_RANK = {
    RiskState.CLOSED: -1,
    RiskState.NORMAL: 0,
    RiskState.ATTENTION: 1,
    RiskState.WATCH: 2,
    RiskState.HIGH_RISK: 3,
    RiskState.PROBATION: 4,
    RiskState.DEFAULT: 5,
}


class Level(StrEnum):
    """How severe an indicator is."""

    GREEN = "GREEN"
    AMBER = "AMBER"
    RED = "RED"
    HARD = "HARD"

    @property
    def rank(self) -> int:
        """Returns the severity: 0 for green, 3 for a hard trigger."""
        return _LEVEL_RANK[self]


_LEVEL_RANK = {Level.GREEN: 0, Level.AMBER: 1, Level.RED: 2, Level.HARD: 3}


class Severity(StrEnum):
    """How fast a person must respond; it decides the deadlines."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    HARD = "HARD"

    @property
    def rank(self) -> int:
        """Returns how urgent: 0 for low, 3 for hard."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.HARD: 3}


class AlertType(StrEnum):
    """Why the alert, or its latest change, was announced."""

    STATE_CHANGED = "STATE_CHANGED"
    STATE_RELAXED = "STATE_RELAXED"
    HARD_TRIGGER = "HARD_TRIGGER"
    NEW_RED_SIGNAL = "NEW_RED_SIGNAL"
    NEW_SIGNAL = "NEW_SIGNAL"
    CORRECTION = "CORRECTION"
    MATURITY_DUE = "MATURITY_DUE"
    INSPECTION_DUE = "INSPECTION_DUE"
    COVENANT_TEST = "COVENANT_TEST"
    SLA_BREACH = "SLA_BREACH"
    PORTFOLIO = "PORTFOLIO"


class AlertStatus(StrEnum):
    """The status of an alert in its life-cycle."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"


class OutcomeCode(StrEnum):
    """The outcome of an alert; the label by which thresholds are tuned later."""

    CONFIRMED = "CONFIRMED"
    MITIGATED = "MITIGATED"
    NO_ACTION_RECOVERED = "NO_ACTION_RECOVERED"
    FALSE = "FALSE"
    DATA_ERROR = "DATA_ERROR"
    SUPERSEDED = "SUPERSEDED"


# Only a worse alert of the same borrower supersedes; a person cannot.
OUTCOMES_OF_A_PERSON = frozenset(OutcomeCode) - {OutcomeCode.SUPERSEDED}


class DecisionStep(StrEnum):
    """The steps that decide whether a person is notified, in their order."""

    DEDUPLICATE = "DEDUPLICATE"
    MONEY_AT_RISK = "MONEY_AT_RISK"
    INHIBIT = "INHIBIT"
    SILENCE = "SILENCE"
    COOL_OFF = "COOL_OFF"
    STORM_GUARD = "STORM_GUARD"
    ROUTE = "ROUTE"
    NOTIFY = "NOTIFY"
    REMIND = "REMIND"
    ESCALATE = "ESCALATE"


class DecisionCode(StrEnum):
    """Why a step opened, changed or closed an alert, notified somebody, or did not."""

    STATE_TIGHTENED = "STATE_TIGHTENED"
    STATE_RELAXED = "STATE_RELAXED"
    RECOVERED = "RECOVERED"
    CORRECTION = "CORRECTION"
    NEWS = "NEWS"
    MONEY_CAME_AT_RISK = "MONEY_CAME_AT_RISK"
    NO_MONEY_AT_RISK = "NO_MONEY_AT_RISK"
    NORMAL_STATE = "NORMAL_STATE"
    SILENCED = "SILENCED"
    COOLDOWN = "COOLDOWN"
    STORM = "STORM"
    AMBER_NEWS = "AMBER_NEWS"
    NO_NEWS = "NO_NEWS"
    NO_OPEN_ALERT = "NO_OPEN_ALERT"
    ROUTED = "ROUTED"
    REMINDED = "REMINDED"
    ESCALATED = "ESCALATED"
    SNOOZE_ENDED = "SNOOZE_ENDED"
    FELL_DUE = "FELL_DUE"
    IN_DIGEST = "IN_DIGEST"


class OwnerKind(StrEnum):
    """The kind of an owner: a named officer, or a queue that a team works off."""

    OFFICER = "OFFICER"
    QUEUE = "QUEUE"


class AlertEventKind(StrEnum):
    """A step in the life-cycle of an alert or data incident, sent to other systems as `type`."""

    OPENED = "alert.opened.v1"
    UPDATED = "alert.updated.v1"
    ACKNOWLEDGED = "alert.acknowledged.v1"
    ASSIGNED = "alert.assigned.v1"
    COMMENTED = "alert.commented.v1"
    RESOLVED = "alert.resolved.v1"
    STARTED = "alert.started.v1"
    SNOOZED = "alert.snoozed.v1"
    SNOOZE_ENDED = "alert.snooze-ended.v1"
    LINKED = "alert.linked.v1"
    REARMED = "alert.rearmed.v1"
    REOPENED = "alert.reopened.v1"
    UNDONE = "alert.undone.v1"
    REMINDED = "alert.reminded.v1"
    ESCALATED = "alert.escalated.v1"
    INCIDENT_BEGAN = "data-incident.opened.v1"
    INCIDENT_ENDED = "data-incident.closed.v1"
