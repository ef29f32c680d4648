"""The register of event types: one row for each type and version.

Adding an event type begins with its Struct in the family's module and its row here; ingest,
`schemas/` and AsyncAPI follow from the row.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from services.contracts import (
    account,
    alert,
    assessment,
    borrower,
    collateral,
    control,
    loan,
    officer,
    repayment,
    statement,
)
from services.contracts.envelope import CorrectionKind
from services.contracts.fields import EventData


class EventTopic(StrEnum):
    """The topics of Tocsin, without the installation's prefix."""

    EVENTS = "events"
    RISK = "risk"
    ALERTS = "alerts"


class EventSender(StrEnum):
    """Who may send an event type.

    Decisions of people and links between borrowers come only from the service that checks them;
    a core system that could send them would decide alone.
    """

    SOURCES = "sources"
    SCORING = "scoring"
    ALERTS = "alerts"


REPLACEMENTS: Final[tuple[CorrectionKind, ...]] = ("amendment", "backdate")
"""Of most types only the newest event counts: what is right is sent again, not taken back."""
EVERY_CORRECTION: Final[tuple[CorrectionKind, ...]] = ("reversal", *REPLACEMENTS)


class EventType(Struct, frozen=True, eq=False):
    """One event type in one version.

    Attributes:
        corrections: The kinds of correction that the type may carry, with `correctsid`.
        must_correct: The type is a correction itself: it carries one always.
        to_every_partition: A control event: no borrower, subject `*`, written to every partition.
    """

    name: str
    data: type[EventData]
    topic: EventTopic = EventTopic.EVENTS
    sender: EventSender = EventSender.SOURCES
    corrections: tuple[CorrectionKind, ...] = REPLACEMENTS
    must_correct: bool = False
    to_every_partition: bool = False

    @property
    def name_without_version(self) -> str:
        """The name by which keys and mappings allow the type."""
        return self.name.rpartition(".v")[0]

    def in_place_of(self, kind: str) -> str:
        """Returns what to send in place of a kind of correction that the type does not carry."""
        if self.name == "repayment.posted.v1":
            return f"cannot be a {kind}: money on a loan is taken back by repayment.reversed.v1"
        if "reversal" in self.corrections:
            return f"cannot be a {kind}: send a reversal that repeats it, then the right event"
        return f"cannot be a {kind}: send what is right as another event about the same thing"


def _reversible(name: str, data: type[EventData]) -> EventType:
    return EventType(name, data, corrections=EVERY_CORRECTION)


def _control(
    name: str, data: type[EventData], sender: EventSender = EventSender.SOURCES
) -> EventType:
    return EventType(name, data, sender=sender, to_every_partition=True)


def _risk(name: str, data: type[EventData]) -> EventType:
    return EventType(
        name, data, topic=EventTopic.RISK, sender=EventSender.SCORING, corrections=EVERY_CORRECTION
    )


def _alert(name: str, data: type[EventData]) -> EventType:
    return EventType(
        name, data, topic=EventTopic.ALERTS, sender=EventSender.ALERTS, corrections=EVERY_CORRECTION
    )


