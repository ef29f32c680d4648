"""Leaves out of arrears what does not count: disputed parts of instalments, technical arrears.

Filled by `disputes`, read wherever arrears are counted. Sources: EBA/GL/2016/07 paragraphs 19 (a
formal dispute suspends the counting) and 23 to 24 (a technical past due situation is none).

Must stay true: an exclusion is in force on days from its first up to before its last, so history
that is derived again counts the days before and after it; nothing is deleted, a settled dispute
included.
"""

from bisect import bisect_left, bisect_right

from services.scoring.domain.arrears.instalments import (
    counting_days,
    due_before,
    first_open,
    tolerated,
    unpaid_of,
)
from services.scoring.domain.borrower.borrower import ArrearsExclusion, Loan
from services.scoring.domain.rulebook.rulebook import Tolerance


def in_force(loan: Loan, day: int) -> list[ArrearsExclusion]:
    """Return the exclusions in force at the end of the day."""
    return [
        exclusion
        for exclusion in loan.exclusions
        if exclusion.from_day <= day and (exclusion.until_day == 0 or day < exclusion.until_day)
    ]


def first_counted(loan: Loan, paid: int, day: int, tolerance: Tolerance) -> int:
    """Return the position of the oldest instalment unpaid by more than is excluded and tolerated.

    The number of instalments if there is none that fell due by the day.
    """
    exclusions = in_force(loan, day)
    index = first_open(loan, paid, tolerance)
    if not exclusions:
        return index
    days = counting_days(loan)
    excluded = _ExcludedAmounts(exclusions)
    while index < len(days) and days[index] <= day:
        counts = excluded.rest_of(loan, index, unpaid_of(loan, index, paid))
        if counts > tolerated(loan, index, tolerance):
            return index
        index += 1
    return len(days)


def counted_past_due(loan: Loan, paid: int, day: int, *, with_disputed: bool) -> int:
    """Return what is past due at the end of the day and not excluded.

    Args:
        loan: The loan with the schedule of the day.
        paid: The money received by then.
        day: The day.
        with_disputed: Whether what is disputed, and may be owed after all, is taken in.
    """
    owed = max(0, due_before(loan, day) - paid)
    exclusions = in_force(loan, day)
    if with_disputed:
        exclusions = [
            exclusion for exclusion in exclusions if exclusion.is_technical or exclusion.is_upheld
        ]
    if not owed or not exclusions:
        return owed
    return _ExcludedAmounts(exclusions).rest_of_all(loan, paid, day, owed)


class _ExcludedAmounts:
    """Amounts left out of arrears, used up instalment by instalment, oldest first."""

    def __init__(self, exclusions: list[ArrearsExclusion]) -> None:
        self.is_whole = any(exclusion.is_technical for exclusion in exclusions)
        self.left = sum(exclusion.minor for exclusion in exclusions if not exclusion.due_day)
        self.named: dict[int, int] = {}
        for exclusion in exclusions:
            if exclusion.due_day:
                self.named[exclusion.due_day] = (
                    self.named.get(exclusion.due_day, 0) + exclusion.minor
                )

    def rest_of(self, loan: Loan, index: int, unpaid: int) -> int:
        """Return what of an instalment's unpaid part counts."""
        if self.is_whole:
            return 0
        unpaid -= min(unpaid, self.named.get(loan.due_days[index], 0))
        taken = min(unpaid, self.left)
        self.left -= taken
        return unpaid - taken

    def rest_of_all(self, loan: Loan, paid: int, day: int, owed: int) -> int:
        """Return what of all that fell due before the day counts, as `rest_of` one by one does.

        Costs the instalments that an exclusion names, not those that are open.
        """
        if self.is_whole:
            return 0
        counts = min(owed, due_before(loan, day))
        reached = bisect_left(counting_days(loan), day)
        for due_day, minor in self.named.items():
            first, last = bisect_left(loan.due_days, due_day), bisect_right(loan.due_days, due_day)
            for index in range(first, min(last, reached)):
                counts -= min(unpaid_of(loan, index, paid), minor)
        return counts - min(counts, self.left)
