"""Indicators of whether a firm tells what it owes the bank to know, and who vouches for it (F-01,
F-19).
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.scoring.domain.business_days import plus_months
from services.scoring.domain.facts import Borrower
from services.scoring.domain.indicators.declaration import (
    DAY,
    PROFILE,
    STATEMENT,
    STATEMENTS,
    Arm,
    Indicator,
    one_arm,
)
from services.scoring.domain.indicators.from_statements import (
    FLAG_AMBER,
    FLAG_RED,
    declare,
    statements_as_evidence,
)
from services.scoring.domain.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_arms,
    not_applicable,
)
from services.scoring.domain.statement_figures import (
    CannotFormError,
    StatementFigures,
    end_month,
)

if TYPE_CHECKING:
    from services.scoring.domain.rulebook import Rules

EMPHASIS: Final = 2
QUALIFIED: Final = 3
ADVERSE: Final = 4
DISCLAIMER: Final = 5


def lateness(borrower: Borrower, as_of: int, rules: "Rules") -> Measurement:
    """F-01: days since the next statement was due by contract and has not come.

    The next due date is the newest known one moved on by the rhythm in which statements came: the
    shortest step between two balance dates, or the newest statement's own period.
    """
    due = next_statement_due(borrower)
    if due is None:
        return not_applicable()
    return measured(max(0, as_of - due) * MICRO)


def next_statement_due(borrower: Borrower) -> int | None:
    """Return the contractual due date of the statement that has not come yet, if known."""
    dated = [one for one in borrower.statements if one.due_day is not None]
    if not dated:
        return None
    newest = max(dated, key=lambda one: (one.period_end_day, one.period_months))
    ends = sorted({end_month(one) for one in borrower.statements})
    steps = [later - earlier for earlier, later in pairwise(ends)]
    rhythm = min([*steps, newest.period_months])
    return plus_months(newest.due_day or 0, rhythm)


def auditor_signals(figures: StatementFigures) -> Measurement:
    """F-19: the audit opinion, doubt about going concern, a change of auditor."""
    statement = figures.latest
    if not statement.opinion and not statement.going_concern_doubt:
        raise CannotFormError(Reason.NO_DATA)
    opinion = 0
    if statement.opinion in (EMPHASIS, QUALIFIED):
        opinion = FLAG_AMBER
    if statement.opinion in (ADVERSE, DISCLAIMER) or statement.going_concern_doubt:
        opinion = FLAG_RED
    return measured_arms([opinion, FLAG_AMBER if statement.auditor_changed else 0])


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="F-01",
        name="Statement is late",
        family=STATEMENT,
        group="info",
        risk_type="INFORMATION",
        arms=one_arm(Unit.DAYS, "days after the contractual due date"),
        inputs=STATEMENTS | PROFILE | DAY,
        measure=lateness,
        evidence=statements_as_evidence,
    ),
    declare(
        "F-19",
        "Auditor is concerned",
        "qual",
        "QUALITY_OF_FIGURES",
        (
            Arm("opinion", Unit.FLAG, "audit opinion"),
            Arm("change", Unit.FLAG, "change of auditor"),
        ),
        auditor_signals,
    ),
)
