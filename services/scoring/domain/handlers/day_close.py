"""Applies the close of a day to the facts: what it can move though no event came, what it drops.

Must stay true: a borrower without the fact in question costs no more than a check whether a list is
empty, because every borrower is closed every day. Dropping changes no figure: the windows reach
back at most 210 days, monthly ones 24 months, arrears history 400 days; an instalment goes only
when it was settled before that and is not among the last nine due of its loan, up to its end.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from services.scoring.domain.arrears import counters, days_past_due, facility_use
from services.scoring.domain.arrears.instalments import (
    OPEN,
    SHORTFALL_DAYS,
    counted_until,
    is_any_near,
    settle_days,
)
from services.scoring.domain.borrower.borrower import Borrower, Flows, Loan
from services.scoring.domain.borrower.flows import drop_rows
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.handlers import (
    accounts,
    credit_file,
    lender_flows,
    recurring_payments,
    use_of_funds,
)
from services.scoring.domain.primitives import daily_values, series, touched
from services.scoring.domain.primitives.dates import month_of
from services.scoring.domain.primitives.measurement import GREEN
from services.scoring.domain.rulebook.rulebook import Tolerance

WORST_DELAY_SLOT: Final = slot_of("R-04")
CONCESSIONS_SLOT: Final = slot_of("R-10")
DIVERSION_SLOT: Final = slot_of("A-12")

PRUNED_EVERY_DAYS: Final = 7
# The longest daily window, and a week because pruning happens only every seventh day.
DAILY_KEPT: Final = 211
DEBITS_KEPT: Final = 100
MONTHS_KEPT: Final = 24
HISTORY_KEPT: Final = 400
# A year before the window of 120 days, and half the rhythm of a payment a quarter.
RECURRING_KEPT: Final = 540
INSTALMENTS_KEPT: Final = 9


def touched_by_close(borrower: Borrower, day: int) -> int:
    """Return the kinds of fact that the close of a day can move; call it before the close."""
    state, previous = borrower.counters, borrower.counters.closed_day
    facts = touched.DAY | _flows_touched(borrower, previous, day) | _conduct_touched(borrower)
    if borrower.bounces.days or borrower.flows.penalty_interest.days:
        facts |= touched.BOUNCES
    if borrower.loans or borrower.facilities:
        facts |= _debts_touched(borrower, previous, day)
    if borrower.accounts and state.balances_judged_on != day:
        state.balances_judged_on = day
        facts |= touched.BALANCE_DAY
    if borrower.facilities and state.lines_judged_on != day:
        state.lines_judged_on = day
        facts |= touched.LINE_DAY
    if borrower.credit_file.is_dated:
        facts |= touched.FILE_DAY
    return facts


def _debts_touched(borrower: Borrower, previous: int, day: int) -> int:
    facts = 0
    if counters.dues_may_move(borrower, previous, day, SHORTFALL_DAYS):
        facts |= touched.DUES
    elif counters.lines_may_move(borrower, previous, day):
        facts |= touched.LINE_DUES
    values = borrower.signals.value
    if values[WORST_DELAY_SLOT] or values[CONCESSIONS_SLOT]:
        facts |= touched.SCAR_DAY
    return facts


def _flows_touched(borrower: Borrower, previous: int, day: int) -> int:
    facts = 0
    flows = borrower.flows
    if flows.no_rate_day and flows.lacks_a_rate(previous) and not flows.lacks_a_rate(day):
        facts |= touched.CONVERTED | touched.DUES
    if borrower.flows.cash_debits.days:
        facts |= touched.CASH
    if recurring_payments.may_move(borrower.recurring, previous, day):
        facts |= touched.WAGES
    if is_any_near(borrower, day):
        facts |= touched.COVER
    if borrower.flows.related_net.days:
        facts |= touched.OTHERS
    return facts


def _conduct_touched(borrower: Borrower) -> int:
    facts = 0
    if borrower.lender_flows.days:
        facts |= touched.LENDERS
    if borrower.drawdowns.days:
        facts |= touched.PROCEEDS
    funding = borrower.outside_funding
    if funding.inflows.days or funding.repaid_days:
        facts |= touched.OTHERS
    if borrower.promises.days:
        facts |= touched.PROMISES
    return facts


def is_pruned(day: int) -> bool:
    """Return whether the close of this day prunes."""
    return day % PRUNED_EVERY_DAYS == 0


def prune(borrower: Borrower, day: int, tolerance: Tolerance) -> None:
    """Drop what no indicator, counter or correction can read any more at the close of the day."""
    _prune_flows(borrower.flows, day)
    for account in borrower.accounts:
        daily_values.forget_before(account.eod, day - DAILY_KEPT)
    for facility in borrower.facilities:
        facility_use.forget_before(facility, day - DAILY_KEPT)
        days_past_due.forget_reported_before(facility, day - HISTORY_KEPT)
        series.forget_before(facility.interest_debited, day - DEBITS_KEPT)
        oldest = day - HISTORY_KEPT - 365
        facility.raises = [
            each for each in facility.raises if each.day > oldest or not each.is_proven
        ]
    accounts.forget_bounces_before(borrower.bounces, day - DEBITS_KEPT)
    credit_file.forget_before(borrower.credit_file, day)
    accounts.forget_payers_before(borrower, month_of(day) - MONTHS_KEPT)
    recurring_payments.forget_before(borrower.recurring, day - RECURRING_KEPT)
    _prune_conduct(borrower, day)
    horizon = day - HISTORY_KEPT
    # What cash must equal is derived from schedules and payments, however long that takes.
    tested_since = borrower.decisions.default.tested_since
    for loan in borrower.loans:
        _prune_loan(loan, min(horizon, tested_since or horizon), tolerance)


def _prune_flows(flows: Flows, day: int) -> None:
    for half_year in (flows.operating_credits, flows.penalty_interest):
        series.forget_before(half_year, day - DAILY_KEPT)
    for debits in (flows.debits, flows.cash_debits, flows.related_net):
        series.forget_before(debits, day - DEBITS_KEPT)
    gone = month_of(day) - MONTHS_KEPT - flows.first_month
    if flows.first_month and gone > 0:
        flows.first_month += gone
        for sums in accounts.monthly_sums(flows):
            del sums[:gone]


def _prune_conduct(borrower: Borrower, day: int) -> None:
    first = day - DEBITS_KEPT
    drawdowns, promises = borrower.drawdowns, borrower.promises
    if borrower.signals.level[DIVERSION_SLOT] == GREEN:
        drop_rows(drawdowns.columns(), 0, bisect_left(drawdowns.days, first))
    series.forget_before(drawdowns.received, first)
    gone = bisect_left(drawdowns.use_days, first)
    del drawdowns.use_days[:gone], drawdowns.use_purposes[:gone], drawdowns.use_minor[:gone]
    drop_rows(promises.columns(), 0, bisect_left(promises.days, first))
    funding = borrower.outside_funding
    series.forget_before(funding.inflows, first)
    gone = bisect_left(funding.repaid_days, first)
    del funding.repaid_days[:gone], funding.repaid_keys[:gone]
    lender_flows.forget_before(borrower.lender_flows, day, first)
    use_of_funds.settle_pass_through_before(borrower.pass_through, day)


def _prune_loan(loan: Loan, horizon: int, tolerance: Tolerance) -> None:
    loan.past = [past for past in loan.past if past.until_day > horizon]
    if loan.exclusions:
        loan.exclusions = [each for each in loan.exclusions if not 0 < each.until_day < horizon]
    loan.concession_days = [day for day in loan.concession_days if day > horizon - 365]
    if not loan.due_days and not loan.principal_minor:
        _drop_line_payments(loan, horizon)
    if loan.past or not loan.due_days or loan.due_days[0] >= horizon:
        return
    # What falls due after the end of a loan is no history, and pushes none out.
    candidates = bisect_right(loan.due_days, counted_until(loan, horizon)) - INSTALMENTS_KEPT
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
