"""Counts two kinds of days: operational days for early warning, regulatory days for default.

The regulatory counter counts consecutive material day closes: an amount due on D and unpaid is past
due from D + 1, whose close is day 1. In the ordinary course the fold adds one or starts again; when
the past itself changes (a reversal, a payment dated back, a new schedule) the counter is derived
again from the instalments and payments kept, as if the money had always come, or never. The use of
a line is kept for 211 days: of an older excess the days before them stay counted.

For retail a rulebook may count facility by facility instead: CRR 178(1), second subparagraph, and
EBA/GL/2016/07 paragraph 92 (when facilities in default are more than 20 % of all, the whole obligor
is: the pulling effect). Each facility's arrears are tested against the absolute threshold and its
own exposure. Must stay true: the obligor's counter is the worst facility's while it pulls the
obligor along, and at most 90 while it does not, so that one small facility defaults nobody.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from services.scoring.domain.arrears import (
    days_past_due,
    exposure,
    facility_use,
    instalments,
    stretches,
)
from services.scoring.domain.arrears.instalments import counting_days
from services.scoring.domain.arrears.totals import ArrearsTotals
from services.scoring.domain.borrower.borrower import (
    FACILITIES_PART,
    LOANS_PART,
    NOTHING_OPEN,
    Borrower,
    Facility,
    Loan,
)
from services.scoring.domain.borrower.risk import DATA_INCIDENT, SMALL_ARREARS
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.dates import first_day_of, month_of
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.rulebook import Rules

LONGEST_RUN_DAYS: Final = 3_660
A_YEAR: Final = 366
HALF_A_YEAR: Final = 183
MOST_DAYS: Final = 90


def refresh(borrower: Borrower, day: int, rules: Rules, *, is_close: bool = False) -> None:
    """Bring the totals and the operational counter up to the end of the day.

    What falls due today is open only once the day is over: money may still come. Once a missing
    rate is known, the days that counted without it are counted again.
    """
    counters = borrower.counters
    counters.past_due_minor = exposure.total_past_due(borrower, day)
    counters.exposure_minor = exposure.total_exposure(borrower, day)
    ages = days_past_due.borrower_ages(borrower, day, rules.tolerance)
    counters.operational_days = ages.in_arrears
    is_over = is_close or day <= counters.closed_day
    counters.counted_days = ages.counted if ages.counted or is_over else NOTHING_OPEN
    counters.late_days = ages.late
    if exposure.is_incomplete(borrower, rules, day):
        borrower.risk.flags |= DATA_INCIDENT
    elif borrower.risk.flags & DATA_INCIDENT:
        borrower.risk.flags &= ~DATA_INCIDENT
        recount(borrower, rules)
    _count_for_warning(borrower, day, rules)


def _count_for_warning(borrower: Borrower, day: int, rules: Rules) -> None:
    """Count the days that indicators, state rules and the IFRS 9 backstops go by.

    With a threshold in the rulebook they are the days in a row on which an overdue amount counts;
    below it, arrears are a mark, and a task for collections.
    """
    counters = borrower.counters
    borrower.risk.flags &= ~SMALL_ARREARS
    if rules.counted_arrears is None:
        counters.counting_days = max(0, counters.counted_days)
        counters.arrears_days = counters.operational_days
        return
    counters.counting_days = counters.arrears_days = 0
    if not counters.late_days and not counters.past_due_minor:
        return
    is_enough, run = _counting_days(borrower, day, rules)
    counters.counting_days = run
    if counters.operational_days:
        reported = days_past_due.worst_reported_days(borrower, day, day)
        counters.arrears_days = max(run, reported)
        if not is_enough and not reported:
            borrower.risk.flags |= SMALL_ARREARS


def _counting_days(borrower: Borrower, day: int, rules: Rules) -> tuple[bool, int]:
    """Return whether an overdue amount counts, and on how many days in a row it did.

    While a dispute suspends the count, the days before it.
    """
    counters = borrower.counters
    arrears, lent = counters.past_due_minor, counters.exposure_minor
    if not exposure.counts(borrower, rules, day, arrears, lent):
        is_suspended = exposure.is_count_suspended(borrower, rules, day, lent)
        return is_suspended, counters.counting_closes if is_suspended else 0
    if counters.closed_day == day - 1:
        return True, counters.counting_closes + 1
    return True, _counting_run(borrower, day, rules)


def close_day(borrower: Borrower, day: int, rules: Rules) -> None:
    """Count the close of a business day; the totals must be fresh.

    Days that nobody closed are counted by what was past due on them, so that a bank which closes no
    Sundays has the same counter.
    """
    counters = borrower.counters
    previous, counters.closed_day = counters.closed_day, day
    counters.counting_closes = counters.counting_days
    if rules.is_per_facility:
        close_each_facility(borrower, previous, day, rules)
    elif not counters.past_due_minor and not counters.late_days:
        counters.regulatory_days = 0
    elif days_past_due.has_reported_months(borrower):
        counters.regulatory_days = _counted_or_reported(borrower, day, rules, through=previous)
    elif previous != day - 1:
        known = counters.regulatory_days
        counters.regulatory_days = material_run(borrower, day, rules, since=previous, known=known)
    elif _is_material_now(borrower, rules, day):
        counters.regulatory_days += 1
    elif not counters.late_days or not exposure.is_suspended(borrower, day, rules):
        counters.regulatory_days = 0


def _is_material_now(borrower: Borrower, rules: Rules, day: int) -> bool:
    counters = borrower.counters
    arrears, lent = counters.past_due_minor, counters.exposure_minor
    if exposure.exceeds(borrower, rules, day, arrears, lent):
        return True
    lacks_a_rate = borrower.risk.flags & DATA_INCIDENT
    return bool(lacks_a_rate) and exposure.is_untested(borrower, rules, day)


def _counted_or_reported(borrower: Borrower, day: int, rules: Rules, *, through: int) -> int:
    """Return the material days, or more where a card system reports more.

    It reports no amount, so its days count without the materiality test.
    """
    reported = max(days_past_due.reported_days_on(line, day) for line in borrower.facilities)
    return max(_material_run_again(borrower, day, rules, through=through), reported)


def reached(borrower: Borrower, day: int) -> int:
    """Return as of which day an event is judged: its own, or a later one that we are in already.

    An event that comes late never takes a month back that has begun. A month that lies a year ahead
    was begun by a mistake in somebody's clock and is not waited for. An event that is booked half a
    year after the last close has a mistake in its date: it is judged on the day that is open.
    """
    counters = borrower.counters
    day = max(day, counters.closed_day)
    if day - counters.closed_day > HALF_A_YEAR and counters.closed_day:
        day = counters.closed_day + 1
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
    """Return whether the close of `day` can change arrears or how the borrower pays.

    It can when something is unpaid or days are still counted, when since the previous close an
    instalment fell due, became past due or ran out of its grace days, when money has a value date
    or a loan ends after that close, when a rate may have moved.
    """
    counters = borrower.counters
    if counters.past_due_minor or counters.late_days or counters.regulatory_days:
        return True
    currency = borrower.profile.reporting_currency
    for loan in borrower.loans:
        if loan.currency != currency and borrower.rates is not None:
            return True
        if _may_fall_due(counting_days(loan), previous, day, grace_days):
            return True
        # An event that came late may have been judged as of a day before the money's or the line's.
        if loan.paid_days and loan.paid_days[-1] > previous:
            return True
        if loan.closed_day is not None and loan.closed_day > previous:
            return True
    return False


def _may_fall_due(days: list[int], previous: int, day: int, grace_days: int) -> bool:
    """Return whether an instalment fell due, became past due or ran out of its grace days."""
    if bisect_right(days, previous - grace_days) == bisect_right(days, day):
        return False
    shifts = (0, 1, grace_days)
    return any(bisect_right(days, previous - by) != bisect_right(days, day - by) for by in shifts)


def lines_may_move(borrower: Borrower, previous: int, day: int) -> bool:
    """Return whether a line was reported since the previous close, or is above its limit."""
    return any(
        facility_use.excess_on(facility, day) or daily_values.last_day(facility.drawn) > previous
        for facility in borrower.facilities
    )


def recount(borrower: Borrower, rules: Rules) -> None:
    """Derive the regulatory counter again from the facts as they are known now."""
    counters = borrower.counters
    if not counters.closed_day:
        return
    if rules.counted_arrears is not None:
        counters.counting_closes = _counting_run(borrower, counters.closed_day, rules)
    if rules.is_per_facility:
        recount_each_facility(borrower, counters.closed_day, rules)
    elif days_past_due.has_reported_months(borrower):
        counters.regulatory_days = _counted_or_reported(
            borrower, counters.closed_day, rules, through=counters.closed_day
        )
    else:
        counters.regulatory_days = _material_run_again(
            borrower, counters.closed_day, rules, through=counters.closed_day
        )


def material_run(
    borrower: Borrower, day: int, rules: Rules, *, since: int = 0, known: int = 0
) -> int:
    """Return how many days in a row, up to and including `day`, arrears were material.

    Days on which a dispute suspended the count neither add to it nor end it. Up to ``since`` the
    run is ``known`` already. Costs the changes of arrears and exposure, not the days.
    """
    with instalments.added_up(borrower.loans):
        totals = ArrearsTotals(borrower, rules, day)
        return _run(
            day,
            since=since,
            known=known,
            unchanged_since=totals.unchanged_since,
            is_material=totals.is_material,
            is_suspended=totals.is_suspended,
        )


def _material_run_again(borrower: Borrower, day: int, rules: Rules, *, through: int) -> int:
    """Return the material days derived again, those before the days kept as they were counted."""
    counted = borrower.counters.regulatory_days
    since, known = _forgotten(borrower.facilities, counted, through)
    run = material_run(borrower, day, rules)
    return max(run, material_run(borrower, day, rules, since=since, known=known)) if known else run


def _forgotten(lines: list[Facility], counted: int, through: int) -> tuple[int, int]:
    """Return the last day of which a line's excess is no longer kept, and the days counted by then.

    Args:
        lines: The lines whose excess counts.
        counted: How many days were counted.
        through: The last of these days.
    """
    old = [line for line in lines if 0 < line.excess_since < line.drawn.first_day]
    if not old:
        return 0, 0
    last = max(line.drawn.first_day for line in old) - 1
    most = last - min(line.excess_since for line in old)
    return last, max(0, min(most, counted - (through - last)))


def _counting_run(borrower: Borrower, day: int, rules: Rules) -> int:
    """Return how many days in a row, up to and including `day`, an overdue amount counted."""
    counters = borrower.counters
    since, known = _forgotten(borrower.facilities, counters.counting_closes, counters.closed_day)
    with instalments.added_up(borrower.loans):
        run = _counting_run_from(borrower, day, rules)
        if known:
            run = max(run, _counting_run_from(borrower, day, rules, since=since, known=known))
    return run


def _counting_run_from(
    borrower: Borrower, day: int, rules: Rules, *, since: int = 0, known: int = 0
) -> int:
    totals = ArrearsTotals(borrower, rules, day)
    return _run(
        day,
        since=since,
        known=known,
        unchanged_since=totals.unchanged_since,
        is_material=totals.counts,
        is_suspended=totals.is_count_suspended,
    )


def _run(
    day: int,
    *,
    unchanged_since: Callable[[int], int],
    is_material: Callable[[int], bool],
    is_suspended: Callable[[int], bool],
    since: int = 0,
    known: int = 0,
) -> int:
    """Return how many days in a row were material, judging each stretch of equal days once."""
    run, end, first = 0, day, max(since, day - LONGEST_RUN_DAYS) + 1
    while end >= first:
        counts = is_material(end)
        if not counts and not is_suspended(end):
            return run
        start = max(first, unchanged_since(end))
        if counts:
            run += end - start + 1
        end = start - 1
    return run + known if end == since and day - since < LONGEST_RUN_DAYS else run


def close_each_facility(borrower: Borrower, previous: int, day: int, rules: Rules) -> None:
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
        elif not _is_loan_suspended(borrower, loan, day, rules):
            days = 0
        _set_loan(borrower, loan, days)
    for line in borrower.facilities:
        if not is_next or line.late_days:
            days = _run_of_line(borrower, line, day, rules, through=previous)
        else:
            days = line.regulatory_days + 1 if _is_line_material(borrower, line, day, rules) else 0
        _set_line(borrower, line, days)
    counters.regulatory_days = obligor_days(borrower, day, rules)


def recount_each_facility(borrower: Borrower, day: int, rules: Rules) -> None:
    """Derive every facility's count again, then the obligor's."""
    for loan in borrower.loans:
        _set_loan(borrower, loan, _run_of_loan(borrower, loan, day, rules))
    for line in borrower.facilities:
        _set_line(borrower, line, _run_of_line(borrower, line, day, rules, through=day))
    borrower.counters.regulatory_days = obligor_days(borrower, day, rules)


def facility_days(borrower: Borrower, name: str, day: int, rules: Rules) -> int:
    """Return the days of one loan or line through a day, as its facts are known now.

    An excess from before the days kept cannot be counted again: its days stand.
    """
    for loan in borrower.loans:
        if loan.loan_id == name:
            return _run_of_loan(borrower, loan, day, rules)
    for line in borrower.facilities:
        if line.facility_id == name:
            is_kept = line.drawn.first_day <= day - MOST_DAYS or not line.excess_since
            return _run_of_line(borrower, line, day, rules, through=day) if is_kept else A_YEAR
    return 0


def obligor_days(borrower: Borrower, day: int, rules: Rules) -> int:
    """Return what counts for the obligor: the worst facility, as far as it pulls."""
    rows = [(loan.regulatory_days, _owed_on(borrower, loan, day)) for loan in borrower.loans] + [
        (line.regulatory_days, facility_use.drawn_on(line, day) or 0)
        for line in borrower.facilities
    ]
    worst = max((days for days, _ in rows), default=0)
    if worst <= MOST_DAYS:
        return worst
    in_default = sum(owed for days, owed in rows if days > MOST_DAYS)
    if exposure.lacks_a_rate(borrower, rules, day):
        return worst
    total = exposure.total_exposure(borrower, day)
    pulls = in_default * MICRO > total * rules.counting.pulling_micro
    return worst if pulls else MOST_DAYS


def _owed_on(borrower: Borrower, loan: Loan, day: int) -> int:
    owed = instalments.loan_exposure(loan, day) if loan.principal_minor else 0
    return exposure.in_reporting(borrower, loan, owed, day)


def _is_loan_material(
    borrower: Borrower, loan: Loan, day: int, rules: Rules, *, with_disputed: bool = False
) -> bool:
    if not loan.due_days:
        return False
    if exposure.is_loan_untested(borrower, loan, rules, day):
        return True
    arrears = exposure.past_due_on(borrower, loan, day, with_disputed=with_disputed)
    return exposure.exceeds(borrower, rules, day, arrears, _owed_on(borrower, loan, day))


def _is_loan_suspended(borrower: Borrower, loan: Loan, day: int, rules: Rules) -> bool:
    """Return whether only a dispute makes the loan's arrears immaterial."""
    if not loan.exclusions:
        return False
    if exposure.is_dispute_untested(borrower, loan, rules, day):
        return True
    return _is_loan_material(borrower, loan, day, rules, with_disputed=True)


