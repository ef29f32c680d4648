"""Derives the Indian class: special mention accounts and non-performing assets.

Sources: RBI circular of 12 November 2021 (classification at the day-end process: an amount due on a
day and unpaid at its end is overdue on that day; SMA-0 to 30 days, SMA-1 to 60, SMA-2 to 90; a
non-performing account becomes standard only when all arrears of interest and principal are paid)
and the prudential framework of 7 June 2019 (an account restructured in difficulty is non-performing
at once, and standard after a year from the first payment after the longest moratorium, when a tenth
is repaid). Counting includes the due date (domain 4.4 rule 5).
"""

from typing import Final

from services.scoring.domain.arrears.instalments import loan_exposure
from services.scoring.domain.borrower.borrower import NOTHING_OPEN, Borrower, Loan
from services.scoring.domain.borrower.risk import FORBORNE, WRITTEN_OFF
from services.scoring.domain.primitives.dates import plus_months

STANDARD: Final = "STANDARD"
NPA: Final = "NPA"
BANDS: Final = ((30, "SMA-0"), (60, "SMA-1"), (90, "SMA-2"))
CLASSES: Final = (STANDARD, "SMA-0", "SMA-1", "SMA-2", NPA)
MONITORED_MONTHS: Final = 12
REPAID_SHARE: Final = 10


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


def enter(borrower: Borrower, day: int, *, is_close: bool) -> None:
    """Make the account non-performing where its arrears or a concession require it."""
    record = borrower.decisions.default
    # While the day lasts, only what was so old at the end of the day before.
    is_late = borrower.counters.counted_days + is_close > BANDS[-1][0]
    if is_late or is_restructured(borrower) or borrower.risk.flags & WRITTEN_OFF:
        record.npa_since = record.npa_since or day


def leave(borrower: Borrower, day: int, *, is_paid: bool) -> None:
    """Upgrade a non-performing account at a day close when all arrears are paid in cash."""
    record = borrower.decisions.default
    if not is_paid or borrower.counters.counted_days + 1 > BANDS[-1][0]:
        return
    if borrower.risk.flags & WRITTEN_OFF:
        return
    if is_restructured(borrower) and not is_monitored(borrower, day):
        return
    record.npa_since = 0
    record.upgraded_measure_day = borrower.decisions.forbearance.measure_day


def is_restructured(borrower: Borrower) -> bool:
    """Return whether a concession in difficulty was granted after which nothing was upgraded."""
    newest = borrower.decisions.forbearance.measure_day
    is_forborne = borrower.risk.flags & FORBORNE
    return bool(is_forborne) and newest > borrower.decisions.default.upgraded_measure_day


def is_monitored(borrower: Borrower, day: int) -> bool:
    """Return whether a restructured account was paid for a year, and a tenth of it is repaid."""
    forbearance = borrower.decisions.forbearance
    start = max(forbearance.measure_day, forbearance.grace_end_day)
    payments = [
        paid_day
        for loan in borrower.loans
        for paid_day, key in zip(loan.paid_days, loan.paid_keys, strict=True)
        if paid_day >= start and key not in loan.non_cash[::2]
    ]
    if not payments or day < plus_months(min(payments), MONITORED_MONTHS):
        return False
    owed = [_owed(loan, forbearance.measure_day, day) for loan in borrower.loans]
    lent = sum(before for before, _ in owed)
    repaid = lent - sum(now for _, now in owed)
    return repaid * REPAID_SHARE >= lent


def _owed(loan: Loan, measure_day: int, day: int) -> tuple[int, int]:
    """Return what was owed on a loan that is open at the measure, or at its start, and now."""
    if loan.closed_day is not None and loan.closed_day <= day:
        return 0, 0
    return loan_exposure(loan, max(measure_day, loan.start_day)), loan_exposure(loan, day)
