"""Recommends the next steps: one playbook per risk type, and the routine of each risk state.

The risk types are those of the indicator catalogue; every one has a playbook, so no alert comes
without a next step. Deadlines are working days after the alert. A step that takes something from a
borrower (a frozen limit, a stopped drawing) is a proposal: a person decides. Only steps that fit
the borrower's state, segment and products are recommended (`FITS`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from services.alerts.decisions.domain.alert import Action
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import RiskState

MOST_RISK_TYPES = 3
MOST_ACTIONS = 10
# Until then a payment may be late by an oversight or a technical fault.
DAYS_OF_AN_OVERSIGHT = 30
PERSONS = frozenset({"RETAIL", "MICRO"})


@dataclass(frozen=True, slots=True)
class PlaybookStep:
    """One step of a playbook: its code, the role and the number of working days.

    Its text in each language is in the catalogues of `services.wording`.
    """

    code: str
    role: str
    days: int


def _steps(*rows: tuple[str, str, int]) -> tuple[PlaybookStep, ...]:
    return tuple(PlaybookStep(*row) for row in rows)


PLAYBOOKS: Mapping[str, tuple[PlaybookStep, ...]] = {
    "PAYMENT_DELAY": _steps(
        ("CONTACT_BORROWER", "officer", 1),
        ("VERIFY_PAYMENT_ERROR", "officer", 1),
        ("GET_PROMISE", "officer", 3),
        ("CHECK_RUNWAY", "officer", 3),
    ),
    "COLLECTION_FAIL": _steps(
        ("VERIFY_MANDATE", "officer", 1),
        ("RE_PRESENT", "officer", 1),
        ("CONTACT_BORROWER", "officer", 1),
    ),
    "LIQUIDITY": _steps(
        ("CASH_FORECAST", "officer", 5),
        ("HOUSEHOLD_BUDGET", "officer", 5),
        ("REVIEW_UNDRAWN", "senior", 5),
        ("EARLY_MATURITY_TALK", "officer", 5),
    ),
    "OVER_USE": _steps(
        ("LIMIT_REVIEW", "senior", 10),
        ("CLEAN_DOWN_PLAN", "officer", 10),
        ("TERM_OUT_TEST", "senior", 10),
    ),
    "USE_OF_FUNDS": _steps(
        ("REQUEST_INVOICES", "officer", 3),
        ("TRACE_PAYEES", "risk", 3),
        ("PROPOSE_STOP_DRAWING", "risk", 3),
    ),
    "OBLIGATIONS": _steps(
        ("BUREAU_PULL", "officer", 5),
        ("TAX_WAGE_CERTIFICATES", "officer", 5),
        ("PROOF_OF_INCOME", "officer", 5),
    ),
    "CUSTOMER": _steps(
        ("CHECK_CONTRACTS", "officer", 10),
        ("DEBTOR_AGEING", "officer", 10),
    ),
    "PROFIT_LEVERAGE": _steps(
        ("MANAGEMENT_MEETING", "senior", 15),
        ("STRESS_DSCR", "risk", 15),
        ("COVENANT_RESET", "senior", 15),
    ),
    "QUALITY_OF_FIGURES": _steps(
        ("EXPLAIN_NOTES", "risk", 15),
        ("AUDIT_STOCK_RECEIVABLES", "risk", 15),
    ),
    "COVENANT": _steps(
        ("FORMAL_NOTICE", "legal", 5),
        ("WAIVER_WITH_PRICE", "senior", 5),
        ("CURE_PLAN", "senior", 5),
    ),
    "INFORMATION": _steps(
        ("REQUEST_STATEMENT", "officer", 5),
        ("PROPOSE_HOLD_DRAWINGS", "officer", 5),
    ),
    "COLLATERAL": _steps(
        ("REVALUE", "officer", 15),
        ("CHECK_INSURANCE", "legal", 15),
        ("TOP_UP", "officer", 15),
    ),
    "GUARANTOR_GROUP": _steps(
        ("GROUP_REVIEW", "senior", 10),
        ("RING_FENCE", "risk", 10),
        ("EXTRA_GUARANTEE", "senior", 10),
    ),
    "LEGAL_EXTERNAL": _steps(
        ("LEGAL_REVIEW", "legal", 1),
        ("CHECK_SET_OFF", "legal", 1),
        ("PROPOSE_FREEZE_UNDRAWN", "legal", 1),
    ),
    "FORBEARANCE": _steps(
        ("VIABILITY_TEST", "risk", 10),
        ("UTP_ASSESSMENT", "risk", 10),
        ("STAGING_NOTE", "risk", 10),
    ),
}

UNKNOWN = "UNKNOWN"
# A risk type that is added to the catalogue later still leads to a call to the borrower.
UNKNOWN_RISK_TYPE = _steps(
    ("CONTACT_BORROWER", "officer", 5),
)

STATE_ROUTINES: Mapping[RiskState, tuple[PlaybookStep, ...]] = {
    RiskState.ATTENTION: _steps(
        ("CONTACT_BORROWER", "officer", 10),
    ),
    RiskState.WATCH: _steps(
        ("ACTION_PLAN", "officer", 10),
    ),
    RiskState.HIGH_RISK: _steps(
        ("SENIOR_REVIEW", "senior", 3),
        ("PROPOSE_FREEZE_UNDRAWN", "senior", 3),
    ),
    RiskState.DEFAULT: _steps(
        ("HAND_TO_WORKOUT", "workout", 1),
        ("RECOVERABILITY", "workout", 5),
        ("LEGAL_PRESERVATION", "legal", 5),
    ),
    RiskState.PROBATION: _steps(
        ("PAYMENT_EVIDENCE", "workout", 20),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What steps must fit.

    Attributes:
        has_debt: The borrower owes something or may draw, or this is unknown.
        has_line: There is a line, drawn or not.
        is_undrawn: Something may still be drawn.
        days_late: Days past due, of the worst loan.
    """

    state: RiskState
    segment: str | None = None
    has_debt: bool = True
    has_line: bool = True
    is_undrawn: bool = True
    days_late: int = 0

    @property
    def is_firm(self) -> bool:
        """Returns whether the borrower has statements and staff of its own."""
        return self.segment not in PERSONS

    @property
    def is_early(self) -> bool:
        """Returns whether an oversight may still be the cause."""
        in_default = self.state in (RiskState.DEFAULT, RiskState.PROBATION)
        return self.days_late <= DAYS_OF_AN_OVERSIGHT and not in_default


