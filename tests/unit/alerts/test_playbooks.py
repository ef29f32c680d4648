"""Every risk type leads to a next step, with a role and a day."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.alerts.decisions.domain.alert import Action
from services.alerts.decisions.domain.playbooks import (
    FITS,
    PLAYBOOKS,
    STATE_ROUTINES,
    Situation,
    recommend,
)
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


def steps(
    borrower: Situation, *risk_types: str, first_due_by: date = date(2026, 12, 31)
) -> tuple[Action, ...]:
    return recommend(
        borrower,
        risk_types=risk_types,
        opened_on=MONDAY,
        first_due_by=first_due_by,
        calendar=CALENDAR,
        step_text="{}.{}".format,
    )


def codes(borrower: Situation, *risk_types: str) -> set[str]:
    return {action.code for action in steps(borrower, *risk_types)}


def test_there_is_a_playbook_for_every_risk_type_and_no_other() -> None:
    assert set(PLAYBOOKS) == set(LAST_WORKING_DAY)


@pytest.mark.parametrize(("risk_type", "days"), LAST_WORKING_DAY.items())
def test_the_steps_of_a_playbook_are_due_in_time(risk_type: str, days: int) -> None:
    actions = steps(Situation(state=RiskState.NORMAL), risk_type)
    assert max(action.due_on for action in actions) == CALENDAR.add_working_days(MONDAY, days)
    assert {action.risk_type for action in actions} == {risk_type}


def test_the_nearest_step_comes_first_and_not_after_the_deadline_to_act() -> None:
    actions = steps(Situation(state=RiskState.DEFAULT), "PROFIT_LEVERAGE", first_due_by=MONDAY)
    assert (actions[0].code, actions[0].due_on) == ("HAND_TO_WORKOUT", MONDAY)
    assert [action.due_on for action in actions] == sorted(action.due_on for action in actions)


def test_the_same_step_of_two_playbooks_is_named_once() -> None:
    actions = steps(Situation(state=RiskState.ATTENTION), "PAYMENT_DELAY", "COLLECTION_FAIL")
    named = [action.code for action in actions]
    assert len(named) == len(set(named))
    assert "VERIFY_MANDATE" in named


@pytest.mark.parametrize("risk_types", [[], ["SOMETHING_NEW"]], ids=["none", "unknown"])
def test_there_is_always_a_next_step(risk_types: list[str]) -> None:
    actions = steps(Situation(state=RiskState.NORMAL), *risk_types)
    assert [action.code for action in actions] == ["CONTACT_BORROWER"]


@pytest.mark.parametrize(
    ("borrower", "risk_type", "missing", "present"),
    [
        pytest.param(
            Situation(state=RiskState.WATCH, segment="SME", has_debt=False),
            "LIQUIDITY",
            {"CASH_FORECAST", "HOUSEHOLD_BUDGET", "EARLY_MATURITY_TALK"},
            {"ACTION_PLAN"},
            id="nobody without a loan is asked for a cash forecast",
        ),
        pytest.param(
            Situation(state=RiskState.WATCH, segment="RETAIL"),
            "LIQUIDITY",
            {"CASH_FORECAST"},
            {"HOUSEHOLD_BUDGET"},
            id="nor is a person",
        ),
        pytest.param(
            Situation(state=RiskState.WATCH, segment="SME"),
            "LIQUIDITY",
            {"HOUSEHOLD_BUDGET"},
            {"CASH_FORECAST"},
            id="a firm with a loan is",
        ),
        pytest.param(
            Situation(state=RiskState.DEFAULT, segment="SME", days_late=229),
            "PAYMENT_DELAY",
            {"VERIFY_PAYMENT_ERROR", "GET_PROMISE"},
            {"HAND_TO_WORKOUT", "CONTACT_BORROWER"},
            id="at 229 days nobody rules out a technical cause",
        ),
        pytest.param(
            Situation(state=RiskState.WATCH, segment="SME", days_late=31),
            "COLLECTION_FAIL",
            {"VERIFY_MANDATE", "RE_PRESENT"},
            {"CONTACT_BORROWER"},
            id="at 31 days nobody presents the debit once more",
        ),
        pytest.param(
            Situation(state=RiskState.WATCH, segment="SME", days_late=30),
            "PAYMENT_DELAY",
            set(),
            {"VERIFY_PAYMENT_ERROR", "GET_PROMISE"},
            id="at 30 days a technical cause is possible",
        ),
        pytest.param(
            Situation(state=RiskState.HIGH_RISK, segment="SME", has_line=False, is_undrawn=False),
            "OVER_USE",
            {"PROPOSE_FREEZE_UNDRAWN", "LIMIT_REVIEW", "CLEAN_DOWN_PLAN", "TERM_OUT_TEST"},
            {"SENIOR_REVIEW"},
            id="no step is about a line that does not exist",
        ),
        pytest.param(
            Situation(state=RiskState.HIGH_RISK, segment="SME", is_undrawn=False),
            "OVER_USE",
            {"PROPOSE_FREEZE_UNDRAWN"},
            {"LIMIT_REVIEW"},
            id="nothing is frozen that is drawn already",
        ),
        pytest.param(
            Situation(state=RiskState.WATCH, segment="RETAIL"),
            "PROFIT_LEVERAGE",
            {"MANAGEMENT_MEETING", "STRESS_DSCR", "COVENANT_RESET"},
            {"ACTION_PLAN"},
            id="a person has no management",
        ),
        pytest.param(
            Situation(state=RiskState.WATCH, segment="RETAIL"),
            "OBLIGATIONS",
            {"TAX_WAGE_CERTIFICATES"},
            {"PROOF_OF_INCOME"},
            id="a person pays no wages",
        ),
    ],
)
def test_steps_fit_state_segment_and_product(
    borrower: Situation, risk_type: str, missing: set[str], present: set[str]
) -> None:
    recommended = codes(borrower, risk_type)
    assert not recommended & missing
    assert present <= recommended


@pytest.mark.parametrize("state", list(RiskState))
@pytest.mark.parametrize("risk_type", PLAYBOOKS)
@pytest.mark.parametrize("segment", ["RETAIL", "SME"])
def test_a_step_is_left_whatever_the_borrower_lacks(
    state: RiskState, risk_type: str, segment: str
) -> None:
    bare = Situation(
        state=state,
        segment=segment,
        has_debt=False,
        has_line=False,
        is_undrawn=False,
        days_late=400,
    )
    assert codes(bare, risk_type)


def test_each_condition_is_about_a_step_that_exists() -> None:
    rows = [*PLAYBOOKS.values(), *STATE_ROUTINES.values()]
    assert set(FITS) <= {step.code for row in rows for step in row}
