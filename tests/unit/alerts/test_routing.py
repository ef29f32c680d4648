"""Who gets an alert: the first rule that fits, and always somebody."""

from pathlib import Path

import pytest

from services.alerts.decisions.adapters import policy_files
from services.alerts.decisions.domain.policy import Route, RoutingPlan, RoutingSubject, route
from services.alerts.primitives.vocabulary import OwnerKind, RiskState, Severity


def subject(**changes: object) -> RoutingSubject:
    values: dict[str, object] = {
        "severity": Severity.MEDIUM,
        "state": RiskState.WATCH,
        "risk_types": frozenset({"LIQUIDITY"}),
        "segment": "SME",
        "branch_id": "br-1",
        "officer_id": "o-7",
    }
    return RoutingSubject(**{**values, **changes})  # type: ignore[arg-type]


def plan(*routes: Route) -> RoutingPlan:
    return RoutingPlan(fallback_queue="credit-desk", routes=routes)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Route(name="r", owner="desk"), True),
        (Route(name="r", owner="desk", branch_ids=frozenset({"br-1"})), True),
        (Route(name="r", owner="desk", branch_ids=frozenset({"br-2"})), False),
        (Route(name="r", owner="desk", segments=frozenset({"SME", "MICRO"})), True),
        (Route(name="r", owner="desk", segments=frozenset({"LARGE"})), False),
        (Route(name="r", owner="desk", states=frozenset({RiskState.WATCH})), True),
        (Route(name="r", owner="desk", states=frozenset({RiskState.DEFAULT})), False),
        (Route(name="r", owner="desk", risk_types=frozenset({"LIQUIDITY", "X"})), True),
        (Route(name="r", owner="desk", risk_types=frozenset({"X"})), False),
        (Route(name="r", owner="desk", minimum_severity=Severity.MEDIUM), True),
        (Route(name="r", owner="desk", minimum_severity=Severity.HIGH), False),
    ],
)
def test_a_rule_fits_when_all_its_conditions_hold(rule: Route, fits: bool) -> None:
    owner = route(subject(), plan(rule)).owner
    assert owner.id == ("desk" if fits else "o-7")


def test_the_first_rule_that_fits_decides() -> None:
    routed = route(subject(), plan(Route(name="a", owner="one"), Route(name="b", owner="two")))
    assert (routed.owner.id, routed.owner.route) == ("one", "a")


def test_without_officer_the_fallback_queue_takes_it_and_says_why() -> None:
    routed = route(subject(officer_id=None), plan())
    assert (routed.owner.kind, routed.owner.id) == (OwnerKind.QUEUE, "credit-desk")
    assert "no officer is known" in routed.owner.route


def test_a_second_owner_who_is_the_first_is_none() -> None:
    rule = Route(name="r", owner="desk", second_owner="desk")
    assert route(subject(), plan(rule)).second_owner is None


def test_the_shipped_rules_can_be_read() -> None:
    assert policy_files.read_routing().fallback_queue == "credit-desk"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("routes: []", "fallback_queue"),
        ("fallback_queue: d\nroutes: [{name: a}]", "routes.0.owner"),
        ("fallback_queue: d\nroutes: [{name: a, owner: o, colour: red}]", "routes.0.colour"),
        ("fallback_queue: d\nroutes: [{name: a, owner: o, states: [BAD]}]", "routes.0.states"),
        (": :", "cannot be read"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(policy_files.InvalidPolicy, match=complaint):
        policy_files.read_routing(path)
