"""Indicators of money that leaves in unusual ways or for other ends (A-11 to A-13, A-21)."""

from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.handlers.drawdowns import (
    CRYPTO,
    ELSEWHERE,
    GAMBLING,
    PROPERTY,
    RELATED_PARTIES,
    SECURITIES,
    TO_OWN_ACCOUNT,
    TO_RELATED_PARTY,
    TO_THIRD_PARTY,
    TRACE_DAYS,
)
from services.scoring.domain.handlers.pass_through import passed_and_received
from services.scoring.domain.indicators.account_inflow import credits_as_evidence
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.dates import month_sum
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_arms,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Arm, Indicator, Rules, one_arm
from services.scoring.domain.views.balances import pooled

QUARTER_DAYS: Final = 90
YEAR_MONTHS: Final = 12
FEWEST_BASE_MONTHS: Final = 6
MOST_TIMES: Final = 1_000 * MICRO
# Net outflow beyond ten times the credits is "all and more".
MOST_SHARE: Final = 10 * MICRO
# How contracts name what a loan may not be spent on.
BARRED_WORDS: Final = {
    "SECURITIES": SECURITIES,
    "PROPERTY": PROPERTY,
    "REAL_ESTATE": PROPERTY,
    "GAMBLING": GAMBLING,
    "CRYPTO": CRYPTO,
}
ALWAYS_BARRED: Final = frozenset({ELSEWHERE, RELATED_PARTIES})
USUALLY_BARRED: Final = frozenset({SECURITIES, PROPERTY, GAMBLING, CRYPTO})


