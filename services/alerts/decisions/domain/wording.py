"""The sentences on an alert: a headline, and one line per reason.

Short enough for a phone's lock screen, exact enough to act on.
"""

from services.alerts.decisions.domain import measures
from services.alerts.decisions.domain.alert import Reason
from services.alerts.decisions.domain.assessment import Assessment, Contributor
from services.alerts.primitives.vocabulary import AlertType

MOST_REASONS = 5
MOST_EVIDENCE = 5

_TITLES = {
    AlertType.STATE_CHANGED: "moved to {state}",
    AlertType.STATE_RELAXED: "eased to {state}",
    AlertType.HARD_TRIGGER: "hard trigger, state {state}",
    AlertType.NEW_RED_SIGNAL: "new red signal in {state}",
    AlertType.NEW_SIGNAL: "new signal in {state}",
    AlertType.CORRECTION: "corrected, state {state}",
}


def headline(assessment: Assessment, alert_type: AlertType) -> str:
    """Return one line that says who, what and mainly why."""
    title = _TITLES[alert_type].format(state=assessment.state.value)
    if alert_type is AlertType.STATE_CHANGED and assessment.from_state is not None:
        title = f"{title} from {assessment.from_state.value}"
    if not assessment.contributors:
        return f"{assessment.borrower_id} {title} (score {assessment.score:.1f})"
    first = assessment.contributors[0]
    return (
        f"{assessment.borrower_id} {title} (score {assessment.score:.1f}): "
        f"{first.name} {_measured(first)}"
    )


def reasons(assessment: Assessment) -> tuple[Reason, ...]:
    """Return the reasons to show: the worst levels first, then by share."""
    shown = sorted(
        assessment.contributors, key=lambda one: (-one.level.rank, -one.share, one.indicator)
    )
    return tuple(reason(one) for one in shown[:MOST_REASONS])


def reason(one: Contributor) -> Reason:
    """Return a contributor as a reason with its sentence."""
    line = (
        f"{one.indicator} {one.name}: {_measured(one)}, {one.level.lower()} "
        f"(amber {measures.threshold(one.amber, one.unit)}, "
        f"red {measures.threshold(one.red, one.unit)}"
    )
    if one.baseline is not None:
        line += f", usual {measures.measured(one.baseline, one.unit)}"
    line += ")"
    if one.since is not None:
        line += f", since {one.since.isoformat()}"
    return Reason(
        indicator=one.indicator,
        name=one.name,
        risk_type=one.risk_type,
        level=one.level,
        line=line,
        share=one.share,
        evidence_event_ids=one.evidence_event_ids[:MOST_EVIDENCE],
    )


def _measured(one: Contributor) -> str:
    return measures.measured(one.value, one.unit)
