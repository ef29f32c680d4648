"""End-of-day figures by day: a list that begins at a first day, `None` where nothing was reported.

Used for account balances and for the use of lines. The last reported figure goes on until the next
report. Reports may come late and in any order; each belongs to its own day, so order leaves no
trace.
"""

from typing import Final

Values = list[int | None]

KEPT_DAYS: Final = 210


def put(values: Values, first_day: int, day: int, value: int) -> int:
    """Record the figure of a day in place and return the list's (possibly earlier) first day.

    A report that is older than the days kept is left out.
    """
    if not values:
        values.append(value)
        return day
    offset = day - first_day
    if 0 <= offset < len(values):
        values[offset] = value
    elif offset < 0:
        if len(values) - offset > 2 * KEPT_DAYS:
            return first_day
        values[:0] = [value, *([None] * (-offset - 1))]
        return day
    else:
        return _append(values, first_day, offset, value)
    return first_day


def _append(values: Values, first_day: int, offset: int, value: int) -> int:
    gap = offset - len(values)
    if gap > 2 * KEPT_DAYS:  # A long silence: do not write years of blanks.
        carried = at(values, first_day, first_day + offset)
        values[:] = [carried]
        first_day += offset - KEPT_DAYS
        gap = KEPT_DAYS - 1
    if gap:
        values.extend([None] * gap)
    values.append(value)
    return first_day


def at(values: Values, first_day: int, day: int) -> int | None:
    """Return the figure in force at the end of the day; `None` before the first report."""
    offset = min(day - first_day, len(values) - 1)
    while offset >= 0:
        found = values[offset]
        if found is not None:
            return found
        offset -= 1
    return None


def window(values: Values, first_day: int, start: int, end: int) -> list[int]:
    """Return the figures in force on each day from `start` to `end` that is not before the first.

    A day without a report repeats the last one.
    """
    begin = max(start, first_day)
    current = at(values, first_day, begin)
    if begin > end or current is None:
        return []
    known = len(values)
    if end - first_day < known:
        reported = values[begin - first_day : end - first_day + 1]
        if None not in reported:
            return reported  # type: ignore[return-value] # the line above found no None
    found = []
    for offset in range(begin - first_day, end - first_day + 1):
        if offset < known:
            value = values[offset]
            if value is not None:
                current = value
        found.append(current)
    return found


def forget_before(values: Values, first_day: int, day: int) -> int:
    """Drop the days before `day`, carrying the figure in force over; return the new first day."""
    if not values or first_day >= day:
        return first_day
    carried = at(values, first_day, day)
    del values[: day - first_day]
    if not values:
        values.append(carried)
    elif values[0] is None:
        values[0] = carried
    return day


def is_reported(values: Values, first_day: int, day: int) -> bool:
    """Return whether a figure of exactly this day was reported."""
    offset = day - first_day
    return 0 <= offset < len(values) and values[offset] is not None
