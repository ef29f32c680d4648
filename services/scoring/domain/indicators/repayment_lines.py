"""Indicators of how cards and lines without instalments are paid (R-16, R-17).

There is no due amount to hold a payment against, so it is held against the limit, and months
without any payment are counted. A month without a payment counts as late only if something was owed
in it; for the mean of R-16 every month counts of which the balance is known.
"""

from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import first_day_of, last_day_of
from services.scoring.domain.primitives.measurement import (
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
from services.scoring.domain.rulebook.rulebook import REPAYMENT, Indicator, Rules, one_arm

MONTHS_LOOKED_AT: Final = 6
FEWEST_MONTHS: Final = 3
RECENT_MONTHS: Final = 3


@dataclass(frozen=True, slots=True)
class PaidMonth:
    """What was paid on a line in one month, beside its limit, and whether anything was owed."""

    paid: int
    limit: int
    is_owed: bool


def payment_against_limit(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-16: mean share of the limit that was paid back a month, over six months.

    A card on which nothing moves at all pays back nothing: in the public data its holders default
    far more often.
    """
    lines = _paid_lines(borrower)
    if not lines:
        return not_applicable()
    months = _paid_months(lines, borrower.counters.newest_full_month(as_of), MONTHS_LOOKED_AT)
    if len(months) < FEWEST_MONTHS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    shares = [micro_ratio(month.paid, month.limit) for month in months]
    return measured(rounded_quotient(sum(shares), len(shares)))


def months_without_payment(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-17: of the last three months, those without any payment although something was owed."""
    lines = _paid_lines(borrower)
    if not lines:
        return not_applicable()
    months = _paid_months(lines, borrower.counters.newest_full_month(as_of), RECENT_MONTHS)
    if not months:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    owed = [month for month in months if month.is_owed]
    if not owed:
        return not_applicable()
    return measured(sum(month.paid == 0 for month in owed) * MICRO)


def _paid_lines(borrower: Borrower) -> list[tuple[Facility, Loan]]:
    """Return the lines whose payments are booked on a loan without instalments."""
    loans = {loan.loan_id: loan for loan in borrower.loans if not loan.due_days}
    return [
        (line, loans[line.loan_id])
        for line in borrower.facilities
        if line.loan_id in loans and line.late_days
    ]


def _paid_months(lines: list[tuple[Facility, Loan]], newest: int, most: int) -> list[PaidMonth]:
    months = []
    for line, loan in lines:
        for month in range(newest - most + 1, newest + 1):
            found = _paid_month(line, loan, month)
            if found is not None:
                months.append(found)
    return months


def _paid_month(line: Facility, loan: Loan, month: int) -> PaidMonth | None:
    """Return the month if limit and balance are known.

    What is owed is the balance at the end of the month before; where that is not known, the
    month's own.
    """
    start, end = first_day_of(month), last_day_of(month)
    limit = facility_use.limit_on(line, end) or 0
    closing = facility_use.drawn_on(line, end)
    if limit <= 0 or closing is None:
        return None
    opening = facility_use.drawn_on(line, start - 1)
    owed = closing if opening is None else opening
    days = zip(loan.paid_days, loan.paid_minor, strict=True)
    paid = sum(amount for day, amount in days if start <= day <= end)
    return PaidMonth(paid, limit, is_owed=paid > 0 or owed > 0)


def payments_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the latest payments and line balances, newest first."""
    paid = [ref for _, loan in _paid_lines(borrower) for ref in reversed(loan.paid_refs)]
    return [*paid, *borrower.evidence.facilities[::-1]][:5]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="R-16",
        name="Little is paid back on the card",
        family=REPAYMENT,
        group="paydown",
        risk_type="PAYMENT_DELAY",
        arms=one_arm(Unit.RATIO, "mean share of the limit paid back a month, six months"),
        inputs=touched.FACILITIES | touched.LOANS | touched.PAYMENTS | touched.MONTHS,
        measure=payment_against_limit,
        evidence=payments_as_evidence,
    ),
    Indicator(
        id="R-17",
        name="Months without any payment",
        family=REPAYMENT,
        group="unpaid_months",
        risk_type="PAYMENT_DELAY",
        arms=one_arm(Unit.COUNT, "of the last three months owed, those without a payment"),
        inputs=touched.FACILITIES | touched.LOANS | touched.PAYMENTS | touched.MONTHS,
        measure=months_without_payment,
        evidence=payments_as_evidence,
    ),
)
