"""Arrears loan by loan, in both ways of counting, as of a day; for people who ask, never for rules.

Called by the read side. Must stay true: reads the borrower, changes nothing; the worst of each
figure is what the counters hold.
"""

from dataclasses import dataclass

from services.scoring.domain.arrears import days_past_due, facility_use
from services.scoring.domain.arrears.exclusions import in_force
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.rulebook.rulebook import Tolerance


@dataclass(slots=True)
class OwnArrears:
    """One loan or line.

    Args:
        days_late: Since the contractual due day of the oldest unpaid instalment, nothing excused.
        days_in_arrears: From the due day moved by holidays, less what is excused, after grace.
        past_due_minor: Due and unpaid, in the loan's currency.
        disputed_minor: Of what is unpaid, what is disputed.
        is_technical: Whether an approved decision says that the arrears are the bank's own fault.
        grace_days: Contractual grace.
    """

    name: str
    is_line: bool
    currency: str
    days_late: int
    days_in_arrears: int
    past_due_minor: int
    disputed_minor: int = 0
    is_technical: bool = False
    grace_days: int = 0


def arrears_of(borrower: Borrower, tolerance: Tolerance, day: int) -> list[OwnArrears]:
    """Return every loan with instalments and every line, in the order of booking."""
    found = [_of_loan(loan, tolerance, day) for loan in borrower.loans if loan.due_days]
    return found + [_of_line(line, tolerance, day) for line in borrower.facilities]


def _of_loan(loan: Loan, tolerance: Tolerance, day: int) -> OwnArrears:
    ages = days_past_due.ages(loan, day, tolerance)
    counted = days_past_due.past_due(loan, day)
    return OwnArrears(
        name=loan.loan_id,
        is_line=False,
        currency=loan.currency,
        days_late=ages.late,
        days_in_arrears=ages.in_arrears,
        past_due_minor=counted,
        disputed_minor=days_past_due.past_due(loan, day, with_disputed=True) - counted,
        is_technical=any(one.is_technical for one in in_force(loan, day)),
        grace_days=loan.grace_days,
    )


def _of_line(line: Facility, tolerance: Tolerance, day: int) -> OwnArrears:
    days = days_past_due.line_days(line, day, tolerance)
    return OwnArrears(
        name=line.facility_id,
        is_line=True,
        currency=line.currency,
        days_late=days,
        days_in_arrears=days,
        past_due_minor=facility_use.past_due(line, day),
    )
