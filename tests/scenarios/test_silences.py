"""Silences: what they hold back, what they never hold back, and what happens at their end."""

import pytest

from services.alerts.primitives.vocabulary import Level, RiskState, Severity
from tests.fakes.assessments import contributor
from tests.fakes.office import Scenario, assessed, check, silenced

AMBER = contributor("A-03", Level.AMBER, 10.0, risk_type="OVER_USE")
RED = contributor("R-01", Level.RED, 30.0)
OTHER_RED = contributor("F-05", Level.RED, 20.0, risk_type="PROFIT_LEVERAGE")
HARD = contributor("R-02", Level.HARD, 40.0)
HOUR = 1 / 24
OPENED = "Mon 02 Mar 10:00 o-7 opened b-1"
SILENCED = ["SILENCE SILENCED"]

SCENARIOS = (
    Scenario(
        story="a silenced borrower notifies nobody",
        steps=[
            silenced(0, until=30, borrower_ids=["b-1"]),
            assessed(1 * HOUR, RiskState.WATCH, RED),
        ],
        notices=[],
        reasons=SILENCED,
    ),
    Scenario(
        story="another borrower is not silenced with it",
        steps=[
            silenced(0, until=30, borrower_ids=["b-2"]),
            assessed(0, RiskState.WATCH, RED),
        ],
        notices=[OPENED],
    ),
    Scenario(
        story="what still stands after the end is notified then, with deadlines from then on",
        steps=[
            silenced(0, until=1, borrower_ids=["b-1"]),
            assessed(1 * HOUR, RiskState.WATCH, RED),
            assessed(1, RiskState.WATCH, RED),
        ],
        notices=["Tue 03 Mar 10:00 o-7 opened b-1"],
        reasons=["ROUTE ROUTED", "NOTIFY STATE_TIGHTENED"],
    ),
    Scenario(
        story="what has passed by the end notifies nobody",
        steps=[
            silenced(0, until=2, borrower_ids=["b-1"]),
            assessed(1 * HOUR, RiskState.WATCH, RED),
            assessed(1, RiskState.NORMAL),
            assessed(2, RiskState.NORMAL),
        ],
        notices=[],
        reasons=["DEDUPLICATE NO_NEWS"],
    ),
    Scenario(
        story="what got worse meanwhile is notified as it is at the end",
        steps=[
            silenced(0, until=2, borrower_ids=["b-1"]),
            assessed(1 * HOUR, RiskState.ATTENTION, AMBER),
            assessed(1, RiskState.WATCH, RED),
            assessed(2, RiskState.WATCH, RED),
        ],
        notices=["Wed 04 Mar 10:00 o-7 opened b-1"],
    ),
    Scenario(
        story="a hard trigger is never silenced",
        steps=[
            silenced(0, until=30, borrower_ids=["b-1"]),
            assessed(0, RiskState.WATCH, HARD),
        ],
        notices=[OPENED],
    ),
    Scenario(
        story="a default is never silenced, whatever its signals",
        steps=[
            silenced(0, until=30, borrower_ids=["b-1"]),
            assessed(0, RiskState.DEFAULT, AMBER),
        ],
        notices=[OPENED, "Mon 02 Mar 10:00 workout opened b-1"],
    ),
    Scenario(
        story="news of an open alert is held back, and is news again after the end",
        steps=[
            assessed(0, RiskState.WATCH, AMBER),
            silenced(1 * HOUR, until=0.25, borrower_ids=["b-1"]),
            assessed(2 * HOUR, RiskState.WATCH, AMBER, RED),
            assessed(0.25, RiskState.WATCH, AMBER, RED),
        ],
        notices=[OPENED, "Mon 02 Mar 16:00 o-7 updated b-1"],
        reasons=["NOTIFY NEWS"],
    ),
    Scenario(
        story="a branch is silenced",
        steps=[
            silenced(0, until=30, branch_ids=["br-1"]),
            assessed(0, RiskState.WATCH, RED),
            assessed(0, RiskState.WATCH, RED, borrower="b-2", branch_id="br-2"),
        ],
        notices=["Mon 02 Mar 10:00 o-7 opened b-2"],
        reasons=SILENCED,
    ),
    Scenario(
        story="a segment is silenced up to a severity",
        steps=[
            silenced(0, until=30, segments=["SME"], severities=[Severity.LOW]),
            assessed(0, RiskState.ATTENTION, AMBER),
            assessed(0, RiskState.WATCH, RED, borrower="b-2"),
        ],
        notices=["Mon 02 Mar 10:00 o-7 opened b-2"],
        reasons=SILENCED,
    ),
    Scenario(
        story="a risk type is silenced",
        steps=[
            silenced(0, until=30, risk_types=["OVER_USE"]),
            assessed(0, RiskState.ATTENTION, AMBER),
        ],
        notices=[],
        reasons=SILENCED,
    ),
    Scenario(
        story="a cause that nobody meant to silence is not lost behind one that is silenced",
        steps=[
            silenced(0, until=30, risk_types=["OVER_USE"]),
            assessed(0, RiskState.WATCH, AMBER, RED),
        ],
        notices=[OPENED],
    ),
    Scenario(
        story="of an indicator only the news is compared, not what was notified before",
        steps=[
            assessed(0, RiskState.WATCH, AMBER),
            silenced(1 * HOUR, until=30, indicators=["F-05"]),
            assessed(2 * HOUR, RiskState.WATCH, AMBER, OTHER_RED),
        ],
        notices=[OPENED],
        reasons=SILENCED,
    ),
    Scenario(
        story="an assessment from before the silence is not silenced by it",
        steps=[
            silenced(2 * HOUR, until=30, borrower_ids=["b-1"]),
            assessed(1 * HOUR, RiskState.WATCH, RED),
        ],
        notices=["Mon 02 Mar 11:00 o-7 opened b-1"],
    ),
    Scenario(
        story="the end of an untouched alert is never held back",
        steps=[
            assessed(0, RiskState.WATCH, RED),
            silenced(0, until=30, borrower_ids=["b-1"]),
            assessed(1 * HOUR, RiskState.NORMAL, is_corrected=True),
        ],
        notices=[OPENED, "Mon 02 Mar 11:00 o-7 resolved:DATA_ERROR b-1"],
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.story)
def test_silences(scenario: Scenario) -> None:
    check(scenario)
