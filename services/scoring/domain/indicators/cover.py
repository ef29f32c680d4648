"""Indicators of whether the money for what falls due will be there (A-14, R-14).

Not applicable while nothing falls due within reach. Where something does and no account is known,
the figure is unmeasurable: the question stands, and nobody can answer it.
"""

from typing import Final

from services.scoring.domain.arrears.instalments import (
    NEXT_DUE_DAYS,
    is_open,
    next_due_day,
    pressing_amount,
    pressing_days,
    spendable,
    undrawn_usable,
    unpaid_through,
)
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.handlers.recurring_payments import latest_runs
from services.scoring.domain.indicators.account_balance import balances_as_evidence
from services.scoring.domain.indicators.account_lines import median_of
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.dates import first_day_of, month_of, month_sum
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import RETAIL
from services.scoring.domain.rulebook.rulebook import ACCOUNT, REPAYMENT, Indicator, Rules, one_arm
from services.scoring.domain.views.balances import RECENT_DAYS, are_balances_stale, view_of

INFLOW_MONTHS: Final = 6
FEWEST_INFLOW_MONTHS: Final = 3
NET_FLOW_MONTHS: Final = 6
FEWEST_NET_FLOW_MONTHS: Final = 3
DAYS_A_YEAR: Final = 365
MONTHS_A_YEAR: Final = 12
MOST_COVER: Final = 1_000 * MICRO


def next_due_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-14: money at hand and to be expected over what falls due next, within 15 days.

    Due is everything unpaid through the next due day, over all loans: money goes to the oldest debt
    first, so arrears stand before it. Expected is the 25th percentile (nearest rank) of the
    operating credits in the same days of the six months before, at least three, because pay and
    customers come by the calendar. Known committed outflow is a firm's payroll by its rhythm.
    """
    loans = [
        loan
        for loan in borrower.loans
        if is_open(loan, borrower.profile.reporting_currency) and loan.due_days
    ]
    days = [next_due_day(loan, as_of, NEXT_DUE_DAYS) for loan in loans]
    day = min((one for one in days if one is not None), default=None)
    if day is None:
        return not_applicable()
    gap = _gap(borrower, as_of)
    if gap != Reason.NONE:
        return unmeasurable(gap)
    expected = _expected_credits(borrower, as_of, day)
    if expected is None:
        return unmeasurable(Reason.SHORT_HISTORY)
    money = (spendable(borrower, as_of) or 0) + undrawn_usable(borrower, as_of) + expected
    money -= _payroll_through(borrower, day)
    return measured(_cover(money, sum(unpaid_through(loan, day) for loan in loans)))


def _gap(borrower: Borrower, as_of: int) -> Reason:
    if not any(account.eod.reported for account in borrower.accounts):
        return Reason.NO_BALANCE
    return Reason.STALE_DATA if are_balances_stale(borrower, as_of) else Reason.NONE


def _cover(money: int, due: int) -> int:
    return min(MOST_COVER, rounded_quotient(max(0, money) * MICRO, due))


def _expected_credits(borrower: Borrower, as_of: int, day: int) -> int | None:
    """Return what the same days of earlier months brought, the second least of six."""
    credits, known_day = borrower.flows.operating_credits, borrower.flows.known_day
    month, length = month_of(as_of), day - as_of
    into_month = as_of - first_day_of(month)
    brought = []
    for back in range(1, INFLOW_MONTHS + 1):
        ends = first_day_of(month - back) + into_month + length
        if ends - length + 1 < known_day:
            break
        brought.append(series.total(credits, ends - length + 1, ends))
    if len(brought) < FEWEST_INFLOW_MONTHS:
        return None
    brought.sort()
    return max(0, brought[-(-len(brought) // 4) - 1])


def _payroll_through(borrower: Borrower, day: int) -> int:
    """Return a firm's usual payroll if it is expected by the day, or late."""
    recurring = borrower.recurring
    if borrower.profile.segment == RETAIL or not 0 < recurring.wages_due_day <= day:
        return 0
    _, amounts = latest_runs(recurring.wages)
    return median_of(amounts)


def maturity_pressure(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-14: what can be paid by a final maturity or balloon within 90 days over what must be paid.

    At each such day: mean balance of 30 days, what may be drawn, and the mean monthly net operating
    flow of six full months (at least three, never below 0) for the months left, over everything
    unpaid through that day on all loans; the worst day counts. A balloon is an instalment of at
    least three times the one before it; the end of a line is a matter of its review, not of this.
    """
    currency = borrower.profile.reporting_currency
    loans = [loan for loan in borrower.loans if is_open(loan, currency)]
    days = {day for loan in loans for day in pressing_days(loan, as_of)}
    dues = [(day, sum(pressing_amount(loan, day, as_of) for loan in loans)) for day in days]
    if not any(due for _, due in dues):
        return not_applicable()
    gap = _gap(borrower, as_of)
    if gap != Reason.NONE:
        return unmeasurable(gap)
    flow = _monthly_net_flow(borrower, as_of)
    if flow is None:
        return unmeasurable(Reason.SHORT_HISTORY)
    balances = view_of(borrower, as_of).balances[-RECENT_DAYS:]
    money = max(0, rounded_quotient(sum(balances), len(balances)))
    money += undrawn_usable(borrower, as_of)
    earned = [
        rounded_quotient(flow * (day - as_of) * MONTHS_A_YEAR, DAYS_A_YEAR) for day, _ in dues
    ]
    covers = [
        _cover(money + extra, due) for extra, (_, due) in zip(earned, dues, strict=True) if due
    ]
    return measured(min(covers))


def _monthly_net_flow(borrower: Borrower, as_of: int) -> int | None:
    """Return operating credits less debits of a mean month, at least 0; None if too young."""
    flows = borrower.flows
    last = borrower.counters.newest_full_month(as_of)
    months = range(max(borrower.flows.first_full_month(), last - NET_FLOW_MONTHS + 1), last + 1)
    if len(months) < FEWEST_NET_FLOW_MONTHS:
        return None
    first = flows.first_month
    came = sum(month_sum(first, flows.operating_credit_months, month) for month in months)
    went = sum(month_sum(first, flows.operating_debit_months, month) for month in months)
    return max(0, rounded_quotient(came - went, len(months)))


def schedules_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the schedules with something due soon, then the newest balance."""
    near = [loan.schedule_ref for loan in borrower.loans if pressing_days(loan, as_of)]
    return [ref for ref in near if ref][:4] + balances_as_evidence(borrower, as_of)[:1]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-14",
        name="Money for the next instalment",
        family=ACCOUNT,
        group="cover",
        risk_type="LIQUIDITY",
        arms=one_arm(Unit.NUMBER, "money at hand and expected over what falls due within 15 days"),
        inputs=touched.COVER | touched.LOANS | touched.PAYMENTS | touched.WAGES | touched.PROFILE,
        measure=next_due_cover,
        evidence=balances_as_evidence,
    ),
    Indicator(
        id="R-14",
        name="Money for the maturity",
        family=REPAYMENT,
        group="cover",
        risk_type="LIQUIDITY",
        arms=one_arm(Unit.NUMBER, "money at hand and earned over what must be paid by then"),
        inputs=touched.COVER | touched.LOANS | touched.PAYMENTS | touched.MONTHS | touched.PROFILE,
        measure=maturity_pressure,
        evidence=schedules_as_evidence,
    ),
)
