"""Decides what one assessment does to a borrower's alert: open, update, close or nothing.

Called once per assessment, in order, with the open alert and the last notice. All time comes from
the assessment. The first rule that applies decides:

1. The state tightened: the open alert of the milder spell is closed as superseded and a new one
   opens; an owner whom a person chose stays.
2. The state relaxed: an open alert is updated; where the borrower is back to normal and nobody had
   acknowledged the alert, it closes. Without an open alert nothing happens.
3. A correction took away a reason of the open alert: the alert is updated and names it.
4. A novelty within the state: an open alert is updated; without one, red and hard novelties open
   one. Everything else waits for its cooldown or is suppressed, with the reason.
"""

from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from services.alerts.decisions.domain import drafting, lifecycle
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.novelty import (
    LastNotified,
    Novelty,
    cooldown,
    find_novelty,
    notified_of,
)
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    Level,
    OutcomeCode,
    RiskState,
)

SYSTEM = "tocsin"
_ALERT_IDS = UUID("6f2b1f0e-7d0c-5a55-9c1c-6b5e5d3f8a10")
_RECOVERED = frozenset({RiskState.NORMAL, RiskState.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorState:
    """The borrower before this assessment: risk state, open alert and last notice."""

    state: RiskState
    open_alert: Alert | None
    notified: LastNotified


NO_PRIOR_STATE = PriorState(state=RiskState.NORMAL, open_alert=None, notified=LastNotified())


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDecision:
    """The changes to record, the last notice after them, and the reason, also for no change."""

    changes: tuple[AlertChange, ...]
    notified: LastNotified
    reason: str


def decide(
    assessment: AssessmentSummary, *, before: PriorState, policy: AlertPolicy
) -> AlertDecision:
    """Decide what an assessment does."""
    if assessment.state.rank > before.state.rank:
        return _tightened(assessment, before, policy)
    if assessment.state.rank < before.state.rank:
        return _relaxed(assessment, before, policy)
    if assessment.is_corrected and before.open_alert is not None:
        lost = _lost_reasons(assessment, before.open_alert)
        if lost:
            change = _update(
                before.open_alert,
                assessment,
                policy,
                alert_type=AlertType.CORRECTION,
                why=f"a correction took away {', '.join(lost)}",
            )
            return _notice(assessment, before, change)
    return _same_state(assessment, before, policy)


def alert_id_of(assessment: AssessmentSummary) -> str:
    """Return the id of the alert that an assessment opens; the same on every run."""
    return str(uuid5(_ALERT_IDS, f"{assessment.borrower_id}\x00{assessment.sequence}"))


def _tightened(
    assessment: AssessmentSummary, before: PriorState, policy: AlertPolicy
) -> AlertDecision:
    alert_type = (
        AlertType.HARD_TRIGGER if assessment.worst_level is Level.HARD else AlertType.STATE_CHANGED
    )
    why = f"state {before.state} to {assessment.state}"
    opened = _open(assessment, before, policy, alert_type=alert_type, why=why)
    changes: tuple[AlertChange, ...] = (opened,)
    if before.open_alert is not None:
        superseded = lifecycle.closed(
            before.open_alert,
            outcome_code=OutcomeCode.SUPERSEDED,
            why=why,
            note=f"superseded by {opened.alert.alert_id}",
            actor=SYSTEM,
            at=assessment.at,
        )
        changes = (superseded, opened)
    notified = notified_of(assessment, before=None)
    return AlertDecision(changes=changes, notified=notified, reason=why)


def _relaxed(
    assessment: AssessmentSummary, before: PriorState, policy: AlertPolicy
) -> AlertDecision:
    why = f"state {before.state} to {assessment.state}"
    notified = notified_of(assessment, before=None)
    alert = before.open_alert
    if alert is None:
        return AlertDecision(changes=(), notified=notified, reason=f"{why}, and no alert is open")
    if assessment.state in _RECOVERED and alert.status is AlertStatus.OPEN:
        outcome = (
            OutcomeCode.DATA_ERROR if assessment.is_corrected else OutcomeCode.NO_ACTION_RECOVERED
        )
        change = lifecycle.closed(
            alert, outcome_code=outcome, why=why, note="", actor=SYSTEM, at=assessment.at
        )
        return AlertDecision(
            changes=(change,), notified=notified, reason=f"{why}, nobody had acted"
        )
    alert_type = AlertType.CORRECTION if assessment.is_corrected else AlertType.STATE_RELAXED
    change = _update(alert, assessment, policy, alert_type=alert_type, why=why)
    return AlertDecision(changes=(change,), notified=notified, reason=why)


def _same_state(
    assessment: AssessmentSummary, before: PriorState, policy: AlertPolicy
) -> AlertDecision:
    novelty = find_novelty(assessment, before.notified)
    if novelty is None:
        return _nothing(before, "no news")
    delay = cooldown(novelty, notified=before.notified, at=assessment.at)
    if delay is not None:
        return _nothing(before, delay.why)
    alert_type = _type_of(novelty)
    if before.open_alert is not None:
        change = _update(
            before.open_alert, assessment, policy, alert_type=alert_type, why=novelty.why
        )
    elif novelty.level is Level.AMBER:
        return _nothing(before, "amber news alone opens no alert in a known state")
    else:
        change = _open(assessment, before, policy, alert_type=alert_type, why=novelty.why)
    return _notice(assessment, before, change)


def _type_of(novelty: Novelty) -> AlertType:
    if novelty.level is Level.HARD:
        return AlertType.HARD_TRIGGER
    if novelty.level is Level.RED and novelty.contributors:
        return AlertType.NEW_RED_SIGNAL
    return AlertType.NEW_SIGNAL


def _nothing(before: PriorState, reason: str) -> AlertDecision:
    return AlertDecision(changes=(), notified=before.notified, reason=reason)


def _notice(
    assessment: AssessmentSummary, before: PriorState, change: AlertChange
) -> AlertDecision:
    notified = notified_of(assessment, before=before.notified)
    return AlertDecision(changes=(change,), notified=notified, reason=change.why)


def _open(
    assessment: AssessmentSummary,
    before: PriorState,
    policy: AlertPolicy,
    *,
    alert_type: AlertType,
    why: str,
) -> AlertChange:
    alert = drafting.draft(
        assessment,
        alert_id=alert_id_of(assessment),
        alert_type=alert_type,
        policy=policy,
    )
    previous = before.open_alert
    if previous is not None and previous.owner.route == lifecycle.BY_HAND:
        alert = replace(alert, owner=previous.owner)
    return AlertChange(
        kind=AlertEventKind.OPENED, alert=alert, at=assessment.at, actor=SYSTEM, why=why
    )


def _update(
    alert: Alert,
    assessment: AssessmentSummary,
    policy: AlertPolicy,
    *,
    alert_type: AlertType,
    why: str,
) -> AlertChange:
    updated = drafting.refresh(alert, assessment, policy=policy, alert_type=alert_type)
    return AlertChange(
        kind=AlertEventKind.UPDATED, alert=updated, at=assessment.at, actor=SYSTEM, why=why
    )


def _lost_reasons(assessment: AssessmentSummary, alert: Alert) -> tuple[str, ...]:
    ranks = {
        contributor.indicator: contributor.level.rank for contributor in assessment.contributors
    }
    return tuple(
        reason.indicator
        for reason in alert.reasons
        if ranks.get(reason.indicator, 0) < reason.level.rank
    )
