"""Records the use of lines day by day, and compares what is drawn with what may be drawn.

Called by the fold (records, exposure), by days past due (an excess is a line's arrears) and by the
utilisation indicators. What may be drawn is the lower of limit and drawing power; an excess is
anything above it.
"""

from bisect import bisect_left, bisect_right

from services.scoring.domain.borrower.borrower import Facility
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.money import Rates
from services.scoring.domain.primitives.series import Series

NO_POWER = -1


def restate(facility: Facility, currency: str, rates: Rates | None) -> bool:
    """Convert what is known of a line into another currency, each day at its own rate.

    Returns whether there is a rate; without one nothing is changed.
    """
    source, drawn = facility.currency, facility.drawn
    if source == currency:
        return True
    if rates is None or rates.converted(1, source, currency, drawn.first_day) is None:
        return False

    def converted(minor: int, day: int) -> int:
        return rates.converted(minor, source, currency, day) or 0

    drawn.reported = [
        None if minor is None else converted(minor, day)
        for day, minor in enumerate(drawn.reported, drawn.first_day)
    ]
    drawn.filled = []
    days = facility.limit_days
    facility.limit_minor = list(map(converted, facility.limit_minor, days))
    facility.power_minor = [
        power if power == NO_POWER else converted(power, day)
        for power, day in zip(facility.power_minor, days, strict=True)
    ]
    # The next report brings both in the other currency.
    facility.undrawn_usable_minor, facility.interest_debited = None, Series()
    facility.currency = currency
    return True


def record(facility: Facility, day: int, drawn: int, limit: int, power: int | None) -> None:
    """Take in the end-of-day figures of one day; a limit is stored where it changes.

    A report that comes after one of a later day does not change that day or the days after it.
    """
    is_late = day < daily_values.last_day(facility.drawn)
    daily_values.put(facility.drawn, day, drawn)
    if is_late:
        _preserve_from_next_report(facility, day)
    set_limit(facility, day, limit, NO_POWER if power is None else power)
    forget_before(facility, daily_values.first_read(facility.drawn))


def set_limit(facility: Facility, day: int, limit: int, power: int) -> None:
    """Advise a limit and drawing power from a day on; what only repeats a report is not stored."""
    days = facility.limit_days
    index = bisect_left(days, day)
    if index == len(days) and index and _is_same(facility, index - 1, limit, power):
        return
    _put_limit(facility, day, limit, power)
    _drop_repeat(facility, index + 1)
    _drop_repeat(facility, index)


def change_limit(facility: Facility, day: int, limit: int, power: int | None, until: int) -> None:
    """Advise a limit from a day on; a temporary one ends on `until` (0: it stays).

    Without a drawing power the one in force goes on. At the end of a temporary limit the one from
    before it is in force again.
    """
    before, power_before = limit, NO_POWER
    if facility.limit_days:
        index = max(0, bisect_right(facility.limit_days, day) - 1)
        before, power_before = facility.limit_minor[index], facility.power_minor[index]
    _preserve_from_next_report(facility, day)
    if until > day and until not in facility.limit_days:
        _insert_limit(facility, until, before, power_before)
    _put_limit(facility, day, limit, power_before if power is None else power)


def drop_limit(facility: Facility, day: int) -> None:
    """Take out the limit that began on a day: the one before it goes on."""
    if day in facility.limit_days:
        index = facility.limit_days.index(day)
        del facility.limit_days[index], facility.limit_minor[index], facility.power_minor[index]


def _preserve_from_next_report(facility: Facility, day: int) -> None:
    """Preserve the limit that the next report after the day stated."""
    if not facility.limit_days:
        return
    drawn = facility.drawn
    for offset in range(max(0, day + 1 - drawn.first_day), len(drawn.reported)):
        if drawn.reported[offset] is not None:
            reported_day = drawn.first_day + offset
            index = max(0, bisect_right(facility.limit_days, reported_day) - 1)
            if facility.limit_days[index] != reported_day:
                limit, power = facility.limit_minor[index], facility.power_minor[index]
                _insert_limit(facility, reported_day, limit, power)
            return


