"""Applies statements, their announced deadlines, and the borrower's own forecasts.

Must stay true: only deadlines that nobody has met are stored (F-01 counts from them first), so an
announcement and its statement leave the same facts in either order.
"""

from bisect import bisect_left
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Statement
from services.scoring.domain.borrower.credit_file import Deadline
from services.scoring.domain.borrower.flows import drop_rows, remove_row
from services.scoring.domain.events.credit_file import (
    ForecastReceived,
    StatementDue,
    StatementReceived,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import STATEMENT_BASES
from services.scoring.domain.views.statements import end_month, month_closed_by

MOST_STATEMENTS: Final = 8
MOST_DEADLINES: Final = 12
MOST_FORECASTS: Final = 12
UNKNOWN: Final = STATEMENT_BASES.index("UNKNOWN")
AUDITED: Final = STATEMENT_BASES.index("AUDITED")
REVIEWED: Final = STATEMENT_BASES.index("REVIEWED")
# Which statements meet a deadline that requires a basis; one of unknown basis may be it.
MEETS: Final = {
    AUDITED: (AUDITED, UNKNOWN),
    REVIEWED: (REVIEWED, AUDITED, UNKNOWN),
}


def announce(borrower: Borrower, event: StatementDue) -> int:
    """Record by when a statement must come.

    A later announcement of the same period replaces the earlier one.
    """
    deadlines = borrower.credit_file.deadlines
    before = list(deadlines)
    deadline = Deadline(
        period_end_day=event.period_end_day,
        period_months=event.period_months,
        due_day=event.due_day,
        basis=event.basis,
        ref=event.ref,
    )
    deadlines[:] = [known for known in deadlines if _period(known) != _period(deadline)]
    if not any(is_met_by(deadline, statement) for statement in borrower.statements):
        deadlines.append(deadline)
        deadlines.sort(key=_by_period)
        del deadlines[:-MOST_DEADLINES]
    return touched.STATEMENTS if deadlines != before else 0


def take_back_deadline(borrower: Borrower, ref: str) -> int:
    """Take the announcement of a statement back."""
    return _take_back(borrower.credit_file.deadlines, ref)


def take_back_statement(borrower: Borrower, ref: str) -> int:
    """Take a statement back."""
    return _take_back(borrower.statements, ref)


def _take_back(rows: list[Deadline] | list[Statement], ref: str) -> int:
    is_removed = remove_row([known.ref for known in rows], (rows,), ref)
    return touched.STATEMENTS if is_removed else 0


def take_back_forecast(borrower: Borrower, ref: str) -> int:
    """Take a forecast back."""
    forecasts = borrower.forecasts
    return touched.STATEMENTS if remove_row(forecasts.refs, forecasts.columns(), ref) else 0


def receive(borrower: Borrower, event: StatementReceived) -> int:
    """Store a statement in order of its period, and drop the deadlines that it meets.

    A statement that restates another, or is sent again, replaces it.
    """
    statements = borrower.statements
    gone = (event.statement_id, event.restates_statement_id)
    statements[:] = [known for known in statements if known.statement_id not in gone]
    statements.append(_statement(event))
    statements.sort(key=_by_period_and_receipt)
    del statements[:-MOST_STATEMENTS]
    file = borrower.credit_file
    if file.deadlines:
        file.deadlines = [
            deadline
            for deadline in file.deadlines
            if not any(is_met_by(deadline, statement) for statement in statements)
        ]
    return touched.STATEMENTS


def _statement(event: StatementReceived) -> Statement:
    return Statement(
        statement_id=event.statement_id,
        ref=event.ref,
        period_end_day=event.period_end_day,
        period_months=event.period_months,
        received_day=event.received_day,
        due_day=event.contractual_due_day,
        basis=event.basis,
        is_consolidated=event.is_consolidated,
        accounting_standard=event.accounting_standard,
        auditor_id=event.auditor_id,
        opinion=event.opinion,
        going_concern_doubt=event.going_concern_doubt,
        auditor_changed=event.auditor_changed,
        policy_changed=event.accounting_policy_changed,
        year_changed=event.fiscal_year_changed,
        lines=event.lines,
    )


def is_met_by(deadline: Deadline, statement: Statement) -> bool:
    """Return whether a statement is the one that was due, or a later one that makes up for it.

    Figures that nobody audited do not meet a deadline for audited ones.
    """
    return (
        end_month(statement) >= month_closed_by(deadline.period_end_day)
        and statement.period_months >= deadline.period_months
        and (deadline.basis not in MEETS or statement.basis in MEETS[deadline.basis])
    )


def _period(deadline: Deadline) -> tuple[int, int]:
    return month_closed_by(deadline.period_end_day), deadline.period_months


def _by_period(deadline: Deadline) -> tuple[int, int]:
    return deadline.period_end_day, deadline.period_months


def _by_period_and_receipt(statement: Statement) -> tuple[int, int, int, str]:
    return (
        statement.period_end_day,
        statement.period_months,
        statement.received_day,
        statement.statement_id,
    )


def forecast(borrower: Borrower, event: ForecastReceived) -> int:
    """Store a forecast made before its period was over; a later one of the period replaces it."""
    forecasts = borrower.forecasts
    is_foreign = event.currency != borrower.profile.reporting_currency != ""
    is_hindsight = event.received_day > event.period_end_day
    if is_foreign or is_hindsight:
        return 0
    period = (event.period_end_day, event.period_months, event.metric)
    known = zip(forecasts.ends, forecasts.months, forecasts.metrics, strict=True)
    for index, known_period in enumerate(known):
        if known_period == period:
            drop_rows(forecasts.columns(), index, index + 1)
            break
    index = bisect_left(forecasts.ends, event.period_end_day)
    forecasts.ends.insert(index, event.period_end_day)
    forecasts.months.insert(index, event.period_months)
    forecasts.metrics.insert(index, event.metric)
    forecasts.minor.insert(index, event.forecast_minor)
    forecasts.refs.insert(index, event.ref)
    drop_rows(forecasts.columns(), 0, len(forecasts.ends) - MOST_FORECASTS)
    return touched.STATEMENTS
