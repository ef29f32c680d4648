"""Indicators of whether a firm tells what it owes the bank to know, who vouches for it, and what
became of what it foretold (F-01, F-19, F-22).
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
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.statement_figures import (
    CannotFormError,
    StatementFigures,
    end_month,
    figures_of,
    month_closed_by,
)
from services.scoring.domain.vocabulary import FORECAST_EBITDA, FORECAST_REVENUE

if TYPE_CHECKING:
    from services.scoring.domain.rulebook import Rules

EMPHASIS: Final = 2
QUALIFIED: Final = 3
ADVERSE: Final = 4
DISCLAIMER: Final = 5
DEPRECIATION: Final = "depreciation_amortisation"


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


def forecast_miss(borrower: Borrower, as_of: int, rules: "Rules") -> Measurement:
    """F-22: actual / forecast - 1, revenue and EBITDA, newest period with both; the worse counts.

    A forecast is held against the statement of the same period (domain: year to date), never spread
    over part of one: seasons would make misses. Only forecasts made before the period was over
    count. Not applicable while no forecast's period has been reported; a forecast of nothing or of
    a loss, or a period whose statement is missing, is unmeasurable.
    """
    dealings = borrower.dealings
    if not dealings.forecast_ends:
        return not_applicable()
    if not borrower.statements:
        return unmeasurable(Reason.NO_STATEMENT)
    figures = figures_of(borrower)
    ends = [end for end in dealings.forecast_ends if month_closed_by(end) <= figures.month]
    if not ends:
        return not_applicable()
    misses = [
        _newest_miss(borrower, figures, metric) for metric in (FORECAST_REVENUE, FORECAST_EBITDA)
    ]
    return measured_arms(misses, gap=Reason.NOT_COMPARABLE)


def _newest_miss(borrower: Borrower, figures: StatementFigures, metric: int) -> int | None:
    dealings = borrower.dealings
    for place in range(len(dealings.forecast_ends) - 1, -1, -1):
        foretold = dealings.forecast_minor[place]
        if dealings.forecast_metrics[place] != metric or foretold <= 0:
            continue
        back = figures.month - month_closed_by(dealings.forecast_ends[place])
        months = dealings.forecast_months[place]
        lines = ("revenue",) if metric == FORECAST_REVENUE else ("ebit", DEPRECIATION)
        parts = [
            figures.period_flow_or_none(line, months_back=back, months=months) for line in lines
        ]
        known = [part for part in parts if part is not None]
        if back >= 0 and len(known) == len(lines):
            return micro_ratio(sum(known) - foretold, foretold)
    return None


def forecasts_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest forecasts, then the newest statement."""
    newest = statements_as_evidence(borrower, as_of)[:1]
    return borrower.dealings.forecast_refs[::-1][:4] + newest


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
    Indicator(
        id="F-22",
        name="Forecast missed",
        family=STATEMENT,
        group="perf",
        risk_type="PROFIT_LEVERAGE",
        arms=(
            Arm("revenue", Unit.RATIO, "revenue against the forecast"),
            Arm("ebitda", Unit.RATIO, "EBITDA against the forecast"),
        ),
        inputs=STATEMENTS | PROFILE,
        measure=forecast_miss,
        evidence=forecasts_as_evidence,
    ),
)
