"""Fills an alert from an assessment: severity, owner, reasons, next steps, deadlines.

Used by `alerting` when it opens an alert and when it tells one of something new. The house
rules (calendar, routing, deadlines) come in as one value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.alerts.decisions.domain import playbooks, routing, sla, wording
from services.alerts.decisions.domain.alert import Alert
from services.alerts.decisions.domain.assessment import Assessment
from services.alerts.decisions.domain.routing import RoutingPlan
from services.alerts.decisions.domain.sla import Terms
from services.alerts.directory.domain.working_time import WorkingCalendar
from services.alerts.primitives.vocabulary import AlertStatus, AlertType, Level, RiskState, Severity

_SEVERITY_OF_STATE = {
    RiskState.CLOSED: Severity.LOW,
    RiskState.NORMAL: Severity.LOW,
    RiskState.ATTENTION: Severity.LOW,
    RiskState.WATCH: Severity.MEDIUM,
    RiskState.HIGH_RISK: Severity.HIGH,
    RiskState.PROBATION: Severity.MEDIUM,
    RiskState.DEFAULT: Severity.HARD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The bank's own rules for alerts."""

    calendar: WorkingCalendar
    routing: RoutingPlan
    terms: Mapping[Severity, Terms] = field(default_factory=lambda: sla.DEFAULT_TERMS)


def severity_of(assessment: Assessment) -> Severity:
    """Return how fast a person must look: a hard trigger or a default is the fastest."""
    if assessment.worst_level is Level.HARD:
        return Severity.HARD
    return _SEVERITY_OF_STATE[assessment.state]


def draft(assessment: Assessment, *, alert_id: str, alert_type: AlertType, house: House) -> Alert:
    """Return the first version of an alert."""
    severity = severity_of(assessment)
    deadlines = sla.deadlines_for(
        severity, opened_at=assessment.at, calendar=house.calendar, terms=house.terms
    )
    risk_types = _risk_types(assessment)
    routed = routing.route(
        routing.Subject(
            severity=severity,
            state=assessment.state,
            risk_types=frozenset(risk_types),
            segment=assessment.segment,
            branch_id=assessment.branch_id,
            officer_id=assessment.officer_id,
        ),
        house.routing,
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
        headline=wording.headline(assessment, alert_type),
        owner=routed.owner,
        second_owner=routed.second_owner,
        officer_id=assessment.officer_id,
        segment=assessment.segment,
        branch_id=assessment.branch_id,
        is_digest=_is_for_the_digest(assessment, severity),
        opened_at=assessment.at,
        updated_at=assessment.at,
        deadlines=deadlines,
        reasons=wording.reasons(assessment),
        actions=playbooks.recommend(
            state=assessment.state,
            risk_types=risk_types,
            opened_on=assessment.at.astimezone(house.calendar.timezone).date(),
            first_due_by=deadlines.act_by.astimezone(house.calendar.timezone).date(),
            calendar=house.calendar,
        ),
    )


def refresh(alert: Alert, assessment: Assessment, *, house: House, alert_type: AlertType) -> Alert:
    """Return the next version of an alert that is told of something new.

    Owner and status stay: whoever holds it goes on. Deadlines of running work get stricter
    with worse news and never looser with better.
    """
    fresh = draft(assessment, alert_id=alert.alert_id, alert_type=alert_type, house=house)
    return replace(
        fresh,
        version=alert.version + 1,
        status=alert.status,
        owner=alert.owner,
        second_owner=fresh.second_owner or alert.second_owner,
        from_state=alert.from_state if alert.state == assessment.state else alert.state,
        opened_at=alert.opened_at,
        deadlines=sla.stricter(alert.deadlines, fresh.deadlines),
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
    )


def _risk_types(assessment: Assessment) -> tuple[str, ...]:
    shares: dict[str, float] = {}
    for one in assessment.contributors:
        shares[one.risk_type] = shares.get(one.risk_type, 0.0) + one.share
    return tuple(sorted(shares, key=lambda name: (-shares[name], name)))


def _is_for_the_digest(assessment: Assessment, severity: Severity) -> bool:
    return severity is Severity.LOW and assessment.worst_level.rank <= Level.AMBER.rank