def _put_limit(facility: Facility, day: int, limit: int, power: int) -> None:
    index = bisect_left(facility.limit_days, day)
    if index < len(facility.limit_days) and facility.limit_days[index] == day:
        facility.limit_minor[index], facility.power_minor[index] = limit, power
    else:
        _insert_limit(facility, day, limit, power)


def _is_same(facility: Facility, index: int, limit: int, power: int) -> bool:
    return facility.limit_minor[index] == limit and facility.power_minor[index] == power


def _drop_repeat(facility: Facility, index: int) -> None:
    """Drop a limit that repeats the one before it and that a report states anyway."""
    days = facility.limit_days
    if not 0 < index < len(days):
        return
    limit, power = facility.limit_minor[index], facility.power_minor[index]
    offset = days[index] - facility.drawn.first_day
    is_reported = 0 <= offset < len(facility.drawn.reported) and (
        facility.drawn.reported[offset] is not None
    )
    if is_reported and _is_same(facility, index - 1, limit, power):
        del days[index], facility.limit_minor[index], facility.power_minor[index]


def _insert_limit(facility: Facility, day: int, limit: int, power: int) -> None:
    index = bisect_left(facility.limit_days, day)
    facility.limit_days.insert(index, day)
    facility.limit_minor.insert(index, limit)
    facility.power_minor.insert(index, power)


def limit_on(facility: Facility, day: int) -> int | None:
    """Return the advised limit on the day; before the first one known, that one."""
    if not facility.limit_days:
        return None
    return facility.limit_minor[max(0, bisect_right(facility.limit_days, day) - 1)]


def allowed_on(facility: Facility, day: int) -> int | None:
    """Return what may be drawn on the day: the lower of limit and drawing power."""
    if not facility.limit_days:
        return None
    return allowed_by(facility, max(0, bisect_right(facility.limit_days, day) - 1))


def allowed_by(facility: Facility, index: int) -> int:
    """Return what may be drawn by one of the changes of the limit."""
    limit, power = facility.limit_minor[index], facility.power_minor[index]
    return limit if power == NO_POWER else min(limit, power)


def drawn_on(facility: Facility, day: int) -> int | None:
    """Return the drawn amount in force at the end of the day."""
    return daily_values.at(facility.drawn, day)


def excess_on(facility: Facility, day: int) -> int:
    """Return how much is drawn above what may be drawn at the end of the day."""
    drawn = drawn_on(facility, day)
    allowed = allowed_on(facility, day)
    if drawn is None or allowed is None:
        return 0
    return max(0, drawn - allowed)


def excess_since(facility: Facility, day: int, tolerated: int = 0) -> int | None:
    """Return the first day of the unbroken excess that lasts at the end of the day.

    Costs the days kept and the changes of the limit, however long ago the last report was.
    """
    if excess_on(facility, day) <= tolerated:
        return None
    figures, first_day = daily_values.filled(facility.drawn), facility.drawn.first_day
    days = facility.limit_days
    index, end = max(0, bisect_right(days, day) - 1), day
    while end >= first_day:
        most = allowed_by(facility, index) + tolerated
        start = max(first_day, days[index]) if index else first_day
        if end - first_day >= len(figures) and figures[-1] <= most:
            return end + 1
        newest = min(end - first_day, len(figures) - 1)
        for offset in range(newest, start - first_day - 1, -1):
            if figures[offset] <= most:
                return first_day + offset + 1
        index, end = index - 1, start - 1
    return facility.excess_since or first_day


def past_due(facility: Facility, day: int) -> int:
    """Return the arrears of a line: an excess that existed on the day before already.

    A line whose system counts its months past due itself states no amount, and an excess is none.
    """
    if facility.late_days:
        return 0
    excess = excess_on(facility, day)
    is_older = 0 < facility.excess_since < day == facility.drawn.first_day
    return excess if excess and (is_older or excess_on(facility, day - 1)) else 0


def forget_before(facility: Facility, day: int) -> None:
    """Drop the days before `day`, remembering since when an excess that reaches it has run."""
    if not facility.drawn.reported or facility.drawn.first_day >= day:
        return
    facility.excess_since = excess_since(facility, day) or 0
    daily_values.forget_before(facility.drawn, day)
    keep = max(0, bisect_right(facility.limit_days, day) - 1)
    del facility.limit_days[:keep], facility.limit_minor[:keep], facility.power_minor[:keep]
