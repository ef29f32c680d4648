"""Indicators of late statements, audit opinions and missed forecasts (F-01, F-19, F-22)."""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.reasons import STATEMENT as SUBJECT_STATEMENT
from services.scoring.domain.borrower.reasons import Subject
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.from_statements import (
    statement_indicator,
    statements_as_evidence,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import (
    FLAG_AMBER,
    FLAG_RED,
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import (
    FORECAST_EBITDA,
    FORECAST_REVENUE,
    LARGE,
    RETAIL,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import STATEMENT, About, Component, Rules
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


def late_statements(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the oldest statement that has not come, by when it was due.

    The evidence is what was announced, the oldest first, then the newest statement.
    """
    due = statement_due(borrower, rules)
    if due is None:
        return []
    announced = sorted(borrower.credit_file.deadlines, key=lambda deadline: deadline.due_day)
    refs = [deadline.ref for deadline in announced[:4]]
    refs += statements_as_evidence(borrower, as_of)[:1]
    return [Subject(kind=SUBJECT_STATEMENT, id=refs[0], since=due, refs=refs)]


def forecasts_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest forecasts, then the newest statement."""
    newest = statements_as_evidence(borrower, as_of)[:1]
    return borrower.forecasts.refs[::-1][:4] + newest


@indicator(
    "F-01",
    "Statement is late",
    Theme(STATEMENT, "info", "INFORMATION").at(
        Classification("WILLINGNESS", "CONDUCT", "MONITORING")
    ),
    single(Unit.DAYS, "days after the contractual due date"),
    reads=touched.STATEMENTS | touched.PROFILE | touched.DAY,
    evidence=About(late_statements),
)
def lateness(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-01: days since a statement was due by contract that has not come, the oldest of them.

    Due dates that were announced count first. Where none was announced for the next period, its
    due date follows the rhythm in which statements came; where none was ever stated, a firm's is so
    many days after the end of that period (`statements` of the rulebook).
    """
    due = statement_due(borrower, rules)
    return not_applicable() if due is None else measured(max(0, as_of - due) * MICRO)


def statement_due(borrower: Borrower, rules: Rules) -> int | None:
    """Return by when the oldest statement that has not come was due, None where none is."""
    dues = [deadline.due_day for deadline in borrower.credit_file.deadlines]
    following = _next_by_rhythm(borrower, rules)
    if following is not None:
        dues.append(following)
    return min(dues, default=None)


def _next_by_rhythm(borrower: Borrower, rules: Rules) -> int | None:
    """Return the due date of the next statement by rhythm; None where none is known or needed.

    An announcement for that period or one before it is better.
    """
    if not borrower.statements:
        return None
    figures = figures_of(borrower)
    for announced in borrower.credit_file.deadlines:
        ends = month_closed_by(announced.period_end_day)
        if figures.month < ends <= figures.month + figures.rhythm:
            return None
    return _derived_due(borrower, figures, rules) if figures.next_due is None else figures.next_due


def _derived_due(borrower: Borrower, figures: StatementFigures, rules: Rules) -> int | None:
    """Return when a firm's next statement is due where nobody stated when any was."""
    profile, age = borrower.profile, rules.statement_age
    if age is None or profile.segment == RETAIL:
        return None
    newest = next(each for each in figures.made_of if end_month(each) == figures.month)
    days = age.days_until_due(profile.country, is_large=profile.segment == LARGE)
    return plus_months(newest.period_end_day, figures.rhythm) + days


@statement_indicator(
    "F-19",
    "Auditor is concerned",
    Theme(STATEMENT, "qual", "QUALITY_OF_FIGURES").at(
        Classification("RECORD", "CONDUCT", "APPLICATION")
    ),
    (
        Component("opinion", Unit.FLAG, "audit opinion"),
        Component("change", Unit.FLAG, "change of auditor"),
    ),
)
def auditor_signals(figures: StatementFigures) -> Measurement:
    """F-19: the audit opinion, doubt about going concern, a change of auditor.

    An opinion counts until the next one: interim figures that nobody audited do not clear it.
    """
    ordered = sorted(figures.made_of, key=lambda filed: (end_month(filed), filed.period_months))
    opinions = [
        index for index, filed in enumerate(ordered) if filed.opinion or filed.going_concern_doubt
    ]
    if not opinions:
        raise CannotFormError(Reason.NO_DATA)
    audited, opinion = ordered[opinions[-1]], 0
    if audited.opinion in (EMPHASIS, QUALIFIED):
        opinion = FLAG_AMBER
    if audited.opinion in (ADVERSE, DISCLAIMER) or audited.going_concern_doubt:
        opinion = FLAG_RED
    has_changed = any(filed.auditor_changed for filed in ordered[opinions[-1] :])
    return measured_components([opinion, FLAG_AMBER if has_changed else 0])


@indicator(
    "F-22",
    "Forecast missed",
    Theme(STATEMENT, "perf", "PROFIT_LEVERAGE").at(
        Classification("PERFORMANCE", "FINANCIAL", "APPROVAL", "The forecast was met")
    ),
    (
        Component("revenue", Unit.RATIO, "revenue against the forecast"),
        Component("ebitda", Unit.RATIO, "EBITDA against the forecast"),
    ),
    reads=touched.STATEMENTS | touched.PROFILE,
    evidence=forecasts_as_evidence,
)
def forecast_miss(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-22: actual / forecast - 1, revenue and EBITDA, newest period with both; the worse counts.

    A forecast is compared with the statement of the same period (domain: year to date), never
    spread over part of one: seasons would make misses. Only forecasts made before the period was
    over count. Not applicable while no forecast's period has been reported; a forecast of nothing
    or of a loss, or a period whose statement is missing, is unmeasurable.
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
    return measured_components(misses, gap=Reason.NOT_COMPARABLE)


def _newest_miss(borrower: Borrower, figures: StatementFigures, metric: int) -> int | None:
    forecasts = borrower.forecasts
    for index in range(len(forecasts.ends) - 1, -1, -1):
        expected = forecasts.minor[index]
        if forecasts.metrics[index] != metric or expected <= 0:
            continue
        back = figures.month - month_closed_by(forecasts.ends[index])
        months = forecasts.months[index]
        lines = ("revenue",) if metric == FORECAST_REVENUE else ("ebit", DEPRECIATION)
        parts = [
            figures.period_flow_or_none(line, months_back=back, months=months) for line in lines
        ]
        known = [part for part in parts if part is not None]
        if back >= 0 and len(known) == len(lines):
            return micro_ratio(sum(known) - expected, expected)
    return None
