"""Opens and ends the alerts of a history by the rules of the alerts service, and measures them.

Nobody acts on the alerts: each is open until it is superseded or ends by itself. Sentences are left
out, because nobody reads them. Called by `tocsin backtest` and `tocsin rulebook what-if`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import msgspec

from services.alerts.decisions.adapters.assessment_wire import summary_of
from services.alerts.decisions.domain.alert import AlertChange
from services.alerts.decisions.domain.decision import NO_PRIOR_STATE, decide, state_after
from services.alerts.decisions.domain.differences import AssessmentDifference
from services.alerts.decisions.domain.drafting import ENGLISH
from services.alerts.decisions.domain.pending_notice import PriorState
from services.alerts.decisions.domain.policy import AlertPolicy, RoutingPlan
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import AlertEventKind, OutcomeCode
from services.contracts.assessment import AssessmentV1
from services.scoring.adapters.assessment_json import assessment_data
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.portfolio.outcomes import (
    DAYS_A_YEAR,
    EVERYBODY,
    BorrowerOutcome,
    Quartiles,
    lead_of_alerts,
    quartiles,
)

DAYS_A_WEEK = 7


class _NoWords:
    """Words of an assessment whose alert nobody reads."""

    languages: tuple[str, ...] = (ENGLISH,)

    def headline(self, language: str) -> str:
        return EVERYBODY

    def cause(self, language: str, indicator: str) -> str:
        return ""

    def step(self, language: str, risk_type: str, code: str) -> str:
        return code

    def why(self, language: str) -> tuple[str, ...]:
        return ()

    def difference(self, language: str, difference: AssessmentDifference) -> str:
        return ""


@dataclass(slots=True)
class BorrowerAlerts:
    """The alerts of one borrower: when they opened, and how many of them ended by themselves."""

    outcome: BorrowerOutcome
    first_day: int
    last_day: int
    opened: list[int] = field(default_factory=list)
    ended_by_themselves: int = 0
    without_money_at_risk: int = 0

    @property
    def observed_days(self) -> int:
        """Return for how many days the borrower was observed."""
        return self.last_day - self.first_day


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """The alerts of a set of borrowers; rates are ``None`` without observed time.

    Args:
        opened: Alerts that opened.
        ended_by_themselves: Those of them that ended untouched, their reasons being green.
        without_money_at_risk: Those of them about a borrower that owes nothing.
        per_100_years: Alerts per 100 borrowers and year.
        per_healthy_year: Alerts per healthy borrower and year.
        per_borrower_week: Alerts per borrower and week.
        caught: Events that an alert preceded, since the trouble began or within the horizon.
        leads: Quartiles of the days from the first such alert to the event.
    """

    opened: int
    ended_by_themselves: int
    without_money_at_risk: int
    per_100_years: float | None
    per_healthy_year: float | None
    per_borrower_week: float | None
    events: int
    caught: int
    leads: Quartiles


class AlertBook:
    """Applies each emitted assessment to the alerts of its borrower."""

    def __init__(self, *, zone: ZoneInfo, watches_deposit_customers: bool) -> None:
        self._policy = AlertPolicy(
            calendar=WorkingCalendar(timezone=zone),
            routing=RoutingPlan(fallback_queue=EVERYBODY),
            watches_deposit_customers=watches_deposit_customers,
        )
        self._states: dict[str, PriorState] = {}
        self.borrowers: dict[str, BorrowerAlerts] = {}

    def observe(self, outcome: BorrowerOutcome, day: int) -> None:
        """Extend the time in which the borrower is observed."""
        alerts = self.borrowers.setdefault(outcome.borrower_id, BorrowerAlerts(outcome, day, day))
        alerts.last_day = day

    def add(self, assessment: Assessment) -> None:
        """Apply an assessment; alerts count once the borrower is observed."""
        changes = self.decided(assessment)
        alerts = self.borrowers.get(assessment.borrower_id)
        if alerts is not None:
            _count(alerts, assessment, changes)

    def decided(self, assessment: Assessment) -> Sequence[AlertChange]:
        """Return what an assessment changes about the alerts of its borrower."""
        data = msgspec.convert(assessment_data(assessment), AssessmentV1)
        summary = replace(summary_of(data), words=_NoWords())
        before = self._states.get(summary.borrower_id, NO_PRIOR_STATE)
        decision = decide(summary, before=before, policy=self._policy)
        self._states[summary.borrower_id] = state_after(before, summary, decision)
        return decision.changes


def _count(alerts: BorrowerAlerts, assessment: Assessment, changes: Sequence[AlertChange]) -> None:
    for change in changes:
        if change.kind is AlertEventKind.OPENED:
            alerts.opened.append(assessment.as_of)
            alerts.without_money_at_risk += not assessment.money_at_risk
        is_recovered = change.alert.outcome_code is OutcomeCode.NO_ACTION_RECOVERED
        alerts.ended_by_themselves += is_recovered


def alert_figures(members: Sequence[BorrowerAlerts], horizon_days: int) -> AlertFigures:
    """Return the figures of these borrowers."""
    opened = sum(len(each.opened) for each in members)
    days = sum(each.observed_days for each in members)
    healthy = [each for each in members if each.outcome.is_healthy]
    failing = [each for each in members if each.outcome.event is not None]
    leads = [
        lead
        for each in failing
        if (lead := lead_of_alerts(each.outcome, each.opened, horizon_days)) is not None
    ]
    return AlertFigures(
        opened=opened,
        ended_by_themselves=sum(each.ended_by_themselves for each in members),
        without_money_at_risk=sum(each.without_money_at_risk for each in members),
        per_100_years=_rate(100 * DAYS_A_YEAR * opened, days),
        per_healthy_year=_rate(
            DAYS_A_YEAR * sum(len(each.opened) for each in healthy),
            sum(each.observed_days for each in healthy),
        ),
        per_borrower_week=_rate(DAYS_A_WEEK * opened, days),
        events=len(failing),
        caught=len(leads),
        leads=quartiles(leads),
    )


def _rate(count: float, whole: int) -> float | None:
    return count / whole if whole else None
