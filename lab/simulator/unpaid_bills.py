"""Bills that could not be paid in time and wait for the next receipts.

Unpaid wages and suppliers are paid from the next receipts, staff first. So a failing borrower's
account is empty when the instalment falls due. Invariant: every bill added here is paid
from the account or still here.
"""

from lab.simulator.accounts import Accounts, CashFlow
from lab.simulator.days import Day
from lab.simulator.scenarios.conditions import Conditions

ORDER_OF_PAYMENT = ("PAYROLL_OUT", "SOCIAL_OUT", "TAX_OUT", "RENT_OUT", "UTILITY_OUT")
MORNING_AFTER_RECEIPTS = 16 * 3600 + 1800
SMALLEST_PAYMENT_MINOR = 10_000
MOST_PAYMENTS_A_DAY = 2


class UnpaidBills:
    """The unpaid bills of a borrower, other than its loans."""

    def __init__(self) -> None:
        self._bills: list[CashFlow] = []

    @property
    def is_empty(self) -> bool:
        """Return whether all bills are paid."""
        return not self._bills

    def add(self, bill: CashFlow) -> None:
        """Add a bill that was not paid."""
        self._bills.append(bill)
        self._bills.sort(key=_rank)

    def pay(self, accounts: Accounts, day: Day, conditions: Conditions) -> None:
        """Pay what the balance allows, in order of payment."""
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


def _rank(bill: CashFlow) -> int:
    try:
        return ORDER_OF_PAYMENT.index(bill.category)
    except ValueError:
        return len(ORDER_OF_PAYMENT)
