"""Notes what extinguishes arrears without cash, and the measures that may be concessions.

Called by the handlers of loans, payments and lines. Must stay true: what is a measure is decided by
`arrears.forbearance` with the rulebook; here nothing is judged.
"""

from typing import Final

from services.scoring.domain.arrears import extinction
from services.scoring.domain.arrears.extinction import DRAW_DAYS
from services.scoring.domain.borrower.borrower import (
    DECISIONS_PART,
    LOANS_PART,
    NOTHING_OPEN,
    Borrower,
    Facility,
    Loan,
)
from services.scoring.domain.borrower.decisions import Forbearance
from services.scoring.domain.borrower.risk import (
    DISTRESSED_RESTRUCTURING,
    FORBORNE,
    FORBORNE_AGAIN,
    FORMERLY_NON_PERFORMING,
)
from services.scoring.domain.primitives import daily_values, touched
from services.scoring.domain.primitives.vocabulary import REFINANCED, TERM
from services.scoring.domain.regimes.labels import held_labels

# A draw of this share of what a payment paid is where its money came from.
COVERED_PERCENT: Final = 80
OF_CONCESSIONS: Final = (
    FORBORNE | FORMERLY_NON_PERFORMING | FORBORNE_AGAIN | DISTRESSED_RESTRUCTURING
)


def hold_labels(borrower: Borrower, day: int) -> int:
    """Hold the labels from before, as far as something was unpaid; return the bits touched."""
    record = borrower.decisions.default
    if borrower.counters.counted_days <= NOTHING_OPEN and not record.tested_since:
        return 0
    record.hold(day, held_labels(borrower))
    borrower.changed |= DECISIONS_PART
    return touched.DECISIONS


def take_measure(borrower: Borrower, name: str, day: int) -> int:
    """Note a measure on a loan or line, and hold the labels from before it."""
    hold_labels(borrower, day)
    borrower.decisions.forbearance.measures.append((name, day))
    return touched.DECISIONS


def take_measure_back(borrower: Borrower, loan: Loan, day: int) -> None:
    """Take back a measure that never was one; the last of them takes its concession along."""
    if day not in loan.concession_days:
        return
    loan.concession_days.remove(day)
    borrower.changed |= LOANS_PART | DECISIONS_PART
    if not any(each.concession_days for each in borrower.loans):
        borrower.decisions.forbearance = Forbearance()
        borrower.risk.flags &= ~OF_CONCESSIONS


def raise_limit(borrower: Borrower, line: Facility, exceeded: int, day: int) -> int:
    """Note a limit that was raised while, or just after, it was exceeded."""
    known = line.proven_minor
    line.proven_minor = exceeded if known < 0 else min(known, exceeded)
    return take_measure(borrower, line.facility_id, day)


def find_refinanced(borrower: Borrower, day: int) -> int:
    """Mark recent payments of arrears whose money came from an own loan or line.

    Such a payment counts as a refinancing, whatever its channel says.
    """
    draws = _draws(borrower, day - 3 * DRAW_DAYS)
    if not draws:
        return 0
    facts = 0
    for loan in borrower.loans:
        for index in extinction.payments_from(loan, day - 2 * DRAW_DAYS):
            if loan.paid_keys[index] in loan.non_cash[::2]:
                continue
            paid, value_day = extinction.late_minor(loan, index), loan.paid_days[index]
            near = sum(minor for drawn, minor in draws if abs(drawn - value_day) <= DRAW_DAYS)
            if paid and near * 100 >= paid * COVERED_PERCENT and _was_in_trouble(borrower, loan):
                loan.non_cash += [loan.paid_keys[index], REFINANCED]
                borrower.changed |= LOANS_PART
                facts |= take_measure(borrower, loan.loan_id, value_day)
    return facts


def _was_in_trouble(borrower: Borrower, loan: Loan) -> bool:
    """Return whether the arrears of a loan are older than a slip."""
    return borrower.decisions.default.is_non_performing or borrower.counters.late_days > DRAW_DAYS


def _draws(borrower: Borrower, since: int) -> list[tuple[int, int]]:
    """Return the day and amount of each own loan and draw on a line from a day on."""
    drawdowns = borrower.drawdowns
    draws = [
        (day, minor)
        for day, minor in zip(drawdowns.days, drawdowns.minor, strict=True)
        if day >= since
    ]
    disbursed = set(drawdowns.loans)
    for loan in borrower.loans:
        is_new = loan.loan_type == TERM and loan.start_day >= since
        if is_new and loan.loan_id not in disbursed:
            draws.append((loan.start_day, loan.principal_minor))
    for line in borrower.facilities:
        last = daily_values.last_day(line.drawn)
        figures = daily_values.window(line.drawn, since - 1, last)
        first = last - len(figures) + 1
        for offset in range(1, len(figures)):
            if figures[offset] > figures[offset - 1]:
                draws.append((first + offset, figures[offset] - figures[offset - 1]))
    return draws
