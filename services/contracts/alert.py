"""Alert life-cycle, on the alerts topic, for other systems of the bank.

Every event carries the alert as it is after the step, so that a reader can start anywhere.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.contracts.assessment import EvidenceIds, Level, Score
from services.contracts.fields import EventData, Identifier, IsoDate, Text, Timestamp, WireObject
from services.contracts.officer import RiskState

AlertStatus = Literal["OPEN", "ACKNOWLEDGED", "IN_PROGRESS", "RESOLVED"]
Severity = Literal["LOW", "MEDIUM", "HIGH", "HARD"]
Language = Literal["en", "es", "zh"]


class AlertReasonV1(WireObject, frozen=True, kw_only=True):
    """Why the alert exists: one cause in words, with its evidence."""

    indicator: Identifier  #: The indicator behind it.
    name: Text  #: Its name.
    risk_type: Identifier  #: The risk type; decides the playbook.
    level: Level  #: How bad.
    line: Text  #: The cause in a sentence.
    share: float  #: Its part of the score, in score points.
    evidence_event_ids: EvidenceIds  #: The events that are the evidence.


class AlertActionV1(WireObject, frozen=True, kw_only=True):
    """One recommended next step."""

    code: Identifier  #: The step, as the playbook calls it.
    text: Text  #: What to do, in English.
    risk_type: Identifier  #: The risk type whose playbook it is from.
    role: Identifier  #: Who is to do it.
    due_on: IsoDate  #: By when.


class AlertDeadlinesV1(WireObject, frozen=True, kw_only=True):
    """By when the alert must have moved."""

    acknowledge_by: Timestamp  #: Somebody has taken it on.
    act_by: Timestamp  #: The first action is taken.
    escalate_at: Timestamp  #: When it goes to the next level.


class AlertTextV1(WireObject, frozen=True, kw_only=True):
    """The alert in one language."""

    headline: Text  #: The borrower's state now and its strongest cause.
    why: list[Text]  #: When and why the state was entered, as recorded then.
    reasons: list[Text]  #: The causes of today, in the order of `reasons`.
    actions: list[Text]  #: What to do next, in the order of `actions`.


class AlertNewsV1(WireObject, frozen=True, kw_only=True):
    """One piece of news about an open alert: what differed from the message before."""

    at: Timestamp  #: When it became known.
    kind: Identifier  #: What kind of news, for example NEW_RED_SIGNAL.
    texts: dict[Language, list[Text]]  #: The differences in sentences, by language.


class AlertV1(EventData, frozen=True, kw_only=True):
    """An alert as it is after the step that the event reports."""

    alert_id: Identifier  #: The alert.
    borrower_id: Identifier  #: The borrower; the same as the subject.
    alert_type: Identifier  #: Why it was opened; never changes.
    severity: Severity  #: How fast a person must act.
    status: AlertStatus  #: Where the alert is in its life.
    state: RiskState  #: The borrower's risk state.
    from_state: RiskState | UnsetType | None = UNSET  #: The risk state before it; null: none.
    headline: Text  #: The borrower's state now and its strongest cause, in English.
    texts: dict[Language, AlertTextV1]  #: The alert in words, by language.
    news: list[AlertNewsV1]  #: What came since it was opened, the newest first.
    as_of: IsoDate  #: The business date of headline, score, texts and reasons.
    score: Score  #: The borrower's score, 0 to 100.
    owner_id: Identifier  #: Who owns the alert: an officer or a queue.
    second_owner_id: Identifier | UnsetType | None = UNSET  #: The second owner of a default case.
    reasons: list[AlertReasonV1]  #: Why, largest share first.
    actions: Annotated[list[AlertActionV1], Meta(min_length=1)]  #: What to do next.
    deadlines: AlertDeadlinesV1  #: By when.
    outcome_code: Identifier | UnsetType | None = UNSET  #: How it ended; only once resolved.
    actor: Identifier | UnsetType | None = UNSET  #: Who took the step; null: the system.
    comment: Text | UnsetType | None = UNSET  #: The text of a comment.
    version: Annotated[int, Meta(ge=1)]  #: Counts the steps of this alert, from 1.


class AlertOpenedV1(AlertV1, frozen=True, kw_only=True):
    """A new alert."""


class AlertUpdatedV1(AlertV1, frozen=True, kw_only=True):
    """An open alert got worse or better, or has another cause."""


class AlertAcknowledgedV1(AlertV1, frozen=True, kw_only=True):
    """Somebody took the alert on."""


class AlertAssignedV1(AlertV1, frozen=True, kw_only=True):
    """Another owner."""


class AlertCommentedV1(AlertV1, frozen=True, kw_only=True):
    """A remark."""


class AlertResolvedV1(AlertV1, frozen=True, kw_only=True):
    """Closed, with an outcome."""

    outcome_code: Identifier  #: How it ended.


class AlertStartedV1(AlertV1, frozen=True, kw_only=True):
    """Somebody works on the alert."""


class AlertSnoozedV1(AlertV1, frozen=True, kw_only=True):
    """The alert waits; its deadlines stop meanwhile."""

    until: Timestamp  #: Until when.
    reason: Text  #: Why.


class AlertSnoozeEndedV1(AlertV1, frozen=True, kw_only=True):
    """The alert waits no longer; its deadlines go on."""


class AlertLinkedV1(AlertV1, frozen=True, kw_only=True):
    """A document about the alert was linked."""

    url: Text  #: Where the document is.
    sha256: Identifier  #: The SHA-256 of its content, in hexadecimal.
    title: Text  #: Its title.


class AlertRearmedV1(AlertV1, frozen=True, kw_only=True):
    """The borrower got worse after somebody acted: the alert is open again, with new deadlines."""

    round: Annotated[int, Meta(ge=2)]  #: Counts how often the time to acknowledge began.


class AlertReopenedV1(AlertV1, frozen=True, kw_only=True):
    """A resolved alert is open again."""

    reason: Text  #: Why.
    round: Annotated[int, Meta(ge=2)]  #: Counts how often the time to acknowledge began.


class AlertUndoneV1(AlertV1, frozen=True, kw_only=True):
    """A person undid an own step; the alert is as it was before that step."""

    undone: Identifier  #: The type of the event of that step.


class AlertNoticeV1(AlertV1, frozen=True, kw_only=True):
    """A notice to people because nobody acted in time; it changes nothing else."""

    recipients: list[Identifier]  #: Who is notified: ids of people, or of queues.
    level: Annotated[int, Meta(ge=0, le=3)]  #: 0 owner, 1 senior, 2 head of risk, 3 committee.
    round: Annotated[int, Meta(ge=1)]  #: Counts how often the time began again.


class AlertRemindedV1(AlertNoticeV1, frozen=True, kw_only=True):
    """The owner was reminded of a deadline."""


class AlertEscalatedV1(AlertNoticeV1, frozen=True, kw_only=True):
    """Nobody acted in time, so the next level was notified."""


class DataIncidentV1(EventData, frozen=True, kw_only=True):
    """A borrower's data cannot be processed; its risk state is the last one known."""

    incident_id: Identifier  #: The incident.
    borrower_id: Identifier  #: The borrower; the same as the subject.
    since: Timestamp  #: Since when its risk state stands.
    state: RiskState  #: The risk state.
    headline: Text  #: The incident in a sentence, in English.
    texts: dict[Language, Text]  #: The sentence, by language.
    owner_id: Identifier  #: Who is responsible for the borrower: an officer or a queue.
    alert_id: Identifier | UnsetType | None = UNSET  #: Its open alert; null: none.


class DataIncidentOpenedV1(DataIncidentV1, frozen=True, kw_only=True):
    """No warning comes of the borrower from now on."""


class DataIncidentClosedV1(DataIncidentV1, frozen=True, kw_only=True):
    """The borrower is processed again, what came meanwhile included."""

    ended_at: Timestamp  #: When.
