"""The two day counters, kept apart: operational days for early warning, regulatory for default.

The regulatory counter counts consecutive material day closes: an amount due on D and unpaid is past
due from D + 1, whose close is day 1. In the ordinary course the fold adds one or starts again; when
the past itself changes (a reversal, a payment dated back, a new schedule) the counter is derived
again from the instalments and payments kept, as if the money had always come, or never.
"""

from bisect import bisect_right
from typing import Final

from services.scoring.domain.arrears import days_past_due, exposure, facility_use, per_facility
from services.scoring.domain.arrears.instalments import counting_days
from services.scoring.domain.borrower.borrower import NOTHING_OPEN, Borrower
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.dates import first_day_of, month_of
from services.scoring.domain.rulebook.rulebook import Rules

LONGEST_RUN_DAYS: Final = 3_660
A_YEAR: Final = 366


def refresh(borrower: Borrower, day: int, rules: Rules, *, is_close: bool = False) -> None:
    """Bring the totals and the operational counter up to the end of the day.

    What falls due today is open only once the day is over: money may still come.
    """
    counters = borrower.counters
    counters.past_due_minor = exposure.total_past_due(borrower, day)
    counters.exposure_minor = exposure.total_exposure(borrower, day)
    ages = days_past_due.borrower_ages(borrower, day, rules.tolerance)
    counters.operational_days = ages.in_arrears
    is_over = is_close or day <= counters.closed_day
    counters.counted_days = ages.counted if ages.counted or is_over else NOTHING_OPEN
    counters.late_days = ages.late


def close_day(borrower: Borrower, day: int, rules: Rules) -> None:
    """Count the close of a business day; the totals must be fresh.

    Days that nobody closed are counted by what was past due on them, so that a bank which closes no
    Sundays has the same counter.
    """
    counters = borrower.counters
    previous, counters.closed_day = counters.closed_day, day
    if rules.is_per_facility:
        per_facility.close_day(borrower, previous, day, rules)
    elif not counters.past_due_minor and not counters.late_days:
        counters.regulatory_days = 0
    elif previous != day - 1:
        known = counters.regulatory_days
        counters.regulatory_days = material_run(borrower, day, rules, since=previous, known=known)
    elif _is_material_now(borrower, rules):
        counters.regulatory_days += 1
    elif not counters.late_days or not exposure.is_held(borrower, day, rules):
        counters.regulatory_days = 0


def _is_material_now(borrower: Borrower, rules: Rules) -> bool:
    counters = borrower.counters
    currency = borrower.profile.reporting_currency
    arrears, lent = counters.past_due_minor, counters.exposure_minor
    return rules.materiality.is_material(rules.segment, currency, arrears, lent)


def reached(borrower: Borrower, day: int) -> int:
    """Return as of which day an event is judged: its own, or a later one that we are in already.

    An event that comes late never takes a month back that has begun. A month that lies a year ahead
    was begun by a mistake in somebody's clock and is not waited for.
    """
    counters = borrower.counters
    day = max(day, counters.closed_day)
    return max(day, counters.month_start) if counters.month_start - day <= A_YEAR else day


def begin_month(borrower: Borrower, as_of: int) -> bool:
    """Note that the next month runs, if it does; return whether another month is over now."""
    counters = borrower.counters
    running = as_of + 1 if counters.closed_day >= as_of else as_of
    if running < counters.next_month_start:
        return False
    month = month_of(running)
    counters.month_start = first_day_of(month)
    counters.next_month_start = first_day_of(month + 1)
    return True


def dues_may_move(borrower: Borrower, previous: int, day: int, grace_days: int) -> bool:
    """Return whether the close of `day` can change arrears or how the borrower's habits look.

    It can when something is unpaid or days are still counted, when since the previous close an
    instalment fell due, became past due or ran out of its grace days, when money has a value date
    after that close, when a rate may have moved, when a line was reported or is above its limit.
    """
    counters = borrower.counters
    if counters.past_due_minor or counters.late_days or counters.regulatory_days:
        return True
    currency = borrower.profile.reporting_currency
    for loan in borrower.loans:
        if loan.currency != currency and borrower.rates is not None:
            return True
        days = counting_days(loan)
        for shift in (0, 1, grace_days):
            if bisect_right(days, previous - shift) != bisect_right(days, day - shift):
                return True
        # An event that came late may have been judged as of a day before the money's or the line's.
        if loan.paid_days and loan.paid_days[-1] > previous:
            return True
    return any(
        facility_use.excess_on(facility, day) or daily_values.last_day(facility.drawn) > previous
        for facility in borrower.facilities
    )


def recount(borrower: Borrower, rules: Rules) -> None:
    """Derive the regulatory counter again from the facts as they are known now."""
    counters = borrower.counters
    if not counters.closed_day:
        return
    if rules.is_per_facility:
        per_facility.recount(borrower, counters.closed_day, rules)
    else:
        counters.regulatory_days = material_run(borrower, counters.closed_day, rules)


def material_run(
    borrower: Borrower, day: int, rules: Rules, *, since: int = 0, known: int = 0
) -> int:
    """Return how many days in a row, up to and including `day`, arrears were material.

    Days on which a dispute held the count neither add to it nor end it. Up to ``since`` the run is
    ``known`` already.
    """
    run, held = 0, 0
    while run + held < LONGEST_RUN_DAYS:
        counted = day - run - held
        if counted == since:
            return run + known
        if exposure.is_material(borrower, counted, rules):
            run += 1
        elif exposure.is_held(borrower, counted, rules):
            held += 1
        else:
            break
    return run
