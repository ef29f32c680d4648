"""Drop what no indicator, counter or correction can ask for any more.

Called by the fold at day closes, once a week. Must stay true: dropping changes no figure. The
windows look back at most 210 days, monthly ones 24 months, arrears history 400 days; an instalment
goes only when it was settled before that and is not among the last nine due of its loan.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.arrears import days_past_due, facility_use
from services.scoring.domain.arrears.instalments import OPEN, settle_days
from services.scoring.domain.borrower.borrower import Borrower, Flows, Loan
from services.scoring.domain.handlers import (
    credit_file,
    dealings,
    pass_through,
    payers,
    recurring_payments,
    returned_items,
)
from services.scoring.domain.handlers.account_flows import monthly_sums
from services.scoring.domain.primitives import daily_values, series
from services.scoring.domain.primitives.dates import month_of
from services.scoring.domain.rulebook.rulebook import Tolerance

EVERY_DAYS: Final = 7
# The longest daily window, and a week because pruning happens only every seventh day.
DAILY_KEPT: Final = 211
DEBITS_KEPT: Final = 100
MONTHS_KEPT: Final = 24
HISTORY_KEPT: Final = 400
INSTALMENTS_KEPT: Final = 9


def is_due(day: int) -> bool:
    """Return whether the close of this day prunes."""
    return day % EVERY_DAYS == 0


def prune(borrower: Borrower, day: int, tolerance: Tolerance) -> None:
    """Forget what is too old at the close of the day."""
    _prune_flows(borrower.flows, day)
    for account in borrower.accounts:
        daily_values.forget_before(account.eod, day - DAILY_KEPT)
    for facility in borrower.facilities:
        facility_use.forget_before(facility, day - DAILY_KEPT)
        days_past_due.forget_reported_before(facility, day - HISTORY_KEPT)
        series.forget_before(facility.interest_debited, day - DEBITS_KEPT)
    returned_items.forget_before(borrower.bounces, day - DEBITS_KEPT)
    credit_file.forget_before(borrower.credit_file, day)
    payers.forget_before(borrower, month_of(day) - MONTHS_KEPT)
    recurring_payments.forget_before(borrower.routines, day - HISTORY_KEPT)
    dealings.forget_before(borrower.dealings, day)
    pass_through.settle_before(borrower.dealings, day)
    for loan in borrower.loans:
        _prune_loan(loan, day - HISTORY_KEPT, tolerance)


def _prune_flows(flows: Flows, day: int) -> None:
    series.forget_before(flows.operating_credits, day - DAILY_KEPT)
    for debits in (flows.debits, flows.cash_debits, flows.related_net):
        series.forget_before(debits, day - DEBITS_KEPT)
    gone = month_of(day) - MONTHS_KEPT - flows.first_month
    if flows.first_month and gone > 0:
        flows.first_month += gone
        for sums in monthly_sums(flows):
            del sums[:gone]


def _prune_loan(loan: Loan, horizon: int, tolerance: Tolerance) -> None:
    loan.past = [past for past in loan.past if past.until_day > horizon]
    if loan.exclusions:
        loan.exclusions = [one for one in loan.exclusions if not 0 < one.until_day < horizon]
    loan.concession_days = [one for one in loan.concession_days if one > horizon - 365]
    if not loan.due_days and not loan.principal_minor:
        _drop_line_payments(loan, horizon)
    if loan.past or not loan.due_days or loan.due_days[0] >= horizon:
        return
    candidates = bisect_right(loan.due_days, horizon) - INSTALMENTS_KEPT
    if candidates <= 0:
        return
    gone = 0
    for settled in settle_days(loan, 0, candidates, tolerance):
        if settled == OPEN or settled >= horizon:
            break
        gone += 1
    if gone:
        _drop_instalments(loan, gone)
        _drop_payments(loan, horizon)


def _drop_line_payments(loan: Loan, horizon: int) -> None:
    """Drop old payments of a line without instalments; nothing is allocated to them."""
    gone = bisect_right(loan.paid_days, horizon)
    loan.carried_minor += sum(loan.paid_minor[:gone])
    del loan.paid_days[:gone], loan.paid_minor[:gone]
    del loan.paid_keys[:gone], loan.paid_outstanding[:gone]


def _drop_instalments(loan: Loan, gone: int) -> None:
    due, interest, fees = (
        loan.due_cum[gone - 1],
        loan.interest_cum[gone - 1],
        loan.fees_cum[gone - 1],
    )
    loan.carried_minor -= due
    loan.pruned_due_minor += due
    loan.pruned_principal_minor += due - interest - fees
    loan.due_days = loan.due_days[gone:]
    loan.effective_days = loan.effective_days[gone:]
    loan.due_cum = [total - due for total in loan.due_cum[gone:]]
    loan.interest_cum = [total - interest for total in loan.interest_cum[gone:]]
    loan.fees_cum = [total - fees for total in loan.fees_cum[gone:]]


def _drop_payments(loan: Loan, horizon: int) -> None:
    """Drop payments that went wholly into instalments no longer kept."""
    gone, carried = 0, loan.carried_minor
    for day, amount in zip(loan.paid_days, loan.paid_minor, strict=True):
        if day >= horizon or carried + amount > 0:
            break
        carried += amount
        gone += 1
    loan.carried_minor = carried
    del loan.paid_days[:gone], loan.paid_minor[:gone]
    del loan.paid_keys[:gone], loan.paid_outstanding[:gone]
