"""Decides what one assessment does to a borrower's alert: open, update, close or nothing.

Called once per assessment, in order, with the open alert and the last notice. All time comes from
the assessment. The first rule that applies decides:

1. The state tightened: the open alert of the milder spell is closed as superseded and a new one
   opens; an owner whom a person chose stays.
2. The state is normal again, and the reasons of an untouched ATTENTION alert have been measured
   green for the dwell time: the alert ends. Every other alert waits for a person.
3. The state relaxed: an open alert is updated, or withdrawn where a correction brought the state
   back to normal before anybody acknowledged it. Without an open alert nothing happens.
4. A correction took away a reason of the open alert: the alert is updated and names it.
5. Money is at risk only now, and the state opened no alert before: one opens.
6. A novelty within the state: an open alert is updated; without one, red and hard novelties open
   one. Everything else waits for its cooldown or is suppressed, with the reason.

No alert opens where no money is at risk, nor in NORMAL but for a hard trigger. Every decision has
a code and a reason, also when nothing follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

from services.alerts.decisions.domain import drafting, lifecycle
from services.alerts.decisions.domain.alert import SYSTEM, Alert, AlertChange
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.differences import (
    AssessmentDifference,
    DifferenceKind,
    LastMessage,
    differences,
)
from services.alerts.decisions.domain.drafting import ENGLISH
from services.alerts.decisions.domain.novelty import (
    LastNotified,
    Novelty,
    cooldown,
    find_novelty,
    notified_of,
)
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.decisions.domain.recovery import GreenSince, green_since, is_recovered
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    DecisionCode,
    Level,
    OutcomeCode,
    RiskState,
)

_ALERT_IDS = UUID("6f2b1f0e-7d0c-5a55-9c1c-6b5e5d3f8a10")
_RECOVERED = frozenset({RiskState.NORMAL, RiskState.CLOSED})
NO_MONEY_AT_RISK = "no exposure, commitment or liability, so no alert"
NORMAL_STATE = "in a normal state only a hard trigger opens an alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorState:
    """The borrower before this assessment: risk state, open alert, last notice, last message."""

    state: RiskState
    open_alert: Alert | None
    notified: LastNotified
    last_message: LastMessage | None = None
    green_since: GreenSince = field(default_factory=dict)


NO_PRIOR_STATE = PriorState(state=RiskState.NORMAL, open_alert=None, notified=LastNotified())


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDecision:
    """The changes to record, the last notice and message after them, and the reason for either.

    `present` is an open alert that no change touches, with the figures of the assessment.
    """

    changes: tuple[AlertChange, ...]
    notified: LastNotified
    code: DecisionCode
    reason: str
    last_message: LastMessage | None = None
    present: Alert | None = None
    green_since: GreenSince = field(default_factory=dict)


def decide(
    assessment: AssessmentSummary, *, before: PriorState, policy: AlertPolicy
) -> AlertDecision:
    """Decides what an assessment does."""
    reasons = {} if before.open_alert is None else green_since(before.green_since, assessment)
    decision = _Decider(assessment, replace(before, green_since=reasons), policy).decide()
    alert = before.open_alert
    present = None
    if alert is not None and not decision.changes:
        present = drafting.present(alert, assessment)
    return replace(
        decision,
        last_message=_last_message(assessment, before, decision),
        present=present,
        green_since=_reasons_after(assessment, before, decision, reasons),
    )


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


def alert_id_of(assessment: AssessmentSummary) -> str:
    """Returns the id of the alert that an assessment opens; the same on every run."""
    return str(uuid5(_ALERT_IDS, f"{assessment.borrower_id}\x00{assessment.sequence}"))


@dataclass(frozen=True, slots=True)
class _Decider:
    assessment: AssessmentSummary
    before: PriorState
    policy: AlertPolicy

    def decide(self) -> AlertDecision:
        alert = self.before.open_alert
        if alert is not None and self._ends_by_itself(alert):
            days = self.policy.recovery_days
            reason = f"all reasons were measured green for {days} days, and nobody had acted"
            closed = self._close(alert, OutcomeCode.NO_ACTION_RECOVERED)
            return self._new_spell(DecisionCode.RECOVERED, reason, closed)
        rise = self.assessment.state.rank - self.before.state.rank
        if rise > 0:
            return self._tightened()
        if rise < 0:
            return self._relaxed()
        if self.assessment.is_corrected and alert is not None:
            lost = self._lost_reasons(alert)
            if lost:
                names = ", ".join(str(each.indicator) for each in lost)
                change = self._update(alert, AlertType.CORRECTION, lost)
                reason = f"a correction took away {names}"
                return self._notice(DecisionCode.CORRECTION, change, reason)
        return self._same_state()

    def _tightened(self) -> AlertDecision:
        why = f"state {self.before.state} to {self.assessment.state}"
        if not self._is_money_at_risk or self._is_quiet(self.assessment.worst_level):
            return self._opened_none(why)
        return self._open_for_state(DecisionCode.STATE_TIGHTENED, why)

    def _open_for_state(self, code: DecisionCode, why: str) -> AlertDecision:
        is_hard = self.assessment.worst_level is Level.HARD
        opened = self._open(AlertType.HARD_TRIGGER if is_hard else AlertType.STATE_CHANGED)
        if self.before.open_alert is None:
            return self._new_spell(code, why, opened)
        note = f"superseded by {opened.alert.alert_id}"
        superseded = self._close(self.before.open_alert, OutcomeCode.SUPERSEDED, note=note)
        return self._new_spell(code, why, superseded, opened)

    def _opened_none(self, why: str) -> AlertDecision:
        """Returns a worse state that opens no alert; an open one of before is updated."""
        at_risk = self._is_money_at_risk
        code = DecisionCode.NORMAL_STATE if at_risk else DecisionCode.NO_MONEY_AT_RISK
        reason = f"{why}: {NORMAL_STATE if at_risk else NO_MONEY_AT_RISK}"
        alert = self.before.open_alert
        if alert is not None:
            return self._new_spell(code, reason, self._update(alert, AlertType.STATE_CHANGED))
        notified = LastNotified(is_withheld=not at_risk)
        return AlertDecision(changes=(), notified=notified, code=code, reason=reason)

    def _relaxed(self) -> AlertDecision:
        why = f"state {self.before.state} to {self.assessment.state}"
        is_corrected = self.assessment.is_corrected
        alert = self.before.open_alert
        if alert is None:
            decision = self._new_spell(DecisionCode.NO_OPEN_ALERT, f"{why}, and no alert is open")
            notified = LastNotified()
            if not self._is_recovered:
                is_withheld = self.before.notified.is_withheld
                notified = replace(decision.notified, is_withheld=is_withheld)
            return replace(decision, notified=notified)
        if is_corrected and self._is_recovered and alert.status is AlertStatus.OPEN:
            closed = self._close(alert, OutcomeCode.DATA_ERROR)
            return self._new_spell(DecisionCode.CORRECTION, f"{why}, nobody had acted", closed)
        kind = AlertType.CORRECTION if is_corrected else AlertType.STATE_RELAXED
        return self._new_spell(DecisionCode.STATE_RELAXED, why, self._update(alert, kind))

    def _same_state(self) -> AlertDecision:
        alert = self.before.open_alert
        if self.before.notified.is_withheld and alert is None and self._is_money_at_risk:
            why = f"money is at risk in state {self.assessment.state}"
            return self._open_for_state(DecisionCode.MONEY_CAME_AT_RISK, why)
        novelty = find_novelty(self.assessment, self.before.notified)
        if novelty is None:
            return self._nothing(DecisionCode.NO_NEWS, "no news")
        if alert is None and not self._is_money_at_risk:
            return self._nothing(
                DecisionCode.NO_MONEY_AT_RISK, f"{novelty.why}: {NO_MONEY_AT_RISK}"
            )
        if alert is None and self._is_quiet(novelty.level):
            return self._nothing(DecisionCode.NORMAL_STATE, f"{novelty.why}: {NORMAL_STATE}")
        delay = cooldown(novelty, notified=self.before.notified, at=self.assessment.at)
        if delay is not None:
            return self._nothing(DecisionCode.COOLDOWN, delay.why)
        if alert is not None:
            change = self._update(alert, _type_of(novelty))
            return self._notice(DecisionCode.NEWS, change, novelty.why)
        if novelty.level is Level.AMBER:
            return self._nothing(
                DecisionCode.AMBER_NEWS, "amber news alone opens no alert in a known state"
            )
        return self._notice(DecisionCode.NEWS, self._open(_type_of(novelty)), novelty.why)

    def _ends_by_itself(self, alert: Alert) -> bool:
        return (
            alert.ends_by_itself
            and self.assessment.state is RiskState.NORMAL
            and not self.assessment.is_for_a_person
            and is_recovered(
                self.before.green_since,
                as_of=self.assessment.as_of,
                dwell_days=self.policy.recovery_days,
            )
        )

    @property
    def _is_recovered(self) -> bool:
        return self.assessment.state in _RECOVERED

    @property
    def _is_money_at_risk(self) -> bool:
        return self.assessment.is_money_at_risk or self.policy.watches_deposit_customers

    def _is_quiet(self, level: Level) -> bool:
        """Returns whether the state is normal and the level no hard trigger."""
        return self._is_recovered and level is not Level.HARD

    def _nothing(self, code: DecisionCode, reason: str) -> AlertDecision:
        return AlertDecision(changes=(), notified=self.before.notified, code=code, reason=reason)

    def _notice(self, code: DecisionCode, change: AlertChange, reason: str) -> AlertDecision:
        notified = notified_of(self.assessment, before=self.before.notified)
        return AlertDecision(changes=(change,), notified=notified, code=code, reason=reason)

    def _new_spell(self, code: DecisionCode, reason: str, *changes: AlertChange) -> AlertDecision:
        notified = notified_of(self.assessment, before=None)
        return AlertDecision(changes=changes, notified=notified, code=code, reason=reason)

    def _open(self, alert_type: AlertType) -> AlertChange:
        alert = drafting.draft(
            self.assessment,
            alert_id=alert_id_of(self.assessment),
            alert_type=alert_type,
            policy=self.policy,
        )
        previous = self.before.open_alert
        if previous is not None and previous.owner.route == lifecycle.BY_HAND:
            alert = replace(alert, owner=previous.owner)
        return self._change(AlertEventKind.OPENED, alert, self._why())

    def _update(
        self, alert: Alert, kind: AlertType, lost: Sequence[AssessmentDifference] = ()
    ) -> AlertChange:
        taken = {each.indicator for each in lost}
        others = [each for each in self._differences() if each.indicator not in taken]
        news = drafting.news_item(self.assessment, kind, [*lost, *others])
        updated = drafting.refresh(alert, self.assessment, policy=self.policy, news=news)
        return self._change(AlertEventKind.UPDATED, updated, " ".join(news.texts[ENGLISH]))

    def _change(self, kind: AlertEventKind, alert: Alert, why: str) -> AlertChange:
        return AlertChange(kind=kind, alert=alert, at=self.assessment.at, actor=SYSTEM, why=why)

    def _close(self, alert: Alert, outcome_code: OutcomeCode, *, note: str = "") -> AlertChange:
        is_late = self.assessment.at > alert.deadlines.acknowledge_by
        return lifecycle.closed(
            replace(alert, is_ignored=is_late and alert.status is AlertStatus.OPEN),
            outcome_code=outcome_code,
            why=self._why(),
            note=note,
            actor=SYSTEM,
            at=self.assessment.at,
        )

    def _why(self) -> str:
        """Returns what differs from the last message, in English sentences."""
        words = self.assessment.words
        return " ".join(words.difference(ENGLISH, each) for each in self._differences())

    def _differences(self) -> tuple[AssessmentDifference, ...]:
        """Returns what differs from the assessment that people read last."""
        last = self.before.last_message
        if last is None:
            last = replace(
                self.assessment.as_message(was_sent=False), state=self.before.state, levels={}
            )
        return differences(last, self.assessment.current)

    def _lost_reasons(self, alert: Alert) -> list[AssessmentDifference]:
        ranks = {item.indicator: item.level.rank for item in self.assessment.contributors}
        return [
            AssessmentDifference(
                kind=DifferenceKind.LOST,
                indicator=reason.indicator,
                name=reason.name,
                before=reason.level.value,
                after=Level.GREEN.value,
            )
            for reason in alert.reasons
            if ranks.get(reason.indicator, 0) < reason.level.rank
        ]


def _type_of(novelty: Novelty) -> AlertType:
    if novelty.level is Level.HARD:
        return AlertType.HARD_TRIGGER
    if novelty.level is Level.RED and novelty.contributors:
        return AlertType.NEW_RED_SIGNAL
    return AlertType.NEW_SIGNAL
