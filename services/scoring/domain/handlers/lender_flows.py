"""Applies flows with other lenders, and money that is no revenue: from owners or related parties.

`account_flows` passes each such flow on; the indicators of debts and conduct read them. Sums by day
and by lender, so the order of arrival leaves no trace and a reversal takes exactly its flow away (a
declaration of related parties applies to the flows after it; a reversal is read as its flow would
be read now).
"""

from bisect import bisect_left, insort
from typing import Final

from services.scoring.domain.borrower.borrower import CONDUCT_PART, Borrower
from services.scoring.domain.borrower.credit_file import party_digest
from services.scoring.domain.borrower.flows import LenderFlows, add_to_row
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.dates import add_to_month, month_of
from services.scoring.domain.primitives.flow_kinds import INFLOW, LENDER
from services.scoring.domain.primitives.vocabulary import CREDIT, DEBIT

LENDER_MONTHS_KEPT: Final = 24


def add(borrower: Borrower, event: AccountTransacted, kinds: int, day: int, amount: int) -> int:
    """Add a flow with a lender, or money in that is no revenue; return the bits touched."""
    borrower.changed |= CONDUCT_PART
    facts = 0
    if kinds & INFLOW and event.direction == CREDIT:
        series.add(borrower.outside_funding.inflows, day, amount)
        facts |= touched.OTHERS
    if kinds & LENDER:
        _add_lender(borrower.lender_flows, event, day, amount)
        facts |= touched.LENDERS
    return facts


def _add_lender(flows: LenderFlows, event: AccountTransacted, day: int, amount: int) -> None:
    if event.direction == DEBIT:
        _pay_in_month(flows, month_of(day), amount)
    if amount > 0:
        flows.ref = event.ref
    if event.counterparty_id is None:
        return
    columns = flows.days, flows.keys, flows.counts
    add_to_row(columns, day, party_digest(event.counterparty_id), 1 if amount > 0 else -1)


def _pay_in_month(flows: LenderFlows, month: int, amount: int) -> None:
    if not flows.months:
        flows.first_month = month
    missing = flows.first_month - month
    if missing > 0:
        flows.first_month = month
        flows.months[:0] = [0] * missing
    add_to_month(flows.first_month, flows.months, month, amount)
    while flows.months and not flows.months[0]:
        del flows.months[0]
        flows.first_month += 1
    if not flows.months:
        flows.first_month = 0


def forget_before(flows: LenderFlows, day: int, first: int) -> None:
    """Drop flows before `first` at the close of the day; lenders dropped with theirs stay known."""
    gone = bisect_left(flows.days, first)
    for key, count in zip(flows.keys[:gone], flows.counts, strict=False):
        if count > 0 and key not in flows.known:
            insort(flows.known, key)
    del flows.days[:gone], flows.keys[:gone], flows.counts[:gone]
    old = month_of(day) - LENDER_MONTHS_KEPT - flows.first_month
    if flows.months and old > 0:
        del flows.months[:old]
        flows.first_month += old
