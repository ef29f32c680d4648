"""Runs default facility by facility, where a rulebook counts retail so (CRR 178(1)).

The default of a loan that was refinanced goes on in the loan that took its place, with its clock:
both are one facility until it is cured. Called by `life_cycle`; the label `eu_facilities` shows the
record. Must stay true: as for the obligor, a default ends with three months without arrears, twelve
after a concession, everything that was extinguished without cash equalled by cash, or with a
correction of the days that began it; and with nothing else.
"""

from copy import deepcopy
from typing import Final

from services.scoring.domain.arrears import counters
from services.scoring.domain.arrears.extinction import (
    DRAW_DAYS,
    unproven_of_line,
    unproven_of_loans,
)
from services.scoring.domain.borrower.borrower import DECISIONS_PART, Borrower, Loan
from services.scoring.domain.borrower.default_record import FacilityDefault
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.vocabulary import TERM
from services.scoring.domain.rulebook.rulebook import Rules

MOST_DAYS: Final = 90
MONTHS_OF_CURE: Final = 3
MONTHS_IF_FORBORNE: Final = 12


def follow(borrower: Borrower, rules: Rules, day: int, *, is_close: bool, shows_days: bool) -> None:
    """Begin each facility's default, take back what only miscounted days made, and cure."""
    record = borrower.decisions.default
    if not (record.facilities or rules.is_per_facility):
        return
    before = deepcopy(record.facilities)
    if shows_days:
        record.facilities = [
            each
            for each in record.facilities
            if counters.facility_days(borrower, each.name, each.since, rules) > MOST_DAYS
        ]
    known = {each.name for each in record.facilities}
    late = _late(borrower) if rules.is_per_facility else []
    record.facilities += [FacilityDefault(name, day) for name in late if name not in known]
    if is_close:
        record.facilities = [
            each for each in record.facilities if not _is_cured(borrower, each, day)
        ]
    if before != record.facilities:
        borrower.changed |= DECISIONS_PART


def names_in_default(borrower: Borrower) -> list[str]:
    """Return the loans and lines in default; of one that was refinanced, the loan that did it."""
    names = _late(borrower)
    names += [_newest(borrower, each.name) for each in borrower.decisions.default.facilities]
    return list(dict.fromkeys(names))


def _late(borrower: Borrower) -> list[str]:
    loans = [loan.loan_id for loan in borrower.loans if loan.regulatory_days > MOST_DAYS]
    return loans + [
        line.facility_id for line in borrower.facilities if line.regulatory_days > MOST_DAYS
    ]


def _newest(borrower: Borrower, name: str) -> str:
    chain = _chain(borrower, name)
    return chain[-1].loan_id if chain else name


def _chain(borrower: Borrower, name: str) -> list[Loan]:
    """Return a loan and those that refinanced it one after the other."""
    chain: list[Loan] = []
    by_id = {loan.loan_id: loan for loan in borrower.loans}
    loan = by_id.get(name)
    while loan is not None and loan not in chain:
        chain.append(loan)
        loan = by_id.get(_successor(borrower, loan))
    return chain


def _successor(borrower: Borrower, loan: Loan) -> str:
    """Return the loan that took a loan's place: the one named, or the own loan of those days."""
    for end in loan.ends:
        if end.reason != "REFINANCED":
            continue
        near = [
            other
            for other in borrower.loans
            if other is not loan
            and other.loan_type == TERM
            and abs(other.start_day - end.day) <= DRAW_DAYS
        ]
        newest = max(near, key=lambda other: (other.start_day, other.loan_id), default=loan)
        return end.successor or newest.loan_id
    return ""


def _is_cured(borrower: Borrower, default: FacilityDefault, day: int) -> bool:
    """Advance the clock of a facility's cure at a day close; return whether it has run out."""
    chain = _chain(borrower, default.name)
    default.clear_since = (
        default.clear_since or day if _is_clear(borrower, default, chain, day) else 0
    )
    if not default.clear_since:
        return False
    ends = [plus_months(default.clear_since, MONTHS_OF_CURE)]
    for loan in chain:
        ends += [plus_months(measure, MONTHS_IF_FORBORNE) for measure in loan.concession_days]
    return day >= max(ends)


def _is_clear(borrower: Borrower, default: FacilityDefault, chain: list[Loan], day: int) -> bool:
    """Return whether nothing material is unpaid and cash equals what was extinguished without."""
    for line in borrower.facilities:
        if line.facility_id == default.name:
            return not line.regulatory_days and not unproven_of_line(line, day)
    if any(loan.regulatory_days for loan in chain):
        return False
    # Once a loan has ended and no other took its place, the borrower proves on its other loans.
    proving = chain if chain and chain[-1].closed_day is None else borrower.loans
    return not unproven_of_loans(borrower, proving, default.since, day)
