"""What is lent and what is past due, over all loans and lines of a borrower.

Called by the fold after whatever can change it, and day by day when counters are re-derived. A
`day` is always its end; only money received by then counts. Totals are in the reporting currency,
a loan in another one at the rate of the day; without a rate it is left out of the totals (its days
past due count all the same).
"""

from bisect import bisect_right

from services.scoring.domain.arrears import days_past_due, facility_use, instalments
from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.borrower.decisions import TECHNICAL
from services.scoring.domain.primitives.vocabulary import GUARANTEE, TERM
from services.scoring.domain.rulebook.rulebook import Rules


def loan_exposure(loan: Loan, day: int) -> int:
    """Return the principal outstanding of a term loan.

    Booked principal less principal repaid, or what the core system last stated with a repayment
    less what was repaid since (domain reading 15).
    """
    if loan.closed_day is not None and loan.closed_day <= day:
        return 0
    repaid = instalments.principal_paid(loan, instalments.paid_by(loan, day))
    stated = bisect_right(loan.paid_days, day) - 1
    while stated >= 0 and loan.paid_outstanding[stated] < 0:
        stated -= 1
    if stated < 0:
        return max(0, loan.principal_minor - loan.pruned_principal_minor - repaid)
    upto = loan.carried_minor + sum(loan.paid_minor[: stated + 1])
    since = repaid - instalments.principal_paid(loan, upto)
    return max(0, loan.paid_outstanding[stated] - since)


def total_exposure(borrower: Borrower, day: int) -> int:
    """Return the on-balance exposure: term loans outstanding and lines drawn."""
    total = 0
    for loan in borrower.loans:
        if loan.loan_type != GUARANTEE and (loan.loan_type == TERM or loan.principal_minor):
            total += in_reporting(borrower, loan, loan_exposure(loan, day), day)
    for facility in borrower.facilities:
        if not _is_term(borrower, facility.loan_id):
            total += facility_use.drawn_on(facility, day) or 0
    return total


def in_reporting(borrower: Borrower, loan: Loan, minor: int, day: int) -> int:
    """Return a loan's amount in the reporting currency, 0 where no rate is known."""
    currency = borrower.profile.reporting_currency
    if loan.currency == currency or not minor:
        return minor
    if borrower.rates is None:
        return 0
    return borrower.rates.converted(minor, loan.currency, currency, day) or 0


def _is_term(borrower: Borrower, loan_id: str | None) -> bool:
    if loan_id is None:
        return False
    return any(
        loan.loan_id == loan_id and (loan.loan_type == TERM or loan.principal_minor)
        for loan in borrower.loans
    )


def total_past_due(borrower: Borrower, day: int, *, with_disputed: bool = False) -> int:
    """Return everything past due at the end of the day, excesses of lines included."""
    total = 0
    for loan in borrower.loans:
        if loan.due_days:
            owed = days_past_due.past_due(loan, day, with_disputed=with_disputed)
            total += in_reporting(borrower, loan, owed, day)
    if not lines_are_excused(borrower, day):
        for facility in borrower.facilities:
            total += facility_use.past_due(facility, day)
    return total


def lines_are_excused(borrower: Borrower, day: int) -> bool:
    """Return whether people decided that all arrears of the day are technical."""
    overrides = borrower.decisions.overrides
    return bool(overrides) and any(
        one.kind == TECHNICAL and not one.loan_id and one.is_in_force(day) for one in overrides
    )


def is_material(borrower: Borrower, day: int, rules: Rules, *, with_disputed: bool = False) -> bool:
    """Return whether arrears exceed both materiality thresholds at the end of the day."""
    arrears = total_past_due(borrower, day, with_disputed=with_disputed)
    if arrears <= 0:
        return False
    currency = borrower.profile.reporting_currency
    return rules.materiality.is_material(
        rules.segment, currency, arrears, total_exposure(borrower, day)
    )


def is_held(borrower: Borrower, day: int, rules: Rules) -> bool:
    """Return whether only a dispute keeps arrears from being material: the count then stands still.

    EBA/GL/2016/07 paragraph 19: a formal dispute suspends the counting.
    """
    if not any(loan.excuses for loan in borrower.loans):
        return False
    return is_material(borrower, day, rules, with_disputed=True)
