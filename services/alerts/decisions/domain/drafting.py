"""Drafts an alert from an assessment: severity, owner, sentences, next steps, deadlines.

The headline is short enough for the lock screen of a phone; each reason is exact enough to act on.
"""

from dataclasses import replace

from services.alerts.decisions.domain import measures, playbooks
from services.alerts.decisions.domain.alert import Alert, ReasonLine
from services.alerts.decisions.domain.assessment import AssessmentSummary, ContributorSummary
from services.alerts.decisions.domain.novelty import worst_first
from services.alerts.decisions.domain.policy import (
    AlertPolicy,
    RoutingSubject,
    deadlines_for,
    route,
    stricter,
)
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    AlertType,
    Level,
    RiskState,
    Severity,
)

MOST_REASONS = 5
MOST_EVIDENCE = 5

_SEVERITY_OF_STATE = {
    RiskState.CLOSED: Severity.LOW,
    RiskState.NORMAL: Severity.LOW,
    RiskState.ATTENTION: Severity.LOW,
    RiskState.WATCH: Severity.MEDIUM,
    RiskState.HIGH_RISK: Severity.HIGH,
    RiskState.PROBATION: Severity.MEDIUM,
    RiskState.DEFAULT: Severity.HARD,
}
_TITLES = {
    AlertType.STATE_CHANGED: "moved to {state}",
    AlertType.STATE_RELAXED: "eased to {state}",
    AlertType.HARD_TRIGGER: "hard trigger, state {state}",
    AlertType.NEW_RED_SIGNAL: "new red signal in {state}",
    AlertType.NEW_SIGNAL: "new signal in {state}",
    AlertType.CORRECTION: "corrected, state {state}",
}


def draft(
    assessment: AssessmentSummary, *, alert_id: str, alert_type: AlertType, policy: AlertPolicy
) -> Alert:
    """Returns the first version of an alert."""
    calendar = policy.calendar
    severity = severity_of(assessment)
    deadlines = deadlines_for(
        severity,
        opened_at=assessment.at,
        calendar=calendar,
        service_levels=policy.service_levels,
    )
    risk_types = _risk_types(assessment)
    routed = route(
        RoutingSubject(
            severity=severity,
            state=assessment.state,
            risk_types=frozenset(risk_types),
            segment=assessment.segment,
            branch_id=assessment.branch_id,
            officer_id=assessment.officer_id,
        ),
        policy.routing,
    )
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
        score=assessment.score,
        headline=_headline(assessment, alert_type),
        owner=routed.owner,
        second_owner=routed.second_owner,
        officer_id=assessment.officer_id,
        segment=assessment.segment,
        branch_id=assessment.branch_id,
        is_digest=severity is Severity.LOW and assessment.worst_level.rank <= Level.AMBER.rank,
        opened_at=assessment.at,
        updated_at=assessment.at,
        deadlines=deadlines,
        reasons=_reasons(assessment),
        actions=playbooks.recommend(
            state=assessment.state,
            risk_types=risk_types,
            opened_on=assessment.at.astimezone(calendar.timezone).date(),
            first_due_by=deadlines.act_by.astimezone(calendar.timezone).date(),
            calendar=calendar,
        ),
    )


def refresh(
    alert: Alert, assessment: AssessmentSummary, *, policy: AlertPolicy, alert_type: AlertType
) -> Alert:
    """Returns the next version of an alert that an assessment changes.

    Owner and status stay, so the person in charge goes on. Deadlines get stricter with worse news
    and never looser with better news.
    """
    updated = draft(assessment, alert_id=alert.alert_id, alert_type=alert_type, policy=policy)
    return replace(
        updated,
        version=alert.version + 1,
        status=alert.status,
        owner=alert.owner,
        second_owner=updated.second_owner or alert.second_owner,
        from_state=alert.from_state if alert.state == assessment.state else alert.state,
        opened_at=alert.opened_at,
        deadlines=stricter(alert.deadlines, updated.deadlines),
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
    )


def severity_of(assessment: AssessmentSummary) -> Severity:
    """Returns how fast a person must respond; a hard trigger and a default are the fastest."""
    if assessment.worst_level is Level.HARD:
        return Severity.HARD
    return _SEVERITY_OF_STATE[assessment.state]


def _risk_types(assessment: AssessmentSummary) -> tuple[str, ...]:
    shares: dict[str, float] = {}
    for contributor in assessment.contributors:
        shares[contributor.risk_type] = shares.get(contributor.risk_type, 0.0) + contributor.share
    return tuple(sorted(shares, key=lambda name: (-shares[name], name)))


def _headline(assessment: AssessmentSummary, alert_type: AlertType) -> str:
    title = _TITLES[alert_type].format(state=assessment.state.value)
    if alert_type is AlertType.STATE_CHANGED and assessment.from_state is not None:
        title = f"{title} from {assessment.from_state.value}"
    headline = f"{assessment.borrower_id} {title} (score {assessment.score:.1f})"
    if not assessment.contributors:
        return headline
    first = assessment.contributors[0]
    return f"{headline}: {first.name} {measures.measured(first.value, first.unit)}"


def _reasons(assessment: AssessmentSummary) -> tuple[ReasonLine, ...]:
    shown = sorted(assessment.contributors, key=worst_first)[:MOST_REASONS]
    return tuple(
        ReasonLine(
            indicator=contributor.indicator,
            name=contributor.name,
            risk_type=contributor.risk_type,
            level=contributor.level,
            line=_line(contributor),
            share=contributor.share,
            evidence_event_ids=contributor.evidence_event_ids[:MOST_EVIDENCE],
        )
        for contributor in shown
    )


def _line(contributor: ContributorSummary) -> str:
    """Returns the sentence of a reason."""
    unit = contributor.unit
    value = measures.measured(contributor.value, unit)
    details = [
        f"amber {measures.threshold(contributor.amber, unit)}",
        f"red {measures.threshold(contributor.red, unit)}",
    ]
    if contributor.baseline is not None:
        details.append(f"usual {measures.measured(contributor.baseline, unit)}")
    line = (
        f"{contributor.indicator} {contributor.name}: {value}, {contributor.level.lower()} "
        f"({', '.join(details)})"
    )
    if contributor.since is None:
        return line
    return f"{line}, since {contributor.since.isoformat()}"