def cash_share(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-11: cash taken out over all debits, 90 days, and that share over the own share of a year.

    The own share is that of the last twelve full months, of at least six. Both figures must agree
    (domain reading 5). Who took out no cash in 90 days has a share of 0.
    """
    if not borrower.accounts:
        return not_applicable()
    flows, start = borrower.flows, as_of - QUARTER_DAYS + 1
    cash = series.total(flows.cash_debits, start, as_of)
    if cash <= 0:
        return measured_arms([0, 0])
    debits = series.total(flows.debits, start, as_of)
    if debits <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    last = borrower.counters.newest_full_month(as_of)
    first = max(borrower.flows.first_full_month(), last - YEAR_MONTHS + 1)
    if last - first + 1 < FEWEST_BASE_MONTHS:
        return unmeasurable(Reason.SHORT_HISTORY)
    months = range(first, last + 1)
    usual_cash = sum(month_sum(flows.first_month, flows.cash_debit_months, one) for one in months)
    usual_debits = sum(month_sum(flows.first_month, flows.debit_months, one) for one in months)
    share = micro_ratio(cash, debits)
    if usual_cash <= 0 or usual_debits <= 0:
        return measured_arms([share, MOST_TIMES], baseline=0)
    times = micro_ratio(cash * usual_debits, debits * usual_cash)
    usual = micro_ratio(usual_cash, usual_debits)
    return measured_arms([share, min(times, MOST_TIMES)], baseline=usual)


def diverted_proceeds(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-12: how much of a drawdown went within 30 days where it should not; the worst of 90 days.

    Where it should not: to related parties, to own accounts elsewhere (net of what came back), and
    to what the contract bars; a contract without a list bars securities, property, gambling and
    crypto, but never the loan's own purpose. First in, first out by days: what was on the accounts
    the day before leaves first, then the drawdown; an overdraft that it covered is used up. On a
    day where the drawdown pays a part of what went out, it bears that part of each purpose.

    A drawdown paid straight to a third party is not traced; one paid straight to a related party is
    diverted whole.
    """
    drawdowns = borrower.drawdowns
    first = bisect_left(drawdowns.days, as_of - QUARTER_DAYS + 1)
    last = bisect_right(drawdowns.days, as_of)
    recent = [index for index in range(first, last) if drawdowns.payees[index] != TO_THIRD_PARTY]
    if not recent:
        return not_applicable()
    traced = [index for index in recent if drawdowns.payees[index] == TO_OWN_ACCOUNT]
    if traced and not any(account.eod.reported for account in borrower.accounts):
        return unmeasurable(Reason.NO_BALANCE)
    return measured(max(_diverted_share(borrower, one, as_of) for one in recent))


def _diverted_share(borrower: Borrower, position: int, as_of: int) -> int:
    drawdowns = borrower.drawdowns
    if drawdowns.payees[position] == TO_RELATED_PARTY:
        return MICRO
    drawn_day, drawn = drawdowns.days[position], drawdowns.minor[position]
    opening = pooled(borrower, drawn_day - 1) or 0
    ahead, left = max(0, opening), drawn + min(0, opening)
    barred = _barred_purposes(borrower, drawdowns.loans[position])
    diverted = Fraction(0)
    for day in range(drawn_day, min(as_of, drawn_day + TRACE_DAYS - 1) + 1):
        out, away = _gone_on(borrower, day, barred)
        from_before = min(ahead, out)
        spent = min(max(0, left), out - from_before)
        ahead, left = ahead - from_before, left - spent
        if away and spent:
            diverted += Fraction(away * spent, out)
    return min(MICRO, round(diverted * MICRO / drawn))


def _gone_on(borrower: Borrower, day: int, barred: frozenset[int]) -> tuple[int, int]:
    """Return what left the accounts on the day, and the part of it for barred purposes."""
    drawdowns = borrower.drawdowns
    out, away = series.total(borrower.flows.debits, day, day), 0
    start = bisect_left(drawdowns.use_days, day)
    for index in range(start, bisect_right(drawdowns.use_days, day)):
        amount = max(0, drawdowns.use_minor[index])
        if drawdowns.use_purposes[index] == ELSEWHERE:
            out += amount
        if drawdowns.use_purposes[index] in barred:
            away += amount
    return out, min(away, out)


def _barred_purposes(borrower: Borrower, loan_id: str) -> frozenset[int]:
    loan = next((one for one in borrower.loans if one.loan_id == loan_id), None)
    if loan is None:
        return ALWAYS_BARRED | USUALLY_BARRED
    by_contract = {BARRED_WORDS[word] for word in loan.barred_purposes if word in BARRED_WORDS}
    own = {BARRED_WORDS[loan.purpose_code]} if loan.purpose_code in BARRED_WORDS else set()
    return ALWAYS_BARRED | ((by_contract or USUALLY_BARRED) - own)


def related_outflow(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-13: what went to related parties less what came from them over operating credits, 90 days.

    Related are the parties that the borrower declared, those that the source calls related, and
    the flows that it categorises so. Where nothing went on balance the share is 0; where nothing
    came in from customers, any outflow is ten times too much.
    """
    if not borrower.accounts:
        return not_applicable()
    start = as_of - QUARTER_DAYS + 1
    net = series.total(borrower.flows.related_net, start, as_of)
    if net <= 0:
        return measured(0)
    if borrower.flows.known_day > start:
        return unmeasurable(Reason.SHORT_HISTORY)
    credits = series.total(borrower.flows.operating_credits, start, as_of)
    return measured(min(MOST_SHARE, micro_ratio(net, credits)) if credits > 0 else MOST_SHARE)


def passed_through(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-21: the share of the money that came in which left again within one business day to at
    most two payees, 90 days.

    Of each day's inflow counts what went, that day or through the next business day, to the two
    payees that got most; a payment explains an inflow once, the oldest first. Own transfers in and
    payees without a name do not count. What passes is recorded from the day on which a rulebook
    first asks, so the figure is unmeasurable for the first 90 days.
    """
    if not borrower.accounts:
        return not_applicable()
    since, start = borrower.pass_through.since, as_of - QUARTER_DAYS + 1
    if not since or since > start:
        return unmeasurable(Reason.SHORT_HISTORY)
    gone, came = passed_and_received(borrower.pass_through, start, as_of)
    return measured(micro_ratio(gone, came)) if came > 0 else unmeasurable(Reason.ZERO_BASE)


def drawdowns_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest drawdowns, newest first."""
    return borrower.drawdowns.refs[::-1][:5]


def debits_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest debits of note, newest first."""
    return borrower.evidence.debits[::-1]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-11",
        name="Much cash taken out",
        family=ACCOUNT,
        group="conduct",
        risk_type="USE_OF_FUNDS",
        arms=(
            Arm("share", Unit.RATIO, "cash over all debits, 90 days"),
            Arm("times", Unit.NUMBER, "that share over the own share of a year"),
        ),
        inputs=touched.CASH | touched.PROFILE,
        measure=cash_share,
        evidence=debits_as_evidence,
    ),
    Indicator(
        id="A-12",
        name="Loan spent on something else",
        family=ACCOUNT,
        group="conduct",
        risk_type="USE_OF_FUNDS",
        arms=one_arm(Unit.RATIO, "of a drawdown gone elsewhere within 30 days"),
        inputs=touched.PROCEEDS | touched.PROFILE,
        measure=diverted_proceeds,
        evidence=drawdowns_as_evidence,
    ),
    Indicator(
        id="A-13",
        name="Money goes to related parties",
        family=ACCOUNT,
        group="conduct",
        risk_type="USE_OF_FUNDS",
        arms=one_arm(Unit.RATIO, "net outflow to related parties over operating credits, 90 days"),
        inputs=touched.OTHERS | touched.PROFILE,
        measure=related_outflow,
        evidence=debits_as_evidence,
    ),
    Indicator(
        id="A-21",
        name="Money only passes through",
        family=ACCOUNT,
        group="conduct",
        risk_type="USE_OF_FUNDS",
        arms=one_arm(Unit.RATIO, "of the money in gone again within a business day"),
        inputs=touched.DAY | touched.PROFILE,
        measure=passed_through,
        evidence=credits_as_evidence,
    ),
)
