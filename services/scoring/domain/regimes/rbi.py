"""Derives the Indian class: special mention accounts and non-performing assets.

Sources: RBI circular of 12 November 2021 (classification at the day-end process: an amount due on a
day and unpaid at its end is overdue on that day; SMA-0 to 30 days, SMA-1 to 60, SMA-2 to 90; a
non-performing account becomes standard only when all arrears of interest and principal are paid).
Counting includes the due date (domain 4.4 rule 5).
"""

from typing import Final

from services.scoring.domain.borrower.borrower import NOTHING_OPEN

STANDARD: Final = "STANDARD"
NPA: Final = "NPA"
BANDS: Final = ((30, "SMA-0"), (60, "SMA-1"), (90, "SMA-2"))


def class_of(elapsed_days: int, *, is_npa: bool) -> str:
    """Return the class of a borrower by the age of its oldest debt at a day's end.

    Args:
        elapsed_days: Days since the due date, 0 on it, ``NOTHING_OPEN`` where nothing is unpaid.
        is_npa: The account was non-performing and its arrears are not all paid.
    """
    if is_npa:
        return NPA
    if elapsed_days <= NOTHING_OPEN:
        return STANDARD
    days = elapsed_days + 1
    for last_day, label in BANDS:
        if days <= last_day:
            return label
    return NPA


def npa_since(since: int, elapsed_days: int, past_due_minor: int, day: int) -> int:
    """Return since when the account is non-performing, 0 where it is not; called at day closes."""
    if elapsed_days + 1 > BANDS[-1][0]:
        return since or day
    if elapsed_days <= NOTHING_OPEN and not past_due_minor:
        return 0
    return since
