"""Indicators of whether a firm tells what it owes the bank to know, who vouches for it, and what
became of what it foretold (F-01, F-19, F-22).
"""

from itertools import pairwise
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators.from_statements import (
    FLAG_AMBER,
    FLAG_RED,
    declare,
    statements_as_evidence,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import (
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
from services.scoring.domain.primitives.vocabulary import FORECAST_EBITDA, FORECAST_REVENUE
from services.scoring.domain.rulebook.rulebook import STATEMENT, Arm, Indicator, Rules, one_arm
from services.scoring.domain.views.statements import (
    CannotFormError,
    StatementFigures,
    end_month,
    figures_of,
    month_closed_by,
)

EMPHASIS: Final = 2
QUALIFIED: Final = 3
ADVERSE: Final = 4
DISCLAIMER: Final = 5
DEPRECIATION: Final = "depreciation_amortisation"


def lateness(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-01: days since a statement was due by contract that has not come, the oldest of them.

    Due dates that were announced count first. Where none was announced for the next period, its
    due date follows the rhythm in which statements came.
    """
    dues = [one.due_day for one in borrower.credit_file.deadlines]
    following = _next_by_rhythm(borrower)
    if following is not None:
        dues.append(following)
    if not dues:
        return not_applicable()
    return measured(max(0, as_of - min(dues)) * MICRO)


def _next_by_rhythm(borrower: Borrower) -> int | None:
    """Return the due date of the next statement by rhythm; None where none is stated or needed.

    It is the due date of the newest balance date (of several the earliest: interim figures come
    before the audited ones) moved on by the shortest step between two balance dates, or by the
    newest statement's own period. An announcement for that period or one before it is better.
    """
    ends: set[int] = set()
    newest, due, rhythm = 0, 0, 0
    for one in borrower.statements:
        month = end_month(one)
        ends.add(month)
        if one.due_day is None or month < newest:
            continue
        if month > newest:
            newest, due, rhythm = month, one.due_day, one.period_months
        due, rhythm = min(due, one.due_day), min(rhythm, one.period_months)
    if not newest:
        return None
    rhythm = min([rhythm, *(later - earlier for earlier, later in pairwise(sorted(ends)))])
    for announced in borrower.credit_file.deadlines:
        if newest < month_closed_by(announced.period_end_day) <= newest + rhythm:
            return None
    return plus_months(due, rhythm)


def lateness_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return what was announced and has not come, the oldest first, then the newest statement."""
    announced = sorted(borrower.credit_file.deadlines, key=lambda one: one.due_day)
    return [one.ref for one in announced[:4]] + statements_as_evidence(borrower, as_of)[:1]


def auditor_signals(figures: StatementFigures) -> Measurement:
    """F-19: the audit opinion, doubt about going concern, a change of auditor.

    An opinion stands until the next one: interim figures that nobody audited do not clear it.
    """
    ordered = sorted(figures.made_of, key=lambda one: (end_month(one), one.period_months))
    told = [place for place, one in enumerate(ordered) if one.opinion or one.going_concern_doubt]
    if not told:
        raise CannotFormError(Reason.NO_DATA)
    audited, opinion = ordered[told[-1]], 0
    if audited.opinion in (EMPHASIS, QUALIFIED):
        opinion = FLAG_AMBER
    if audited.opinion in (ADVERSE, DISCLAIMER) or audited.going_concern_doubt:
        opinion = FLAG_RED
    has_changed = any(one.auditor_changed for one in ordered[told[-1] :])
    return measured_arms([opinion, FLAG_AMBER if has_changed else 0])


def forecast_miss(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-22: actual / forecast - 1, revenue and EBITDA, newest period with both; the worse counts.

    A forecast is held against the statement of the same period (domain: year to date), never spread
    over part of one: seasons would make misses. Only forecasts made before the period was over
    count. Not applicable while no forecast's period has been reported; a forecast of nothing or of
    a loss, or a period whose statement is missing, is unmeasurable.
    """
    forecasts = borrower.forecasts
    if not forecasts.ends:
        return not_applicable()
    if not borrower.statements:
        return unmeasurable(Reason.NO_STATEMENT)
    figures = figures_of(borrower)
    ends = [end for end in forecasts.ends if month_closed_by(end) <= figures.month]
    if not ends:
        return not_applicable()
    misses = [
        _newest_miss(borrower, figures, metric) for metric in (FORECAST_REVENUE, FORECAST_EBITDA)
    ]
    return measured_arms(misses, gap=Reason.NOT_COMPARABLE)


def _newest_miss(borrower: Borrower, figures: StatementFigures, metric: int) -> int | None:
    forecasts = borrower.forecasts
    for place in range(len(forecasts.ends) - 1, -1, -1):
        foretold = forecasts.minor[place]
        if forecasts.metrics[place] != metric or foretold <= 0:
            continue
        back = figures.month - month_closed_by(forecasts.ends[place])
        months = forecasts.months[place]
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
    return borrower.forecasts.refs[::-1][:4] + newest


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="F-01",
        name="Statement is late",
        family=STATEMENT,
        group="info",
        risk_type="INFORMATION",
        arms=one_arm(Unit.DAYS, "days after the contractual due date"),
        inputs=touched.STATEMENTS | touched.PROFILE | touched.DAY,
        measure=lateness,
        evidence=lateness_as_evidence,
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
        inputs=touched.STATEMENTS | touched.PROFILE,
        measure=forecast_miss,
        evidence=forecasts_as_evidence,
    ),
)