def _is_line_material(borrower: Borrower, line: Facility, day: int, rules: Rules) -> bool:
    if exposure.is_line_untested(borrower, line, rules, day):
        return True
    arrears = exposure.line_past_due_on(borrower, line, day)
    drawn = exposure.drawn_on(borrower, line, day)
    return exposure.exceeds(borrower, rules, day, arrears, drawn)


def _run_of_loan(borrower: Borrower, loan: Loan, day: int, rules: Rules) -> int:
    with instalments.added_up([loan]):
        return _run(
            day,
            unchanged_since=lambda end: stretches.loan_unchanged_since(borrower, loan, end),
            is_material=lambda end: _is_loan_material(borrower, loan, end, rules),
            is_suspended=lambda end: _is_loan_suspended(borrower, loan, end, rules),
        )


def _run_of_line(
    borrower: Borrower, line: Facility, day: int, rules: Rules, *, through: int
) -> int:
    if line.late_days:
        return days_past_due.reported_days_on(line, day)
    since, known = _forgotten([line], line.regulatory_days, through)
    return _run(
        day,
        since=since,
        known=known,
        unchanged_since=lambda end: stretches.line_unchanged_since(borrower, line, end),
        is_material=lambda end: _is_line_material(borrower, line, end, rules),
        is_suspended=lambda end: False,
    )


def _set_loan(borrower: Borrower, loan: Loan, days: int) -> None:
    if loan.regulatory_days != days:
        loan.regulatory_days = days
        borrower.changed |= LOANS_PART


def _set_line(borrower: Borrower, line: Facility, days: int) -> None:
    if line.regulatory_days != days:
        line.regulatory_days = days
        borrower.changed |= FACILITIES_PART
