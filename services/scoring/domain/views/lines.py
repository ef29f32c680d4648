"""Pools all lines of a borrower into one share drawn a day, carried between evaluations.

The utilisation indicators read it; `facilities` reports what changed. Several lines count as one:
drawn amounts over limits. Must stay true: a view that was carried along equals one that is built
from nothing, because only the newest 210 days are read.
"""

from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.borrower.borrower import Borrower, Facility, LineView
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.measurement import micro_ratio

ALL_DAYS: Final = 210
MOST_KEPT: Final = 2 * ALL_DAYS
MOST_STEPS: Final = 30
NO_LIMIT: Final = -1


def reported(borrower: Borrower, day: int) -> None:
    """Note that the use or the limit of a line on this day has been put in or changed."""
    view = borrower.line_view
    if view is None:
        return
    if day == view.last_day:
        view.is_last_stale = True
    elif day < view.last_day:
        borrower.line_view = None


def view_of(borrower: Borrower, as_of: int) -> LineView:
    """Return the view that ends with the day `as_of`."""
    view = borrower.line_view
    if view is None or view.last_day > as_of or as_of - view.last_day > MOST_STEPS:
        view = borrower.line_view = _built(borrower, as_of)
        return view
    if view.is_last_stale:
        view.is_last_stale = False
        view.shares[-1] = share_on(borrower, view.last_day)
        view.over[-1] = over_on(borrower, view.last_day)
    while view.last_day < as_of:
        view.last_day += 1
        view.shares.append(share_on(borrower, view.last_day))
        view.over.append(over_on(borrower, view.last_day))
    if len(view.shares) > MOST_KEPT:
        del view.shares[:ALL_DAYS], view.over[:ALL_DAYS]
    return view


def share_on(borrower: Borrower, day: int) -> int:
    """Return drawn over limits on the day, `NO_LIMIT` where no line has reported a limit."""
    drawn, limits = 0, 0
    for facility in _pooled(borrower):
        used = daily_values.at(facility.drawn, day)
        if used is not None:
            drawn += used
            limits += facility_use.limit_on(facility, day) or 0
    return _share(drawn, limits)


def _pooled(borrower: Borrower) -> list[Facility]:
    """Return the lines in the borrower's currency; where none is, the first."""
    lines, currency = borrower.facilities, borrower.profile.reporting_currency
    if len(lines) < 2:
        return lines
    return [line for line in lines if line.currency == currency] or lines[:1]


def over_on(borrower: Borrower, day: int) -> int:
    """Return 1 if any line is above what may be drawn at the end of the day, else 0."""
    for facility in borrower.facilities:
        if facility_use.excess_on(facility, day):
            return 1
    return 0


def measured_shares(view: LineView, first: int, last: int) -> list[int]:
    """Return the shares from `first` to `last` days back (0 is the last day) with a limit."""
    end = len(view.shares) - last
    shares = view.shares[max(0, len(view.shares) - first - 1) : end]
    if NO_LIMIT in shares:
        return [share for share in shares if share != NO_LIMIT]
    return shares


def _built(borrower: Borrower, as_of: int) -> LineView:
    """Build the view in one pass over each line."""
    drawn, limits, over = [0] * ALL_DAYS, [0] * ALL_DAYS, [0] * ALL_DAYS
    pooled = _pooled(borrower)
    for facility in borrower.facilities:
        if facility in pooled:
            _add_line(facility, as_of, drawn, limits, over)
        else:
            _add_line(facility, as_of, [0] * ALL_DAYS, [0] * ALL_DAYS, over)
    shares = [_share(drawn[index], limits[index]) for index in range(ALL_DAYS)]
    return LineView(as_of, shares, over)


def _share(drawn: int, limits: int) -> int:
    return micro_ratio(drawn, limits) if limits > 0 else NO_LIMIT


def _add_line(
    facility: Facility, as_of: int, drawn: list[int], limits: list[int], over: list[int]
) -> None:
    """Add a line's use and limit on each day, and note on which it was above what it may be."""
    used = daily_values.window(facility.drawn, as_of - ALL_DAYS + 1, as_of)
    days, index = facility.limit_days, 0
    head = ALL_DAYS - len(used)
    for offset in range(head, ALL_DAYS):
        held = used[offset - head]
        drawn[offset] += held
        if not days:
            continue
        day = as_of - ALL_DAYS + 1 + offset
        while index + 1 < len(days) and days[index + 1] <= day:
            index += 1
        limits[offset] += facility.limit_minor[index]
        if held > facility_use.allowed_by(facility, index):
            over[offset] = 1
