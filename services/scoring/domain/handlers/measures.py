"""Notes what extinguishes arrears without cash, and the measures that may be concessions.

Called by the handlers of loans, payments and lines. Must stay true: what is a measure is decided by
`arrears.forbearance` with the rulebook; here nothing is judged.
"""

from bisect import bisect_left
from typing import Final

from services.scoring.domain.arrears import extinction
from services.scoring.domain.arrears.extinction import DRAW_DAYS
from services.scoring.domain.borrower.borrower import (
    DECISIONS_PART,
    LOANS_PART,
    NOTHING_OPEN,
    Borrower,
    Facility,
    LimitRaise,
    Loan,
)
from services.scoring.domain.borrower.decisions import Forbearance
from services.scoring.domain.borrower.risk import (
    DISTRESSED_RESTRUCTURING,
    FORBORNE,
    FORBORNE_AGAIN,
    FORMERLY_NON_PERFORMING,
)
from services.scoring.domain.primitives import daily_values, series, touched
from services.scoring.domain.primitives.vocabulary import CASH_PAID, DRAWN, TERM
from services.scoring.domain.regimes.labels import held_labels

# A draw of this share of what a payment paid is where its money came from.
COVERED_PERCENT: Final = 80
# So many days back a draw that is corrected is still compared with payments.
DRAWS_KEPT: Final = 90
ANY: Final = -1
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
    borrower.changed |= LOANS_PART
    _follow_measures(borrower)


def _follow_measures(borrower: Borrower) -> None:
    """Take the newest measure that is left as the newest; without any, nothing was conceded."""
    left = [day for loan in borrower.loans for day in loan.concession_days]
    left += [each.day for line in borrower.facilities for each in line.raises if each.is_measure]
    borrower.changed |= DECISIONS_PART
    if not left:
        borrower.decisions.forbearance = Forbearance()
        borrower.risk.flags &= ~OF_CONCESSIONS
        return
    borrower.decisions.forbearance.measure_day = max(left)
    if len(left) == 1:
        borrower.risk.flags &= ~FORBORNE_AGAIN


def weigh_raises(borrower: Borrower, line: Facility, day: int) -> int:
    """Note the limits from a day on that were raised while, or just after, they were exceeded.

    One that is none any more, because a limit or a balance before it was corrected, is taken back.
    """
    facts, days = 0, line.limit_days
    raised = {}
    for index in range(max(1, bisect_left(days, day)), len(days)):
        exceeded = extinction.latest_excess(line, days[index])
        if exceeded >= 0 and line.limit_minor[index] > max(exceeded, line.limit_minor[index - 1]):
            raised[days[index]] = exceeded
    for known in [each for each in line.raises if each.day >= day]:
        if known.day in raised:
            exceeded = raised.pop(known.day)
            known.is_proven &= exceeded == known.exceeded_minor
            known.exceeded_minor = exceeded
        elif line.drawn.first_day < known.day - DRAW_DAYS:
            line.raises.remove(known)
            _follow_measures(borrower)
            facts |= touched.DECISIONS | touched.PAST
    for raised_day, exceeded in raised.items():
        line.raises.append(LimitRaise(raised_day, exceeded))
        facts |= take_measure(borrower, line.facility_id, raised_day)
    line.raises.sort(key=_raised_on)
    return facts


def _raised_on(limit_raise: LimitRaise) -> int:
    return limit_raise.day


def weigh_draws(borrower: Borrower, day: int) -> int:
    """Mark the payments of arrears near a day whose money came from an own loan or line.

    Such a payment counts as a refinancing, whatever its channel says. One that is no longer
    covered, because a draw was corrected, counts as what it was. Called whenever a payment or a
    draw comes or is corrected, so that the order of arrival leaves no trace.
    """
    facts, are_kept = 0, day > borrower.counters.closed_day - DRAWS_KEPT
    for loan in borrower.loans:
        for index in extinction.payments_near(loan, day, DRAW_DAYS):
            key, value_day = loan.paid_keys[index], loan.paid_days[index]
            is_marked = key in loan.non_cash[::2]
            if is_marked and not are_kept:
                continue
            if is_marked == _is_drawn(borrower, loan, index):
                continue
            if not is_marked:
                loan.non_cash += [key, DRAWN]
                borrower.changed |= LOANS_PART
                facts |= take_measure(borrower, loan.loan_id, value_day) | touched.PAYMENTS
            elif forget_non_cash(loan, key, only=DRAWN):
                take_measure_back(borrower, loan, value_day)
                facts |= touched.DECISIONS | touched.PAYMENTS | touched.PAST
    return facts


def weigh_payments(borrower: Borrower, loan: Loan, day: int) -> int:
    """Weigh the payments of a loan from a day on: what they paid of arrears may be another part."""
    facts = 0
    for paid_day in sorted({each for each in loan.paid_days if each >= day}):
        facts |= weigh_draws(borrower, paid_day)
    return facts


def forget_non_cash(loan: Loan, key: int, *, only: int = ANY) -> int:
    """Forget how a payment extinguished the debt, and return it: 0 where nothing is noted."""
    keys = loan.non_cash[::2]
    if key not in keys:
        return CASH_PAID
    index = 2 * keys.index(key)
    extinguished = loan.non_cash[index + 1]
    if only not in (ANY, extinguished):
        return CASH_PAID
    del loan.non_cash[index : index + 2]
    return extinguished


def _is_drawn(borrower: Borrower, loan: Loan, index: int) -> bool:
    """Return whether own loans or draws cover a payment of arrears that are older than a slip."""
    paid, value_day = extinction.late_minor(loan, index), loan.paid_days[index]
    is_old = paid and extinction.days_late_before(loan, index) > DRAW_DAYS
    if not paid or not (is_old or borrower.decisions.default.is_non_performing):
        return False
    first, last = value_day - DRAW_DAYS, value_day + DRAW_DAYS
    drawn = sum(minor for day, minor in _draws(borrower, first) if day <= last)
    # The same money may be known as a draw and as what came in on an account: it counts once.
    near = max(drawn, series.total(borrower.drawdowns.received, first, last))
    return near * 100 >= paid * COVERED_PERCENT


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