Fits = Callable[[Situation], bool]
# Returns the text of a step: risk type (or state) and code in, English out.
StepText = Callable[[str, str], str]


def _is_early(borrower: Situation) -> bool:
    return borrower.is_early


def _is_firm(borrower: Situation) -> bool:
    return borrower.is_firm


def _is_person(borrower: Situation) -> bool:
    return not borrower.is_firm


def _is_indebted_firm(borrower: Situation) -> bool:
    return borrower.is_firm and borrower.has_debt


def _is_indebted_person(borrower: Situation) -> bool:
    return not borrower.is_firm and borrower.has_debt


def _has_debt(borrower: Situation) -> bool:
    return borrower.has_debt


def _has_line(borrower: Situation) -> bool:
    return borrower.has_line


def _is_undrawn(borrower: Situation) -> bool:
    return borrower.is_undrawn


def _is_not_in_default(borrower: Situation) -> bool:
    return borrower.state is not RiskState.DEFAULT


# Which borrowers a step fits; a step that is not here fits all.
FITS: Mapping[str, Fits] = {
    "VERIFY_PAYMENT_ERROR": _is_early,
    "VERIFY_MANDATE": _is_early,
    "RE_PRESENT": _is_early,
    "GET_PROMISE": _is_not_in_default,
    "UTP_ASSESSMENT": _is_not_in_default,
    "CASH_FORECAST": _is_indebted_firm,
    "HOUSEHOLD_BUDGET": _is_indebted_person,
    "TAX_WAGE_CERTIFICATES": _is_firm,
    "PROOF_OF_INCOME": _is_person,
    "DEBTOR_AGEING": _is_firm,
    "MANAGEMENT_MEETING": _is_firm,
    "AUDIT_STOCK_RECEIVABLES": _is_firm,
    "STRESS_DSCR": _is_indebted_firm,
    "COVENANT_RESET": _is_indebted_firm,
    "RING_FENCE": _is_firm,
    "EARLY_MATURITY_TALK": _has_debt,
    "VIABILITY_TEST": _has_debt,
    "STAGING_NOTE": _has_debt,
    "TOP_UP": _has_debt,
    "EXTRA_GUARANTEE": _has_debt,
    "CHECK_SET_OFF": _has_debt,
    "LIMIT_REVIEW": _has_line,
    "CLEAN_DOWN_PLAN": _has_line,
    "TERM_OUT_TEST": _has_line,
    "REVIEW_UNDRAWN": _is_undrawn,
    "PROPOSE_STOP_DRAWING": _is_undrawn,
    "PROPOSE_HOLD_DRAWINGS": _is_undrawn,
    "PROPOSE_FREEZE_UNDRAWN": _is_undrawn,
}


def fits(step: PlaybookStep, borrower: Situation) -> bool:
    """Returns whether a step makes sense for a borrower."""
    condition = FITS.get(step.code)
    return condition is None or condition(borrower)


def recommend(
    borrower: Situation,
    *,
    risk_types: Iterable[str],
    opened_on: date,
    first_due_by: date,
    calendar: WorkingCalendar,
    step_text: StepText,
) -> tuple[Action, ...]:
    """Returns the next steps: the state's routine, then the playbooks, the nearest first.

    Args:
        borrower: The borrower's state, segment and products.
        risk_types: Those of the contributors, the largest share first; the first three count.
        opened_on: The business date from which deadlines count.
        first_due_by: The day by which the owner must act; the first step is due no later.
        calendar: The bank's working days.
        step_text: Words a step in English.
    """
    leading = list(dict.fromkeys(risk_types))[:MOST_RISK_TYPES]
    state = borrower.state
    fitting = [
        (risk_type, step)
        for risk_type, steps in (
            *((name, PLAYBOOKS.get(name, UNKNOWN_RISK_TYPE)) for name in leading),
            (state.value, STATE_ROUTINES.get(state, ())),
        )
        for step in steps
        if fits(step, borrower)
    ]
    if not fitting:
        fitting = [(UNKNOWN, step) for step in UNKNOWN_RISK_TYPE]
    by_code: dict[str, Action] = {}
    for risk_type, step in fitting:
        due_on = calendar.add_working_days(opened_on, step.days)
        by_code.setdefault(
            step.code,
            Action(
                code=step.code,
                text=step_text(risk_type, step.code),
                risk_type=risk_type,
                role=step.role,
                due_on=due_on,
                due_at=calendar.closing_time(due_on),
            ),
        )
    actions = sorted(by_code.values(), key=lambda action: action.due_on)[:MOST_ACTIONS]
    if actions[0].due_on > first_due_by:
        due_at = calendar.closing_time(first_due_by)
        actions[0] = replace(actions[0], due_on=first_due_by, due_at=due_at)
    return tuple(actions)
