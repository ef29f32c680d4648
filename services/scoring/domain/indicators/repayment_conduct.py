"""Indicators of promises, concessions and whose money repays a loan (R-07, R-10, R-11, R-12)."""

from bisect import bisect_left, bisect_right
from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.arrears.days_past_due import worst_days
from services.scoring.domain.arrears.instalments import (
    OPEN,
    counting_days,
    due_of,
    settle_days,
)
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import conceded_loans
from services.scoring.domain.primitives import daily_values, touched
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import (
    FLAG_RED,
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
from services.scoring.domain.primitives.vocabulary import TERM
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import REPAYMENT, About, Component, Rules
from services.scoring.domain.views.balances import STALE_DAYS

CONCESSION_MONTHS: Final = 24
ARREARS_WINDOW_DAYS: Final = 90
ARREARS_DAYS: Final = 30
PROMISE_DAYS: Final = 90
PROMISE_GRACE_DAYS: Final = 2
REPAYMENT_DAYS: Final = 90
INFLOW_DAYS_BEFORE: Final = 5
DRAW_WINDOW_DAYS: Final = 180
DRAW_DAYS_BEFORE: Final = 3
# Four fifths of a payment make it somebody else's.
MOSTLY_PCT: Final = 80


EVERGREENING: Final = Theme(REPAYMENT, "evg", "FORBEARANCE")


def promises_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest promises, newest first."""
    return borrower.promises.refs[::-1][:5]


def payments_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest repayments of each loan."""
    return [ref for loan in borrower.loans for ref in loan.paid_refs[::-1]][:5]


@indicator(
    "R-07",
    "Broken promises to pay",
    Theme(REPAYMENT, "cond", "PAYMENT_DELAY").at(
        Classification("WILLINGNESS", "PAYMENT", "COLLECTION")
    ),
    single(Unit.COUNT, "promises not met in 90 days"),
    reads=touched.PROMISES | touched.PAYMENTS | touched.LOANS,
    evidence=promises_as_evidence,
)
def broken_promises(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-07: promises not met in full two days after the day promised, within 90 days.

    Money counts that came on the loan from the day of the promise on; what is short by no more than
    the tolerance is met. A promise counts from the close of its second day of grace.
    """
    if not borrower.loans:
        return not_applicable()
    promises = borrower.promises
    if not promises.days:
        return measured(0)
    loans = {loan.loan_id: loan for loan in borrower.loans}
    known = [index for index, loan_id in enumerate(promises.loans) if loan_id in loans]
    if not known:
        return unmeasurable(Reason.NO_DATA)
    broken = [
        promises.days[index] + PROMISE_GRACE_DAYS
        for index in known
        if _is_broken(borrower, loans[promises.loans[index]], index, rules)
    ]
    inside = [
        day
        for day in broken
        if day > as_of - PROMISE_DAYS and borrower.counters.is_over(day, as_of)
    ]
    return measured(len(inside) * MICRO, age_days=as_of - max(inside) if inside else 0)


def _is_broken(borrower: Borrower, loan: Loan, index: int, rules: Rules) -> bool:
    promises = borrower.promises
    promised = promises.minor[index]
    first = bisect_left(loan.paid_days, promises.made_days[index])
    last = bisect_right(loan.paid_days, promises.days[index] + PROMISE_GRACE_DAYS)
    allowed = rules.tolerance.minor(loan.currency, promised)
    return sum(loan.paid_minor[first:last]) < promised - allowed


@indicator(
    "R-10",
    "Concessions granted",
    Theme(REPAYMENT, "forb", "FORBEARANCE").at(Classification("RECORD", "PAYMENT", "COLLECTION")),
    (
        Component("count", Unit.COUNT, "concessions in 24 months"),
        Component("arrears", Unit.FLAG, "a concession and more than 30 days past due"),
    ),
    reads=touched.LOANS | touched.PAYMENTS | touched.DUES | touched.SCAR_DAY,
    evidence=About(conceded_loans),
)
def concessions(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-10: concessions of 24 calendar months; and one of them with more than 30 days past due.

    A concession counts from the day on which it is known, also where it takes effect later. The
    second figure is red where there is a concession and a loan was more than 30 operational days
    past due on any of the last 90 days. A new concession in probation leads back to default by a
    state rule, not by this figure: it needs the state, which is no fact.
    """
    termed = [loan for loan in borrower.loans if loan.loan_type == TERM]
    if not termed:
        return not_applicable()
    if not any(loan.due_days for loan in termed):
        return unmeasurable(Reason.NO_SCHEDULE)
    first = plus_months(as_of, -CONCESSION_MONTHS)
    days = [day for loan in borrower.loans for day in loan.concession_days if day > first]
    if not days:
        return measured_components([0, 0])
    start = as_of - ARREARS_WINDOW_DAYS + 1
    late = max(worst_days(loan, start, as_of, rules.tolerance) for loan in borrower.loans)
    return measured_components([len(days) * MICRO, FLAG_RED if late > ARREARS_DAYS else 0])


@indicator(
    "R-11",
    "Repaid with others' money",
    EVERGREENING.at(Classification("WILLINGNESS", "CONDUCT", "MONITORING")),
    single(Unit.RATIO, "of the repayments of 90 days paid with others' money"),
    reads=touched.OTHERS | touched.PAYMENTS | touched.LOANS | touched.PROFILE,
    evidence=payments_as_evidence,
)
def repaid_by_others(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-11: the share of the repayments of 90 days that was made with other people's money.

    That is a repayment that somebody else made according to the source (a third party, a guarantor,
    a refinancing), or one before which, within five days, at least four fifths of it came in as
    money that is no revenue: from other lenders, owners, related parties. Such money explains a
    repayment once, the oldest first.
    """
    if not borrower.loans:
        return not_applicable()
    funding = borrower.outside_funding
    if not borrower.accounts and not funding.repaid_keys:
        return unmeasurable(Reason.NO_DATA)
    if not funding.inflows.days and not funding.repaid_keys:
        return measured(0)
    repayments = _repayments_since(borrower, as_of - REPAYMENT_DAYS + 1, as_of)
    total = sum(amount for _, amount, _ in repayments)
    if total <= 0:
        return measured(0)
    inflows = _inflows(borrower)
    others = 0
    for day, amount, key in repayments:
        if key in funding.repaid_keys or _was_funded(inflows, day, amount):
            others += amount
    return measured(micro_ratio(others, total))


def _repayments_since(borrower: Borrower, first: int, last: int) -> list[tuple[int, int, int]]:
    """Return day, amount and key of the repayments in the window, in order of day."""
    currency = borrower.profile.reporting_currency
    repayments: list[tuple[int, int, int]] = []
    for loan in borrower.loans:
        if loan.currency == currency:
            window = slice(bisect_left(loan.paid_days, first), bisect_right(loan.paid_days, last))
            rows = zip(
                loan.paid_days[window], loan.paid_minor[window], loan.paid_keys[window], strict=True
            )
            repayments += rows
    return sorted(repayments)


def _inflows(borrower: Borrower) -> list[list[int]]:
    """Return [day, amount not yet used] of the money that is no revenue."""
    inflows = borrower.outside_funding.inflows
    before = [0, *inflows.cum]
    return [
        [day, total - earlier]
        for day, total, earlier in zip(inflows.days, inflows.cum, before, strict=False)
    ]


def _was_funded(inflows: list[list[int]], day: int, amount: int) -> bool:
    """Return whether enough came in before, and use it up."""
    near = [
        inflow
        for inflow in inflows
        if day - INFLOW_DAYS_BEFORE <= inflow[0] <= day and inflow[1] > 0
    ]
    if sum(payment[1] for payment in near) * 100 < amount * MOSTLY_PCT:
        return False
    for payment in near:
        used = min(payment[1], amount)
        payment[1] -= used
        amount -= used
    return True


@indicator(
    "R-12",
    "Own line drawn to pay the loan",
    EVERGREENING.at(Classification("WILLINGNESS", "CONDUCT", "MONITORING")),
    single(Unit.COUNT, "instalments of 180 days paid by drawing on a line"),
    reads=touched.LOANS | touched.PAYMENTS | touched.DUES | touched.FACILITIES | touched.LINE_DAY,
    evidence=payments_as_evidence,
)
def paid_by_drawing(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-12: instalments of 180 days that were paid by drawing on the borrower's own line.

    An instalment counts when it was settled, and when within the three days up to that day the use
    of the lines rose to at least four fifths of it above its level before.
    """
    termed = [loan for loan in borrower.loans if loan.loan_type == TERM and loan.due_days]
    if not termed or not borrower.facilities:
        return not_applicable()
    newest = max(daily_values.last_day(line.drawn) for line in borrower.facilities)
    if not newest or as_of - newest > STALE_DAYS:
        return unmeasurable(Reason.STALE_DATA if newest else Reason.NO_DATA)
    count = 0
    for loan in termed:
        days = counting_days(loan)
        first = bisect_right(days, as_of - DRAW_WINDOW_DAYS)
        last = bisect_right(days, as_of)
        for index, settled in enumerate(settle_days(loan, first, last, rules.tolerance), first):
            if OPEN < settled <= as_of:
                drawn = sum(_rise(line, settled) for line in borrower.facilities)
                count += drawn * 100 >= due_of(loan, index) * MOSTLY_PCT
    return measured(count * MICRO)


def _rise(line: Facility, day: int) -> int:
    """Return how far the use of the line rose within the three days up to the day."""
    before = facility_use.drawn_on(line, day - DRAW_DAYS_BEFORE - 1)
    if before is None:
        return 0
    uses = [facility_use.drawn_on(line, day - back) or 0 for back in range(DRAW_DAYS_BEFORE + 1)]
    return max(0, max(uses) - before)
