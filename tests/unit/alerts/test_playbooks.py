"""Every risk type leads to a next step, with a role and a day."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.alerts.decisions.domain.playbooks import PLAYBOOKS, recommend
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import RiskState

CALENDAR = WorkingCalendar(timezone=ZoneInfo("Europe/Berlin"))
MONDAY = date(2026, 3, 2)
# The risk types of the indicator catalogue, and the last day of each one's first actions.
LAST_WORKING_DAY = {
    "PAYMENT_DELAY": 3,
    "COLLECTION_FAIL": 1,
    "LIQUIDITY": 5,
    "OVER_USE": 10,
    "USE_OF_FUNDS": 3,
    "OBLIGATIONS": 5,
    "CUSTOMER": 10,
    "PROFIT_LEVERAGE": 15,
    "QUALITY_OF_FIGURES": 15,
    "COVENANT": 5,
    "INFORMATION": 5,
    "COLLATERAL": 15,
    "GUARANTOR_GROUP": 10,
    "LEGAL_EXTERNAL": 1,
    "FORBEARANCE": 10,
}


def test_there_is_a_playbook_for_every_risk_type_and_no_other() -> None:
    assert set(PLAYBOOKS) == set(LAST_WORKING_DAY)


@pytest.mark.parametrize(("risk_type", "days"), LAST_WORKING_DAY.items())
def test_the_steps_of_a_playbook_are_due_in_time(risk_type: str, days: int) -> None:
    actions = recommend(
        state=RiskState.NORMAL,
        risk_types=[risk_type],
        opened_on=MONDAY,
        first_due_by=date(2026, 12, 31),
        calendar=CALENDAR,
    )
    assert max(action.due_on for action in actions) == CALENDAR.add_working_days(MONDAY, days)
    assert {action.risk_type for action in actions} == {risk_type}


def test_the_nearest_step_comes_first_and_not_after_the_deadline_to_act() -> None:
    actions = recommend(
        state=RiskState.DEFAULT,
        risk_types=["PROFIT_LEVERAGE"],
        opened_on=MONDAY,
        first_due_by=MONDAY,
        calendar=CALENDAR,
    )
    assert (actions[0].code, actions[0].due_on) == ("HAND_TO_WORKOUT", MONDAY)
    assert [action.due_on for action in actions] == sorted(action.due_on for action in actions)


def test_the_same_step_of_two_playbooks_is_named_once() -> None:
    actions = recommend(
        state=RiskState.ATTENTION,
        risk_types=["PAYMENT_DELAY", "COLLECTION_FAIL"],
        opened_on=MONDAY,
        first_due_by=date(2026, 12, 31),
        calendar=CALENDAR,
    )
    codes = [action.code for action in actions]
    assert len(codes) == len(set(codes))
    assert "VERIFY_MANDATE" in codes


@pytest.mark.parametrize("risk_types", [[], ["SOMETHING_NEW"]], ids=["none", "unknown"])
def test_there_is_always_a_next_step(risk_types: list[str]) -> None:
    actions = recommend(
        state=RiskState.NORMAL,
        risk_types=risk_types,
        opened_on=MONDAY,
        first_due_by=date(2026, 12, 31),
        calendar=CALENDAR,
    )
    assert [action.code for action in actions] == ["CONTACT_BORROWER"]
