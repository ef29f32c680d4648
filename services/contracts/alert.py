"""Alert life-cycle, on the alerts topic, for other systems of the bank.

Every one carries the alert as it stands after the step, so that a reader can start anywhere.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.assessment import EvidenceIds, Level, Score
from services.contracts.envelope_fields import Timestamp
from services.contracts.fields import EventData, Identifier, IsoDate, Number, Text, WireModel
from services.contracts.officer import RiskState

AlertStatus = Literal["OPEN", "ACKNOWLEDGED", "IN_PROGRESS", "RESOLVED"]
Severity = Literal["LOW", "MEDIUM", "HIGH", "HARD"]


class AlertReason(WireModel):
    """Why the alert exists: one cause in words, with its evidence."""

    indicator: Identifier  # The indicator behind it.
    name: Text  # Its name.
    risk_type: Identifier  # The risk type; decides the playbook.
    level: Level  # How bad.
    line: Text  # The cause in a sentence.
    share: Number  # Its part of the score, in score points.
    evidence_event_ids: EvidenceIds  # The events that are the evidence.


class AlertAction(WireModel):
    """One recommended next step."""

    code: Identifier  # The step, as the playbook calls it.
    text: Text  # What to do.
    risk_type: Identifier  # The risk type whose playbook it is from.
    role: Identifier  # Who is to do it.
    due_on: IsoDate  # By when.


class AlertDeadlines(WireModel):
    """By when the alert must have moved."""

    acknowledge_by: Timestamp  # Somebody has said "mine".
    act_by: Timestamp  # The first action is taken.
    escalate_at: Timestamp  # Otherwise the next one up is told.


class Alert(EventData):
    """An alert as it stands after the step that the event tells."""

    TOPIC: ClassVar[str] = "alerts"
    NULLABLE: ClassVar[frozenset[str]] = frozenset(
        {"from_state", "second_owner_id", "outcome_code", "actor", "comment"}
    )

    alert_id: Identifier  # The alert.
    borrower_id: Identifier  # The borrower; the same as the subject.
    alert_type: Identifier  # Why it, or its latest change, was announced.
    severity: Severity  # How fast a person must look.
    status: AlertStatus  # Where the alert is in its life.
    state: RiskState  # The borrower's risk state.
    from_state: RiskState | None = None  # The risk state before it; null: none.
    headline: Text  # The alert in a sentence.
    score: Score  # The borrower's score, 0 to 100.
    owner_id: Identifier  # Who owns the alert: an officer or a queue; never nobody.
    second_owner_id: Identifier | None = None  # The second owner of a default case.
    reasons: list[AlertReason]  # Why, largest share first.
    actions: Annotated[list[AlertAction], Field(min_length=1)]  # What to do next.
    deadlines: AlertDeadlines  # By when.
    outcome_code: Identifier | None = None  # How it ended; only once resolved.
    actor: Identifier | None = None  # Who took the step; null: the system.
    comment: Text | None = None  # What was said, on a comment.
    version: Annotated[int, Field(strict=True, ge=1)]  # Counts the steps of this alert, from 1.


class AlertOpened(Alert):
    """A new alert."""

    TYPE: ClassVar[str] = "alert.opened.v1"


class AlertUpdated(Alert):
    """News on an open alert: it got worse, better, or has another cause."""

    TYPE: ClassVar[str] = "alert.updated.v1"


class AlertAcknowledged(Alert):
    """Somebody said: mine."""

    TYPE: ClassVar[str] = "alert.acknowledged.v1"


class AlertAssigned(Alert):
    """Another owner."""

    TYPE: ClassVar[str] = "alert.assigned.v1"


class AlertCommented(Alert):
    """A remark."""

    TYPE: ClassVar[str] = "alert.commented.v1"


class AlertResolved(Alert):
    """Closed, with an outcome."""

    TYPE: ClassVar[str] = "alert.resolved.v1"

    outcome_code: Identifier  # How it ended.
