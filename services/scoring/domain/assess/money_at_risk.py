"""Names how the bank may lose money on a borrower: alerts open only where it may.

Called when an assessment is emitted or read, and by `step` while nothing was at risk. Amounts count
in their own currency, so a missing rate hides none. What is booked without an amount is unknown,
and what is unknown is at risk.
"""

from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.arrears.exposure import is_lent
from services.scoring.domain.arrears.instalments import loan_exposure
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.primitives import daily_values, touched
from services.scoring.domain.primitives.vocabulary import (
    CONTROL,
    GUARANTEE,
    GUARANTEE_LINK,
    JOINT_MEMBER,
    JOINT_OBLIGATION,
)
from services.scoring.domain.views.credit_file import links_in_force

# Facts that can put money at risk.
READS: Final = (
    touched.LOANS
    | touched.FACILITIES
    | touched.BALANCES
    | touched.LINKS
    | touched.DEPENDANTS
    | touched.DAY
)
NOTHING: Final = ""
EXPOSURE: Final = "EXPOSURE"
COMMITMENT: Final = "COMMITMENT"
UNKNOWN: Final = "UNKNOWN"
# The role of a borrower on whom others depend, by the kind of the link.
ROLES: Final = {
    GUARANTEE_LINK: "GUARANTOR",
    CONTROL: "CONTROL",
    JOINT_OBLIGATION: "JOINT_OBLIGATION",
    JOINT_MEMBER: "JOINT_OBLIGATION",
}


def money_at_risk(borrower: Borrower, day: int) -> list[str]:
    """Return how money is at risk on the day, in alphabetical order; empty where none is."""
    kinds = {_of_loan(borrower, loan, day) for loan in borrower.loans}
    kinds.update(_of_line(borrower, line, day) for line in borrower.facilities)
    if borrower.counters.past_due_minor > 0:
        kinds.add(EXPOSURE)
    for account in borrower.accounts:
        if (daily_values.at(account.eod, day) or 0) < 0:
            kinds.add(EXPOSURE)
    for dependant in borrower.credit_file.dependants:
        kinds.add(ROLES.get(dependant.kind, NOTHING))
    for link in links_in_force(borrower, day):
        if link.kind != GUARANTEE_LINK:
            kinds.add(ROLES.get(link.kind, NOTHING))
    return sorted(kinds - {NOTHING})


def _of_loan(borrower: Borrower, loan: Loan, day: int) -> str:
    if _is_closed(loan, day):
        return EXPOSURE if loan.has_open_claim else NOTHING
    if loan.loan_type == GUARANTEE:
        return "GUARANTEE"
    if not is_lent(loan):
        return _of_booked_line(borrower, loan)
    if not loan.principal_minor and not loan.due_days:
        return UNKNOWN
    if not loan_exposure(loan, day):
        return NOTHING
    return COMMITMENT if day < loan.start_day else EXPOSURE


def _of_booked_line(borrower: Borrower, loan: Loan) -> str:
    """Return what a line is until its use is reported."""
    if any(line.loan_id == loan.loan_id for line in borrower.facilities):
        return NOTHING
    if loan.limit_minor is None:
        return UNKNOWN
    return COMMITMENT if loan.limit_minor else NOTHING


def _of_line(borrower: Borrower, line: Facility, day: int) -> str:
    if any(loan.loan_id == line.loan_id and _is_closed(loan, day) for loan in borrower.loans):
        return NOTHING
    drawn, allowed = facility_use.drawn_on(line, day), facility_use.allowed_on(line, day)
    if drawn:
        return EXPOSURE
    if allowed is None:
        return UNKNOWN
    return COMMITMENT if allowed > 0 else NOTHING


def _is_closed(loan: Loan, day: int) -> bool:
    return loan.closed_day is not None and loan.closed_day <= day
