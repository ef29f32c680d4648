"""What an indicator remembers while it is lit: the base that it turned on, and its last figure.

Without it a lasting fall becomes usual after some months and the signal goes out, and a signal
about an instalment ends when the instalment falls due, paid or not.
"""

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import AMBER
from services.scoring.domain.rulebook.rulebook import Rules


def usual(borrower: Borrower, rules: Rules, slot: int, as_of: int, base: int) -> int:
    """Return the base to compare with: that of the day on which the signal turned, or the newest.

    After the months of the rulebook the newest counts.
    """
    risk = borrower.risk
    if not rules.baseline_months or slot not in risk.base_slots:
        return base
    since = borrower.signals.since[slot]
    # Cleared where the signal went out while it could not be measured.
    if not since or as_of >= plus_months(since, rules.baseline_months):
        return base
    return risk.bases[risk.base_slots.index(slot)]


def held_figure(borrower: Borrower, rules: Rules, slot: int) -> int | None:
    """Return the figure of a signal that is lit, None where none is held."""
    signals = borrower.signals
    return signals.value[slot] if rules.baseline_months and signals.level[slot] >= AMBER else None
