"""Counts days past due: the age of the oldest debt of a loan, a line and a borrower.

Called by the fold (the counter that every assessment shows), by the repayment indicators, by the
regimes that count their own way and by the read side (`arrears_of`).

Two figures differ (domain 4.4 rule 19): days late run from the contractual due day and leave out
nothing; days in arrears run from the due day as moved by a holiday, leave out what is
disputed or technical, and begin when contractual grace is over. Rules and indicators go by days in
arrears, regimes by the same without grace.

Boundary: an instalment counts from its due day on; EXCLUSIVE counts 0 on the due day itself and 1
at the close of the next, INCLUSIVE_DAY_END one more whenever something is unpaid at day end. State
rules and indicators always count EXCLUSIVE (domain readings 11 and 12).

A card has no schedule that the bank sends, and a least payment is not ours to invent: a line whose
system reports its months past due counts by that report alone, and a bill above its limit is an
excess (A-05), not arrears. A reported count goes on until the next report; it does not grow.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.arrears.exclusions import counted_past_due, first_counted, in_force
from services.scoring.domain.arrears.instalments import (
    OPEN,
    counted_until,
    counting_days,
    due_before,
    due_of,
    first_open,
    interest_unpaid_of,
    paid_by,
    schedule_at,
    settle_days,
    tolerated,
    unpaid_of,
)
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.borrower.decisions import TECHNICAL
from services.scoring.domain.primitives.dates import last_day_of
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.primitives.vocabulary import EXCLUSIVE
from services.scoring.domain.rulebook.rulebook import Rules, Tolerance

DAYS_A_MONTH: Final = 30
# Whether what is unpaid of an instalment of a schedule counts on a day.
CountsOn = Callable[[Loan, int, int], bool]


@dataclass(slots=True)
class Ages:
    """How old the oldest debt of a loan is, in three ways of counting.

    Args:
        late: Days since its contractual due day, nothing excluded: "days late".
        counted: Days since its due day as moved by holidays, without what is excluded; 0 on the due
            day itself, -1 where nothing is open.
        in_arrears: The same, 0 while contractual grace lasts: "days in arrears".
    """

    late: int = 0
    counted: int = -1
    in_arrears: int = 0


def ages(loan: Loan, day: int, tolerance: Tolerance) -> Ages:
    """Return the loan's age of arrears at the end of the day."""
    schedule = _counting_schedule(loan, day)
    if schedule is None:
        return Ages()
    paid, days = paid_by(schedule, day), counting_days(schedule)
    oldest = first_open(schedule, paid, tolerance)
    if oldest == len(days) or schedule.due_days[oldest] > day:
        return Ages()
    late = day - schedule.due_days[oldest]
    if schedule.exclusions:
        oldest = first_counted(schedule, paid, day, tolerance)
    if oldest == len(days) or days[oldest] > day:
        return Ages(late)
    elapsed = day - days[oldest]
    return Ages(late, elapsed, elapsed if elapsed > loan.grace_days else 0)


def _counting_schedule(loan: Loan, day: int) -> Loan | None:
    """Return the loan with the schedule of the day, None where nothing can be due."""
    if loan.closed_day is not None and loan.closed_day <= day:
        return None
    schedule = schedule_at(loan, day) if loan.past else loan
    if not schedule.due_days or schedule.due_days[0] > day:
        return None
    return schedule


def oldest_unpaid_day(loan: Loan, day: int, tolerance: Tolerance) -> int | None:
    """Return the due day of the oldest instalment open at the end of the day, if it is reached."""
    oldest = _oldest_unpaid(loan, day, tolerance)
    return None if oldest is None else counting_days(oldest[0])[oldest[1]]


def _oldest_unpaid(loan: Loan, day: int, tolerance: Tolerance) -> tuple[Loan, int] | None:
    """Return the schedule in force and the position of the oldest instalment open."""
    schedule = _counting_schedule(loan, day)
    if schedule is None:
        return None
    paid = paid_by(schedule, day)
    if schedule.exclusions:
        index = first_counted(schedule, paid, day, tolerance)
    else:
        index = first_open(schedule, paid, tolerance)
    days = counting_days(schedule)
    return (schedule, index) if index < len(days) and days[index] <= day else None


def is_share_unpaid(schedule: Loan, index: int, day: int, rules: Rules) -> bool:
    """Return whether what is unpaid of one instalment exceeds the share of it that counts."""
    if rules.counted_arrears is None:
        return True
    unpaid = unpaid_of(schedule, index, paid_by(schedule, day))
    share = rules.counted_arrears.instalment_micro
    return unpaid * MICRO > due_of(schedule, index) * share


def exceeds_instalment(loan: Loan, day: int, rules: Rules) -> bool:
    """Return whether what is past due exceeds the share of its oldest instalment that counts."""
    oldest = _oldest_unpaid(loan, day, rules.tolerance)
    if oldest is None or rules.counted_arrears is None:
        return oldest is not None
    share = rules.counted_arrears.instalment_micro
    return past_due(loan, day) * MICRO > due_of(*oldest) * share


