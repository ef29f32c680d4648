"""Collects what is due: debits, failures, second attempts, part payments, arrears.

The bank debits a due instalment in the evening; if the money is short the debit fails, is tried
once more a week later, and after that the borrower pays what it can, oldest first. Days past due
are counted here only for the outcome. Invariant: what was paid, less what was reversed, plus what
is open equals what fell due.
"""

from datetime import date
from random import Random
from typing import NamedTuple

from lab.simulator.accounts import Accounts, CashFlow, Settlement
from lab.simulator.booking_faults import BookingFaults
from lab.simulator.days import Calendar, Day
from lab.simulator.event_log import EventLog
from lab.simulator.events import REPAYMENTS, Fields, money
from lab.simulator.scenarios.conditions import Conditions, Mishap, Story
from lab.simulator.schedules import Instalment, Terms

EVENING = 17 * 3600
BUSINESS_DAYS_TO_NEXT_TRY = 5
DEBIT_ATTEMPTS = 2
SMALLEST_PART_RATIO = 0.2


class _Paid(NamedTuple):
    """A payment that will be charged back."""

    event_id: str
    loan_id: str
    item: Instalment
    amount: int
    interest: int


class Lending:
    """The loans of one borrower."""

    def __init__(
        self,
        *,
        loans: list[Terms],
        accounts: Accounts,
        event_log: EventLog,
        story: Story,
        rng: Random,
    ) -> None:
        self._accounts = accounts
        self._event_log = event_log
        self._story = story
        self._rng = rng
        self._coming = sorted(
            ((item.due, loan.loan_id, item) for loan in loans for item in loan.instalments),
            key=lambda coming: coming[:2],
            reverse=True,
        )
        self._outstanding = {loan.loan_id: loan.principal for loan in loans}
        self._open: list[tuple[str, Instalment]] = []
        self._charged_back: dict[int, list[_Paid]] = {}
        self._seen_due = 0
        self._second = EVENING
        self._first_missed: int | None = None

    @property
    def next_due(self) -> int:
        """Return the ordinal of the next due date, or one that never comes."""
        return self._coming[-1][0] if self._coming else 10**9

    @property
    def has_open(self) -> bool:
        """Return whether anything fell due that is not paid."""
        return bool(self._open) or bool(self._charged_back)

    @property
    def first_missed(self) -> int | None:
        """Return the first day on which a due instalment was not paid; None if none was missed."""
        return self._first_missed

    def days_past_due(self, ordinal: int) -> int:
        """Return the age in days of the oldest instalment that is open above the tolerance."""
        dues = [item.due for _, item in self._open if item.open_minor > item.tolerance_minor]
        return ordinal - min(dues) if dues else 0

    def oldest_open(self) -> tuple[str, Instalment] | None:
        """Return the loan and the oldest instalment that is open above the tolerance."""
        late = [entry for entry in self._open if entry[1].open_minor > entry[1].tolerance_minor]
        return min(late, key=lambda entry: (entry[1].due, entry[0])) if late else None

    def collect(
        self, day: Day, conditions: Conditions, calendar: Calendar, faults: BookingFaults
    ) -> None:
        """Collect what is due, and what falls due on the day."""
        while self.next_due <= day.ordinal:
            _, loan_id, item = self._coming.pop()
            self._fall_due(loan_id, item, day, calendar)
        self._second = EVENING
        for paid in self._charged_back.pop(day.ordinal, []):
            self._reverse(paid, day)
        if not day.is_business:
            return
        for loan_id, item in list(self._open):
            if item.open_minor > 0 and item.next_try <= day.ordinal:
                self._try(loan_id, item, day, (conditions, calendar, faults))
        self._open = [entry for entry in self._open if entry[1].open_minor > 0]

    def _fall_due(self, loan_id: str, item: Instalment, day: Day, calendar: Calendar) -> None:
        mishap = self._story.mishaps.get(self._seen_due)
        self._seen_due += 1
        item.next_try = day.ordinal
        self._open.append((loan_id, item))
        if mishap is not None:
            self._miss_debit(loan_id, item, day, mishap)
            item.next_try = calendar.business_day(day.ordinal + mishap.days_late)

    def _miss_debit(self, loan_id: str, item: Instalment, day: Day, mishap: Mishap) -> None:
        item.attempts = DEBIT_ATTEMPTS
        item.is_excused = mishap.is_technical
        reason = "TECHNICAL" if mishap.is_technical else "MANDATE_CANCELLED"
        self._fail(loan_id, item, day, reason=reason, attempt_no=1)

    def _try(
        self,
        loan_id: str,
        item: Instalment,
        day: Day,
        circumstances: tuple[Conditions, Calendar, BookingFaults],
    ) -> None:
        conditions, calendar, _ = circumstances
        due = item.open_minor
        if self._accounts.can_pay(due, conditions):
            self._pay(loan_id, item, due, day, circumstances)
            return
        item.next_try = calendar.business_days_after(day.ordinal, BUSINESS_DAYS_TO_NEXT_TRY)
        if item.attempts < DEBIT_ATTEMPTS:
            item.attempts += 1
            self._fail(loan_id, item, day, reason="INSUFFICIENT_FUNDS", attempt_no=item.attempts)
            return
        part = min(due, self._accounts.balance * 3 // 4)
        if part > due * SMALLEST_PART_RATIO and not conditions.has_ceased:
            self._pay(loan_id, item, part, day, circumstances)

    def _pay(
        self,
        loan_id: str,
        item: Instalment,
        amount: int,
        day: Day,
        circumstances: tuple[Conditions, Calendar, BookingFaults],
    ) -> None:
        conditions, calendar, faults = circumstances
        self._second += 1
        flow = CashFlow(
            self._second, amount, False, "DEBT_SERVICE_OWN", "DIRECT_DEBIT", "BANK", "LENDER"
        )
        if self._accounts.settle(flow, day, conditions) is not Settlement.PAID:
            raise ValueError(f"{loan_id}: an instalment of {amount} was covered and then was not")
        channel = "DEBIT" if item.attempts < DEBIT_ATTEMPTS else "TRANSFER"
        oldest, interest = self._allocate(loan_id, amount)
        self._outstanding[loan_id] -= amount - interest
        event_id = self._post(loan_id, oldest, (amount, interest), day, channel)
        if oldest is not item or item.attempts or item.open_minor > 0:
            return
        if faults.is_late(self._rng):
            later = calendar.business_days_after(day.ordinal, 1 + self._rng.randrange(3))
            self._event_log.delay(event_id, day=calendar.day(later))
        elif faults.is_charged_back(self._rng):
            back = calendar.business_days_after(day.ordinal, 1)
            paid = _Paid(event_id, loan_id, item, amount, interest)
            self._charged_back.setdefault(back, []).append(paid)

    def _allocate(self, loan_id: str, amount: int) -> tuple[Instalment, int]:
        """Settle the oldest instalments of a loan first; return the oldest and the interest."""
        items = [item for loan, item in self._open if loan == loan_id and item.open_minor > 0]
        items.sort(key=lambda item: item.due)
        interest_paid, left = 0, amount
        for item in items:
            interest = min(item.open_interest, left)
            principal = min(item.open_principal, left - interest)
            item.open_interest -= interest
            item.open_principal -= principal
            interest_paid += interest
            left -= interest + principal
        return items[0], interest_paid

    def _post(
        self, loan_id: str, item: Instalment, paid: tuple[int, int], day: Day, channel: str
    ) -> str:
        amount, interest = paid
        data: Fields = {
            "loan_id": loan_id,
            "instalment_no": item.no,
            "paid_amount": money(amount),
            "paid_interest": money(interest),
            "paid_principal": money(amount - interest),
            "currency": self._accounts.currency,
            "value_date": day.iso,
            "channel": channel,
            "payer_account_id": self._accounts.account_id,
            "outstanding_principal": money(self._outstanding[loan_id]),
        }
        if item.is_excused:
            data["value_date"] = date.fromordinal(item.due).isoformat()
            data["technical_flag"] = True
        second = EVENING + 3600 + item.no % 600
        return self._event_log.book(
            "repayment.posted.v1", data, day=day, second=second, source=REPAYMENTS
        )

    def _fail(
        self, loan_id: str, item: Instalment, day: Day, *, reason: str, attempt_no: int
    ) -> None:
        if self._first_missed is None:
            self._first_missed = day.ordinal
        self._event_log.book(
            "repayment.failed.v1",
            {
                "loan_id": loan_id,
                "instalment_no": item.no,
                "amount": money(item.open_minor),
                "currency": self._accounts.currency,
                "value_date": day.iso,
                "failure_reason": reason,
                "attempt_no": attempt_no,
                "channel": "DEBIT",
            },
            day=day,
            second=EVENING + 7200,
            source=REPAYMENTS,
        )

    def _reverse(self, paid: _Paid, day: Day) -> None:
        """Reverse a payment that the payer objected to; it is collected again the next day."""
        item, amount, interest = paid.item, paid.amount, paid.interest
        item.open_interest += interest
        item.open_principal += amount - interest
        item.next_try = day.ordinal + 1
        item.attempts = DEBIT_ATTEMPTS
        self._outstanding[paid.loan_id] += amount - interest
        self._open.append((paid.loan_id, item))
        self._second += 1
        self._event_log.book(
            "repayment.reversed.v1",
            {
                "loan_id": paid.loan_id,
                "paid_amount": money(amount),
                "currency": self._accounts.currency,
                "value_date": day.iso,
                "reason": "CHARGEBACK",
            },
            day=day,
            second=self._second,
            source=REPAYMENTS,
            corrects_id=paid.event_id,
        )
        flow = CashFlow(self._second, amount, True, "REVERSAL", "DIRECT_DEBIT", "BANK", "LENDER")
        self._accounts.settle(flow, day, Conditions())
