"""What of a loan's arrears does not count: disputed parts of instalments, and technical ones.

Filled by `disputes`, read wherever arrears are counted. Sources: EBA/GL/2016/07 paragraphs 19 (a
formal dispute suspends the counting) and 23 to 24 (a technical past due situation is none).

Must stay true: an excuse holds for days from its first up to before its last, so history derived
afresh counts the days before and after it; nothing is deleted, a settled dispute included.
"""

from services.scoring.domain.arrears.instalments import (
    counting_days,
    due_before,
    first_open,
    tolerated,
    unpaid_of,
)
from services.scoring.domain.borrower.borrower import Excuse, Loan
from services.scoring.domain.rulebook.rulebook import Tolerance


def in_force(loan: Loan, day: int) -> list[Excuse]:
    """Return the excuses that hold at the end of the day."""
    return [
        one
        for one in loan.excuses
        if one.from_day <= day and (one.until_day == 0 or day < one.until_day)
    ]


def first_counted(loan: Loan, paid: int, day: int, tolerance: Tolerance) -> int:
    """Return the position of the oldest instalment unpaid by more than is excused and tolerated.

    The number of instalments if there is none that fell due by the day.
    """
    excuses = in_force(loan, day)
    index = first_open(loan, paid, tolerance)
    if not excuses:
        return index
    days = counting_days(loan)
    pool = _Pool(excuses)
    while index < len(days) and days[index] <= day:
        counts = pool.rest_of(loan, index, unpaid_of(loan, index, paid))
        if counts > tolerated(loan, index, tolerance):
            return index
        index += 1
    return len(days)


def counted_past_due(loan: Loan, paid: int, day: int, *, with_disputed: bool) -> int:
    """Return what is past due at the end of the day and not excused.

    Args:
        loan: The loan with the schedule of the day.
        paid: The money received by then.
        day: The day.
        with_disputed: Whether what is disputed, and may be owed after all, is taken in.
    """
    owed = max(0, due_before(loan, day) - paid)
    excuses = in_force(loan, day)
    if with_disputed:
        excuses = [one for one in excuses if one.is_technical or one.is_upheld]
    if not owed or not excuses:
        return owed
    pool, counts = _Pool(excuses), 0
    for index, due_day in enumerate(counting_days(loan)):
        if due_day >= day:
            break
        counts += pool.rest_of(loan, index, unpaid_of(loan, index, paid))
    return counts


class _Pool:
    """Excused amounts, taken up instalment by instalment, oldest first."""

    def __init__(self, excuses: list[Excuse]) -> None:
        self.is_whole = any(one.is_technical for one in excuses)
        self.left = sum(one.minor for one in excuses if not one.due_day)
        self.named: dict[int, int] = {}
        for one in excuses:
            if one.due_day:
                self.named[one.due_day] = self.named.get(one.due_day, 0) + one.minor

    def rest_of(self, loan: Loan, index: int, unpaid: int) -> int:
        """Return what of an instalment's unpaid part counts."""
        if self.is_whole:
            return 0
        unpaid -= min(unpaid, self.named.get(loan.due_days[index], 0))
        taken = min(unpaid, self.left)
        self.left -= taken
        return unpaid - taken
