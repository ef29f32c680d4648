"""An untouched amber alert ends when its reasons were measured green for 30 days; no other does."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.decision import NO_PRIOR_STATE, decide, state_after
from services.alerts.decisions.domain.pending_notice import AlertDecision, PriorState
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    DecisionCode,
    Level,
    OutcomeCode,
    OwnerKind,
    RiskState,
)
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.unit.alerts.test_alerting import AMBER, POLICY

COVENANT = contributor("F-18", Level.AMBER, 10.0, risk_type="COVENANT")
FINDING = contributor("C-07", Level.AMBER, 10.0, risk_type="INFORMATION")
GREEN = frozenset({"A-03", "F-18", "C-07", "R-02", "F-05"})


def opened(*reasons: object, **changes: object) -> AssessmentSummary:
    return assessment(RiskState.ATTENTION, *(reasons or (AMBER,)), **changes)  # type: ignore[arg-type]


def green(days_later: float, sequence: int, **changes: object) -> AssessmentSummary:
    state = changes.pop("state", RiskState.NORMAL)
    values = {"measured_green": GREEN, **changes}
    return assessment(state, sequence=sequence, days_later=days_later, **values)  # type: ignore[arg-type]


def live(
    *assessments: AssessmentSummary, step: Callable[[Alert], AlertChange] | None = None
) -> tuple[AlertDecision, PriorState]:
    """Live through assessments, with a step of a person after the first; return the last."""
    before = NO_PRIOR_STATE
    for number, current in enumerate(assessments):
        decision = decide(current, before=before, policy=POLICY)
        before = state_after(before, current, decision)
        if step is not None and number == 0 and before.open_alert is not None:
            before = replace(before, open_alert=step(before.open_alert).alert)
    return decision, before


def outcome(decision: AlertDecision) -> OutcomeCode | None:
    return decision.changes[-1].alert.outcome_code if decision.changes else None


@pytest.mark.parametrize(("days", "ends"), [(31, True), (30, False)])
def test_it_ends_after_thirty_days_of_green(days: float, ends: bool) -> None:
    # Green from day 1 on; 1 + 30 is day 31.
    decision, before = live(opened(), green(1, 2), green(days, 3))
    assert outcome(decision) is (OutcomeCode.NO_ACTION_RECOVERED if ends else None)
    assert (before.open_alert is None) is ends
    assert (decision.code is DecisionCode.RECOVERED) is ends


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(
            [opened(), green(1, 2), green(20, 3, measured_green=frozenset()), green(40, 4)],
            id="missing in between: green again from day 40 on",
        ),
        pytest.param(
            [
                opened(),
                green(1, 2, measured_green=frozenset()),
                green(40, 3, measured_green=frozenset()),
            ],
            id="never measured again",
        ),
        pytest.param(
            [
                opened(),
                green(1, 2),
                assessment(RiskState.NORMAL, AMBER, sequence=3, days_later=20),
                green(40, 4),
            ],
            id="amber again in between",
        ),
        pytest.param(
            [
                opened(),
                green(1, 2, state=RiskState.ATTENTION),
                green(60, 3, state=RiskState.ATTENTION),
            ],
            id="the state is not normal yet",
        ),
        pytest.param([opened(COVENANT), green(1, 2), green(60, 3)], id="a covenant"),
        pytest.param(
            [
                opened(),
                assessment(RiskState.ATTENTION, AMBER, COVENANT, sequence=2, days_later=1),
                green(2, 3),
                green(60, 4),
            ],
            id="a covenant that came later, in the cooldown",
        ),
        pytest.param([opened(FINDING), green(1, 2), green(60, 3)], id="a finding"),
        pytest.param(
            [opened(is_officer_signal=True), green(1, 2), green(60, 3)], id="an officer's signal"
        ),
        pytest.param(
            [opened(contributor("R-02", Level.HARD)), green(1, 2), green(60, 3)],
            id="a hard trigger",
        ),
        pytest.param(
            [
                opened(),
                assessment(RiskState.ATTENTION, AMBER, contributor("R-02", Level.HARD), sequence=2),
                green(1, 3),
                green(60, 4),
            ],
            id="a hard trigger that came later",
        ),
        pytest.param(
            [assessment(RiskState.WATCH, AMBER), green(1, 2), green(60, 3)],
            id="an alert of a worse state",
        ),
        pytest.param(
            [
                opened(),
                assessment(RiskState.ATTENTION, contributor("F-05"), sequence=2, days_later=1),
                green(20, 3),
                green(40, 4),
            ],
            id="a second reason that is green for 20 days only",
        ),
        pytest.param(
            [opened(), green(1, 2), green(60, 3, state=RiskState.CLOSED)], id="closed, not normal"
        ),
    ],
)
def test_every_other_alert_waits_for_a_person(history: list[AssessmentSummary]) -> None:
    decision, before = live(*history)
    assert outcome(decision) is None
    assert before.open_alert is not None


def acknowledged(alert: Alert) -> AlertChange:
    return taken(lifecycle.acknowledge(alert, actor="anna", at=MONDAY))


def assigned(alert: Alert) -> AlertChange:
    step = lifecycle.assign(
        alert, owner_kind=OwnerKind.OFFICER, owner_id="o-9", actor="anna", at=MONDAY
    )
    return taken(step)


def commented(alert: Alert) -> AlertChange:
    return taken(lifecycle.comment(alert, text="called them", actor="anna", at=MONDAY))


def taken(step: AlertChange | lifecycle.StepNotAllowed) -> AlertChange:
    assert isinstance(step, AlertChange)
    return step


@pytest.mark.parametrize("step", [acknowledged, assigned, commented])
def test_a_touched_alert_does_not_end_by_itself(step: Callable[[Alert], AlertChange]) -> None:
    decision, before = live(opened(), green(1, 2), green(60, 3), step=step)
    assert outcome(decision) is None
    assert before.open_alert is not None


@pytest.mark.parametrize(
    ("last_day", "is_ignored"),
    # ATTENTION is acknowledged within 10 working days: by Monday, 16 March, day 14.
    [(31, True), (13, False)],
)
def test_past_its_deadline_it_counts_as_ignored_all_the_same(
    last_day: float, is_ignored: bool
) -> None:
    policy = replace(POLICY, recovery_days=12)
    first = decide(opened(), before=NO_PRIOR_STATE, policy=policy)
    before = PriorState(
        state=RiskState.ATTENTION,
        open_alert=first.changes[0].alert,
        notified=first.notified,
        last_message=first.last_message,
        green_since={"A-03": MONDAY.date()},
    )
    alert = decide(green(last_day, 2), before=before, policy=policy).changes[0].alert
    assert (alert.status, alert.is_ignored) == (AlertStatus.RESOLVED, is_ignored)
