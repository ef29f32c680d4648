"""Finds the stretch of days over which arrears and exposure of a loan or line stay as they are.

A count of days that is derived again is then as long as the changes, not as long as the days: a
line above its limit since 2016 is one stretch. Called by `counters` and `totals`. Must stay true:
on every day of a stretch `exposure` and `days_past_due` give the same amounts as on its last day; a
day too many among the starts costs time, a day too few is wrong.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from services.scoring.domain.arrears.instalments import counting_days
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.borrower.decisions import TECHNICAL
from services.scoring.domain.primitives import daily_values

BEFORE_ALL: Final = 0


def loan_unchanged_since(borrower: Borrower, loan: Loan, day: int) -> int:
    """Return the first day of the stretch for one loan.

    What is due counts from the day after: past due is what fell due before the day.
    """
    due_days = counting_days(loan)
    since = max(
        _latest(loan.paid_days, day),
        _latest(due_days, day - 1) + 1,
        _latest(loan.due_days[:1], day),
        _latest_of((loan.start_day, loan.closed_day or BEFORE_ALL), day),
    )
    for past in loan.past:
        since = max(
            since,
            _latest_of((past.until_day, *past.due_days[:1]), day),
            _latest(past.due_days, day - 1) + 1,
        )
    for exclusion in loan.exclusions:
        since = max(since, _latest_of((exclusion.from_day, exclusion.until_day), day))
    return max(since, rated_since(borrower, loan.currency, day))


def line_unchanged_since(borrower: Borrower, line: Facility, day: int) -> int:
    """Return the first day of the stretch for one line.

    An excess is past due once it existed on the day before.
    """
    since = max(_decided_since(borrower, day), _latest(line.limit_days, day))
    since = max(since, _latest(line.limit_days, day - 1) + 1)
    drawn_since = _drawn_since(line, day)
    return max(since, drawn_since, _drawn_since(line, day - 1) + 1)


def _drawn_since(line: Facility, day: int) -> int:
    """Return since when the drawn amount is what it is at the end of the day."""
    drawn = line.drawn
    if not drawn.reported or day < drawn.first_day:
        return BEFORE_ALL
    figures = daily_values.filled(drawn)
    offset = min(day - drawn.first_day, len(figures) - 1)
    figure = figures[offset]
    while offset and figures[offset - 1] == figure:
        offset -= 1
    return drawn.first_day + offset


def _decided_since(borrower: Borrower, day: int) -> int:
    """Return since when the decisions about technical arrears are those of the day."""
    since = BEFORE_ALL
    for override in borrower.decisions.overrides:
        if override.kind == TECHNICAL:
            since = max(since, _latest_of((override.from_day, override.until_day), day))
    return since


def rated_since(borrower: Borrower, currency: str, day: int) -> int:
    """Return since when the rates that convert a currency are those of the day."""
    reporting = borrower.profile.reporting_currency
    if currency == reporting or borrower.rates is None:
        return BEFORE_ALL
    since = BEFORE_ALL
    for table in borrower.rates.by_base.values():
        for name in (currency, reporting):
            if name in table:
                since = max(since, _latest(table[name].days, day))
    return since


def _latest(ascending: list[int], day: int) -> int:
    index = bisect_right(ascending, day)
    return ascending[index - 1] if index else BEFORE_ALL


def _latest_of(days: Iterable[int], day: int) -> int:
    return max((each for each in days if each <= day), default=BEFORE_ALL)
