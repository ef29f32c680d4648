"""Take disputes and technical past due into the loans: what is unpaid and does not count.

Called by `fold` for disputes and by `overrides` for approved technical situations. Must stay true:
a dispute suspends the count and deletes nothing; technical arrears need an approved decision
(domain 4.4 rules 11 and 12).
"""

from services.scoring.domain.borrower.borrower import LOANS_PART, ArrearsExclusion, Borrower, Loan
from services.scoring.domain.borrower.decisions import Override
from services.scoring.domain.borrower.risk import DISPUTED, RiskState
from services.scoring.domain.events.credit_file import OverrideApproved
from services.scoring.domain.events.loans import ClaimDisputed
from services.scoring.domain.handlers.repayments import loan_of
from services.scoring.domain.primitives import touched

OPEN, UPHELD, REJECTED, WITHDRAWN = range(4)


def dispute(borrower: Borrower, event: ClaimDisputed) -> int:
    """Open or settle a dispute about a part of a loan's instalments."""
    loan = loan_of(borrower, event.loan_id, event.currency)
    known = _named(loan, event.dispute_id)
    if known is None:
        known = ArrearsExclusion(event.dispute_id, event.raised_day)
        loan.exclusions.append(known)
        loan.exclusions.sort(key=_begun)
    known.minor = event.disputed_minor
    known.due_day = event.due_day
    if event.status == UPHELD:
        known.from_day, known.until_day = 1, 0  # it was never owed
        known.is_settled = True
    elif event.status != OPEN:
        known.until_day = max(known.from_day, event.settled_day)
        known.is_settled = True
    return touched.LOANS | touched.PAST | touched.DECISIONS


def exclude_technical(borrower: Borrower, event: OverrideApproved) -> None:
    """Exclude the arrears of a loan, or of all, on the days of an approved decision."""
    end_technical(borrower, event.override_id)
    for loan in borrower.loans:
        if event.loan_id in ("", loan.loan_id):
            loan.exclusions.append(
                ArrearsExclusion(
                    event.override_id,
                    event.effective_day,
                    until_day=event.expires_day or 0,
                    is_technical=True,
                )
            )
    borrower.changed |= LOANS_PART


def end_technical(borrower: Borrower, name: str) -> None:
    """Forget an approved decision that another one replaces."""
    for loan in borrower.loans:
        loan.exclusions = [
            one for one in loan.exclusions if not (one.is_technical and one.name == name)
        ]
    borrower.changed |= LOANS_PART


def set_flag(borrower: Borrower, risk: RiskState) -> None:
    """Set or clear DISPUTED by what is open now."""
    is_open = any(
        not one.is_technical and not one.is_settled
        for loan in borrower.loans
        for one in loan.exclusions
    )
    risk.flags = risk.flags | DISPUTED if is_open else risk.flags & ~DISPUTED


def is_technical(overrides: list[Override], day: int, kind: int) -> bool:
    """Return whether a decision excludes the arrears of all lines on the day."""
    return any(one.kind == kind and not one.loan_id and one.is_in_force(day) for one in overrides)


def _begun(exclusion: ArrearsExclusion) -> tuple[int, str]:
    return exclusion.from_day, exclusion.name


def _named(loan: Loan, name: str) -> ArrearsExclusion | None:
    return next((one for one in loan.exclusions if one.name == name and not one.is_technical), None)
