"""The borrower's current account, savings elsewhere and credit line: decides what can be paid.

A debit takes the balance first, then savings, then the line. What is still not covered is put off
if the payee can wait, returned unpaid if it is a direct debit, and left out otherwise. Invariant:
the balance never falls below 0, and every change of it is an `account.transacted` event.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from lab.simulator.days import Day
from lab.simulator.event_log import EventLog
from lab.simulator.events import ACCOUNTS, Fields, money
from lab.simulator.scenarios.conditions import Conditions

EXCESS_RATIO = 1.1
YEAR_DAYS = 360
LINE_RATE = 0.068


class CashFlow(NamedTuple):
    """One planned payment in or out of the account."""

    second: int
    amount: int
    is_credit: bool
    category: str
    channel: str
    party: str
    party_type: str
    cycle: str = ""
    can_wait: bool = False
    """Whether the payee waits when money is short; a direct debit is returned instead."""


class Settlement(Enum):
    """The result of a payment."""

    PAID = "paid"
    PUT_OFF = "put off"
    RETURNED = "returned"
    NOT_MADE = "not made"


@dataclass(slots=True)
class CreditLine:
    """A revolving facility behind the account."""

    facility_id: str
    loan_id: str
    limit_minor: int
    drawn_minor: int
    interest_minor: float = 0.0


class Accounts:
    """Everything that the borrower can pay with."""

    def __init__(
        self, *, account_id: str, currency: str, event_log: EventLog, line: CreditLine | None
    ) -> None:
        self.account_id = account_id
        self.currency = currency
        self.line = line
        self.balance = 0
        self.reserve = 0
        self.comfort = 0
        """The balance that the borrower aims at."""
        self.is_moved = False
        self._event_log = event_log

    @property
    def is_above_limit(self) -> bool:
        """Return whether more of the line is drawn than was granted."""
        return self.line is not None and self.line.drawn_minor > self.line.limit_minor

    def headroom(self, conditions: Conditions) -> int:
        """Return what can still be drawn of the line."""
        if self.line is None or not conditions.can_borrow:
            return 0
        ratio = EXCESS_RATIO if conditions.takes_line_excess else 1.0
        return max(0, int(self.line.limit_minor * ratio) - self.line.drawn_minor)

    def can_pay(self, amount: int, conditions: Conditions) -> bool:
        """Return whether a debit would be covered."""
        return self.balance + self.reserve + self.headroom(conditions) >= amount

    def settle(self, flow: CashFlow, day: Day, conditions: Conditions) -> Settlement:
        """Make one payment, or return or put it off."""
        if flow.is_credit:
            self._book(flow, day)
            return Settlement.PAID
        if flow.amount > self.balance and self.can_pay(flow.amount, conditions):
            self._top_up(flow.amount - self.balance, day, flow.second, conditions)
        if flow.amount <= self.balance:
            self._book(flow, day)
            return Settlement.PAID
        if flow.can_wait:
            return Settlement.PUT_OFF
        if flow.channel == "DIRECT_DEBIT":
            self._return(flow, day)
            return Settlement.RETURNED
        return Settlement.NOT_MADE

    def close(self, day: Day, *, second: int) -> None:
        """Charge interest, and report the end-of-day balances of a day on which money moved."""
        charged = self._charge_interest(day, second=second) if self.line is not None else 0
        if not self.is_moved and not day.is_month_end:
            return
        self.is_moved = False
        line = self.line
        usable = max(0, line.limit_minor - line.drawn_minor) if line else 0
        self._event_log.book(
            "account.balance-closed.v1",
            {
                "account_id": self.account_id,
                "balance_date": day.iso,
                "eod_balance": money(self.balance),
                "available_balance": money(self.balance + usable),
                "currency": self.currency,
            },
            day=day,
            second=second + 60,
            source=ACCOUNTS,
        )
        if line is not None:
            self._close_line(line, day, charged=charged, second=second + 120)

    def pay_down_line(self, day: Day, *, second: int) -> None:
        """Repay the line with what is not needed."""
        if self.line is None or self.line.drawn_minor == 0:
            return
        spare = min(self.line.drawn_minor, self.balance - self.comfort * 13 // 10)
        if spare > self.line.limit_minor // 50:
            self.line.drawn_minor -= spare
            self._book(
                CashFlow(second, spare, False, "DEBT_SERVICE_OWN", "TRANSFER", "BANK", "LENDER"),
                day,
            )

    def empty(self, day: Day, *, second: int) -> None:
        """Withdraw everything at once: the owner is gone with the money."""
        self.reserve = 0
        if self.balance > 0:
            self._book(
                CashFlow(second, self.balance, False, "RELATED_OUT", "TRANSFER", "GONE", "RELATED"),
                day,
            )

    def sweep(self, day: Day, *, second: int, reserve_goal: int) -> None:
        """Move a surplus to savings, or bring savings back when the balance is low."""
        if self.balance > self.comfort * 16 // 10:
            spare = self.balance - self.comfort * 12 // 10
            self.reserve = min(reserve_goal, self.reserve + spare)
            self._book(
                CashFlow(second, spare, False, "OWN_TRANSFER", "TRANSFER", "SELF", "OWN"), day
            )
        elif self.balance < self.comfort * 7 // 10 and self.reserve > 0:
            self._from_reserve(min(self.reserve, self.comfort - self.balance), day, second)

    def _top_up(self, need: int, day: Day, second: int, conditions: Conditions) -> None:
        if self.reserve > 0:
            before = self.balance
            self._from_reserve(min(self.reserve, need + self.comfort // 2), day, second)
            need -= self.balance - before
        if need > 0 and self.line is not None:
            step = max(1, self.line.limit_minor // 50)
            draw = min(self.headroom(conditions), -(-need // step) * step)
            self.line.drawn_minor += draw
            self._book(
                CashFlow(second, draw, True, "LOAN_IN_OWN", "TRANSFER", "BANK", "LENDER"), day
            )

    def _from_reserve(self, amount: int, day: Day, second: int) -> None:
        self.reserve -= amount
        self._book(CashFlow(second, amount, True, "OWN_TRANSFER", "TRANSFER", "SELF", "OWN"), day)

    def _book(self, flow: CashFlow, day: Day) -> None:
        self.balance += flow.amount if flow.is_credit else -flow.amount
        self.is_moved = True
        data: Fields = {
            "account_id": self.account_id,
            "direction": "CREDIT" if flow.is_credit else "DEBIT",
            "amount": money(flow.amount),
            "currency": self.currency,
            "category": flow.category,
            "value_date": day.iso,
            "channel": flow.channel,
            "counterparty_id": flow.party,
            "counterparty_type": flow.party_type,
            "balance_after": money(self.balance),
        }
        if flow.cycle:
            data["expected_cycle_key"] = flow.cycle
        self._event_log.book(
            "account.transacted.v1", data, day=day, second=flow.second, source=ACCOUNTS
        )

    def _return(self, flow: CashFlow, day: Day) -> None:
        self._event_log.book(
            "account.item-returned.v1",
            {
                "account_id": self.account_id,
                "amount": money(flow.amount),
                "currency": self.currency,
                "return_reason": "INSUFFICIENT_FUNDS",
                "is_outgoing": True,
                "value_date": day.iso,
            },
            day=day,
            second=flow.second,
            source=ACCOUNTS,
        )

    def _charge_interest(self, day: Day, *, second: int) -> int:
        """Accrue the line's interest each day, and debit it at the month's end."""
        line = self.line
        if line is None:
            return 0
        line.interest_minor += line.drawn_minor * LINE_RATE / YEAR_DAYS
        charged = min(int(line.interest_minor), self.balance) if day.is_month_end else 0
        if charged <= 0:
            return 0
        # What the account cannot pay remains owed; the bank does not raise the line for it.
        line.interest_minor -= charged
        flow = CashFlow(second, charged, False, "INTEREST", "DIRECT_DEBIT", "BANK", "LENDER")
        self._book(flow, day)
        return charged

    def _close_line(self, line: CreditLine, day: Day, *, charged: int, second: int) -> None:
        data: Fields = {
            "facility_id": line.facility_id,
            "loan_id": line.loan_id,
            "account_id": self.account_id,
            "balance_date": day.iso,
            "limit_amount": money(line.limit_minor),
            "drawn_amount": money(line.drawn_minor),
            "undrawn_usable": money(max(0, line.limit_minor - line.drawn_minor)),
            "currency": self.currency,
        }
        if charged:
            data["interest_debited"] = money(charged)
        self._event_log.book(
            "facility.balance-closed.v1", data, day=day, second=second, source=ACCOUNTS
        )
