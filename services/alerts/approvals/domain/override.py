"""The kinds of override, the terms that each needs, and what it changes.

Scoring decides in the end (`services/scoring/domain/handlers/overrides.py`) and reports what it
refuses. Here a proposal is refused that could never count, before other people read it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.alerts.primitives.vocabulary import RiskState

STATE: Final = "state"
EXPIRES: Final = "expires_date"
EFFECTIVE: Final = "effective_date"
LOAN: Final = "loan_id"
POINTS: Final = "score_points"
TRIGGER: Final = "trigger"
TRIGGERS: Final = (
    "NON_ACCRUAL",
    "CREDIT_RISK_ADJUSTMENT",
    "SALE_AT_LOSS",
    "DISTRESSED_RESTRUCTURING",
    "BANKRUPTCY",
    "OTHER",
)
MOST_POINTS: Final = 15
_POINTS: Final = re.compile(r"-?[0-9]{1,2}(\.[0-9]{1,4})?", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LOAN: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
TIGHTENS_TO: Final = frozenset({RiskState.ATTENTION, RiskState.WATCH, RiskState.HIGH_RISK})
# The one step by which each state is left for a better one with the approval of people.
RELAXES_TO: Final = {
    RiskState.ATTENTION: RiskState.NORMAL,
    RiskState.WATCH: RiskState.ATTENTION,
    RiskState.HIGH_RISK: RiskState.WATCH,
    RiskState.PROBATION: RiskState.WATCH,
}


class InvalidOverride(ValueError):
    """The terms are not those of the override, or it could not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSpec:
    """One kind of override.

    Attributes:
        kind: The kind in the event.
        flag: The flag that it sets or removes.
        needs: The terms that it needs.
        may_have: The terms that it may have.
        relaxes: Whether it makes anything better for the borrower: then it lapses with its expiry,
            while one that tightens is reviewed.
        effect: What it does, in words.
    """

    name: str
    kind: str
    effect: str
    relaxes: bool
    flag: str | None = None
    needs: frozenset[str] = frozenset()
    may_have: frozenset[str] = frozenset()


RELAXATION: Final = OverrideSpec(
    name="relaxation",
    kind="RELAX",
    effect="The state may be relaxed by one step, once its conditions are met",
    relaxes=True,
    needs=frozenset({STATE, EXPIRES}),
)
SPECS: Final = (
    RELAXATION,
    OverrideSpec(
        name="tightening",
        kind="TIGHTEN",
        effect="The state is at least the one proposed",
        relaxes=False,
        needs=frozenset({STATE, EXPIRES}),
    ),
    OverrideSpec(
        name="exception",
        kind="EXCEPTION",
        effect="The state may be relaxed although conditions of judgement are missing",
        relaxes=True,
        needs=frozenset({STATE, EXPIRES}),
    ),
    OverrideSpec(
        name="unlikely-to-pay",
        kind="UTP",
        effect="The borrower is in default as unlikely to pay",
        relaxes=False,
        needs=frozenset({TRIGGER}),
        may_have=frozenset({EXPIRES}),
    ),
    OverrideSpec(
        name="lift-unlikely-to-pay",
        kind="LIFT_UTP",
        effect="The borrower is no longer unlikely to pay, and the cure begins",
        relaxes=True,
    ),
    OverrideSpec(
        name="technical-past-due",
        kind="TECHNICAL_DEFAULT",
        effect="Arrears of technical cause do not count",
        relaxes=True,
        needs=frozenset({EXPIRES}),
        may_have=frozenset({LOAN, EFFECTIVE}),
    ),
    OverrideSpec(
        name="score-override",
        kind="SCORE",
        effect="The score is changed by the points proposed",
        relaxes=True,
        needs=frozenset({POINTS, EXPIRES}),
    ),
    OverrideSpec(
        name="fraud-flag",
        kind="FLAG",
        flag="FRAUD_RED_FLAG",
        effect="The borrower is flagged for signs of fraud",
        relaxes=False,
        may_have=frozenset({EXPIRES}),
    ),
    OverrideSpec(
        name="lift-fraud-flag",
        kind="UNFLAG",
        flag="FRAUD_RED_FLAG",
        effect="The borrower is no longer flagged for signs of fraud",
        relaxes=True,
    ),
    OverrideSpec(
        name="exit-listing",
        kind="FLAG",
        flag="EXIT_LIST",
        effect="The borrower is listed for exit",
        relaxes=False,
        may_have=frozenset({EXPIRES}),
    ),
    OverrideSpec(
        name="exit-delisting",
        kind="UNFLAG",
        flag="EXIT_LIST",
        effect="The borrower is no longer listed for exit",
        relaxes=True,
    ),
    OverrideSpec(
        name="forbearance-rebuttal",
        kind="UNFLAG",
        flag="FORBORNE",
        effect="The presumed concession was none",
        relaxes=True,
    ),
)


def check_terms(
    spec: OverrideSpec, terms: Mapping[str, Any], *, state: RiskState, today: date
) -> None:
    """Checks the terms of an override of a borrower in a state.

    Raises:
        InvalidOverride: If one is missing, unknown or has a wrong value.
    """
    if missing := spec.needs - terms.keys():
        raise InvalidOverride(f"{spec.name} needs {', '.join(sorted(missing))}")
    if unknown := terms.keys() - spec.needs - spec.may_have:
        raise InvalidOverride(f"{spec.name} has no {', '.join(sorted(unknown))}")
    for name, value in terms.items():
        if not isinstance(value, str):
            raise InvalidOverride(f"{name} must be a text")
        if fault := _fault(spec, name, value, state, today):
            raise InvalidOverride(f"{name} {fault}")


def sentence(spec: OverrideSpec, terms: Mapping[str, Any]) -> str:
    """Returns what the approval does, and what becomes of it when it expires."""
    if EXPIRES not in terms:
        return f"{spec.effect}."
    end = "lapses" if spec.relaxes else "is reviewed, and stays in force"
    return f"{spec.effect}. On {terms[EXPIRES]} it {end}."


def _fault(spec: OverrideSpec, name: str, value: str, state: RiskState, today: date) -> str | None:
    """Returns what is wrong with the value of a term."""
    day = _date(value)
    is_valid, rule = {
        STATE: (_is_possible(spec, value, state), f"cannot be {value} from {state}"),
        EXPIRES: (day is not None and day > today, f"must be a date after {today}"),
        EFFECTIVE: (day is not None and day <= today, f"must be a date, {today} at the latest"),
        TRIGGER: (value in TRIGGERS, f"must be one of {', '.join(TRIGGERS)}"),
        POINTS: (_are_points(value), f"must be from -{MOST_POINTS} to {MOST_POINTS}, and not 0"),
        LOAN: (_LOAN.fullmatch(value) is not None, "must be an id"),
    }[name]
    return None if is_valid else rule


def _date(text: str) -> date | None:
    """Returns the date in a text written YYYY-MM-DD; None if it is none."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _is_possible(spec: OverrideSpec, proposed: str, state: RiskState) -> bool:
    if not spec.relaxes:
        return proposed in TIGHTENS_TO and RiskState(proposed).rank > state.rank
    is_excepted = spec.kind == "EXCEPTION" and state is RiskState.PROBATION
    return RELAXES_TO.get(state) == proposed and not is_excepted


def _are_points(text: str) -> bool:
    return _POINTS.fullmatch(text) is not None and 0 < abs(float(text)) <= MOST_POINTS
