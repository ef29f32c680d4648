"""Decides what one assessment does to a borrower's alert: open, update, close or nothing.

Called once per assessment, in order, with the open alert and the last notice. All time comes from
the assessment. `PIPELINE` is the order in which the steps decide; each passes the news on or ends
it. Every decision has a step, a code and a reason, also when nothing follows.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from services.alerts.decisions.domain import drafting, steps
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.differences import LastMessage
from services.alerts.decisions.domain.notify import notify
from services.alerts.decisions.domain.novelty import LastNotified
from services.alerts.decisions.domain.pending_notice import (
    NO_CONDITIONS,
    AlertDecision,
    HoldConditions,
    PendingNotice,
    PriorState,
)
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.decisions.domain.recovery import GreenSince, green_since
from services.alerts.primitives.vocabulary import RiskState

Step = Callable[[PendingNotice], PendingNotice | AlertDecision]
PIPELINE: Final[tuple[Step, ...]] = (
    steps.deduplicate,
    steps.money_at_risk,
    steps.inhibit,
    steps.silence,
    steps.cool_off,
    steps.storm_guard,
    steps.route,
    notify,
)
NO_PRIOR_STATE = PriorState(state=RiskState.NORMAL, open_alert=None, notified=LastNotified())


def decide(
    assessment: AssessmentSummary,
    *,
    before: PriorState,
    policy: AlertPolicy,
    conditions: HoldConditions = NO_CONDITIONS,
) -> AlertDecision:
    """Decides what an assessment does."""
    alert = before.open_alert
    reasons = {} if alert is None else green_since(before.green_since, assessment)
    known = replace(before.as_notified, green_since=reasons)
    decision = _run(
        PendingNotice(assessment=assessment, before=known, policy=policy, conditions=conditions)
    )
    present = None
    if alert is not None and not decision.changes:
        present = drafting.present(alert, assessment)
    return replace(
        decision,
        last_message=_last_message(assessment, before, decision),
        present=present,
        green_since=_reasons_after(assessment, before, decision, reasons),
    )


def _run(pending: PendingNotice) -> AlertDecision:
    """Passes the notice from step to step until one ends the pipeline."""
    outcome: PendingNotice | AlertDecision = pending
    for step in PIPELINE:
        if isinstance(outcome, AlertDecision):
            return outcome
        outcome = step(outcome)
    assert isinstance(outcome, AlertDecision)
    return outcome


def state_after(
    before: PriorState, assessment: AssessmentSummary, decision: AlertDecision
) -> PriorState:
    """Returns the borrower after an assessment and its decision."""
    open_alert = decision.present or before.open_alert
    if decision.changes:
        alert = decision.changes[-1].alert
        open_alert = alert if alert.is_open else None
    return PriorState(
        state=assessment.state,
        open_alert=open_alert,
        notified=decision.notified,
        last_message=decision.last_message,
        green_since=decision.green_since,
    )


def _reasons_after(
    assessment: AssessmentSummary,
    before: PriorState,
    decision: AlertDecision,
    reasons: GreenSince,
) -> GreenSince:
    """Returns the reasons of the alert that is open after the decision."""
    if not decision.changes:
        return reasons
    alert = decision.changes[-1].alert
    if not alert.is_open:
        return {}
    is_another = before.open_alert is None or alert.alert_id != before.open_alert.alert_id
    return green_since({}, assessment) if is_another else reasons


def _last_message(
    assessment: AssessmentSummary, before: PriorState, decision: AlertDecision
) -> LastMessage:
    """Returns the assessment that people read last; before any message, that of the last state."""
    if decision.changes:
        return assessment.as_message(was_sent=True)
    last = before.last_message
    if last is None or (not last.was_sent and before.state is not assessment.state):
        return assessment.as_message(was_sent=False)
    return last
