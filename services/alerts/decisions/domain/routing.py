"""Routes an alert to its owners by declared rules; the first matching rule applies.

A rule assigns the borrower's officer or a queue. Where a rule names the officer and the borrower
has none, the alert goes to the fallback queue. Default cases have two owners, because granting the
loan and collecting it are different responsibilities.
"""

from dataclasses import dataclass

from services.alerts.decisions.domain.alert import Owner
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
    """The rules in order, and the queue for borrowers without an officer."""

    fallback_queue: str
    routes: tuple[Route, ...] = ()

    def __post_init__(self) -> None:
        if not self.fallback_queue:
            raise ValueError("fallback_queue must name a queue: every alert has an owner")


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
