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
    """Decides what an assessment does."""
    return _Decider(assessment, before, policy).decide()


def alert_id_of(assessment: AssessmentSummary) -> str:
    """Returns the id of the alert that an assessment opens; the same on every run."""
    return str(uuid5(_ALERT_IDS, f"{assessment.borrower_id}\x00{assessment.sequence}"))


@dataclass(frozen=True, slots=True)
class _Decider:
    assessment: AssessmentSummary
    before: PriorState
    policy: AlertPolicy

    def decide(self) -> AlertDecision:
        rise = self.assessment.state.rank - self.before.state.rank
        if rise > 0:
            return self._tightened()
        if rise < 0:
            return self._relaxed()
        alert = self.before.open_alert
        if self.assessment.is_corrected and alert is not None:
            lost = self._lost_reasons(alert)
            if lost:
                why = f"a correction took away {', '.join(lost)}"
                return self._notice(self._update(alert, AlertType.CORRECTION, why))
        return self._same_state()

    def _tightened(self) -> AlertDecision:
        is_hard = self.assessment.worst_level is Level.HARD
        why = f"state {self.before.state} to {self.assessment.state}"
        opened = self._open(AlertType.HARD_TRIGGER if is_hard else AlertType.STATE_CHANGED, why)
        if self.before.open_alert is None:
            return self._new_spell(why, opened)
        note = f"superseded by {opened.alert.alert_id}"
        superseded = self._close(self.before.open_alert, OutcomeCode.SUPERSEDED, why, note=note)
        return self._new_spell(why, superseded, opened)

    def _relaxed(self) -> AlertDecision:
        why = f"state {self.before.state} to {self.assessment.state}"
        is_corrected = self.assessment.is_corrected
        alert = self.before.open_alert
        if alert is None:
            return self._new_spell(f"{why}, and no alert is open")
        if self.assessment.state in _RECOVERED and alert.status is AlertStatus.OPEN:
            outcome = OutcomeCode.DATA_ERROR if is_corrected else OutcomeCode.NO_ACTION_RECOVERED
            return self._new_spell(f"{why}, nobody had acted", self._close(alert, outcome, why))
        alert_type = AlertType.CORRECTION if is_corrected else AlertType.STATE_RELAXED
        return self._new_spell(why, self._update(alert, alert_type, why))

    def _same_state(self) -> AlertDecision:
        novelty = find_novelty(self.assessment, self.before.notified)
        if novelty is None:
            return self._nothing("no news")
        delay = cooldown(novelty, notified=self.before.notified, at=self.assessment.at)
        if delay is not None:
            return self._nothing(delay.why)
        alert = self.before.open_alert
        if alert is not None:
            return self._notice(self._update(alert, _type_of(novelty), novelty.why))
        if novelty.level is Level.AMBER:
            return self._nothing("amber news alone opens no alert in a known state")
        return self._notice(self._open(_type_of(novelty), novelty.why))

    def _nothing(self, reason: str) -> AlertDecision:
        return AlertDecision(changes=(), notified=self.before.notified, reason=reason)

    def _notice(self, change: AlertChange) -> AlertDecision:
        notified = notified_of(self.assessment, before=self.before.notified)
        return AlertDecision(changes=(change,), notified=notified, reason=change.why)

    def _new_spell(self, reason: str, *changes: AlertChange) -> AlertDecision:
        notified = notified_of(self.assessment, before=None)
        return AlertDecision(changes=changes, notified=notified, reason=reason)

    def _open(self, alert_type: AlertType, why: str) -> AlertChange:
        alert = drafting.draft(
            self.assessment,
            alert_id=alert_id_of(self.assessment),
            alert_type=alert_type,
            policy=self.policy,
        )
        previous = self.before.open_alert
        if previous is not None and previous.owner.route == lifecycle.BY_HAND:
            alert = replace(alert, owner=previous.owner)
        return self._change(AlertEventKind.OPENED, alert, why)

    def _update(self, alert: Alert, alert_type: AlertType, why: str) -> AlertChange:
        updated = drafting.refresh(
            alert, self.assessment, policy=self.policy, alert_type=alert_type
        )
        return self._change(AlertEventKind.UPDATED, updated, why)

    def _change(self, kind: AlertEventKind, alert: Alert, why: str) -> AlertChange:
        return AlertChange(kind=kind, alert=alert, at=self.assessment.at, actor=SYSTEM, why=why)

    def _close(
        self, alert: Alert, outcome_code: OutcomeCode, why: str, *, note: str = ""
    ) -> AlertChange:
        return lifecycle.closed(
            alert,
            outcome_code=outcome_code,
            why=why,
            note=note,
            actor=SYSTEM,
            at=self.assessment.at,
        )

    def _lost_reasons(self, alert: Alert) -> list[str]:
        ranks = {item.indicator: item.level.rank for item in self.assessment.contributors}
        return [
            reason.indicator
            for reason in alert.reasons
            if ranks.get(reason.indicator, 0) < reason.level.rank
        ]


def _type_of(novelty: Novelty) -> AlertType:
    if novelty.level is Level.HARD:
        return AlertType.HARD_TRIGGER
    if novelty.level is Level.RED and novelty.contributors:
        return AlertType.NEW_RED_SIGNAL
    return AlertType.NEW_SIGNAL