_ROWS: Final = (
    EventType("borrower.registered.v1", borrower.BorrowerRegisteredV1),
    EventType("group.linked.v1", borrower.GroupLinkedV1),
    EventType("dependant.linked.v1", borrower.DependantLinkedV1, sender=EventSender.SCORING),
    EventType("related-parties.declared.v1", borrower.RelatedPartiesDeclaredV1),
    EventType(
        "related-state.changed.v1", borrower.RelatedStateChangedV1, sender=EventSender.SCORING
    ),
    EventType("external-delinquency.reported.v1", borrower.ExternalDelinquencyReportedV1),
    EventType("loan.booked.v1", loan.LoanBookedV1),
    EventType("schedule.published.v1", loan.SchedulePublishedV1),
    EventType("schedule.changed.v1", loan.ScheduleChangedV1),
    _reversible("loan.disbursed.v1", loan.LoanDisbursedV1),
    _reversible("loan.closed.v1", loan.LoanClosedV1),
    EventType("repayment.posted.v1", repayment.RepaymentPostedV1),
    _reversible("repayment.failed.v1", repayment.RepaymentFailedV1),
    EventType(
        "repayment.reversed.v1",
        repayment.RepaymentReversedV1,
        corrections=("reversal",),
        must_correct=True,
    ),
    _reversible("promise.made.v1", repayment.PromiseMadeV1),
    EventType("claim.disputed.v1", repayment.ClaimDisputedV1),
    EventType("account.transacted.v1", account.AccountTransactedV1, corrections=("reversal",)),
    EventType("account.balance-closed.v1", account.AccountBalanceClosedV1),
    _reversible("account.item-returned.v1", account.AccountItemReturnedV1),
    EventType("account.blocked.v1", account.AccountBlockedV1),
    EventType("facility.balance-closed.v1", account.FacilityBalanceClosedV1),
    EventType("limit.changed.v1", account.LimitChangedV1),
    _reversible("statement.received.v1", statement.StatementReceivedV1),
    _reversible("statement.due.v1", statement.StatementDueV1),
    EventType("covenant.certified.v1", statement.CovenantCertifiedV1),
    _reversible("forecast.received.v1", statement.ForecastReceivedV1),
    EventType("collateral.valued.v1", collateral.CollateralValuedV1),
    EventType("guarantor.linked.v1", collateral.GuarantorLinkedV1),
    EventType("inspection.recorded.v1", officer.InspectionRecordedV1),
    EventType("finding.raised.v1", officer.FindingRaisedV1),
    EventType("override.approved.v1", officer.OverrideApprovedV1, sender=EventSender.ALERTS),
    _control("day.closed.v1", control.DayClosedV1),
    _control("day-close.withdrawn.v1", control.DayCloseWithdrawnV1, EventSender.SCORING),
    _control("rulebook.activated.v1", control.RulebookActivatedV1, EventSender.SCORING),
    _control("calendar.published.v1", control.CalendarPublishedV1),
    _control("fx.published.v1", control.FxPublishedV1),
    _control("sector-stress.published.v1", control.SectorStressPublishedV1),
    _risk("assessment.changed.v1", assessment.AssessmentChangedV1),
    _risk("assessment.corrected.v1", assessment.AssessmentCorrectedV1),
    _risk("maturity.approaching.v1", assessment.MaturityApproachingV1),
    _risk("inspection.fell-due.v1", assessment.InspectionFellDueV1),
    _risk("isolation.changed.v1", assessment.IsolationChangedV1),
    _alert("alert.opened.v1", alert.AlertOpenedV1),
    _alert("alert.updated.v1", alert.AlertUpdatedV1),
    _alert("alert.acknowledged.v1", alert.AlertAcknowledgedV1),
    _alert("alert.assigned.v1", alert.AlertAssignedV1),
    _alert("alert.commented.v1", alert.AlertCommentedV1),
    _alert("alert.resolved.v1", alert.AlertResolvedV1),
    _alert("alert.started.v1", alert.AlertStartedV1),
    _alert("alert.snoozed.v1", alert.AlertSnoozedV1),
    _alert("alert.snooze-ended.v1", alert.AlertSnoozeEndedV1),
    _alert("alert.linked.v1", alert.AlertLinkedV1),
    _alert("alert.rearmed.v1", alert.AlertRearmedV1),
    _alert("alert.reopened.v1", alert.AlertReopenedV1),
    _alert("alert.undone.v1", alert.AlertUndoneV1),
    _alert("alert.reminded.v1", alert.AlertRemindedV1),
    _alert("alert.escalated.v1", alert.AlertEscalatedV1),
    _alert("data-incident.opened.v1", alert.DataIncidentOpenedV1),
    _alert("data-incident.closed.v1", alert.DataIncidentClosedV1),
)

EVENT_TYPES: Final[dict[str, EventType]] = {row.name: row for row in _ROWS}
_NAMES: Final[dict[type[EventData], str]] = {row.data: row.name for row in _ROWS}


def type_name(data: EventData) -> str:
    """Returns the CloudEvents `type` of some event data."""
    return _NAMES[type(data)]