def past_due(loan: Loan, day: int, *, with_disputed: bool = False) -> int:
    """Return what is past due at the end of the day: due before it, not paid, not excluded."""
    schedule = _counting_schedule(loan, day)
    if schedule is None:
        return 0
    if schedule.exclusions:
        paid = paid_by(schedule, day)
        return counted_past_due(schedule, paid, day, with_disputed=with_disputed)
    due = due_before(schedule, day)
    return max(0, due - paid_by(schedule, day)) if due else 0


def loan_days(loan: Loan, day: int, tolerance: Tolerance, convention: int = EXCLUSIVE) -> int:
    """Return the loan's days past due at the end of the day, 0 when nothing is open."""
    oldest = oldest_unpaid_day(loan, day, tolerance)
    if oldest is None or (loan.grace_days and day - oldest <= loan.grace_days):
        return 0
    return counted(oldest, day, convention)


def counted(due_day: int, day: int, convention: int = EXCLUSIVE) -> int:
    """Return the days from a due day that is unpaid at the end of `day`, by convention."""
    elapsed = day - due_day
    return elapsed if convention == EXCLUSIVE else elapsed + 1


def borrower_ages(borrower: Borrower, day: int, tolerance: Tolerance) -> Ages:
    """Return the worst of each age over the borrower's loans and lines."""
    worst = Ages()
    for loan in borrower.loans:
        if loan.due_days:
            age = ages(loan, day, tolerance)
            if age.counted >= 0 or age.late:
                worst.late = max(worst.late, age.late)
                worst.counted = max(worst.counted, age.counted)
                worst.in_arrears = max(worst.in_arrears, age.in_arrears)
    are_excluded = lines_are_excluded(borrower, day)
    for facility in borrower.facilities:
        days = line_days(facility, day, tolerance)
        worst.late = max(worst.late, days)
        if days and not are_excluded:
            worst.counted = max(worst.counted, days)
            worst.in_arrears = max(worst.in_arrears, days)
    return worst


def lines_are_excluded(borrower: Borrower, day: int) -> bool:
    """Return whether people decided that all arrears of the day are technical."""
    overrides = borrower.decisions.overrides
    return bool(overrides) and any(
        override.kind == TECHNICAL and not override.loan_id and override.is_in_force(day)
        for override in overrides
    )


def line_days(facility: Facility, day: int, tolerance: Tolerance) -> int:
    """Return the days since a line went over its limit without coming back (domain 4.4 rule 8).

    Where the line's system reports months past due, that count is returned.
    """
    if facility.late_days:
        return reported_days_on(facility, day)
    allowed = tolerance.minor(facility.currency, 0)
    since = facility_use.excess_since(facility, day, allowed)
    return 0 if since is None else day - since


def worst_days(
    loan: Loan,
    start: int,
    end: int,
    tolerance: Tolerance,
    counts: CountsOn | None = None,
    worst: int = 0,
) -> int:
    """Return the loan's most days past due on any day from `start` to `end`, ``worst`` at least.

    With ``counts``, only of days on which what is unpaid of the instalment counts; no day is asked
    about that could not be worse than ``worst``.
    """
    first, end = start, counted_until(loan, end)
    for past in loan.past:
        if past.until_day > first:
            schedule = schedule_at(loan, first)
            last = min(end, past.until_day - 1)
            worst = _worst_on(schedule, first, last, tolerance, counts, worst)
            first = past.until_day
    if first <= end:
        worst = _worst_on(loan, first, end, tolerance, counts, worst)
    return worst


def _worst_on(
    schedule: Loan, start: int, end: int, tolerance: Tolerance, counts: CountsOn | None, worst: int
) -> int:
    """Return the worst count under one schedule: each instalment's on its last open day.

    While an instalment is the oldest open one its count grows, so its worst day in the window is
    the last day before it was settled, or before the payment that left too little to count. If it
    was not the oldest, an older one counted more. What was paid before the window is left out, and
    what fell due too late to be worse.
    """
    days = counting_days(schedule)
    first = bisect_right(schedule.due_cum, paid_by(schedule, start - 1))
    reached = bisect_left(days, end - worst)
    for index, settled in enumerate(settle_days(schedule, first, reached, tolerance), first):
        last_open = end if settled == OPEN else min(end, settled - 1)
        if counts is not None and last_open - days[index] > worst:
            last_open = _last_counting(schedule, index, max(start, days[index]), last_open, counts)
        if last_open >= start:
            worst = max(worst, last_open - days[index])
    return worst


def _last_counting(schedule: Loan, index: int, first: int, last: int, counts: CountsOn) -> int:
    """Return the last day on which an instalment counts, before ``first`` where there is none.

    What is open of it becomes less by payments alone.
    """
    if counts(schedule, index, last):
        return last
    paid_days = schedule.paid_days
    for payment in range(bisect_right(paid_days, last) - 1, -1, -1):
        day = paid_days[payment] - 1
        if day < first:
            break
        if counts(schedule, index, day):
            return day
    return first - 1


