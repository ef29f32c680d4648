"""Adds up exposure and arrears over all loans and lines of a borrower, on any day.

Called by the fold after an event that can change them, and by the indicators that look back (R-13);
`totals` adds up the same amounts for many days in a row. Nothing is stored, so a reversal or a
payment dated back changes history too. A `day` is always its end; only money received by then
counts. Totals are in the reporting currency, a loan in another one at the rate of the day; without
a rate it is left out of the totals.

Must stay true: what cannot be tested for materiality, for want of a rate, counts as material.
"""

from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears import days_past_due, facility_use, instalments
from services.scoring.domain.arrears.instalments import loan_exposure
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.primitives.dates import last_day_of
from services.scoring.domain.primitives.vocabulary import GUARANTEE, TERM
from services.scoring.domain.rulebook.rulebook import Materiality, Rules, Tolerance

DAYS_A_MONTH_LATE: Final = 30
ALL_DAYS: Final = 4_000_000


def total_exposure(borrower: Borrower, day: int) -> int:
    """Return the on-balance exposure: term loans outstanding and lines drawn."""
    total = 0
    for loan in borrower.loans:
        total += outstanding_on(borrower, loan, day)
    for facility in borrower.facilities:
        if not _is_term(borrower, facility.loan_id):
            total += drawn_on(borrower, facility, day)
    return total


def drawn_on(borrower: Borrower, line: Facility, day: int) -> int:
    """Return what is drawn on a line in the reporting currency, 0 where no rate is known."""
    if line.currency != borrower.profile.reporting_currency:
        return 0
    return facility_use.drawn_on(line, day) or 0


def outstanding_on(borrower: Borrower, loan: Loan, day: int) -> int:
    """Return what a loan adds to the exposure from its start on; a guarantee or frame nothing."""
    if loan.loan_type == GUARANTEE or not is_lent(loan) or day < loan.start_day:
        return 0
    return in_reporting(borrower, loan, loan_exposure(loan, day), day)


def is_lent(loan: Loan) -> bool:
    """Return whether the loan itself is what was lent, so that a line of it is not counted too."""
    return loan.loan_type == TERM or bool(loan.principal_minor)


def in_reporting(borrower: Borrower, loan: Loan, minor: int, day: int) -> int:
    """Return a loan's amount in the reporting currency, 0 where no rate is known."""
    currency = borrower.profile.reporting_currency
    if loan.currency == currency or not minor:
        return minor
    if borrower.rates is None:
        return 0
    return borrower.rates.converted(minor, loan.currency, currency, day) or 0


def is_rated(borrower: Borrower, currency: str, day: int) -> bool:
    """Return whether amounts of the currency can be converted on the day."""
    reporting = borrower.profile.reporting_currency
    if currency == reporting:
        return True
    rates = borrower.rates
    return rates is not None and rates.converted(1, currency, reporting, day) is not None


def _is_term(borrower: Borrower, loan_id: str | None) -> bool:
    if loan_id is None:
        return False
    return any(loan.loan_id == loan_id and is_lent(loan) for loan in borrower.loans)


def total_past_due(borrower: Borrower, day: int, *, with_disputed: bool = False) -> int:
    """Return everything past due at the end of the day, excesses of lines included."""
    total = 0
    for loan in borrower.loans:
        total += past_due_on(borrower, loan, day, with_disputed=with_disputed)
    for facility in borrower.facilities:
        total += line_past_due_on(borrower, facility, day)
    return total


def line_past_due_on(borrower: Borrower, line: Facility, day: int) -> int:
    """Return what a line adds to the arrears."""
    if line.currency != borrower.profile.reporting_currency or days_past_due.lines_are_excluded(
        borrower, day
    ):
        return 0
    return facility_use.past_due(line, day)


def past_due_on(borrower: Borrower, loan: Loan, day: int, *, with_disputed: bool = False) -> int:
    """Return what a loan adds to the arrears."""
    if not loan.due_days:
        return 0
    owed = days_past_due.past_due(loan, day, with_disputed=with_disputed)
    return in_reporting(borrower, loan, owed, day)


def is_material(borrower: Borrower, day: int, rules: Rules, *, with_disputed: bool = False) -> bool:
    """Return whether arrears exceed both materiality thresholds at the end of the day."""
    arrears = total_past_due(borrower, day, with_disputed=with_disputed)
    return exceeds(borrower, rules, day, arrears, total_exposure(borrower, day)) or is_untested(
        borrower, rules, day
    )


