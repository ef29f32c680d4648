"""A storm of a segment: what is held back, what passes, and what follows a working day later."""

import pytest

from services.alerts.primitives.vocabulary import Level, RiskState
from tests.fakes.assessments import contributor
from tests.fakes.office import Scenario, assessed, check, silenced, storm_begins

AMBER = contributor("A-03", Level.AMBER, 10.0)
RED = contributor("R-01", Level.RED, 30.0)
HARD = contributor("R-02", Level.HARD, 40.0)
HOUR = 1 / 24
STORM = ["STORM_GUARD STORM"]

SCENARIOS = (
    Scenario(
        story="a worse state in a storm notifies nobody on that day",
        steps=[storm_begins(0), assessed(1 * HOUR, RiskState.WATCH, RED)],
        notices=[],
        reasons=STORM,
    ),
    Scenario(
        story="what still stands on the next working day is notified then",
        steps=[
            storm_begins(0),
            assessed(1 * HOUR, RiskState.WATCH, RED),
            assessed(1, RiskState.WATCH, RED),
        ],
        notices=["Tue 03 Mar 10:00 o-7 opened b-1"],
        reasons=["ROUTE ROUTED", "NOTIFY STATE_TIGHTENED"],
    ),
    Scenario(
        story="what was an error in the data notifies nobody",
        steps=[
            storm_begins(0),
            assessed(1 * HOUR, RiskState.WATCH, RED),
            assessed(5 * HOUR, RiskState.NORMAL, is_corrected=True),
            assessed(1, RiskState.NORMAL),
        ],
        notices=[],
        reasons=["DEDUPLICATE NO_NEWS"],
    ),
    Scenario(
        story="a storm on Friday is held over the weekend",
        steps=[
            storm_begins(4),
            assessed(4, RiskState.WATCH, RED),
            assessed(5, RiskState.WATCH, RED),
            assessed(6, RiskState.WATCH, RED),
            assessed(7, RiskState.WATCH, RED),
        ],
        notices=["Mon 09 Mar 10:00 o-7 opened b-1"],
    ),
    Scenario(
        story="a hard trigger reaches its owner in the storm",
        steps=[storm_begins(0), assessed(1 * HOUR, RiskState.WATCH, HARD)],
        notices=["Mon 02 Mar 11:00 o-7 opened b-1"],
    ),
    Scenario(
        story="a default reaches both owners in the storm",
        steps=[storm_begins(0), assessed(1 * HOUR, RiskState.DEFAULT, AMBER)],
        notices=[
            "Mon 02 Mar 11:00 o-7 opened b-1",
            "Mon 02 Mar 11:00 workout opened b-1",
        ],
    ),
    Scenario(
        story="another segment is notified as always",
        steps=[storm_begins(0), assessed(1 * HOUR, RiskState.WATCH, RED, segment="RETAIL")],
        notices=["Mon 02 Mar 11:00 o-7 opened b-1"],
    ),
    Scenario(
        story="news of an open alert is held back and comes on the next working day",
        steps=[
            assessed(0, RiskState.WATCH, AMBER),
            storm_begins(1 * HOUR),
            assessed(2 * HOUR, RiskState.WATCH, AMBER, RED),
            assessed(1, RiskState.WATCH, AMBER, RED),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Tue 03 Mar 10:00 o-7 updated b-1",
        ],
    ),
    Scenario(
        story="a better state in the storm is notified on the next working day",
        steps=[
            assessed(0, RiskState.WATCH, RED),
            storm_begins(1 * HOUR),
            assessed(2 * HOUR, RiskState.NORMAL),
            assessed(1, RiskState.NORMAL),
        ],
        notices=[
            "Mon 02 Mar 10:00 o-7 opened b-1",
            "Tue 03 Mar 10:00 o-7 updated b-1",
        ],
        reasons=["NOTIFY STATE_RELAXED"],
    ),
    Scenario(
        story="what a silence holds back goes on waiting after the storm",
        steps=[
            silenced(0, until=2, borrower_ids=["b-1"]),
            storm_begins(0),
            assessed(1 * HOUR, RiskState.WATCH, RED),
            assessed(1, RiskState.WATCH, RED),
            assessed(2, RiskState.WATCH, RED),
        ],
        notices=["Wed 04 Mar 10:00 o-7 opened b-1"],
    ),
    Scenario(
        story="a storm that goes on for a second day is held for both",
        steps=[
            storm_begins(0),
            assessed(0, RiskState.WATCH, RED),
            storm_begins(1),
            assessed(1, RiskState.WATCH, RED),
            assessed(2, RiskState.WATCH, RED),
        ],
        notices=["Wed 04 Mar 10:00 o-7 opened b-1"],
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.story)
def test_storms(scenario: Scenario) -> None:
    check(scenario)
