"""The steps before an alert opens or changes: each passes the news on, or ends it with a reason.

`decision.PIPELINE` has their order. All are pure: the time is that of the assessment.
"""

from dataclasses import replace

from services.alerts.decisions.domain import drafting
from services.alerts.decisions.domain.alert import Alert
from services.alerts.decisions.domain.differences import AssessmentDifference, DifferenceKind
from services.alerts.decisions.domain.novelty import (
    LastNotified,
    cooldown,
    find_novelty,
    notified_of,
)
from services.alerts.decisions.domain.pending_notice import (
    AlertDecision,
    News,
    NewsKind,
    PendingNotice,
    StepEntry,
)
from services.alerts.decisions.domain.recovery import is_recovered
from services.alerts.decisions.domain.silence import NoticeSubject, silencing
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    DecisionCode,
    DecisionStep,
    Level,
    RiskState,
)

NO_MONEY_AT_RISK = "no exposure, commitment or liability, so no alert"
NORMAL_STATE = "in a normal state only a hard trigger opens an alert"
AMBER_NEWS = "amber news alone opens no alert in a known state"


def deduplicate(pending: PendingNotice) -> PendingNotice | AlertDecision:
    """Decides what is new against what people were notified of; nothing new ends here."""
    rise = pending.assessment.state.rank - pending.before.state.rank
    news = _ended(pending) or (_moved(pending, rise) if rise else _same_state(pending))
    if news is None:
        entry = StepEntry(
            step=DecisionStep.DEDUPLICATE, code=DecisionCode.NO_NEWS, reason="no news"
        )
        return pending.end(entry)
    alert = pending.before.open_alert
    if news.kind is NewsKind.RELAXED and alert is None:
        return _relaxed_without_alert(pending, news.why)
    opens = news.kind in (NewsKind.TIGHTENED, NewsKind.MONEY_CAME_AT_RISK) or alert is None
    return replace(pending, news=news, opens=opens)


def money_at_risk(pending: PendingNotice) -> PendingNotice | AlertDecision:
    """Opens no alert where the bank can lose nothing."""
    if not pending.opens or pending.is_money_at_risk:
        return pending
    return _no_alert(
        pending,
        DecisionStep.MONEY_AT_RISK,
        DecisionCode.NO_MONEY_AT_RISK,
        NO_MONEY_AT_RISK,
    )


def inhibit(pending: PendingNotice) -> PendingNotice | AlertDecision:
    """Opens no alert in a normal state, but for a hard trigger."""
    is_quiet = pending.is_recovered and pending.what.level is not Level.HARD
    if not pending.opens or not is_quiet:
        return pending
    return _no_alert(pending, DecisionStep.INHIBIT, DecisionCode.NORMAL_STATE, NORMAL_STATE)


def silence(pending: PendingNotice) -> PendingNotice | AlertDecision:
    """Holds back what people have silenced; what still stands after the end is news then."""
    if not pending.may_wait:
        return pending
    at = pending.assessment.at
    match = silencing(pending.conditions.silences, _notice_subject(pending), at=at)
    if match is None:
        return pending
    until = match.ends_at.isoformat(timespec="minutes")
    entry = StepEntry(
        step=DecisionStep.SILENCE,
        code=DecisionCode.SILENCED,
        reason=f"{pending.what.why}: silenced by {match.author} until {until}: {match.reason}",
        rule_id=match.silence_id,
    )
    return pending.hold(entry)


def cool_off(pending: PendingNotice) -> PendingNotice | AlertDecision:
    """Lets news within a state wait for its cooldown; amber news opens no alert."""
    novelty = pending.what.novelty
    if novelty is None:
        return pending
    step = DecisionStep.COOL_OFF
    delay = cooldown(novelty, notified=pending.before.notified, at=pending.assessment.at)
    if delay is not None:
        return pending.end(StepEntry(step=step, code=DecisionCode.COOLDOWN, reason=delay.why))
    if pending.opens and novelty.level is Level.AMBER:
        return pending.end(StepEntry(step=step, code=DecisionCode.AMBER_NEWS, reason=AMBER_NEWS))
    return pending


def storm_guard(pending: PendingNotice) -> PendingNotice | AlertDecision:
    """Holds notices back while a large part of the segment changes its state in a day."""
    storm = pending.conditions.storm
    if storm is None or not pending.may_wait:
        return pending
    entry = StepEntry(
        step=DecisionStep.STORM_GUARD,
        code=DecisionCode.STORM,
        reason=(
            f"{pending.what.why}: many borrowers of {storm.segment} changed their state on "
            f"{storm.day}, so the data are checked first; held back until {storm.ends_on}"
        ),
        rule_id=storm.storm_id,
    )
    return pending.hold(entry)


def route(pending: PendingNotice) -> PendingNotice:
    """Chooses the owners; those of an open alert stay, unless a worse state adds a second one."""
    subject = drafting.routing_subject(pending.assessment)
    routed = pending.policy.route(subject, at=pending.assessment.at)
    pending = replace(pending, routed=routed)
    if not pending.opens:
        return pending
    owners = [owner for owner in (routed.owner, routed.second_owner) if owner is not None]
    names = " and ".join(f"{owner.kind.lower()} {owner.id}" for owner in owners)
    reasons = [owner.because for owner in owners if owner.because is not None]
    entry = StepEntry(
        step=DecisionStep.ROUTE,
        code=DecisionCode.ROUTED,
        reason="; ".join([f"{names} by the route “{routed.owner.route}”", *reasons]),
        rule_id=routed.owner.route,
    )
    return pending.with_entry(entry)