def exceeds(borrower: Borrower, rules: Rules, day: int, arrears: int, lent: int) -> bool:
    """Return whether arrears exceed both materiality thresholds.

    Where the absolute one is not known, what exceeds the tolerance counts.
    """
    if arrears <= 0:
        return False
    return _is_above(rules.materiality, borrower, rules, day, arrears, lent)


def exceeds_counted(borrower: Borrower, rules: Rules, day: int, arrears: int, lent: int) -> bool:
    """Return whether arrears are enough to count for early warning."""
    if arrears <= 0 or rules.counted_arrears is None:
        return arrears > 0
    return _is_above(rules.counted_arrears, borrower, rules, day, arrears, lent)


def _is_above(
    thresholds: Materiality, borrower: Borrower, rules: Rules, day: int, arrears: int, lent: int
) -> bool:
    currency = borrower.profile.reporting_currency
    absolute = thresholds.absolute_minor(rules.segment, currency, borrower.rates, day)
    if absolute is None:
        return arrears > rules.tolerance.minor(currency, 0)
    return thresholds.is_material(absolute, arrears, lent)


def counts(borrower: Borrower, rules: Rules, day: int, arrears: int, lent: int) -> bool:
    """Return whether an overdue amount counts for early warning at the end of the day.

    What is overdue in all is compared with the thresholds, and on at least one loan with its oldest
    unpaid instalment; a line has none.
    """
    loans = [
        loan
        for loan in borrower.loans
        if loan.due_days and days_past_due.exceeds_instalment(loan, day, rules)
    ]
    if not loans and not any(line_counts(line, day, rules) for line in borrower.facilities):
        return False
    return exceeds_counted(borrower, rules, day, arrears, lent) or is_untested(borrower, rules, day)


def is_enough(borrower: Borrower, rules: Rules, day: int) -> bool:
    """Return whether what is overdue in all is enough to count at the end of the day."""
    arrears, lent = total_past_due(borrower, day), total_exposure(borrower, day)
    return exceeds_counted(borrower, rules, day, arrears, lent) or is_untested(borrower, rules, day)


def is_count_suspended(borrower: Borrower, rules: Rules, day: int, lent: int) -> bool:
    """Return whether only a dispute leaves too little to count."""
    if not any(loan.exclusions for loan in borrower.loans):
        return False
    arrears = total_past_due(borrower, day, with_disputed=True)
    return exceeds_counted(borrower, rules, day, arrears, lent) or any(
        is_dispute_untested(borrower, loan, rules, day) for loan in borrower.loans
    )


def line_counts(line: Facility, day: int, rules: Rules) -> bool:
    """Return whether the excess of a line is above the tolerance."""
    return facility_use.past_due(line, day) > rules.tolerance.minor(line.currency, 0)


def is_untested(borrower: Borrower, rules: Rules, day: int) -> bool:
    """Return whether anything is past due in a currency that cannot be converted."""
    currency = borrower.profile.reporting_currency
    for loan in borrower.loans:
        if loan.currency != currency and is_loan_untested(borrower, loan, rules, day):
            return True
    for line in borrower.facilities:
        if line.currency != currency and is_line_untested(borrower, line, rules, day):
            return True
    return False


def is_loan_untested(borrower: Borrower, loan: Loan, rules: Rules, day: int) -> bool:
    """Return whether the loan's arrears exceed the tolerance and cannot be converted."""
    if not loan.due_days or is_rated(borrower, loan.currency, day):
        return False
    oldest = days_past_due.oldest_unpaid_day(loan, day, rules.tolerance)
    return oldest is not None and oldest < day


def is_line_untested(borrower: Borrower, line: Facility, rules: Rules, day: int) -> bool:
    """Return whether the line's excess exceeds the tolerance and is not in the borrower's money."""
    if line.currency == borrower.profile.reporting_currency or days_past_due.lines_are_excluded(
        borrower, day
    ):
        return False
    return line_counts(line, day, rules)


def is_incomplete(borrower: Borrower, rules: Rules, day: int) -> bool:
    """Return whether a figure of the borrower cannot be formed for want of a rate."""
    return borrower.flows.lacks_a_rate(day) or lacks_a_rate(borrower, rules, day)


def lacks_a_rate(borrower: Borrower, rules: Rules, day: int) -> bool:
    """Return whether exposure or materiality cannot be formed for want of a rate."""
    currency = borrower.profile.reporting_currency
    for loan in borrower.loans:
        is_foreign = loan.currency != currency and loan.closed_day is None
        if is_foreign and not is_rated(borrower, loan.currency, day):
            return True
    if any(line.currency != currency for line in borrower.facilities):
        return True
    return has_no_threshold(borrower, rules, day)


