"""Gather from the facts what the state machine looks at.

Called by `assess`. The only costly figure, instalments paid on time in a row, is formed only in a
state whose exit rule asks for it.
"""

from services.scoring.domain.facts import Borrower, Loan
from services.scoring.domain.policy import ExitRule
from services.scoring.domain.rulebook import Rules
from services.scoring.domain.states import Standing


def standing_of(borrower: Borrower, rules: Rules, as_of: int) -> Standing:
    """Return where the borrower stands as of the day."""
    needed = _instalments_needed(rules.policy.exits, borrower.risk.state)
    return Standing(
        as_of=as_of,
        risk=borrower.risk,
        signals=borrower.signals,
        rules=rules,
        arrears_days=borrower.counters.operational_days,
        regulatory_days=borrower.counters.regulatory_days,
        on_time=on_time_in_a_row(borrower, as_of, needed) if needed else 0,
    )


def _instalments_needed(exits: tuple[ExitRule, ...], state: int) -> int:
    return next((rule.on_time for rule in exits if rule.source == state), 0)


def on_time_in_a_row(borrower: Borrower, as_of: int, most: int) -> int:
    """Return how many of the latest instalments, newest first, were paid by their due day.

    A borrower with fewer instalments than asked for counts those that do not exist as on time:
    a bullet loan must not be kept on watch for want of due dates.
    """
    latest = sorted(
        (due_day, paid)
        for loan in borrower.loans
        for due_day, paid in _latest_instalments(loan, as_of, most)
    )[-most:]
    count = most - len(latest)
    for _, was_paid in reversed(latest):
        if not was_paid:
            break
        count += 1
    return count


def _latest_instalments(loan: Loan, as_of: int, most: int) -> list[tuple[int, bool]]:
    reached = sum(1 for day in loan.due_days if day <= as_of)
    found = []
    for index in range(max(0, reached - most), reached):
        due_day = loan.due_days[index]
        received = loan.carried_minor + sum(
            amount
            for day, amount in zip(loan.paid_days, loan.paid_minor, strict=True)
            if day <= due_day
        )
        found.append((due_day, received >= loan.due_cum[index] - _tolerated(loan, index)))
    return found


def _tolerated(loan: Loan, index: int) -> int:
    before = loan.due_cum[index - 1] if index else 0
    return max(100, (loan.due_cum[index] - before) // 1_000)
