"""Who is notified of an assessment, and who is not: every expected line is worked out by hand.

The clock begins on Monday 2 March 2026, 10:00 in Berlin, where the bank works from 9 to 17. Without
a directory a reminder goes to the owner's id, and an escalation to the queues of the routing file.
"""

import pytest

from services.alerts.primitives.vocabulary import Level, OutcomeCode, RiskState
from tests.fakes.assessments import contributor
from tests.fakes.office import (
    Scenario,
    acknowledged,
    assessed,
    assigned,
    check,
    resolved,
    runs_until,
)

AMBER = contributor("A-03", Level.AMBER, 10.0)
OTHER_AMBER = contributor("A-09", Level.AMBER, 8.0)
RED = contributor("R-01", Level.RED, 30.0)
OTHER_RED = contributor("F-05", Level.RED, 20.0)
HARD = contributor("R-02", Level.HARD, 40.0)
HOUR = 1 / 24

SCENARIOS = (
    Scenario(
        story="an amber signal in a normal state notifies nobody",
        steps=[assessed(0, RiskState.NORMAL, AMBER)],
        notices=[],
        reasons=["INHIBIT NORMAL_STATE"],
    ),
    Scenario(
        story="a red signal in a normal state notifies nobody",
        steps=[assessed(0, RiskState.NORMAL, RED)],
        notices=[],
        reasons=["INHIBIT NORMAL_STATE"],
    ),
    Scenario(
        story="a hard trigger in a normal state reaches the officer",
        steps=[assessed(0, RiskState.NORMAL, HARD)],
        notices=["Mon 02 Mar 10:00 o-7 opened b-1"],
        reasons=["ROUTE ROUTED", "NOTIFY NEWS"],
    ),
    Scenario(
        story="a worse state reaches the officer",
        steps=[assessed(0, RiskState.WATCH, RED)],
        notices=["Mon 02 Mar 10:00 o-7 opened b-1"],
        reasons=["ROUTE ROUTED", "NOTIFY STATE_TIGHTENED"],
    ),
    Scenario(
        story="high risk reaches a senior as well",
        steps=[assessed(0, RiskState.HIGH_RISK, RED)],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 02 Mar 10:00 senior-desk opened b-1",
        ],
    ),
    Scenario(
        story="a default reaches the officer and the workout",
        steps=[assessed(0, RiskState.DEFAULT, HARD)],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 02 Mar 10:00 workout opened b-1",
        ],
    ),
    Scenario(
        story="a borrower without an officer goes to the fallback queue",
        steps=[assessed(0, RiskState.WATCH, RED, officer_id=None)],
        notices=["Mon 02 Mar 10:00 credit-desk opened b-1"],
    ),
    Scenario(
        story="where the bank can lose nothing nobody is notified",
        steps=[assessed(0, RiskState.DEFAULT, HARD, is_money_at_risk=False)],
        notices=[],
        reasons=["MONEY_AT_RISK NO_MONEY_AT_RISK"],
    ),
    Scenario(
        story="money that comes at risk later opens the alert then",
        steps=[
            assessed(0, RiskState.WATCH, RED, is_money_at_risk=False),
            assessed(1, RiskState.WATCH, RED),
        ],
        notices=["Tue 03 Mar 10:00 o-7 opened b-1"],
        reasons=["ROUTE ROUTED", "NOTIFY MONEY_CAME_AT_RISK"],
    ),
    Scenario(
        story="the same again is no news",
        steps=[assessed(0, RiskState.WATCH, RED), assessed(1, RiskState.WATCH, RED)],
        notices=["Mon 02 Mar 10:00 o-7 opened b-1"],
        reasons=["DEDUPLICATE NO_NEWS"],
    ),
    Scenario(
        story="an amber signal waits 14 days after the last notice",
        steps=[
            assessed(0, RiskState.WATCH, AMBER),
            acknowledged(1 * HOUR),
            assessed(13, RiskState.WATCH, AMBER, OTHER_AMBER),
        ],
        # Acknowledged: the time to act is 10 working days from Monday 10:00, half of it 5.
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 09 Mar 10:00 o-7 reminded b-1",
        ],
        reasons=["COOL_OFF COOLDOWN"],
    ),
    Scenario(
        story="what had to wait is notified after the 14 days",
        steps=[
            assessed(0, RiskState.WATCH, AMBER),
            resolved(1 * HOUR, OutcomeCode.CONFIRMED),
            assessed(13, RiskState.WATCH, AMBER, OTHER_RED),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Sun 15 Mar 10:00 o-7 opened b-1",
        ],
        reasons=["ROUTE ROUTED", "NOTIFY NEWS"],
    ),
    Scenario(
        story="an amber signal alone opens no second alert in a known state",
        steps=[
            assessed(0, RiskState.WATCH, AMBER),
            resolved(1 * HOUR, OutcomeCode.CONFIRMED),
            assessed(20, RiskState.WATCH, AMBER, OTHER_AMBER),
        ],
        notices=["Mon 02 Mar 10:00 o-7 opened b-1"],
        reasons=["COOL_OFF AMBER_NEWS"],
    ),
    Scenario(
        story="the first red is not delayed by an amber notice",
        steps=[
            assessed(0, RiskState.WATCH, AMBER),
            assessed(1 * HOUR, RiskState.WATCH, AMBER, RED),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 02 Mar 11:00 o-7 updated b-1",
        ],
    ),
    Scenario(
        story="a second red waits for 7 days",
        steps=[
            assessed(0, RiskState.WATCH, RED),
            assessed(2 * HOUR, RiskState.WATCH, RED, OTHER_RED),
        ],
        notices=["Mon 02 Mar 10:00 o-7 opened b-1"],
        reasons=["COOL_OFF COOLDOWN"],
    ),
    Scenario(
        story="a hard trigger never waits",
        steps=[
            assessed(0, RiskState.WATCH, RED),
            assessed(1 * HOUR, RiskState.WATCH, RED, HARD),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 02 Mar 11:00 o-7 updated b-1",
        ],
    ),
    Scenario(
        story="an indicator that flaps notifies once per state",
        steps=[
            assessed(0, RiskState.WATCH, RED, AMBER),
            assessed(1 * HOUR, RiskState.WATCH, AMBER),
            assessed(2 * HOUR, RiskState.WATCH, RED, AMBER),
            assessed(3 * HOUR, RiskState.WATCH, AMBER),
            assessed(4 * HOUR, RiskState.WATCH, RED, AMBER),
        ],
        notices=["Mon 02 Mar 10:00 o-7 opened b-1"],
    ),
    Scenario(
        story="a worse state closes the milder alert, and its new owner is the one chosen by hand",
        steps=[
            assessed(0, RiskState.ATTENTION, AMBER),
            assigned(1 * HOUR, to="o-9"),
            assessed(2 * HOUR, RiskState.WATCH, RED),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 02 Mar 12:00 o-9 resolved:SUPERSEDED b-1",
            "Mon 02 Mar 12:00 o-9 opened b-1",
        ],
    ),
    Scenario(
        story="a better state updates the alert, which stays open",
        steps=[
            assessed(0, RiskState.WATCH, RED),
            assessed(1 * HOUR, RiskState.NORMAL),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 02 Mar 11:00 o-7 updated b-1",
        ],
        reasons=["NOTIFY STATE_RELAXED"],
    ),
    Scenario(
        story="a better state without an open alert notifies nobody",
        steps=[
            assessed(0, RiskState.WATCH, RED),
            resolved(1 * HOUR, OutcomeCode.MITIGATED),
            assessed(2 * HOUR, RiskState.ATTENTION, RED),
        ],
        notices=["Mon 02 Mar 10:00 o-7 opened b-1"],
        reasons=["DEDUPLICATE NO_OPEN_ALERT"],
    ),
    Scenario(
        story="a correction that takes the reason away closes an untouched alert",
        steps=[
            assessed(0, RiskState.WATCH, RED),
            assessed(1 * HOUR, RiskState.NORMAL, is_corrected=True),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Mon 02 Mar 11:00 o-7 resolved:DATA_ERROR b-1",
        ],
        reasons=["NOTIFY CORRECTION"],
    ),
    Scenario(
        story="when nobody acts the owner is reminded twice and the levels follow one by one",
        # WATCH: 3 working days to acknowledge are 24 hours; Monday has 7 of them left.
        # Half: 7 + 5 = Tuesday 14:00. All: 7 + 8 + 8 + 1 = Thursday 10:00, with the first level.
        # The next level follows 24 working hours later: 7 + 8 (Friday) + 8 + 1 = Tuesday 10:00.
        steps=[assessed(0, RiskState.WATCH, RED), runs_until(9)],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Tue 03 Mar 14:00 o-7 reminded b-1",
            "Thu 05 Mar 10:00 o-7 escalated b-1",
            "Thu 05 Mar 10:00 senior-desk escalated b-1",
            "Tue 10 Mar 10:00 risk-desk escalated b-1",
        ],
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.story)
def test_who_is_notified(scenario: Scenario) -> None:
    check(scenario)
