"""Alert life-cycle, on the alerts topic, for other systems of the bank.

Every one carries the alert as it stands after the step, so that a reader can start anywhere.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from services.contracts.envelope_fields import Timestamp
from services.contracts.fields import EventData, Identifier, Text, WireModel
from services.contracts.officer import RiskState


class AlertReason(WireModel):
    """Why the alert exists: one cause in words, with its evidence."""

    text: Text  # The cause in a sentence.
    indicator: Identifier | None = None  # The indicator behind it.
    evidence_event_ids: list[Text] | None = None  # The events that are the evidence.


class AlertAction(WireModel):
    """One recommended next step."""

    text: Text  # What to do.
    due_at: Timestamp | None = None  # By when.


class AlertDeadlines(WireModel):
    """By when the alert must have moved."""

    acknowledge_by: Timestamp | None = None  # Somebody has said "mine".
    act_by: Timestamp | None = None  # The first action is taken.
    resolve_by: Timestamp | None = None  # It is closed with an outcome.


class Alert(EventData):
    """An alert as it stands after the step that the event tells."""

    TOPIC: ClassVar[str] = "alerts"
    NULLABLE: ClassVar[frozenset[str]] = frozenset(
        {"from_state", "outcome_code", "actor", "comment"}
    )

    alert_id: Identifier  # The alert.
    borrower_id: Identifier  # The borrower; the same as the subject.
    alert_type: Identifier  # The alert type.
    severity: Identifier  # How urgent.
    status: Identifier | None = None  # Where the alert stands in its own life-cycle.
    state: RiskState  # The borrower's risk state.
    from_state: RiskState | None = None  # The state before it.
    owner_id: Identifier  # Who owns the alert: an officer or a queue; never nobody.
    reasons: Annotated[list[AlertReason], Field(min_length=1)]  # Why.
    actions: list[AlertAction]  # What to do next.
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
