"""Indicators of account conduct: cash, diversion, other lenders, enforcement, returned items.

A-09 to A-13, A-18, A-21 and A-22. While no returned item is known, A-09 and A-10 are zero whichever
flows come, so flows and day closes touch BOUNCES only where there is one.
"""

from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import RETURNED_INCOMING, RETURNED_OUTGOING, Borrower
from services.scoring.domain.borrower.flows import LenderFlows
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.handlers.use_of_funds import (
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
    passed_and_received,
)
from services.scoring.domain.indicators import lit
from services.scoring.domain.indicators.account_flows import credits_as_evidence, credits_of
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import (
    ITEM_DAYS,
    blocked_accounts,
    drawn_loans,
    returned_items,
)
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.dates import months_sum
from services.scoring.domain.primitives.measurement import (
    MEASURED,
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import ACCOUNT, About, Component, Rules
from services.scoring.domain.views.balances import pooled

CASH_SLOT: Final = slot_of("A-11")
DIVERSION_SLOT: Final = slot_of("A-12")
LENDERS_SLOT: Final = slot_of("A-18")
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


CONDUCT: Final = Theme(ACCOUNT, "conduct", "USE_OF_FUNDS")
NEW_DAYS: Final = 90
RECENT_MONTHS: Final = 3
EARLIER_MONTHS: Final = 6
VALUE_DAYS: Final = 90


def debits_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest debits of note, newest first."""
    return borrower.evidence.debits[::-1]


@indicator(
    "A-11",
    "Much cash taken out",
    CONDUCT.at(Classification("WILLINGNESS", "CONDUCT", "MONITORING")),
    (
        Component("share", Unit.RATIO, "cash over all debits, 90 days"),
        Component("times", Unit.NUMBER, "that share over the own share of a year"),
    ),
    reads=touched.CASH | touched.PROFILE,
    evidence=debits_as_evidence,
)
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
        return measured_components([0, 0])
    debits = series.total(flows.debits, start, as_of)
    if debits <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    last = lit.base_month(borrower, rules, CASH_SLOT, as_of)
    first = max(borrower.flows.first_full_month(), last - YEAR_MONTHS + 1)
    if last - first + 1 < FEWEST_BASE_MONTHS:
        return unmeasurable(Reason.SHORT_HISTORY)
    months = range(first, last + 1)
    usual_cash = months_sum(flows.first_month, flows.cash_debit_months, months)
    usual_debits = months_sum(flows.first_month, flows.debit_months, months)
    share = micro_ratio(cash, debits)
    if usual_cash <= 0 or usual_debits <= 0:
        measurement = measured_components([share, MOST_TIMES], baseline=0)
        measurement.base = 0
        return measurement
    times = micro_ratio(cash * usual_debits, debits * usual_cash)
    usual = micro_ratio(usual_cash, usual_debits)
    measurement = measured_components([share, min(times, MOST_TIMES)], baseline=usual)
    measurement.base = usual
    return measurement


@indicator(
    "A-12",
    "Loan spent on something else",
    CONDUCT.at(Classification("WILLINGNESS", "CONDUCT", "DISBURSEMENT")),
    single(Unit.RATIO, "of a drawdown gone elsewhere within 30 days"),
    reads=touched.PROCEEDS | touched.PROFILE | touched.INSPECTIONS | touched.LOANS,
    evidence=About(drawn_loans),
)
def diverted_proceeds(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-12: how much of a drawdown went within 30 days where it should not; the worst of 90 days.

    Where it should not: to related parties, to own accounts elsewhere (net of what came back), and
    to what the contract bars; a contract without a list bars securities, property, gambling and
    crypto, but never the loan's own purpose. First in, first out by days: what was on the accounts
    the day before leaves first, then the drawdown; an overdraft that it covered is used up. On a
    day where the drawdown pays a part of what went out, it bears that part of each purpose.

    A drawdown paid straight to a third party is not traced; one paid straight to a related party is
    diverted whole. A signal that is lit stays until somebody has explained it or the loan is
    closed.
    """
    drawdowns = borrower.drawdowns
    first = bisect_left(drawdowns.days, as_of - QUARTER_DAYS + 1)
    last = bisect_right(drawdowns.days, as_of)
    recent = [index for index in range(first, last) if drawdowns.payees[index] != TO_THIRD_PARTY]
    held = _held_share(borrower, rules, as_of)
    if held is not None:
        return measured(max([held, *(_diverted_share(borrower, each, as_of) for each in recent)]))
    if not recent:
        return not_applicable()
    traced = [index for index in recent if drawdowns.payees[index] == TO_OWN_ACCOUNT]
    if traced and not any(account.eod.reported for account in borrower.accounts):
        return unmeasurable(Reason.NO_BALANCE)
    return measured(max(_diverted_share(borrower, index, as_of) for index in recent))


def _held_share(borrower: Borrower, rules: Rules, as_of: int) -> int | None:
    """Return the share that was diverted and that nobody has explained."""
    held = lit.held_figure(borrower, rules, DIVERSION_SLOT)
    since = borrower.signals.since[DIVERSION_SLOT]
    if held is None or borrower.credit_file.proceeds_explained_day >= since:
        return None
    drawdowns = borrower.drawdowns
    loans = {
        name for name, day in zip(drawdowns.loans, drawdowns.days, strict=True) if day <= since
    }
    is_open = any(
        loan.loan_id in loans and (loan.closed_day is None or loan.closed_day > as_of)
        for loan in borrower.loans
    )
    return held if is_open else None


def _diverted_share(borrower: Borrower, position: int, as_of: int) -> int:
    drawdowns = borrower.drawdowns
    if drawdowns.payees[position] == TO_RELATED_PARTY:
        return MICRO
    drawn_day, drawn = drawdowns.days[position], drawdowns.minor[position]
    last = min(as_of, drawn_day + TRACE_DAYS - 1)
    uses = slice(bisect_left(drawdowns.use_days, drawn_day), bisect_right(drawdowns.use_days, last))
    barred = _barred_purposes(borrower, drawdowns.loans[position])
    if barred.isdisjoint(drawdowns.use_purposes[uses]):
        return 0
    opening = pooled(borrower, drawn_day - 1) or 0
    ahead, left = max(0, opening), drawn + min(0, opening)
    diverted = Fraction(0)
    for day in range(drawn_day, last + 1):
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
    loan = next((loan for loan in borrower.loans if loan.loan_id == loan_id), None)
    if loan is None:
        return ALWAYS_BARRED | USUALLY_BARRED
    by_contract = {BARRED_WORDS[word] for word in loan.barred_purposes if word in BARRED_WORDS}
    own = {BARRED_WORDS[loan.purpose_code]} if loan.purpose_code in BARRED_WORDS else set()
    return ALWAYS_BARRED | ((by_contract or USUALLY_BARRED) - own)


@indicator(
    "A-13",
    "Money goes to related parties",
    CONDUCT.at(Classification("WILLINGNESS", "CONDUCT", "DISBURSEMENT")),
    single(Unit.RATIO, "net outflow to related parties over operating credits, 90 days"),
    reads=touched.OTHERS | touched.PROFILE,
    evidence=debits_as_evidence,
)
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


@indicator(
    "A-21",
    "Money only passes through",
    CONDUCT.at(Classification("WILLINGNESS", "CONDUCT", "DISBURSEMENT")),
    single(Unit.RATIO, "of the money in gone again within a business day"),
    reads=touched.DAY | touched.PROFILE,
    evidence=credits_as_evidence,
)
def passed_through(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-21: the share of the money that came in which left again within one business day to at
    most two payees, 90 days.

    Of each day's inflow counts what went, that day or through the next business day, to the two
    payees that got most; a payment explains an inflow once, the oldest first. Own transfers in and
    payees without a name do not count. What passes is recorded from the day on which a rulebook
    first reads it, so the figure is unmeasurable for the first 90 days.
    """
    if not borrower.accounts:
        return not_applicable()
    since, start = borrower.pass_through.since, as_of - QUARTER_DAYS + 1
    if not since or since > start:
        return unmeasurable(Reason.SHORT_HISTORY)
    gone, came = passed_and_received(borrower.pass_through, start, as_of)
    return measured(micro_ratio(gone, came)) if came > 0 else unmeasurable(Reason.ZERO_BASE)


def lenders_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest flow with another lender."""
    return [borrower.lender_flows.ref] if borrower.lender_flows.ref else []


@indicator(
    "A-18",
    "Borrows elsewhere",
    Theme(ACCOUNT, "debt", "OBLIGATIONS").at(Classification("FINANCE", "FINANCIAL", "APPLICATION")),
    (
        Component("new", Unit.COUNT, "new lenders in 90 days"),
        Component("rise", Unit.POINTS, "more of the operating credits paid to other lenders"),
    ),
    reads=touched.LENDERS | touched.MONTHS | touched.PROFILE,
    evidence=lenders_as_evidence,
)
def lender_stacking(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-18: lenders that are new within 90 days, and how much more of the credits lenders take.

    A lender is new when its first flow, in or out, came in the last 90 days, and the accounts had
    been known for 90 days before that flow: at the beginning every lender would be new. The rise is
    measured in full months, the last three against the six before. The
    events do not carry which lenders are expensive; an officer may raise a finding.
    """
    if not borrower.accounts:
        return not_applicable()
    flows = borrower.lender_flows
    if not flows.days and not flows.known and not flows.months:
        return measured_components([0, 0])
    new = _new_lenders(borrower, as_of)
    rise = _rise_of_share(borrower, as_of, lit.base_month(borrower, rules, LENDERS_SLOT, as_of))
    measurement = measured_components([new, rise], gap=Reason.SHORT_HISTORY)
    measurement.base = 0
    return measurement


def _new_lenders(borrower: Borrower, as_of: int) -> int | None:
    known_day = borrower.flows.known_day
    if not known_day or as_of - known_day < NEW_DAYS:
        return None
    first_days: dict[int, int] = {}
    for day, key in _lender_flows(borrower.lender_flows, as_of):
        first_days.setdefault(key, day)
    earlier = borrower.lender_flows.known
    since = max(as_of - NEW_DAYS + 1, known_day + NEW_DAYS)
    new = sum(day >= since for key, day in first_days.items() if key not in earlier)
    return new * MICRO


def _lender_flows(flows: LenderFlows, as_of: int) -> list[tuple[int, int]]:
    rows = zip(flows.days, flows.keys, flows.counts, strict=True)
    return [(day, key) for day, key, count in rows if count > 0 and day <= as_of]


def _rise_of_share(borrower: Borrower, as_of: int, base_month: int) -> int | None:
    """Return the share of the credits paid to other lenders now less that before, if both exist.

    Before are the months before the recent ones of the base.
    """
    if not borrower.flows.known_day:
        return None
    last = borrower.counters.newest_full_month(as_of)
    recent = range(last - RECENT_MONTHS + 1, last + 1)
    end = base_month - RECENT_MONTHS + 1
    earlier = range(end - EARLIER_MONTHS, end)
    if earlier.start < borrower.flows.first_full_month():
        return None
    shares = []
    for months in (recent, earlier):
        came = sum(credits_of(borrower, months))
        if came <= 0:
            return None
        first, sums = borrower.lender_flows.first_month, borrower.lender_flows.months
        shares.append(micro_ratio(months_sum(first, sums, months), came))
    return shares[0] - shares[1]


@indicator(
    "A-22",
    "Account seized or blocked",
    Theme(ACCOUNT, "legal", "LEGAL_EXTERNAL").at(Classification("RECORD", "CONDUCT", "COLLECTION")),
    single(Unit.COUNT, "accounts under enforcement"),
    reads=touched.EXTERNAL | touched.PROFILE,
    evidence=About(blocked_accounts),
)
def accounts_under_enforcement(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-22: accounts that are seized or blocked by law. A flag is a fact: it is never unmeasurable.

    A block that the customer requested is none; suspected fraud is another track.
    """
    if not borrower.accounts:
        return not_applicable()
    blocked = sum(1 for account in borrower.accounts if account.block_kind)
    return measured(blocked * MICRO)


def _evidence(borrower: Borrower, as_of: int, kind: int) -> list[str]:
    positions = borrower.bounces.of_kind(kind, as_of - VALUE_DAYS + 1, as_of)
    return [borrower.bounces.refs[index] for index in reversed(positions)][:5]


def incoming_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the customers' returned items, newest first."""
    return _evidence(borrower, as_of, RETURNED_INCOMING)


@indicator(
    "A-09",
    "Returned payments",
    Theme(ACCOUNT, "bounce", "COLLECTION_FAIL").at(
        Classification("CAPACITY", "PAYMENT", "MONITORING")
    ),
    (
        Component("count", Unit.COUNT, "own items returned without funds in 30 days"),
        Component("share", Unit.RATIO, "their value over all debits, 90 days"),
    ),
    reads=touched.BOUNCES | touched.PROFILE,
    evidence=About(returned_items),
)
def returned_outgoing(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-09: own items returned for lack of funds: how many in 30 days, and their share of debits.

    The share is of all debits of 90 days; without debits only the count speaks.
    """
    if not borrower.accounts:
        return not_applicable()
    bounces = borrower.bounces
    if not bounces.days:
        return measured_components([0, 0])
    recent = bounces.of_kind(RETURNED_OUTGOING, as_of - ITEM_DAYS + 1, as_of)
    in_quarter = bounces.of_kind(RETURNED_OUTGOING, as_of - VALUE_DAYS + 1, as_of)
    debits = series.total(borrower.flows.debits, as_of - VALUE_DAYS + 1, as_of)
    value = sum(bounces.minor[index] for index in in_quarter)
    share = micro_ratio(value, debits) if debits > 0 else None
    age = as_of - bounces.days[in_quarter[-1]] if in_quarter else 0
    return Measurement(MEASURED, [len(recent) * MICRO, share], age_days=age)


@indicator(
    "A-10",
    "Customers' items returned",
    Theme(ACCOUNT, "cust", "CUSTOMER").at(Classification("PERFORMANCE", "FINANCIAL", "MONITORING")),
    single(Unit.RATIO, "value returned over operating credits, 90 days"),
    reads=touched.BOUNCES | touched.PROFILE,
    evidence=incoming_as_evidence,
)
def returned_incoming(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-10: value of customers' items that came back over gross operating credits, 90 days."""
    if not borrower.accounts:
        return not_applicable()
    if not borrower.bounces.days:
        return measured(0)
    start = as_of - VALUE_DAYS + 1
    positions = borrower.bounces.of_kind(RETURNED_INCOMING, start, as_of)
    credits = series.total(borrower.flows.operating_credits, start, as_of)
    if credits <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    value = sum(borrower.bounces.minor[index] for index in positions)
    return measured(micro_ratio(value, credits))
