"""The alert policy of a bank: its calendar, who gets an alert, and how fast people must respond.

Declared rules route an alert to its owners; the first matching rule applies. A rule assigns the
borrower's officer or a queue. Where it names the officer and the borrower has none, the alert goes
to the fallback queue. Default cases have two owners, because granting the loan and collecting it
are different responsibilities.

Response times count in working time. The next level is notified of an alert that nobody
acknowledged when half of the time is over for hard ones, and when all of it is over for the others;
it goes from officer to senior to the head of risk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.alerts.decisions.domain.alert import Deadlines, Owner
from services.alerts.decisions.domain.ownership import owner_on_duty
from services.alerts.directory.domain.organisation import EMPTY, Organisation
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import OwnerKind, RiskState, Severity

BORROWERS_OFFICER = "officer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One rule. An empty condition matches everything; all conditions must match."""

    name: str
    owner: str
    second_owner: str | None = None
    branch_ids: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    states: frozenset[RiskState] = frozenset()
    risk_types: frozenset[str] = frozenset()
    minimum_severity: Severity = Severity.LOW

    def __post_init__(self) -> None:
        if not self.name or not self.owner:
            raise ValueError("a route needs a name and an owner (a queue, or 'officer')")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPlan:
    """The rules in order, and the queue for borrowers without an officer.

    `escalation` are the queues that are notified when nobody acts, level by level, in a bank
    without a directory.
    """

    fallback_queue: str
    routes: tuple[Route, ...] = ()
    escalation: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.fallback_queue:
            raise ValueError("fallback_queue must name a queue: every alert has an owner")

    @property
    def queues(self) -> frozenset[str]:
        """Returns every queue that the rules name."""
        owners = {each.owner for each in self.routes} | {each.second_owner for each in self.routes}
        named = {owner for owner in owners if owner is not None}
        return frozenset({*named, self.fallback_queue} - {BORROWERS_OFFICER})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSubject:
    """The properties of an alert that rules match."""

    severity: Severity
    state: RiskState
    risk_types: frozenset[str]
    segment: str | None
    branch_id: str | None
    officer_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """The owners of an alert; each names the rule that decided."""

    owner: Owner
    second_owner: Owner | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """Working time until an alert is acknowledged and acted on, and the share until escalation.

    Hours and days add up; the calendar sets the length of a working day.
    """

    acknowledge_hours: int = 0
    acknowledge_days: int = 0
    act_days: int
    escalate_at_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.escalate_at_ratio <= 1:
            raise ValueError(f"escalate_at_ratio {self.escalate_at_ratio} must be in (0, 1]")
        if self.acknowledge_hours + self.acknowledge_days <= 0 or self.act_days <= 0:
            raise ValueError("a service level must leave time to acknowledge and to act")


DEFAULT_SERVICE_LEVELS: Mapping[Severity, ServiceLevel] = {
    Severity.HARD: ServiceLevel(acknowledge_hours=4, act_days=1, escalate_at_ratio=0.5),
    Severity.HIGH: ServiceLevel(acknowledge_days=1, act_days=3),
    Severity.MEDIUM: ServiceLevel(acknowledge_days=3, act_days=10),
    Severity.LOW: ServiceLevel(acknowledge_days=10, act_days=20),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """The rules of the bank for alerts.

    Attributes:
        watches_deposit_customers: Alerts also open where no money of the bank is at risk.
        recovery_days: For how long the reasons of an untouched alert are measured green before
            it ends.
        organisation: The people of the bank, as the directory has them now.
    """

    calendar: WorkingCalendar
    routing: RoutingPlan
    watches_deposit_customers: bool = False
    recovery_days: int = 30
    service_levels: Mapping[Severity, ServiceLevel] = field(
        default_factory=lambda: DEFAULT_SERVICE_LEVELS
    )
    organisation: Organisation = EMPTY

    def route(self, subject: RoutingSubject, *, at: datetime) -> Routed:
        """Returns the owners of an alert that opens at a moment: who is on duty then."""
        routed = route(subject, self.routing)
        owner = self._on_duty(routed.owner, at)
        second = routed.second_owner and self._on_duty(routed.second_owner, at)
        is_same = second is not None and (second.kind, second.id) == (owner.kind, owner.id)
        return Routed(owner=owner, second_owner=None if is_same else second)

    def calendar_of(self, owner: Owner) -> WorkingCalendar:
        """Returns the calendar by which an owner's deadlines count."""
        if self.organisation.is_empty:
            return self.calendar
        return self.organisation.calendar_of(owner.kind, owner.id)

    def _on_duty(self, owner: Owner, at: datetime) -> Owner:
        return owner_on_duty(
            owner,
            organisation=self.organisation,
            fallback_queue=self.routing.fallback_queue,
            at=at,
        )


def route(subject: RoutingSubject, plan: RoutingPlan) -> Routed:
    """Returns the owners of an alert."""
    for rule in plan.routes:
        if _matches(rule, subject):
            return _apply(rule, subject, plan)
    return _apply(Route(name="borrower's officer", owner=BORROWERS_OFFICER), subject, plan)


def _matches(rule: Route, subject: RoutingSubject) -> bool:
    return (
        subject.severity.rank >= rule.minimum_severity.rank
        and (not rule.branch_ids or subject.branch_id in rule.branch_ids)
        and (not rule.segments or subject.segment in rule.segments)
        and (not rule.states or subject.state in rule.states)
        and (not rule.risk_types or bool(rule.risk_types & subject.risk_types))
    )


def _apply(rule: Route, subject: RoutingSubject, plan: RoutingPlan) -> Routed:
    owner = _owner(rule.owner, rule.name, subject, plan)
    if rule.second_owner is None:
        return Routed(owner=owner, second_owner=None)
    second = _owner(rule.second_owner, rule.name, subject, plan)
    is_same = (second.kind, second.id) == (owner.kind, owner.id)
    return Routed(owner=owner, second_owner=None if is_same else second)


def _owner(name: str, rule_name: str, subject: RoutingSubject, plan: RoutingPlan) -> Owner:
    if name != BORROWERS_OFFICER:
        return Owner(kind=OwnerKind.QUEUE, id=name, route=rule_name)
    if subject.officer_id:
        return Owner(kind=OwnerKind.OFFICER, id=subject.officer_id, route=rule_name)
    return Owner(
        kind=OwnerKind.QUEUE,
        id=plan.fallback_queue,
        route=f"{rule_name}: no officer is known, so the fallback queue",
    )


def deadlines_for(
    severity: Severity,
    *,
    opened_at: datetime,
    calendar: WorkingCalendar,
    service_levels: Mapping[Severity, ServiceLevel] = DEFAULT_SERVICE_LEVELS,
) -> Deadlines:
    """Returns the deadlines of an alert of this severity that opens at a moment."""
    level = service_levels[severity]
    day = calendar.day_length
    to_acknowledge = timedelta(hours=level.acknowledge_hours) + level.acknowledge_days * day
    return Deadlines(
        acknowledge_by=calendar.add_working_time(opened_at, to_acknowledge),
        act_by=calendar.add_working_time(opened_at, level.act_days * day),
        escalate_at=calendar.add_working_time(opened_at, to_acknowledge * level.escalate_at_ratio),
    )


def stricter(current: Deadlines, updated: Deadlines) -> Deadlines:
    """Returns the earlier of each deadline: worse news never gives more time."""
    return Deadlines(
        acknowledge_by=min(current.acknowledge_by, updated.acknowledge_by),
        act_by=min(current.act_by, updated.act_by),
        escalate_at=min(current.escalate_at, updated.escalate_at),
    )
