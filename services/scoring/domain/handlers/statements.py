"""Statements that were announced as due and have not come: what F-01 counts from first.

Called by `registry` for `statement.due` and for each statement. Must stay true: only what nobody
has handed in is kept, so announcement and statement leave the same facts whichever came first.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Statement, event_ref
from services.scoring.domain.borrower.credit_file import Deadline
from services.scoring.domain.events.credit_file import StatementDue, StatementReceived
from services.scoring.domain.handlers.reference_data import take_statement
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import (
    NO_CORRECTION,
    REVERSAL_OF,
    STATEMENT_BASES,
)
from services.scoring.domain.views.statements import end_month, month_closed_by

MOST_DEADLINES: Final = 12
UNKNOWN: Final = STATEMENT_BASES.index("UNKNOWN")
AUDITED: Final = STATEMENT_BASES.index("AUDITED")
REVIEWED: Final = STATEMENT_BASES.index("REVIEWED")
# Which statements do where a stricter basis is asked for; one of unknown basis may be it.
DOES: Final = {
    AUDITED: (AUDITED, UNKNOWN),
    REVIEWED: (REVIEWED, AUDITED, UNKNOWN),
}


def announce(borrower: Borrower, event: StatementDue) -> int:
    """Keep by when a statement must come; return what that touched.

    A later word about the same period replaces the earlier one; a reversal takes it back.
    """
    deadlines = borrower.credit_file.deadlines
    before = list(deadlines)
    if event.correction_kind != NO_CORRECTION and event.corrects_id is not None:
        corrected = event_ref(event.source, event.corrects_id)
        deadlines[:] = [one for one in deadlines if one.ref != corrected]
    if event.correction_kind != REVERSAL_OF:
        told = Deadline(
            period_end_day=event.period_end_day,
            period_months=event.period_months,
            due_day=event.due_day,
            basis=event.basis,
            ref=event_ref(event.source, event.id),
        )
        deadlines[:] = [one for one in deadlines if _period(one) != _period(told)]
        if not any(is_met_by(told, statement) for statement in borrower.statements):
            deadlines.append(told)
            deadlines.sort(key=_order)
            del deadlines[:-MOST_DEADLINES]
    return touched.STATEMENTS if deadlines != before else 0


def take(borrower: Borrower, event: StatementReceived) -> int:
    """Keep a statement and let go of the deadlines that it meets; return what that touched."""
    take_statement(borrower, event)
    file = borrower.credit_file
    if file.deadlines:
        file.deadlines = [
            one
            for one in file.deadlines
            if not any(is_met_by(one, statement) for statement in borrower.statements)
        ]
    return touched.STATEMENTS


def is_met_by(deadline: Deadline, statement: Statement) -> bool:
    """Return whether a statement is the one that was due, or a later one that makes up for it.

    Figures that nobody audited are not the audited ones that the contract asks for.
    """
    return (
        end_month(statement) >= month_closed_by(deadline.period_end_day)
        and statement.period_months >= deadline.period_months
        and (deadline.basis not in DOES or statement.basis in DOES[deadline.basis])
    )


def _period(deadline: Deadline) -> tuple[int, int]:
    return month_closed_by(deadline.period_end_day), deadline.period_months


def _order(deadline: Deadline) -> tuple[int, int]:
    return deadline.period_end_day, deadline.period_months
