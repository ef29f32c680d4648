"""Bills that could not be paid in time and wait for the next money that comes in.

Unpaid wages and suppliers do not go away: whatever arrives is claimed at once, staff first. That
is what keeps a failing borrower's account empty when the instalment falls due. Invariant: every
bill put here is paid from the account or still here.
"""

from lab.simulator.accounts import Accounts, CashFlow
from lab.simulator.days import Day
from lab.simulator.scenarios.conditions import Conditions

CLAIMS_IN_ORDER = ("PAYROLL_OUT", "SOCIAL_OUT", "TAX_OUT", "RENT_OUT", "UTILITY_OUT")
MORNING_AFTER_RECEIPTS = 16 * 3600 + 1800
SMALLEST_PAYMENT_MINOR = 10_000
MOST_PAYMENTS_A_DAY = 2


class UnpaidBills:
    """What a borrower owes to others than its banks."""

    def __init__(self) -> None:
        self._bills: list[CashFlow] = []

    @property
    def is_empty(self) -> bool:
        """Return whether everybody is paid."""
        return not self._bills

    def add(self, bill: CashFlow) -> None:
        """Take in a bill that was not paid."""
        self._bills.append(bill)
        self._bills.sort(key=_claim)

    def pay(self, accounts: Accounts, day: Day, conditions: Conditions) -> None:
        """Pay what the balance allows, the strongest claims first."""
        for _ in range(MOST_PAYMENTS_A_DAY):
            if not self._bills or accounts.balance < SMALLEST_PAYMENT_MINOR:
                return
            bill = self._bills[0]
            paid = min(bill.amount, accounts.balance)
            part = bill._replace(
                second=MORNING_AFTER_RECEIPTS, amount=paid, channel="TRANSFER", cycle=""
            )
            accounts.settle(part, day, conditions)
            if paid == bill.amount:
                self._bills.pop(0)
            else:
                self._bills[0] = bill._replace(amount=bill.amount - paid)


def _claim(bill: CashFlow) -> int:
    try:
        return CLAIMS_IN_ORDER.index(bill.category)
    except ValueError:
        return len(CLAIMS_IN_ORDER)
