"""Bills that could not be paid in time and wait for the next money that comes in.

Unpaid wages and suppliers do not go away: whatever arrives is claimed at once, staff first. That
is what keeps a failing borrower's account empty when the instalment falls due. Invariant: every
bill put here is paid from the account or still here.
"""

from lab.simulator.days import Day
from lab.simulator.purse import Flow, Purse
from lab.simulator.scenarios.conditions import Conditions

CLAIMS_IN_ORDER = ("PAYROLL_OUT", "SOCIAL_OUT", "TAX_OUT", "RENT_OUT", "UTILITY_OUT")
MORNING_AFTER_RECEIPTS = 16 * 3600 + 1800
SMALLEST_PAYMENT_MINOR = 10_000
MOST_PAYMENTS_A_DAY = 2


class Owed:
    """What a borrower owes to others than its banks."""

    def __init__(self) -> None:
        self._bills: list[Flow] = []

    @property
    def is_empty(self) -> bool:
        """Return whether everybody is paid."""
        return not self._bills

    def add(self, bill: Flow) -> None:
        """Take in a bill that was not paid."""
        self._bills.append(bill)
        self._bills.sort(key=_claim)

    def pay(self, purse: Purse, day: Day, conditions: Conditions) -> None:
        """Pay what the balance allows, the strongest claims first."""
        for _ in range(MOST_PAYMENTS_A_DAY):
            if not self._bills or purse.balance < SMALLEST_PAYMENT_MINOR:
                return
            bill = self._bills[0]
            paid = min(bill.amount, purse.balance)
            part = bill._replace(
                second=MORNING_AFTER_RECEIPTS, amount=paid, channel="TRANSFER", cycle=""
            )
            purse.settle(part, day, conditions)
            if paid == bill.amount:
                self._bills.pop(0)
            else:
                self._bills[0] = bill._replace(amount=bill.amount - paid)


def _claim(bill: Flow) -> int:
    try:
        return CLAIMS_IN_ORDER.index(bill.category)
    except ValueError:
        return len(CLAIMS_IN_ORDER)
