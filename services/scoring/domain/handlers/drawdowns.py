"""Applies drawdowns, and traces where money goes after one: for use of funds (A-12, A-13).

A trace is kept only while a drawdown is recent, as sums by day and purpose, so that the order of
arrival leaves no trace and money that comes back from own accounts takes its amount away; what was
booked before the drawdown became known is not traced.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.borrower.borrower import CONDUCT_PART, Borrower
from services.scoring.domain.borrower.credit_file import party_digest
from services.scoring.domain.borrower.flows import Drawdowns, add_to_row, remove_row, row_index
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.events.loans import LoanDisbursed
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import (
    CATEGORIES,
    COUNTERPARTY_TYPES,
    CREDIT,
    DEBIT,
    NO_CORRECTION,
    OWN_TRANSFER,
    REVERSAL_OF,
)

# Where the money of a drawdown went first.
TO_OWN_ACCOUNT: Final = 0
TO_RELATED_PARTY: Final = 1
TO_THIRD_PARTY: Final = 2
# The purpose of a debit after a drawdown, as far as loans are not meant for it.
ELSEWHERE: Final = 0
RELATED_PARTIES: Final = 1
SECURITIES: Final = 2
PROPERTY: Final = 3
GAMBLING: Final = 4
CRYPTO: Final = 5
NOWHERE: Final = -1
BY_CATEGORY: Final = {
    "OWN_TRANSFER": ELSEWHERE,
    "RELATED_OUT": RELATED_PARTIES,
    "SECURITIES_OUT": SECURITIES,
    "PROPERTY_OUT": PROPERTY,
    "GAMBLING_OUT": GAMBLING,
}
BY_COUNTERPARTY: Final = {
    "OWN": ELSEWHERE,
    "RELATED": RELATED_PARTIES,
    "BROKER": SECURITIES,
    "REAL_ESTATE": PROPERTY,
    "GAMBLING": GAMBLING,
    "CRYPTO": CRYPTO,
}
PURPOSES: Final = tuple(
    tuple(
        BY_CATEGORY.get(category, BY_COUNTERPARTY.get(counterparty, NOWHERE))
        for counterparty in COUNTERPARTY_TYPES
    )
    for category in CATEGORIES
)
TRACE_DAYS: Final = 30


def disburse(borrower: Borrower, event: LoanDisbursed) -> int:
    """Record a drawdown and where its money went first; a correction replaces or removes it."""
    drawdowns = borrower.drawdowns
    is_removed = event.correction_kind != NO_CORRECTION and remove_row(
        drawdowns.refs, drawdowns.columns(), event.corrected_ref
    )
    if is_removed:
        _forget_untraced(drawdowns)
    is_foreign = event.currency != borrower.profile.reporting_currency != ""
    if event.correction_kind == REVERSAL_OF or is_foreign:
        return touched.PROCEEDS if is_removed else 0
    index = row_index(drawdowns.days, drawdowns.refs, event.value_day, event.ref)
    drawdowns.days.insert(index, event.value_day)
    drawdowns.minor.insert(index, event.drawn_minor)
    drawdowns.loans.insert(index, event.loan_id)
    drawdowns.payees.insert(index, _payee(borrower, event.payee_account_id))
    drawdowns.refs.insert(index, event.ref)
    return touched.PROCEEDS


def _payee(borrower: Borrower, payee_account_id: str) -> int:
    if any(account.account_id == payee_account_id for account in borrower.accounts):
        return TO_OWN_ACCOUNT
    related = borrower.credit_file.related_parties
    if related and party_digest(payee_account_id) in related:
        return TO_RELATED_PARTY
    return TO_THIRD_PARTY


def trace(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> int:
    """Add where money went after a drawdown; money back from own accounts takes it away again."""
    drawdowns = borrower.drawdowns
    purpose = _purpose_of(borrower, event)
    if purpose == NOWHERE or not _is_after_drawdown(drawdowns, day):
        return 0
    columns = drawdowns.use_days, drawdowns.use_purposes, drawdowns.use_minor
    add_to_row(columns, day, purpose, amount if event.direction == DEBIT else -amount)
    borrower.changed |= CONDUCT_PART
    return touched.PROCEEDS


def _is_after_drawdown(drawdowns: Drawdowns, day: int) -> bool:
    """Return whether the newest drawdown up to the day is recent enough for its money to go."""
    index = bisect_right(drawdowns.days, day) - 1
    return index >= 0 and day <= drawdowns.days[index] + TRACE_DAYS


def _forget_untraced(drawdowns: Drawdowns) -> None:
    """Drop where money went after a drawdown that was taken back."""
    for index in range(len(drawdowns.use_days) - 1, -1, -1):
        if not _is_after_drawdown(drawdowns, drawdowns.use_days[index]):
            del drawdowns.use_days[index], drawdowns.use_purposes[index]
            del drawdowns.use_minor[index]


def _purpose_of(borrower: Borrower, event: AccountTransacted) -> int:
    if event.direction == CREDIT:
        return ELSEWHERE if event.category == OWN_TRANSFER else NOWHERE
    purpose = PURPOSES[event.category][event.counterparty_type]
    if purpose == NOWHERE and borrower.credit_file.is_related(event.counterparty_id):
        return RELATED_PARTIES
    return purpose
