"""What one assessment does to a borrower's alert: open, update, close, or nothing, and why.

Called once per assessment, in order, with what is open and what was told before. All time
comes from the assessment. The rules, the first that fits decides:

1. The state tightened: the open alert of the milder spell is closed as superseded, a new one
   opens; an owner chosen by hand stays.
2. The state relaxed: an open alert is told of it; where the borrower is back to normal and
   nobody had touched the alert, it closes by itself. Nothing open: nothing happens.
3. A correction that took away a reason which was told: the open alert says so.
4. News within the state: an open alert is updated; without one, red and hard news open one.
   Everything else waits its cool-off or is kept quiet, with the reason.
"""

from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from services.alerts.decisions.domain import drafting, lifecycle
from services.alerts.decisions.domain.alert import Alert, Change
from services.alerts.decisions.domain.assessment import Assessment
from services.alerts.decisions.domain.drafting import House
from services.alerts.decisions.domain.news import News, Told, find_news, must_wait, told_of
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
_NOBODY_ACTED = frozenset({AlertStatus.OPEN})
_WELL = frozenset({RiskState.NORMAL, RiskState.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was known of the borrower before this assessment."""

    state: RiskState
    open_alert: Alert | None
    told: Told


NOTHING_BEFORE = Before(state=RiskState.NORMAL, open_alert=None, told=Told())


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The changes to record, what is told now, and the reason, also for doing nothing."""

    changes: tuple[Change, ...]
    told: Told
    reason: str


def decide(assessment: Assessment, *, before: Before, house: House) -> Decision:
    """Decide what an assessment does."""
    if assessment.state.rank > before.state.rank:
        return _tightened(assessment, before, house)
    if assessment.state.rank < before.state.rank:
        return _relaxed(assessment, before, house)
    if assessment.is_corrected and before.open_alert is not None:
        lost = _lost_reasons(assessment, before.open_alert)
        if lost:
            return _updated(
                assessment,
                before,
                house,
                alert_type=AlertType.CORRECTION,
                why=f"a correction took away {', '.join(lost)}",
            )
    return _same_state(assessment, before, house)


def alert_id_of(assessment: Assessment) -> str:
    """Return the id of the alert that an assessment opens; the same on every run."""
    return str(uuid5(_ALERT_IDS, f"{assessment.borrower_id}\x00{assessment.sequence}"))


def _tightened(assessment: Assessment, before: Before, house: House) -> Decision:
    alert_type = (
        AlertType.HARD_TRIGGER if assessment.worst_level is Level.HARD else AlertType.STATE_CHANGED
    )
    why = f"state {before.state} to {assessment.state}"
    opened = _open(assessment, before, house, alert_type=alert_type, why=why)
    changes: tuple[Change, ...] = (opened,)
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
    return Decision(changes=changes, told=told_of(assessment, before=None), reason=why)


def _relaxed(assessment: Assessment, before: Before, house: House) -> Decision:
    why = f"state {before.state} to {assessment.state}"
    told = told_of(assessment, before=None)
    alert = before.open_alert
    if alert is None:
        return Decision(changes=(), told=told, reason=f"{why}, and no alert is open")
    if assessment.state in _WELL and alert.status in _NOBODY_ACTED:
        outcome = (
            OutcomeCode.DATA_ERROR if assessment.is_corrected else OutcomeCode.NO_ACTION_RECOVERED
        )
        change = lifecycle.closed(
            alert, outcome_code=outcome, why=why, note="", actor=SYSTEM, at=assessment.at
        )
        return Decision(changes=(change,), told=told, reason=f"{why}, nobody had acted")
    alert_type = AlertType.CORRECTION if assessment.is_corrected else AlertType.STATE_RELAXED
    after = drafting.refresh(alert, assessment, house=house, alert_type=alert_type)
    return Decision(changes=(_update(after, assessment, why),), told=told, reason=why)


def _same_state(assessment: Assessment, before: Before, house: House) -> Decision:
    news = find_news(assessment, before.told)
    if news is None:
        return Decision(changes=(), told=before.told, reason="no news")
    waits = must_wait(news, told=before.told, at=assessment.at)
    if waits is not None:
        return Decision(changes=(), told=before.told, reason=waits.why)
    alert_type = _type_of(news)
    if before.open_alert is not None:
        return _updated(assessment, before, house, alert_type=alert_type, why=news.why)
    if news.level is Level.AMBER:
        return Decision(
            changes=(), told=before.told, reason="amber news alone opens no alert in a known state"
        )
    opened = _open(assessment, before, house, alert_type=alert_type, why=news.why)
    told = told_of(assessment, before=before.told)
    return Decision(changes=(opened,), told=told, reason=news.why)


def _type_of(news: News) -> AlertType:
    if news.level is Level.HARD:
        return AlertType.HARD_TRIGGER
    if news.level is Level.RED and news.contributors:
        return AlertType.NEW_RED_SIGNAL
    return AlertType.NEW_SIGNAL


def _open(
    assessment: Assessment, before: Before, house: House, *, alert_type: AlertType, why: str
) -> Change:
    alert = drafting.draft(
        assessment, alert_id=alert_id_of(assessment), alert_type=alert_type, house=house
    )
    previous = before.open_alert
    if previous is not None and previous.owner.route == lifecycle.BY_HAND:
        alert = replace(alert, owner=previous.owner)
    return Change(kind=AlertEventKind.OPENED, alert=alert, at=assessment.at, actor=SYSTEM, why=why)


def _updated(
    assessment: Assessment, before: Before, house: House, *, alert_type: AlertType, why: str
) -> Decision:
    assert before.open_alert is not None
    after = drafting.refresh(before.open_alert, assessment, house=house, alert_type=alert_type)
    return Decision(
        changes=(_update(after, assessment, why),),
        told=told_of(assessment, before=before.told),
        reason=why,
    )


def _update(after: Alert, assessment: Assessment, why: str) -> Change:
    return Change(kind=AlertEventKind.UPDATED, alert=after, at=assessment.at, actor=SYSTEM, why=why)


def _lost_reasons(assessment: Assessment, alert: Alert) -> tuple[str, ...]:
    present = {one.indicator: one.level.rank for one in assessment.contributors}
    return tuple(
        told.indicator for told in alert.reasons if present.get(told.indicator, 0) < told.level.rank
    )
