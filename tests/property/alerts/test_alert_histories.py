"""Any history of assessments leaves the alerts in order: one open, versions without a hole."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.decisions.domain.alert import Alert
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.decision import NO_PRIOR_STATE, decide, state_after
from services.alerts.primitives.vocabulary import AlertEventKind, Level, RiskState
from tests.fakes.assessments import assessment, contributor
from tests.unit.alerts.test_alerting import POLICY

LEVELS = st.sampled_from([Level.AMBER, Level.RED, Level.HARD])
CAUSES = st.dictionaries(st.sampled_from(["R-01", "A-03", "F-05", "A-09"]), LEVELS, max_size=4)


@st.composite
def histories(draw: st.DrawFn) -> list[AssessmentSummary]:
    days = 0.0
    assessments = []
    for sequence in range(1, draw(st.integers(1, 12)) + 1):
        days += draw(st.floats(0, 20))
        causes = draw(CAUSES)
        assessments.append(
            assessment(
                draw(st.sampled_from(RiskState)),
                *(contributor(name, level) for name, level in causes.items()),
                sequence=sequence,
                days_later=days,
                score=draw(st.floats(0, 100)),
                is_corrected=draw(st.booleans()),
            )
        )
    return assessments


@given(histories())
def test_at_most_one_alert_is_open_and_every_step_has_the_next_version(
    history: list[AssessmentSummary],
) -> None:
    before = NO_PRIOR_STATE
    versions: dict[str, int] = defaultdict(int)
    open_alerts: dict[str, Alert] = {}
    for current in history:
        decision = decide(current, before=before, policy=POLICY)
        assert decision.reason
        for change in decision.changes:
            alert = change.alert
            versions[alert.alert_id] += 1
            assert alert.version == versions[alert.alert_id]
            assert (change.kind is AlertEventKind.OPENED) == (alert.version == 1)
            assert change.at == current.at
            if alert.is_open:
                open_alerts[alert.alert_id] = alert
            else:
                open_alerts.pop(alert.alert_id)
            assert len(open_alerts) <= 1
        before = state_after(before, current, decision)


@given(histories())
def test_every_tightening_opens_an_alert_at_once(history: list[AssessmentSummary]) -> None:
    before = NO_PRIOR_STATE
    for current in history:
        decision = decide(current, before=before, policy=POLICY)
        # In NORMAL only a hard trigger opens one.
        is_quiet = current.state is RiskState.NORMAL and current.worst_level is not Level.HARD
        if current.state.rank > before.state.rank and not is_quiet:
            assert decision.changes[-1].kind is AlertEventKind.OPENED
            assert decision.changes[-1].alert.state is current.state
        before = state_after(before, current, decision)


@given(histories())
def test_the_same_history_twice_is_the_same_story(history: list[AssessmentSummary]) -> None:
    def story() -> list[object]:
        before = NO_PRIOR_STATE
        decisions: list[object] = []
        for current in history:
            decision = decide(current, before=before, policy=POLICY)
            decisions.append(decision)
            before = state_after(before, current, decision)
        return decisions

    assert story() == story()