def has_no_threshold(borrower: Borrower, rules: Rules, day: int) -> bool:
    """Return whether something is past due and the absolute threshold is not known."""
    if not borrower.counters.past_due_minor:
        return False
    currency = borrower.profile.reporting_currency
    return rules.materiality.absolute_minor(rules.segment, currency, borrower.rates, day) is None


def is_suspended(borrower: Borrower, day: int, rules: Rules) -> bool:
    """Return whether only a dispute makes arrears immaterial: the count is then suspended.

    EBA/GL/2016/07 paragraph 19: a formal dispute suspends the counting.
    """
    if not any(loan.exclusions for loan in borrower.loans):
        return False
    return is_material(borrower, day, rules, with_disputed=True) or any(
        is_dispute_untested(borrower, loan, rules, day) for loan in borrower.loans
    )


def is_dispute_untested(borrower: Borrower, loan: Loan, rules: Rules, day: int) -> bool:
    """Return whether what is disputed of a loan exceeds the tolerance and cannot be converted."""
    if not loan.exclusions or is_rated(borrower, loan.currency, day):
        return False
    owed = days_past_due.past_due(loan, day, with_disputed=True)
    return owed > rules.tolerance.minor(loan.currency, 0)


@dataclass(frozen=True, slots=True)
class LateMonthEnd:
    """One month-end with something past due: whether it was material, and the months late."""

    day: int
    is_material: bool
    months_late: int


def month_end_arrears(
    borrower: Borrower, as_of: int, count: int, rules: Rules
) -> list[LateMonthEnd]:
    """Return those of the last `count` month-ends at which arrears counted, by month.

    Months late are days past due in whole months, each begun one counted; what a card system
    reports counts as material, because it states no amount.
    """
    newest = borrower.counters.newest_full_month(as_of)
    ends = days_past_due.reported_at_month_ends(borrower, newest, count)
    rows = [LateMonthEnd(day, is_material=True, months_late=months) for day, months in ends]
    known_from = _known_from(borrower)
    for month in range(newest - count + 1, newest + 1):
        day = last_day_of(month)
        if day < known_from:
            continue
        arrears, untested = total_past_due(borrower, day), is_untested(borrower, rules, day)
        if not arrears and not untested:
            continue
        lent = total_exposure(borrower, day)
        if rules.counted_arrears is not None and not counts(borrower, rules, day, arrears, lent):
            continue
        months = -(-_counted_days(borrower, day, rules.tolerance) // DAYS_A_MONTH_LATE)
        material = exceeds(borrower, rules, day, arrears, lent) or untested
        rows.append(LateMonthEnd(day, material, months))
    return rows


def present_since(borrower: Borrower, as_of: int) -> int:
    """Return the first day of the present arrears, the day after `as_of` where there are none."""
    since = as_of + 1 - borrower.counters.counting_days
    for line in borrower.facilities:
        if days_past_due.reported_months_on(line, as_of):
            since = min(since, days_past_due.reported_since(line, as_of))
    return since


def _known_from(borrower: Borrower) -> int:
    """Return the first day on which anything could be past due; before it no month need be read."""
    first = ALL_DAYS
    for loan in borrower.loans:
        if loan.past:
            return 0
        if loan.due_days:
            first = min(first, loan.due_days[0])
    for line in borrower.facilities:
        if line.drawn.reported:
            first = min(first, line.drawn.first_day)
    return first


def _counted_days(borrower: Borrower, day: int, tolerance: Tolerance) -> int:
    """Return the worst days past due that are counted here, not stated by a card system."""
    worst = 0
    for loan in borrower.loans:
        worst = max(worst, days_past_due.loan_days(loan, day, tolerance))
    for line in borrower.facilities:
        if not line.late_days:
            worst = max(worst, days_past_due.line_days(line, day, tolerance))
    return worst


def loans_outstanding(borrower: Borrower, day: int) -> list[tuple[Loan, int]]:
    """Return the loans with what is outstanding on each; lines count by what is drawn."""
    return [
        (loan, instalments.loan_exposure(loan, day))
        for loan in borrower.loans
        if loan.principal_minor and loan.loan_type != GUARANTEE
    ]


def lines_outstanding(borrower: Borrower, day: int) -> list[tuple[Facility, int]]:
    """Return the lines with what is drawn on each."""
    return [(line, facility_use.drawn_on(line, day) or 0) for line in borrower.facilities]