def _notice_subject(pending: PendingNotice) -> NoticeSubject:
    """Returns what silences match: news within a state by what is new, else by all causes."""
    assessment, novelty = pending.assessment, pending.what.novelty
    causes = assessment.contributors
    if novelty is not None and novelty.contributors:
        causes = novelty.contributors
    return NoticeSubject(
        borrower_id=assessment.borrower_id,
        branch_id=assessment.branch_id,
        segment=assessment.segment,
        severity=drafting.severity_of(assessment),
        risk_types=frozenset(cause.risk_type for cause in causes),
        indicators=frozenset(cause.indicator for cause in causes),
    )


def _ended(pending: PendingNotice) -> News | None:
    """Returns the news that an untouched alert ends, because its reasons are measured green."""
    alert, assessment = pending.before.open_alert, pending.assessment
    days = pending.policy.recovery_days
    if alert is None or not alert.ends_by_itself or assessment.is_for_a_person:
        return None
    if assessment.state is not RiskState.NORMAL or not is_recovered(
        pending.before.green_since, as_of=assessment.as_of, dwell_days=days
    ):
        return None
    why = f"all reasons were measured green for {days} days, and nobody had acted"
    return News(kind=NewsKind.RECOVERED, level=assessment.worst_level, why=why)


def _moved(pending: PendingNotice, rise: int) -> News:
    """Returns the news of a state that differs from the one that people know."""
    assessment, alert = pending.assessment, pending.before.open_alert
    level = assessment.worst_level
    why = f"state {pending.before.state} to {assessment.state}"
    if rise > 0:
        return News(kind=NewsKind.TIGHTENED, level=level, why=why)
    is_untouched = alert is not None and alert.status is AlertStatus.OPEN and alert.timer.round == 1
    if is_untouched and assessment.is_corrected and pending.is_recovered:
        return News(kind=NewsKind.WITHDRAWN, level=level, why=f"{why}, nobody had acted")
    return News(kind=NewsKind.RELAXED, level=level, why=why)


def _same_state(pending: PendingNotice) -> News | None:
    assessment, before = pending.assessment, pending.before
    alert = before.open_alert
    lost = _lost_reasons(pending, alert) if alert is not None else ()
    if lost:
        names = ", ".join(str(each.indicator) for each in lost)
        why = f"a correction took away {names}"
        level = assessment.worst_level
        return News(kind=NewsKind.CORRECTED, level=level, why=why, lost=lost)
    if before.notified.is_withheld and alert is None and pending.is_money_at_risk:
        why = f"money is at risk in state {assessment.state}"
        level = assessment.worst_level
        return News(kind=NewsKind.MONEY_CAME_AT_RISK, level=level, why=why)
    novelty = find_novelty(assessment, before.notified)
    if novelty is None:
        return None
    return News(kind=NewsKind.NOVELTY, level=novelty.level, why=novelty.why, novelty=novelty)


def _lost_reasons(pending: PendingNotice, alert: Alert) -> tuple[AssessmentDifference, ...]:
    """Returns the reasons of the alert that a correction took away."""
    assessment = pending.assessment
    if not assessment.is_corrected:
        return ()
    ranks = {item.indicator: item.level.rank for item in assessment.contributors}
    return tuple(
        AssessmentDifference(
            kind=DifferenceKind.LOST,
            indicator=reason.indicator,
            name=reason.name,
            before=reason.level.value,
            after=Level.GREEN.value,
        )
        for reason in alert.reasons
        if ranks.get(reason.indicator, 0) < reason.level.rank
    )


def _relaxed_without_alert(pending: PendingNotice, why: str) -> AlertDecision:
    notified = LastNotified()
    if not pending.is_recovered:
        is_withheld = pending.before.notified.is_withheld
        known = notified_of(pending.assessment, before=None)
        notified = replace(known, is_withheld=is_withheld)
    entry = StepEntry(
        step=DecisionStep.DEDUPLICATE,
        code=DecisionCode.NO_OPEN_ALERT,
        reason=f"{why}, and no alert is open",
    )
    return pending.end(entry, notified=notified)


def _no_alert(
    pending: PendingNotice, step: DecisionStep, code: DecisionCode, why: str
) -> PendingNotice | AlertDecision:
    """Opens no alert; that of the milder state is updated instead where one is open."""
    news = pending.what
    entry = StepEntry(step=step, code=code, reason=f"{news.why}: {why}")
    if pending.before.open_alert is not None:
        return replace(pending.with_entry(entry), opens=False)
    if news.kind is not NewsKind.TIGHTENED:
        return pending.end(entry)
    is_withheld = code is DecisionCode.NO_MONEY_AT_RISK
    return pending.end(entry, notified=LastNotified(is_withheld=is_withheld))