def oldest_unpaid_interest_day(loan: Loan, day: int, tolerance: Tolerance) -> int | None:
    """Return the due day of the oldest instalment whose interest is open at the end of the day."""
    if counted_until(loan, day) != day:
        return None
    days = counting_days(loan)
    reached = bisect_right(days, day)
    paid = paid_by(loan, day)
    for index in range(first_open(loan, paid, tolerance), reached):
        if interest_unpaid_of(loan, index, paid) > tolerated(loan, index, tolerance):
            return days[index]
    return None


def record_reported_months(facility: Facility, day: int, months: int) -> bool:
    """Record the months past due of a day; return whether the day's count moved.

    The first report of a line moves it: from then on the line counts by what is reported.
    """
    is_news = not facility.late_days or reported_months_on(facility, day) != months
    index = bisect_left(facility.late_days, day)
    if index < len(facility.late_days) and facility.late_days[index] == day:
        facility.late_months[index] = months
        return is_news
    facility.late_days.insert(index, day)
    facility.late_months.insert(index, months)
    return is_news


def has_reported_months(borrower: Borrower) -> bool:
    """Return whether the system of any line has reported months past due."""
    return any(facility.late_days for facility in borrower.facilities)


def reported_months_on(facility: Facility, day: int) -> int:
    """Return the count in force at the end of the day, 0 before the first one."""
    index = bisect_right(facility.late_days, day)
    return facility.late_months[index - 1] if index else 0


def reported_days_on(facility: Facility, day: int) -> int:
    """Return the count in days of 30 a month, so that it compares with counted days."""
    return DAYS_A_MONTH * reported_months_on(facility, day)


def worst_reported_days(borrower: Borrower, start: int, end: int) -> int:
    """Return the most days reported for any line between two days, both included."""
    worst = 0
    for facility in borrower.facilities:
        if facility.late_days:
            worst = max(worst, reported_days_on(facility, start))
            first, last = (
                bisect_left(facility.late_days, start),
                bisect_right(facility.late_days, end),
            )
            worst = max(
                [worst, *(DAYS_A_MONTH * late for late in facility.late_months[first:last])]
            )
    return worst


def reported_at_month_ends(borrower: Borrower, newest: int, count: int) -> list[tuple[int, int]]:
    """Return those of the last `count` month-ends at which a line was late, with the months.

    Several lines: the latest of them counts, as the oldest debt does elsewhere.
    """
    lines = [facility for facility in borrower.facilities if facility.late_days]
    if not lines:
        return []
    ends = [last_day_of(month) for month in range(newest - count + 1, newest + 1)]
    months = [max(reported_months_on(line, day) for line in lines) for day in ends]
    return [(day, late) for day, late in zip(ends, months, strict=True) if late]


def reported_since(facility: Facility, day: int) -> int:
    """Return the first day of the reports without a break that say that the line is late."""
    index = bisect_right(facility.late_days, day) - 1
    while index and facility.late_months[index - 1]:
        index -= 1
    return facility.late_days[index]


def forget_reported_before(facility: Facility, day: int) -> None:
    """Drop the counts before `day`, but for the one in force on it."""
    gone = max(0, bisect_right(facility.late_days, day) - 1)
    del facility.late_days[:gone], facility.late_months[:gone]


@dataclass(slots=True)
class OwnArrears:
    """One loan or line.

    Args:
        days_late: Since the contractual due day of the oldest unpaid instalment, nothing excluded.
        days_in_arrears: From the due day moved by holidays, less what is excluded, after grace.
        past_due_minor: Due and unpaid, in the loan's currency.
        disputed_minor: Of what is unpaid, what is disputed.
        is_technical: Whether an approved decision attributes the arrears to the bank itself.
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
    loans = [_of_loan(loan, tolerance, day) for loan in borrower.loans if loan.due_days]
    lines = [_of_line(line, tolerance, day) for line in borrower.facilities]
    if lines_are_excluded(borrower, day):
        for row in lines:
            row.days_in_arrears = row.past_due_minor = 0
            row.is_technical = True
    return loans + lines


def _of_loan(loan: Loan, tolerance: Tolerance, day: int) -> OwnArrears:
    age = ages(loan, day, tolerance)
    past_due_minor = past_due(loan, day)
    return OwnArrears(
        name=loan.loan_id,
        is_line=False,
        currency=loan.currency,
        days_late=age.late,
        days_in_arrears=age.in_arrears,
        past_due_minor=past_due_minor,
        disputed_minor=past_due(loan, day, with_disputed=True) - past_due_minor,
        is_technical=any(override.is_technical for override in in_force(loan, day)),
        grace_days=loan.grace_days,
    )


def _of_line(line: Facility, tolerance: Tolerance, day: int) -> OwnArrears:
    days = line_days(line, day, tolerance)
    return OwnArrears(
        name=line.facility_id,
        is_line=True,
        currency=line.currency,
        days_late=days,
        days_in_arrears=days,
        past_due_minor=facility_use.past_due(line, day),
    )
