"""Payments that the core system flags: late by the bank's own slip, or with the rest disputed.

Called by `repayments` when money is posted. Must stay true: the flag of one system excludes no
more than the few days of a slip; more needs a decision of two people (domain 4.4 rules 11 and 12).
"""

from typing import Final

from services.scoring.domain.arrears.instalments import counting_days, due_before, paid_by
from services.scoring.domain.borrower.borrower import ArrearsExclusion, Loan
from services.scoring.domain.events.loans import RepaymentPosted

# A payment marked as late for a technical reason of the bank counts as paid when due if it came
# within so many days (the Chinese exemption; domain 4.4 rule 12).
TECHNICAL_DAYS: Final = 7
BY_PAYMENT: Final = "payment"


def exclude_by_payment(loan: Loan, event: RepaymentPosted) -> None:
    """Note what a payment says about the rest: disputed, or no longer so."""
    for one in loan.exclusions:
        if one.name == BY_PAYMENT and not one.is_settled:
            one.until_day, one.is_settled = max(one.from_day, event.value_day), True
    if event.dispute_flag:
        day = event.value_day
        unpaid = max(0, due_before(loan, day + 1) - paid_by(loan, day))
        if unpaid:
            loan.exclusions.append(ArrearsExclusion(BY_PAYMENT, day, minor=unpaid))


def counts_from(loan: Loan, event: RepaymentPosted) -> int:
    """Return from which day a payment counts: its value day, or when due for a slip of the bank."""
    if not event.technical_flag:
        return event.value_day
    days = counting_days(loan)
    paid = paid_by(loan, event.value_day)
    for due_day, due in zip(days, loan.due_cum, strict=True):
        if due > paid:
            late = event.value_day - due_day
            return due_day if 0 < late <= TECHNICAL_DAYS else event.value_day
    return event.value_day
