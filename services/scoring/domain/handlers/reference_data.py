"""Take the borrower's profile and its statements into the facts. Called by `fold`."""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Statement, event_ref
from services.scoring.domain.events.credit_file import BorrowerRegistered, StatementReceived
from services.scoring.domain.handlers.account_flows import account_of, know_from
from services.scoring.domain.primitives.vocabulary import REVERSAL_OF

MOST_STATEMENTS: Final = 8


def register(borrower: Borrower, event: BorrowerRegistered) -> None:
    """Take in the profile; a later registration replaces what it says."""
    profile = borrower.profile
    if not profile.known_day or event.day < profile.known_day:
        profile.known_day = event.day
    profile.segment = event.segment
    profile.reporting_currency = event.reporting_currency
    profile.country = event.country
    profile.industry_code = event.industry_code
    profile.legal_form = event.legal_form
    profile.start_day = event.start_day
    profile.group_id = event.group_id
    profile.status = event.status
    profile.origination_pd_micro = event.origination_pd_micro
    profile.rating = event.rating
    profile.officer_id = event.officer_id
    profile.branch_id = event.branch_id
    profile.current_pd_micro = event.current_pd_micro
    for account_id in event.account_ids:
        account_of(borrower, account_id)
        know_from(borrower.flows, event.day)


def take_statement(borrower: Borrower, event: StatementReceived) -> None:
    """Keep the statement in order of its period; one that restates another takes its place.

    A reversal, which repeats it, takes it back.
    """
    statements = borrower.statements
    gone = (event.statement_id, event.restates_statement_id)
    statements[:] = [one for one in statements if one.statement_id not in gone]
    if event.correction_kind == REVERSAL_OF:
        return
    statements.append(
        Statement(
            statement_id=event.statement_id,
            ref=event_ref(event.source, event.id),
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
    )
    statements.sort(key=_order)
    del statements[:-MOST_STATEMENTS]


def _order(statement: Statement) -> tuple[int, int, int, str]:
    return (
        statement.period_end_day,
        statement.period_months,
        statement.received_day,
        statement.statement_id,
    )
