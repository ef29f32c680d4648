"""Who pays the borrower: operating credits by counterparty and month, for the largest payers.

A-20 asks only about payers with at least a fifth of the credits, so a dozen are enough. When
another one comes, the one that paid least in all (then the one with the smallest id) gives way.
Payers are in the order of their ids, so that up to a dozen leave no trace of who came first.
"""

from bisect import bisect_left
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives.dates import add_to_month

MOST_PAYERS: Final = 12


def add(borrower: Borrower, payer: str, month: int, amount: int) -> None:
    """Add to what a payer paid in a month."""
    payers = borrower.payers
    index = bisect_left(payers, payer)
    if index == len(payers) or payers[index] != payer:
        if len(payers) >= MOST_PAYERS:
            _forget_smallest(borrower)
            index = bisect_left(payers, payer)
        payers.insert(index, payer)
        borrower.payer_months.insert(index, [])
        borrower.payer_first_months.insert(index, month)
    sums = borrower.payer_months[index]
    missing = borrower.payer_first_months[index] - month
    if missing > 0:
        borrower.payer_first_months[index] = month
        sums[:0] = [0] * missing
    add_to_month(borrower.payer_first_months[index], sums, month, amount)
    if amount < 0:
        _leave_no_trace(borrower, index)


def _leave_no_trace(borrower: Borrower, index: int) -> None:
    """Drop the months before a payer's first, and a payer of whom everything was taken back."""
    sums = borrower.payer_months[index]
    while sums and not sums[0]:
        del sums[0]
        borrower.payer_first_months[index] += 1
    if not sums:
        del borrower.payers[index], borrower.payer_months[index]
        del borrower.payer_first_months[index]


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
