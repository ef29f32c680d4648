"""Indicators of liquidity: balances, and money for what falls due (A-02, A-14, A-19, A-23, R-14).

Balances are those of all accounts together at the end of each day. A borrower without a known
account has no balance indicators. A cover is not applicable while nothing falls due within reach;
where something does and no account is known, it is unmeasurable.
"""

from typing import Final

from services.scoring.domain.arrears.days_past_due import oldest_unpaid_day
from services.scoring.domain.arrears.instalments import (
    NEXT_DUE_DAYS,
    NEXT_DUE_SLOT,
    is_open,
    next_due_day,
    pressing_amount,
    pressing_days,
    spendable,
    undrawn_usable,
    unpaid_through,
)
from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.handlers.recurring_payments import latest_runs
from services.scoring.domain.indicators import lit
from services.scoring.domain.indicators.account_lines import median_of
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import loans_due_next
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.dates import first_day_of, month_of, months_sum
from services.scoring.domain.primitives.measurement import (
    AMBER,
    MEASURED,
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    micro_ratio,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import RETAIL
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import ACCOUNT, REPAYMENT, About, Rules
from services.scoring.domain.views.balances import RECENT_DAYS, pooled, view_of, why_no_balance

EROSION_SLOT: Final = slot_of("A-02")
FEWEST_BASE_DAYS: Final = 90
OUTFLOW_DAYS: Final = 90
FEWEST_HISTORY_DAYS: Final = 60
BALANCES_AND_LINES: Final = (
    touched.BALANCES
    | touched.BALANCE_DAY
    | touched.FACILITIES
    | touched.LINE_DAY
    | touched.LOANS
    | touched.PROFILE
)
# Ten years: beyond it a runway or a cover is not a figure but "no end in sight".
LONGEST_RUNWAY: Final = 3_650 * MICRO
MOST_COVER: Final = 1_000 * MICRO
# Balances are kept for some days longer.
BALANCES_KEPT_DAYS: Final = 200


LIQUIDITY: Final = Theme(ACCOUNT, "liq", "LIQUIDITY")
INFLOW_MONTHS: Final = 6
FEWEST_INFLOW_MONTHS: Final = 3
NET_FLOW_MONTHS: Final = 6
FEWEST_NET_FLOW_MONTHS: Final = 3
DAYS_A_YEAR: Final = 365
MONTHS_A_YEAR: Final = 12


def balances_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest balance events, newest first, or else the newest credits."""
    refs = borrower.evidence.balances or borrower.evidence.credits
    return refs[::-1]


@indicator(
    "A-02",
    "Balance erosion",
    LIQUIDITY.at(Classification("CAPACITY", "FINANCIAL", "MONITORING", "The balance grows")),
    single(Unit.RATIO, "mean balance of 30 days over the usual balance"),
    reads=touched.BALANCES | touched.BALANCE_DAY | touched.PROFILE,
    evidence=balances_as_evidence,
)
def balance_erosion(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-02: mean balance of 30 days over the median of the 180 days before."""
    gap = balance_gap(borrower, as_of)
    if gap is not None:
        return gap
    view = view_of(borrower, as_of)
    base = view.base
    if len(base) < FEWEST_BASE_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    middle = len(base) // 2
    # Twice the median, so that an even count needs no fraction.
    median_2 = 2 * base[middle] if len(base) % 2 else base[middle - 1] + base[middle]
    usual_2 = lit.usual(borrower, rules, EROSION_SLOT, as_of, median_2)
    if usual_2 <= 0:
        return unmeasurable(Reason.NEGATIVE_BASE if usual_2 < 0 else Reason.ZERO_BASE)
    recent_2 = 2 * sum(view.balances[-RECENT_DAYS:])
    measurement = measured(rounded_quotient(recent_2 * MICRO, RECENT_DAYS * usual_2))
    measurement.base = usual_2
    return measurement


@indicator(
    "A-19",
    "Cash runway",
    LIQUIDITY.at(
        Classification("CAPACITY", "FINANCIAL", "MONITORING", "The balance lasts for long")
    ),
    single(Unit.DAYS, "days that the balance lasts at the usual outflow"),
    reads=BALANCES_AND_LINES | touched.DEBITS,
    evidence=balances_as_evidence,
)
def cash_runway(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-19: how many days the balance lasts at the gross daily outflow of the last 90 days.

    What may be drawn on lines is money as well. Below 60 days of history no outflow is usual.
    """
    gap = balance_gap(borrower, as_of)
    if gap is not None:
        return gap
    balance = pooled(borrower, as_of)
    if balance is None:
        return unmeasurable(Reason.NO_BALANCE)
    return days_of_outflow(borrower, _with_lines(borrower, balance, as_of), as_of)


def days_of_outflow(borrower: Borrower, money: int, as_of: int) -> Measurement:
    """Return how many days the money lasts at the gross daily outflow of the last 90 days."""
    days = min(OUTFLOW_DAYS, borrower.flows.known_days(as_of))
    if days < FEWEST_HISTORY_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    outflow = series.total(borrower.flows.debits, as_of - OUTFLOW_DAYS + 1, as_of)
    if outflow <= 0:
        return measured(LONGEST_RUNWAY)
    return measured(min(LONGEST_RUNWAY, rounded_quotient(money * days * MICRO, outflow)))


@indicator(
    "A-23",
    "Balance against its worst fall",
    LIQUIDITY.at(Classification("CAPACITY", "FINANCIAL", "MONITORING")),
    single(Unit.NUMBER, "balance over the worst 30-day fall of 180 days"),
    reads=BALANCES_AND_LINES,
    evidence=balances_as_evidence,
)
def drawdown_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-23: the balance over the worst fall within 30 days that ended in the last 180.

    What may be drawn on lines is money as well.
    """
    gap = balance_gap(borrower, as_of)
    if gap is not None:
        return gap
    view = view_of(borrower, as_of)
    if len(view.balances) < FEWEST_HISTORY_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    worst = -view.deepest_180.of(view.dips)
    if worst <= 0:
        return measured(MOST_COVER)
    money = _with_lines(borrower, view.balances[-1], as_of)
    return measured(min(MOST_COVER, micro_ratio(money, worst)))


def _with_lines(borrower: Borrower, balance: int, as_of: int) -> int:
    """Return the balance and what may still be drawn on lines, at least 0.

    A card's limit is no money at hand.
    """
    return max(0, balance + undrawn_usable(borrower, as_of))


def balance_gap(borrower: Borrower, as_of: int) -> Measurement | None:
    """Return why there is no figure of the balances, `None` where there is one."""
    if not borrower.accounts:
        return not_applicable()
    gap = why_no_balance(borrower, as_of)
    return None if gap == Reason.NONE else unmeasurable(gap)


def schedules_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the schedules with something due soon, then the newest balance."""
    near = [loan.schedule_ref for loan in borrower.loans if pressing_days(loan, as_of)]
    return [ref for ref in near if ref][:4] + balances_as_evidence(borrower, as_of)[:1]


@indicator(
    "A-14",
    "Money for the next instalment",
    Theme(ACCOUNT, "cover", "LIQUIDITY").at(
        Classification(
            "CAPACITY", "FINANCIAL", "MONITORING", "The money for the next instalment is there"
        )
    ),
    single(Unit.NUMBER, "money at hand and expected over what falls due within 15 days"),
    reads=touched.COVER | touched.LOANS | touched.PAYMENTS | touched.WAGES | touched.PROFILE,
    evidence=About(loans_due_next),
)
def next_due_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-14: money at hand and to be expected over what falls due next, within 15 days.

    Due is everything unpaid through the next due day, over all loans: money goes to the oldest debt
    first, so arrears come before it. A signal about an instalment whose money was not there on the
    eve of its due day stays until it is paid. Expected is the 25th percentile (nearest rank)
    of the operating credits in the same days of the six months before, at least three, because pay
    and customers come by the calendar. Known committed outflow is a firm's payroll by its rhythm.
    """
    loans = [
        loan
        for loan in borrower.loans
        if is_open(loan, borrower.profile.reporting_currency) and loan.due_days
    ]
    days = [next_due_day(loan, as_of, NEXT_DUE_DAYS) for loan in loans]
    day = min((day for day in days if day is not None), default=None)
    missed = _missed_cover(borrower, loans, rules, as_of)
    measurement = not_applicable() if day is None else _cover_of(borrower, loans, as_of, day)
    if missed is None:
        return measurement
    if measurement.status == MEASURED and measurement.values[0] is not None:
        missed = min(missed, measurement.values[0])
    return measured(missed)


def _missed_cover(borrower: Borrower, loans: list[Loan], rules: Rules, as_of: int) -> int | None:
    """Return the cover of the oldest instalment unpaid on the eve of its due day, if it was short.

    It is derived from facts each time, so that it is right once they are corrected.
    """
    rule = rules.by_slot[NEXT_DUE_SLOT]
    if not rules.baseline_months or rule is None:
        return None
    days = [oldest_unpaid_day(loan, as_of, rules.tolerance) for loan in loans]
    day = min((day for day in days if day is not None), default=None)
    if day is None:
        return None
    eve = max(day - 1, as_of - BALANCES_KEPT_DAYS)
    money = spendable(borrower, eve)
    if money is None:
        return None
    money += undrawn_usable(borrower, eve) + (_expected_credits(borrower, eve, day) or 0)
    cover = _cover(money, sum(unpaid_through(loan, day) for loan in loans))
    component = rule.components[0]
    return cover if component is not None and component.level(cover) >= AMBER else None


def _cover_of(borrower: Borrower, loans: list[Loan], as_of: int, day: int) -> Measurement:
    gap = why_no_balance(borrower, as_of)
    if gap != Reason.NONE:
        return unmeasurable(gap)
    expected = _expected_credits(borrower, as_of, day)
    if expected is None:
        return unmeasurable(Reason.SHORT_HISTORY)
    money = (spendable(borrower, as_of) or 0) + undrawn_usable(borrower, as_of) + expected
    money -= _payroll_through(borrower, day)
    return measured(_cover(money, sum(unpaid_through(loan, day) for loan in loans)))


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


@indicator(
    "R-14",
    "Money for the maturity",
    Theme(REPAYMENT, "cover", "LIQUIDITY").at(
        Classification("CAPACITY", "FINANCIAL", "APPROVAL", "The money for the maturity is there")
    ),
    single(Unit.NUMBER, "money at hand and earned over what must be paid by then"),
    reads=touched.COVER | touched.LOANS | touched.PAYMENTS | touched.MONTHS | touched.PROFILE,
    evidence=schedules_as_evidence,
)
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
    gap = why_no_balance(borrower, as_of)
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
    came = months_sum(first, flows.operating_credit_months, months)
    went = months_sum(first, flows.operating_debit_months, months)
    return max(0, rounded_quotient(came - went, len(months)))
