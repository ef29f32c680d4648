"""What an indicator remembers while it is lit: the base that it turned on, and its last figure.

Without it a lasting fall becomes usual after some months and the signal goes out, and a signal
about an instalment ends when the instalment falls due, paid or not.
"""

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives.dates import is_month_end, month_of, plus_months
from services.scoring.domain.primitives.measurement import AMBER
from services.scoring.domain.rulebook.rulebook import Rules


def base_day(borrower: Borrower, rules: Rules, slot: int, as_of: int) -> int:
    """Return the day whose base a signal is compared with: that on which it turned, or today.

    What is derived from the facts of that day is right again once they are corrected.
    """
    held = _held(borrower, rules, slot, as_of)
    return as_of if held is None else held[0]


def base_month(borrower: Borrower, rules: Rules, slot: int, as_of: int) -> int:
    """Return the newest full month of the day whose base a signal is compared with."""
    day = base_day(borrower, rules, slot, as_of)
    if day == as_of:
        return borrower.counters.newest_full_month(as_of)
    return month_of(day) - (not is_month_end(day))


def usual(borrower: Borrower, rules: Rules, slot: int, as_of: int, base: int) -> int:
    """Return the base to compare with: that of the day on which the signal turned, or the newest.

    For bases that cannot be derived again, because their days are dropped.
    """
    held = _held(borrower, rules, slot, as_of)
    return base if held is None else held[1]


def _held(borrower: Borrower, rules: Rules, slot: int, as_of: int) -> tuple[int, int] | None:
    """Return when a signal that is lit, or was lately, turned, and its base of that day."""
    if not rules.baseline_months:
        return None
    held = borrower.risk.held_base(slot)
    is_over = held is None or as_of >= plus_months(held[0], rules.baseline_months)
    return None if is_over else held


def held_figure(borrower: Borrower, rules: Rules, slot: int) -> int | None:
    """Return the figure of a signal that is lit, None where none is held."""
    signals = borrower.signals
    return signals.value[slot] if rules.baseline_months and signals.level[slot] >= AMBER else None
