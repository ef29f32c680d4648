"""Records end-of-day figures by day, reported late or early, in any order.

Used for account balances and for the use of lines. The last reported figure goes on until the next
report; each report belongs to its own day, so the order of arrival leaves no trace.
"""

from dataclasses import dataclass, field
from typing import Final

KEPT_DAYS: Final = 210
# Without a day close nobody prunes: beyond this many days a report drops what nothing reads.
MOST_DAYS: Final = 4 * KEPT_DAYS


@dataclass(slots=True)
class Daily:
    """End-of-day figures: ``reported[i]`` is what was reported for day ``first_day + i``.

    ``None`` where nothing was; the last reported figure goes on. ``filled`` is the same with the
    gaps filled: not stored, made when first read.
    """

    first_day: int = 0
    reported: list[int | None] = field(default_factory=list)
    filled: list[int] = field(default_factory=list, compare=False, repr=False)


def put(daily: Daily, day: int, value: int) -> None:
    """Record the figure of a day. A report older than the days kept is left out."""
    reported = daily.reported
    offset = day - daily.first_day
    if not reported:
        daily.first_day = day
        daily.reported, daily.filled = [value], [value]
    elif offset < 0:
        if len(reported) - offset <= 2 * KEPT_DAYS:
            daily.first_day = day
            reported[:0] = [value, *([None] * (-offset - 1))]
            daily.filled = []
    elif offset < len(reported):
        reported[offset] = value
        daily.filled = []
    else:
        _append(daily, offset - len(reported), value)


def _append(daily: Daily, gap: int, value: int) -> None:
    if gap > 2 * KEPT_DAYS:  # A long silence: do not write years of blanks.
        carried = filled(daily)[-1]
        daily.first_day += len(daily.reported) + gap - KEPT_DAYS
        daily.reported, daily.filled = [carried], [carried]
        gap = KEPT_DAYS - 1
    if daily.filled:
        daily.filled += [daily.filled[-1]] * gap
        daily.filled.append(value)
    if gap:
        daily.reported += [None] * gap
    daily.reported.append(value)


def filled(daily: Daily) -> list[int]:
    """Return the figures from the first to the last report with the gaps filled."""
    if not daily.filled and daily.reported:
        current = daily.reported[0] or 0
        figures = []
        for value in daily.reported:
            if value is not None:
                current = value
            figures.append(current)
        daily.filled = figures
    return daily.filled


def at(daily: Daily, day: int) -> int | None:
    """Return the figure in force at the end of the day; `None` before the first report."""
    offset = day - daily.first_day
    if offset < 0 or not daily.reported:
        return None
    figures = daily.filled or filled(daily)
    return figures[offset] if offset < len(figures) else figures[-1]


def last_day(daily: Daily) -> int:
    """Return the day of the newest report, 0 without any."""
    return daily.first_day + len(daily.reported) - 1 if daily.reported else 0


def window(daily: Daily, start: int, end: int) -> list[int]:
    """Return the figures in force on each day from `start` to `end` that is not before the first.

    A day without a report repeats the last one.
    """
    begin = max(start, daily.first_day) - daily.first_day
    finish = end - daily.first_day + 1
    if finish <= begin or not daily.reported:
        return []
    figures = filled(daily)
    inside = figures[begin:finish]
    missing = finish - max(begin, len(figures))
    if missing > 0:
        inside += [figures[-1]] * missing
    return inside


def first_read(daily: Daily) -> int:
    """Return the first day that is still read: the first one, but of too many days a later one."""
    if len(daily.reported) <= MOST_DAYS:
        return daily.first_day
    return last_day(daily) - 2 * KEPT_DAYS


def forget_before(daily: Daily, day: int) -> None:
    """Drop the days before `day`, carrying the figure in force over."""
    offset = day - daily.first_day
    carried = at(daily, day)
    if offset <= 0 or carried is None:
        return
    daily.reported = daily.reported[offset:] or [carried]
    if daily.reported[0] is None:
        daily.reported[0] = carried
    daily.filled = daily.filled[offset:]
    daily.first_day = day
