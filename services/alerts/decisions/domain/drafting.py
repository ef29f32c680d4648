"""Drafts an alert from an assessment: severity, owner, sentences, next steps, deadlines.

The headline says what is now, in a line that a phone shows; each reason is exact enough to act on.
News is a list that grows; what an alert was opened for stays.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from services.alerts.decisions.domain import playbooks, timers
from services.alerts.decisions.domain.alert import Action, Alert, AlertText, NewsItem, ReasonLine
from services.alerts.decisions.domain.assessment import AssessmentSummary, ContributorSummary
from services.alerts.decisions.domain.differences import AssessmentDifference
from services.alerts.decisions.domain.novelty import worst_first
from services.alerts.decisions.domain.policy import (
    AlertPolicy,
    Routed,
    RoutingSubject,
    deadlines_for,
    stricter,
)
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    AlertType,
    Level,
    RiskState,
    Severity,
)

MOST_REASONS = 5
MOST_EVIDENCE = 5
MOST_NEWS = 20
# The language of `headline` and of the lines; the others are in `texts`.
ENGLISH = "en"

SEVERITY_OF_STATE = {
    RiskState.CLOSED: Severity.LOW,
    RiskState.NORMAL: Severity.LOW,
    RiskState.ATTENTION: Severity.LOW,
    RiskState.WATCH: Severity.MEDIUM,
    RiskState.HIGH_RISK: Severity.HIGH,
    RiskState.PROBATION: Severity.MEDIUM,
    RiskState.DEFAULT: Severity.HARD,
}


def routing_subject(assessment: AssessmentSummary) -> RoutingSubject:
    """Returns what the routes match."""
    return RoutingSubject(
        severity=severity_of(assessment),
        state=assessment.state,
        risk_types=frozenset(_risk_types(assessment)),
        segment=assessment.segment,
        branch_id=assessment.branch_id,
        officer_id=assessment.officer_id,
    )


def draft(
    assessment: AssessmentSummary,
    *,
    alert_id: str,
    alert_type: AlertType,
    policy: AlertPolicy,
    routed: Routed,
) -> Alert:
    """Returns the first version of an alert."""
    calendar = policy.calendar_of(routed.owner)
    severity = severity_of(assessment)
    deadlines = deadlines_for(
        severity,
        opened_at=assessment.at,
        calendar=calendar,
        service_levels=policy.service_levels,
    )
    actions = _actions(assessment, calendar, act_by=deadlines.act_by)
    texts = _texts(assessment, actions)
    return Alert(
        alert_id=alert_id,
        version=1,
        borrower_id=assessment.borrower_id,
        alert_type=alert_type,
        severity=severity,
        status=AlertStatus.OPEN,
        state=assessment.state,
        from_state=assessment.from_state,
        state_since=assessment.state_since,
        as_of=assessment.as_of,
        score=assessment.score,
        headline=texts[ENGLISH].headline,
        owner=routed.owner,
        second_owner=routed.second_owner,
        officer_id=assessment.officer_id,
        segment=assessment.segment,
        branch_id=assessment.branch_id,
        factors=assessment.factors,
        triggers=assessment.triggers,
        stages=assessment.stages,
        is_digest=severity is Severity.LOW and assessment.worst_level.rank <= Level.AMBER.rank,
        opened_at=assessment.at,
        updated_at=assessment.at,
        deadlines=deadlines,
        timer=timers.begun(assessment.at),
        reasons=_reasons(assessment, texts[ENGLISH]),
        texts=texts,
        news=(),
        ends_by_itself=assessment.state is RiskState.ATTENTION and not assessment.is_for_a_person,
        actions=actions,
    )


def refresh(
    alert: Alert,
    assessment: AssessmentSummary,
    *,
    policy: AlertPolicy,
    routed: Routed,
    news: NewsItem,
) -> Alert:
    """Returns the next version of an alert that an assessment changes.

    Type, owner and status stay, so the person in charge goes on. Deadlines get stricter with worse
    news and never looser with better news.
    """
    updated = draft(
        assessment,
        alert_id=alert.alert_id,
        alert_type=alert.alert_type,
        policy=policy,
        routed=routed,
    )
    deadlines = stricter(alert.deadlines, updated.deadlines)
    timer = timers.to_be_scheduled(alert.timer, at=assessment.at)
    if deadlines.acknowledge_by < alert.deadlines.acknowledge_by:
        # Half of the shorter time must not be over before the news has reached anybody.
        timer = timers.begun(assessment.at, number=alert.timer.round + 1)
    return replace(
        updated,
        version=alert.version + 1,
        changed_version=alert.version + 1,
        status=alert.status,
        snooze=alert.snooze,
        links=alert.links,
        owner=alert.owner,
        second_owner=updated.second_owner or alert.second_owner,
        from_state=alert.from_state if alert.state == assessment.state else alert.state,
        opened_at=alert.opened_at,
        deadlines=deadlines,
        timer=timer,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        ends_by_itself=alert.ends_by_itself
        and assessment.state.rank <= RiskState.ATTENTION.rank
        and not assessment.is_for_a_person,
        news=(news, *alert.news)[:MOST_NEWS],
    )


def present(alert: Alert, assessment: AssessmentSummary) -> Alert:
    """Returns an open alert with the figures of a new assessment that is no news.

    The version stays: it counts the steps of an alert, and this is none.
    """
    texts = _texts(assessment, alert.actions)
    return replace(
        alert,
        as_of=assessment.as_of,
        score=assessment.score,
        headline=texts[ENGLISH].headline,
        reasons=_reasons(assessment, texts[ENGLISH]),
        texts=texts,
        factors=assessment.factors,
        triggers=assessment.triggers,
        stages=assessment.stages,
    )


def news_item(
    assessment: AssessmentSummary, kind: AlertType, differences: Sequence[AssessmentDifference]
) -> NewsItem:
    """Returns news in every language."""
    words = assessment.words
    return NewsItem(
        at=assessment.at,
        kind=kind,
        differences=tuple(differences),
        texts={
            language: tuple(words.difference(language, each) for each in differences)
            for language in words.languages
        },
    )


def severity_of(assessment: AssessmentSummary) -> Severity:
    """Returns how fast a person must respond; a hard trigger and a default are the fastest."""
    if assessment.worst_level is Level.HARD:
        return Severity.HARD
    return SEVERITY_OF_STATE[assessment.state]


def _risk_types(assessment: AssessmentSummary) -> tuple[str, ...]:
    shares: dict[str, float] = {}
    for contributor in assessment.contributors:
        shares[contributor.risk_type] = shares.get(contributor.risk_type, 0.0) + contributor.share
    return tuple(sorted(shares, key=lambda name: (-shares[name], name)))


def _actions(
    assessment: AssessmentSummary, calendar: WorkingCalendar, *, act_by: datetime
) -> tuple[Action, ...]:
    return playbooks.recommend(
        assessment.situation,
        risk_types=_risk_types(assessment),
        opened_on=assessment.at.astimezone(calendar.timezone).date(),
        first_due_by=act_by.astimezone(calendar.timezone).date(),
        calendar=calendar,
        step_text=partial(assessment.words.step, ENGLISH),
    )


def _shown(assessment: AssessmentSummary) -> list[ContributorSummary]:
    return sorted(assessment.contributors, key=worst_first)[:MOST_REASONS]


def _reasons(assessment: AssessmentSummary, text: AlertText) -> tuple[ReasonLine, ...]:
    return tuple(
        ReasonLine(
            indicator=contributor.indicator,
            name=contributor.name,
            risk_type=contributor.risk_type,
            level=contributor.level,
            line=line,
            share=contributor.share,
            evidence_event_ids=contributor.evidence_event_ids[:MOST_EVIDENCE],
        )
        for contributor, line in zip(_shown(assessment), text.reasons, strict=True)
    )


def _texts(assessment: AssessmentSummary, actions: Sequence[Action]) -> dict[str, AlertText]:
    words, shown = assessment.words, _shown(assessment)
    return {
        language: AlertText(
            headline=words.headline(language),
            why=words.why(language),
            reasons=tuple(words.cause(language, each.indicator) for each in shown),
            actions=tuple(words.step(language, each.risk_type, each.code) for each in actions),
        )
        for language in words.languages
    }
