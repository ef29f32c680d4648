"""Derives the Chinese tier: five tiers by days overdue, and the observation after trouble.

Sources: Measures for the Risk Classification of Financial Assets of Commercial Banks (2023), as
reported: overdue at all is at least special mention, more than 90 days substandard, 270 doubtful,
360 loss; card claims have bands of their own; a debtor of whose debt across banks more than 20 % is
over 90 days overdue is at least substandard everywhere. Out of non-performing once all dues are
paid for two periods or six months, the longer. Restructured claims are at least special mention,
substandard where they were non-performing, for a year and two periods from the first new due date,
which start over after a miss; so are claims that a new loan repaid in difficulty. Collateral is no
excuse.
"""

from bisect import bisect_left
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import DEFAULT, FORBORNE
from services.scoring.domain.primitives.dates import plus_months

TIERS: Final = ("NORMAL", "SPECIAL_MENTION", "SUBSTANDARD", "DOUBTFUL", "LOSS")
NORMAL, SPECIAL_MENTION, SUBSTANDARD, DOUBTFUL, LOSS = range(5)
BANDS: Final = ((360, LOSS), (270, DOUBTFUL), (90, SUBSTANDARD), (0, SPECIAL_MENTION))
CARD_BANDS: Final = ((180, LOSS), (120, DOUBTFUL), (90, SUBSTANDARD), (0, SPECIAL_MENTION))
LATE_ELSEWHERE_MICRO: Final = 200_000
MOST_DAYS: Final = 90
OBSERVED_MONTHS: Final = 6
OBSERVED_MONTHS_IF_RESTRUCTURED: Final = 12


def tier_of(days: int, *, is_card: bool = False) -> int:
    """Return the best tier that the days overdue of one claim allow."""
    for more_than, tier in CARD_BANDS if is_card else BANDS:
        if days > more_than:
            return tier
    return NORMAL


def debtor_tier(tiers: list[int], late_elsewhere_micro: int) -> int:
    """Return the debtor's tier: the worst claim, lifted by debt elsewhere."""
    worst = max(tiers, default=NORMAL)
    if late_elsewhere_micro > LATE_ELSEWHERE_MICRO:
        worst = max(worst, SUBSTANDARD)
    return worst


def enter(borrower: Borrower, day: int) -> None:
    """Begin to observe a debtor that is non-performing or was conceded to."""
    record, newest = borrower.decisions.default, borrower.decisions.forbearance.measure_day
    if _is_non_performing(borrower):
        record.observed_since = record.observed_since or day
        record.is_substandard, record.observed_clear_since = True, 0
    elif borrower.risk.flags & FORBORNE and newest > record.observed_measure_day:
        record.observed_since = record.observed_since or day


def leave(borrower: Borrower, day: int, *, is_due_paid: bool, is_proven: bool) -> None:
    """Count the observation at a day close, and end it.

    Args:
        borrower: Whom it is about.
        day: The day that closes.
        is_due_paid: Whether nothing is unpaid.
        is_proven: Whether cash equals what was extinguished without it.
    """
    record = borrower.decisions.default
    newest = borrower.decisions.forbearance.measure_day
    is_restructured = newest > record.observed_measure_day
    has_begun = day >= _first_due(borrower, newest) if is_restructured else is_proven
    if not is_due_paid or not has_begun or _is_non_performing(borrower):
        record.observed_clear_since = 0
        return
    record.observed_clear_since = record.observed_clear_since or day
    if is_proven and day >= observed_until(borrower):
        record.observed_since = record.observed_clear_since = 0
        record.is_substandard = False
        record.observed_measure_day = newest


def observed_until(borrower: Borrower) -> int:
    """Return the last day of the observation as it runs now."""
    record, periods = borrower.decisions.default, 2 * _period(borrower)
    clear_since = record.observed_clear_since
    if borrower.decisions.forbearance.measure_day > record.observed_measure_day:
        return plus_months(clear_since, OBSERVED_MONTHS_IF_RESTRUCTURED) + periods
    return max(plus_months(clear_since, OBSERVED_MONTHS), clear_since + periods)


def _is_non_performing(borrower: Borrower) -> bool:
    is_default = borrower.risk.state == DEFAULT and borrower.decisions.default.since > 0
    return is_default or borrower.counters.counted_days > MOST_DAYS


def _first_due(borrower: Borrower, measure_day: int) -> int:
    """Return the first due day after a measure, the measure's where nothing falls due."""
    days = []
    for loan in borrower.loans:
        index = bisect_left(loan.due_days, measure_day)
        if loan.closed_day is None and index < len(loan.due_days):
            days.append(loan.due_days[index])
    return min(days, default=measure_day)


def _period(borrower: Borrower) -> int:
    """Return the longest period between the instalments of an open loan, in days."""
    longest = 0
    for loan in borrower.loans:
        if loan.closed_day is None and len(loan.due_days) > 1:
            length = loan.due_days[-1] - loan.due_days[0]
            longest = max(longest, -(-length // (len(loan.due_days) - 1)))
    return longest
