"""Use of all lines together over a window of days. Called by the utilisation indicators."""

from services.scoring.domain import daily_values, facility_use
from services.scoring.domain.facts import Borrower, Facility
from services.scoring.domain.measurement import micro_ratio


def utilisation(borrower: Borrower, start: int, end: int) -> list[int]:
    """Return drawn over limits, pooled, for each day of the window with a limit, micro-units.

    Days before the first report of any line are left out.
    """
    drawn = [0] * (end - start + 1)
    limits = [0] * (end - start + 1)
    for facility in borrower.facilities:
        _add_line(facility, start, end, drawn, limits)
    return [
        micro_ratio(used, limit) for used, limit in zip(drawn, limits, strict=True) if limit > 0
    ]


def _add_line(
    facility: Facility, start: int, end: int, drawn: list[int], limits: list[int]
) -> None:
    if not facility.drawn or not facility.limit_days:
        return
    used = daily_values.window(facility.drawn, facility.first_day, start, end)
    begin = len(drawn) - len(used)
    is_constant = facility.limit_days[-1] <= start + begin
    constant = facility_use.limit_on(facility, end) or 0
    for offset, amount in enumerate(used, begin):
        drawn[offset] += amount
        limits[offset] += (
            constant if is_constant else facility_use.limit_on(facility, start + offset) or 0
        )


def excess_days(borrower: Borrower, start: int, end: int) -> int:
    """Return on how many days of the window any line was above what may be drawn."""
    return sum(
        any(facility_use.excess_on(facility, day) for facility in borrower.facilities)
        for day in range(start, end + 1)
    )


def median_of(figures: list[int]) -> int:
    """Return the median; of an even count the lower mean of the middle two."""
    ordered = sorted(figures)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2
