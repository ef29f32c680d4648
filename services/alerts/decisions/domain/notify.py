"""The last step of the pipeline: opens, updates or closes the alert.

What it returns is what people read and what is delivered.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from services.alerts.decisions.domain import drafting, lifecycle
from services.alerts.decisions.domain.alert import SYSTEM, Alert, AlertChange
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.differences import AssessmentDifference
from services.alerts.decisions.domain.drafting import ENGLISH
from services.alerts.decisions.domain.novelty import SCORE_RISE, Novelty, notified_of
from services.alerts.decisions.domain.pending_notice import (
    AlertDecision,
    NewsKind,
    PendingNotice,
    StepEntry,
)
from services.alerts.decisions.domain.policy import deadlines_for
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    DecisionCode,
    DecisionStep,
    Level,
    OutcomeCode,
)

_ALERT_IDS = UUID("6f2b1f0e-7d0c-5a55-9c1c-6b5e5d3f8a10")
_CODES = {
    NewsKind.RECOVERED: DecisionCode.RECOVERED,
    NewsKind.WITHDRAWN: DecisionCode.CORRECTION,
    NewsKind.CORRECTED: DecisionCode.CORRECTION,
    NewsKind.TIGHTENED: DecisionCode.STATE_TIGHTENED,
    NewsKind.RELAXED: DecisionCode.STATE_RELAXED,
    NewsKind.MONEY_CAME_AT_RISK: DecisionCode.MONEY_CAME_AT_RISK,
    NewsKind.NOVELTY: DecisionCode.NEWS,
}
# The indicator of a covenant that was tested and is broken or near.
COVENANT = "F-18"
_OUTCOMES = {
    NewsKind.RECOVERED: OutcomeCode.NO_ACTION_RECOVERED,
    NewsKind.WITHDRAWN: OutcomeCode.DATA_ERROR,
}
# Within a state, what people were notified of before still counts.
_WITHIN_A_STATE = frozenset({NewsKind.CORRECTED, NewsKind.NOVELTY})


def notify(pending: PendingNotice) -> AlertDecision:
    """Opens, updates or closes the alert."""
    news = pending.what
    before = pending.before.notified if news.kind in _WITHIN_A_STATE else None
    entry = StepEntry(step=DecisionStep.NOTIFY, code=_CODES[news.kind], reason=news.why)
    notified = notified_of(pending.assessment, before=before)
    return pending.end(entry, notified=notified, changes=_changes(pending))


def alert_id_of(assessment: AssessmentSummary) -> str:
    """Returns the id of the alert that an assessment opens; the same on every run."""
    return str(uuid5(_ALERT_IDS, f"{assessment.borrower_id}\x00{assessment.sequence}"))


def _changes(pending: PendingNotice) -> tuple[AlertChange, ...]:
    news, alert = pending.what, pending.before.open_alert
    if pending.opens:
        return _opened(pending)
    assert alert is not None
    if news.kind in _OUTCOMES:
        return (_close(pending, alert, _OUTCOMES[news.kind]),)
    return (_update(pending, alert, news.lost),)


def _opened(pending: PendingNotice) -> tuple[AlertChange, ...]:
    """Returns the opened alert, and before it the end of the alert that it supersedes."""
    opened = _open(pending)
    previous = pending.before.open_alert
    if previous is None:
        return (opened,)
    note = f"superseded by {opened.alert.alert_id}"
    return (_close(pending, previous, OutcomeCode.SUPERSEDED, note=note), opened)


def _open(pending: PendingNotice) -> AlertChange:
    assert pending.routed is not None
    alert = drafting.draft(
        pending.assessment,
        alert_id=alert_id_of(pending.assessment),
        alert_type=_type_of_opening(pending),
        policy=pending.policy,
        routed=pending.routed,
    )
    previous = pending.before.open_alert
    if previous is not None and previous.owner.route == lifecycle.BY_HAND:
        alert = replace(alert, owner=previous.owner)
    return _change(pending, AlertEventKind.OPENED, alert, _why(pending))


def _update(
    pending: PendingNotice, alert: Alert, lost: Sequence[AssessmentDifference]
) -> AlertChange:
    taken = {each.indicator for each in lost}
    others = [each for each in pending.differences() if each.indicator not in taken]
    kind = _type_of_update(pending)
    news = drafting.news_item(pending.assessment, kind, [*lost, *others])
    assert pending.routed is not None
    updated = drafting.refresh(
        alert,
        pending.assessment,
        policy=pending.policy,
        routed=pending.routed,
        news=news,
    )
    change = _change(pending, AlertEventKind.UPDATED, updated, " ".join(news.texts[ENGLISH]))
    if not _calls_back(alert, pending.what.novelty):
        return change
    fresh = deadlines_for(
        updated.severity,
        opened_at=pending.assessment.at,
        calendar=pending.policy.calendar_of(updated.owner),
        service_levels=pending.policy.service_levels,
    )
    return lifecycle.rearmed(change, fresh=fresh)


def _calls_back(alert: Alert, novelty: Novelty | None) -> bool:
    """Returns whether news about an alert calls back the person who acknowledged or snoozed it.

    Who works on it is called back by a hard trigger or a risen score alone: red news about a
    borrower in trouble comes every week, and each time would run until it escalates.
    """
    if novelty is None or novelty.level.rank < Level.RED.rank:
        return False
    if alert.status is not AlertStatus.IN_PROGRESS or alert.snooze is not None:
        return True
    return novelty.level is Level.HARD or novelty.score_rise >= SCORE_RISE


def _close(
    pending: PendingNotice, alert: Alert, outcome_code: OutcomeCode, *, note: str = ""
) -> AlertChange:
    is_late = pending.assessment.at > alert.deadlines.acknowledge_by
    return lifecycle.closed(
        replace(alert, is_ignored=is_late and alert.status is AlertStatus.OPEN),
        outcome_code=outcome_code,
        why=_why(pending),
        note=note,
        actor=SYSTEM,
        at=pending.assessment.at,
    )


def _change(pending: PendingNotice, kind: AlertEventKind, alert: Alert, why: str) -> AlertChange:
    return AlertChange(kind=kind, alert=alert, at=pending.assessment.at, actor=SYSTEM, why=why)


def _why(pending: PendingNotice) -> str:
    """Returns what differs from the last message, in English sentences."""
    words = pending.assessment.words
    return " ".join(words.difference(ENGLISH, each) for each in pending.differences())


def _type_of_opening(pending: PendingNotice) -> AlertType:
    news = pending.what
    if news.novelty is not None:
        return _type_of(news.novelty)
    is_hard = news.level is Level.HARD
    return AlertType.HARD_TRIGGER if is_hard else AlertType.STATE_CHANGED


def _type_of_update(pending: PendingNotice) -> AlertType:
    news = pending.what
    if news.novelty is not None:
        return _type_of(news.novelty)
    if news.kind is NewsKind.TIGHTENED:
        return AlertType.STATE_CHANGED
    is_corrected = pending.assessment.is_corrected
    return AlertType.CORRECTION if is_corrected else AlertType.STATE_RELAXED


def _type_of(novelty: Novelty) -> AlertType:
    if novelty.level is Level.HARD:
        return AlertType.HARD_TRIGGER
    indicators = {each.indicator for each in novelty.contributors}
    if COVENANT in indicators:
        return AlertType.COVENANT_TEST
    if novelty.level is Level.RED and novelty.contributors:
        return AlertType.NEW_RED_SIGNAL
    return AlertType.NEW_SIGNAL
