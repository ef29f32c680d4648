"""The regulatory count facility by facility, for retail where the rulebook says so.

Called by `counters` instead of the count at the level of the obligor. Sources: CRR 178(1), second
subparagraph (retail: default may be applied facility by facility), EBA/GL/2016/07 paragraph 92
(when facilities in default are more than 20 % of all, the whole obligor is: the pulling effect).
Each facility's arrears are tested against the absolute threshold and its own exposure.

Must stay true: what the obligor's counter shows is the worst facility's while it pulls the obligor
along, and at most 90 while it does not, so that one small facility defaults nobody.
"""

from typing import Final

from services.scoring.domain.arrears import days_past_due, exposure, facility_use
from services.scoring.domain.borrower.borrower import (
    FACILITIES_PART,
    LOANS_PART,
    Borrower,
    Facility,
    Loan,
)
from services.scoring.domain.rulebook.rulebook import Rules

LONGEST_RUN_DAYS: Final = 3_660
MOST_DAYS: Final = 90
MICRO: Final = 1_000_000


def close_day(borrower: Borrower, previous: int, day: int, rules: Rules) -> None:
    """Count the close of a day for each facility, then for the obligor."""
    counters = borrower.counters
    if not counters.past_due_minor and not counters.late_days and not counters.regulatory_days:
        return
    is_next = previous == day - 1
    for loan in borrower.loans:
        days = loan.regulatory_days
        if not is_next:
            days = _run_of_loan(borrower, loan, day, rules)
        elif _is_loan_material(borrower, loan, day, rules):
            days += 1
        elif not _is_loan_held(borrower, loan, day, rules):
            days = 0
        _set_loan(borrower, loan, days)
    for line in borrower.facilities:
        if not is_next:
            days = _run_of_line(borrower, line, day, rules)
        else:
            days = line.regulatory_days + 1 if _is_line_material(borrower, line, day, rules) else 0
        _set_line(borrower, line, days)
    counters.regulatory_days = obligor_days(borrower, day, rules)


def recount(borrower: Borrower, day: int, rules: Rules) -> None:
    """Derive every facility's count again, then the obligor's."""
    for loan in borrower.loans:
        _set_loan(borrower, loan, _run_of_loan(borrower, loan, day, rules))
    for line in borrower.facilities:
        _set_line(borrower, line, _run_of_line(borrower, line, day, rules))
    borrower.counters.regulatory_days = obligor_days(borrower, day, rules)


def obligor_days(borrower: Borrower, day: int, rules: Rules) -> int:
    """Return what counts for the obligor: the worst facility, as far as it pulls."""
    rows = [(loan.regulatory_days, _owed(borrower, loan, day)) for loan in borrower.loans] + [
        (line.regulatory_days, facility_use.drawn_on(line, day) or 0)
        for line in borrower.facilities
    ]
    worst = max((days for days, _ in rows), default=0)
    if worst <= MOST_DAYS:
        return worst
    in_default = sum(owed for days, owed in rows if days > MOST_DAYS)
    total = exposure.total_exposure(borrower, day)
    pulls = in_default * MICRO > total * rules.counting.pulling_micro
    return worst if pulls else MOST_DAYS


def _owed(borrower: Borrower, loan: Loan, day: int) -> int:
    owed = exposure.loan_exposure(loan, day) if loan.principal_minor else 0
    return exposure.in_reporting(borrower, loan, owed, day)


def _is_loan_material(
    borrower: Borrower, loan: Loan, day: int, rules: Rules, *, with_disputed: bool = False
) -> bool:
    if not loan.due_days:
        return False
    owed = days_past_due.past_due(loan, day, with_disputed=with_disputed)
    arrears = exposure.in_reporting(borrower, loan, owed, day)
    if arrears <= 0:
        return False
    currency = borrower.profile.reporting_currency
    lent = _owed(borrower, loan, day)
    return rules.materiality.is_material(rules.segment, currency, arrears, lent)


def _is_loan_held(borrower: Borrower, loan: Loan, day: int, rules: Rules) -> bool:
    """Return whether only a dispute keeps the loan's arrears from being material."""
    if not loan.excuses:
        return False
    return _is_loan_material(borrower, loan, day, rules, with_disputed=True)


def _is_line_material(borrower: Borrower, line: Facility, day: int, rules: Rules) -> bool:
    arrears = facility_use.past_due(line, day)
    if not arrears or exposure.lines_are_excused(borrower, day):
        return False
    currency = borrower.profile.reporting_currency
    drawn = facility_use.drawn_on(line, day) or 0
    return rules.materiality.is_material(rules.segment, currency, arrears, drawn)


def _run_of_loan(borrower: Borrower, loan: Loan, day: int, rules: Rules) -> int:
    run, held = 0, 0
    while run + held < LONGEST_RUN_DAYS:
        if _is_loan_material(borrower, loan, day - run - held, rules):
            run += 1
        elif _is_loan_held(borrower, loan, day - run - held, rules):
            held += 1
        else:
            break
    return run


def _run_of_line(borrower: Borrower, line: Facility, day: int, rules: Rules) -> int:
    run = 0
    while run < LONGEST_RUN_DAYS and _is_line_material(borrower, line, day - run, rules):
        run += 1
    return run


def _set_loan(borrower: Borrower, loan: Loan, days: int) -> None:
    if loan.regulatory_days != days:
        loan.regulatory_days = days
        borrower.changed |= LOANS_PART


def _set_line(borrower: Borrower, line: Facility, days: int) -> None:
    if line.regulatory_days != days:
        line.regulatory_days = days
        borrower.changed |= FACILITIES_PART
