"""Who pays the borrower: operating credits by counterparty and month, for the largest payers.

A-20 asks only about payers with at least a fifth of the credits, so a dozen are enough. When
another one comes, the one that paid least in all (then the one with the largest id) gives way.
"""

from typing import Final

from services.scoring.domain.facts import Borrower
from services.scoring.domain.months import add_to_month

MOST_PAYERS: Final = 12


def add(borrower: Borrower, payer: str, month: int, amount: int) -> None:
    """Add to what a payer paid in a month."""
    payers = borrower.payers
    if payer not in payers:
        if len(payers) >= MOST_PAYERS:
            _forget_smallest(borrower)
        payers.append(payer)
        borrower.payer_months.append([])
        borrower.payer_first_months.append(month)
    index = payers.index(payer)
    sums = borrower.payer_months[index]
    missing = borrower.payer_first_months[index] - month
    if missing > 0:
        borrower.payer_first_months[index] = month
        sums[:0] = [0] * missing
    add_to_month(borrower.payer_first_months[index], sums, month, amount)


def _forget_smallest(borrower: Borrower) -> None:
    payers = borrower.payers
    least = min((sum(sums), payers[index]) for index, sums in enumerate(borrower.payer_months))
    drop = next(
        index
        for index, sums in enumerate(borrower.payer_months)
        if (sum(sums), payers[index]) == least
    )
    del payers[drop], borrower.payer_months[drop], borrower.payer_first_months[drop]


def forget_before(borrower: Borrower, month: int) -> None:
    """Drop months before `month`, and payers that paid nothing since."""
    for index in range(len(borrower.payers) - 1, -1, -1):
        gone = month - borrower.payer_first_months[index]
        if gone <= 0:
            continue
        sums = borrower.payer_months[index]
        del sums[:gone]
        borrower.payer_first_months[index] = month
        if not any(sums):
            del borrower.payers[index], borrower.payer_months[index]
            del borrower.payer_first_months[index]
