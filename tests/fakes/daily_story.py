"""A borrower's daily life: what recurs happens by rule, so that two years fit into a few lines.

Standing rules (sales, wages, instalments, the use of a line) run on each day before it is closed.
The account's balance follows from the flows and is reported every day. Amounts vary by two per
cent, by the calendar and not by chance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Self

from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.events import loans
from services.scoring.domain.primitives import vocabulary
from tests.fakes.story import Story
from tests.fakes.units import day, iso, minor

EVEN = (1.0,) * 12
PAYROLL_DAY, RENT_DAY, TAX_DAY = 25, 1, 10
DueRow = tuple[int, float, float]


@dataclass
class Recurring:
    """A flow that comes every month: a credit if positive. ``season`` has a factor a month."""

    day_of_month: int
    amount: float
    category: str
    party: str
    season: tuple[float, ...] = EVEN


@dataclass
class Repaid:
    """How a loan is repaid: its instalments, which of them are open, and by what rule it is paid.

    Args:
        days_late: How long after its due day an instalment is paid; None while nothing is paid.
        share: Which part of each instalment is paid.
    """

    dues: list[DueRow]
    currency: str = "EUR"
    days_late: int | None = 0
    share: float = 1.0
    open_minor: int = 0
    paid_minor: int = 0

    def settled_rows(self) -> list[DueRow]:
        """Return what the payments so far have settled, oldest first."""
        rows, left = [], self.paid_minor / 100
        for due_day, principal, interest in self.dues:
            if left <= 0:
                break
            paid_interest = min(interest, left)
            paid_principal = min(principal, left - paid_interest)
            rows.append((due_day, paid_principal, paid_interest))
            left -= paid_interest + paid_principal
        return rows


class DailyStory(Story):
    """One borrower with standing rules, on the rulebook `default`.

    An empty ``accounts`` is a borrower whose account is with another bank.
    """

    def __init__(
        self, segment: str = "SME", start: str = "2024-01-01", *, cash: float = 0, **profile: str
    ) -> None:
        """Register the borrower, with an account of this much cash."""
        self.cash = cash
        self.recurring: dict[str, Recurring] = {}
        self.repaid: dict[str, Repaid] = {}
        self.lines: dict[str, tuple[float, Callable[[int], float], float]] = {}
        self.states: list[tuple[int, str, int]] = []
        known = {"rulebook": "default", "accounts": "a-1", **profile}
        self.has_account = bool(known["accounts"])
        super().__init__(segment, start, **{name: text for name, text in known.items() if text})

    # Standing rules.

    def sells(
        self, a_month: float, *, customers: int = 5, season: tuple[float, ...] = EVEN
    ) -> Self:
        """Receive the sales of each month from a number of equal customers."""
        for index in range(customers):
            self.monthly(
                f"sales-{index}",
                3 + 25 * index // customers,
                a_month / customers,
                "CUSTOMER_RECEIPT",
                f"customer-{index}",
                season,
            )
        return self

    def changes(self, prefix: str, factor: float) -> None:
        """Multiply what recurs under a name, or under names that begin with it."""
        for name, flow in self.recurring.items():
            if name.startswith(prefix):
                flow.amount *= factor

    def stops(self, prefix: str) -> None:
        """End what recurs under a name, or under names that begin with it."""
        for name in [name for name in self.recurring if name.startswith(prefix)]:
            del self.recurring[name]

    def spends(
        self,
        *,
        suppliers: float = 0,
        wages: float = 0,
        rent: float = 0,
        tax: float = 0,
        season: tuple[float, ...] = EVEN,
    ) -> Self:
        """Pay suppliers (twice a month, with the season), wages, rent and taxes every month."""
        for index, day_of_month in enumerate((8, 20)):
            self.monthly(
                f"suppliers-{index}",
                day_of_month,
                -suppliers / 2,
                "SUPPLIER_OUT",
                f"supplier-{index}",
                season,
            )
        self.monthly("wages", PAYROLL_DAY, -wages, "PAYROLL_OUT", "staff")
        self.monthly("rent", RENT_DAY, -rent, "RENT_OUT", "landlord")
        self.monthly("tax", TAX_DAY, -tax, "TAX_OUT", "tax-office")
        return self

    def earns_salary(self, amount: float, *, day_of_month: int = 27) -> Self:
        """Receive a salary every month."""
        self.monthly("salary", day_of_month, amount, "SALARY_IN", "employer")
        return self

    def monthly(
        self,
        name: str,
        day_of_month: int,
        amount: float,
        category: str,
        party: str,
        season: tuple[float, ...] = EVEN,
    ) -> None:
        """Begin a monthly flow under a name, or replace it."""
        if amount:
            self.recurring[name] = Recurring(day_of_month, amount, category, party, season)

    # Loans.

    def borrows(
        self,
        principal: float,
        *,
        instalment: float,
        interest: float = 0,
        months: int = 36,
        first: str | None = None,
        loan_id: str = "l-1",
        currency: str = "EUR",
        **terms: object,
    ) -> Self:
        """Take a loan of monthly instalments (principal, interest); each is paid when due."""
        begins = self.today if first is None else day(first)
        days = month_days(begins + (31 if first is None else 0), months)
        self.loan(principal, loan_id, currency=currency, maturity_day=days[-1], **terms)
        self.repay_by(
            loan_id, [(due, instalment, interest) for due in days], version=1, currency=currency
        )
        return self

    def repay_by(
        self, loan_id: str, dues: list[DueRow], *, version: int, currency: str = "EUR"
    ) -> None:
        """Publish a schedule and pay by it."""
        self.happens(
            loans.SchedulePublished,
            loan_id=loan_id,
            schedule_version=version,
            currency=currency,
            **schedule_columns(dues),
        )
        self.repaid[loan_id] = Repaid(dues, currency)

    def change_terms(
        self,
        loan_id: str = "l-1",
        *,
        reason: str,
        kind: str = "",
        dues: list[DueRow],
        version: int = 2,
        loss: float | None = None,
    ) -> None:
        """Replace what is not paid yet by new instalments, for a reason."""
        rule = self.repaid[loan_id]
        rule.dues, rule.open_minor = rule.settled_rows() + dues, 0
        self.happens(
            loans.ScheduleChanged,
            loan_id=loan_id,
            schedule_version=version,
            currency=rule.currency,
            effective_day=self.today,
            change_reason=reason,
            concession_kind=kind,
            npv_loss_micro=None if loss is None else round(loss * 1_000_000),
            **schedule_columns(rule.dues),
        )

    def refinances(
        self,
        amount: float,
        new_id: str,
        *,
        months: int,
        old_id: str = "l-1",
        reason: str = "REFINANCED",
        channel: str = "REFINANCE",
    ) -> None:
        """Pay off a loan by a new one of the own bank, today, and end it."""
        self.loan(amount, new_id)
        first = iso(month_days(self.today, 2)[1])
        self.repay_by(new_id, dues(first, months, amount / months), version=1)
        self.draws(amount, payee="this-bank", loan_id=new_id)
        del self.repaid[old_id]
        self.pays(amount, loan_id=old_id, channel=vocabulary.REPAYMENT_CHANNELS.index(channel))
        self.ends(reason, old_id)

    def pauses(
        self,
        *,
        until: str,
        months: int,
        reason: str,
        kind: str = "MORATORIUM",
        loan_id: str = "l-1",
    ) -> None:
        """Let nothing fall due until a date, for a reason."""
        _, principal, interest = self.repaid[loan_id].dues[-1]
        rows = dues(until, months, principal, interest)
        self.change_terms(loan_id, reason=reason, kind=kind, dues=rows)

    def pays_late(self, days: int, loan_id: str = "l-1") -> None:
        """Pay each later instalment a number of days after it is due."""
        self.repaid[loan_id].days_late = days

    def stops_paying(self, *loan_ids: str) -> None:
        """Pay nothing more on the loans, on all without a name."""
        for loan_id in loan_ids or self.repaid:
            self.repaid[loan_id].days_late = None

    def resumes_paying(self, *loan_ids: str) -> None:
        """Pay each instalment when due again; what is open stays open."""
        for loan_id in loan_ids or self.repaid:
            self.repaid[loan_id].days_late = 0

    def pays_only(self, share: float, loan_id: str = "l-1") -> None:
        """Pay a part of each later instalment."""
        self.repaid[loan_id].share = share

    def settles(self, loan_id: str = "l-1", **fields: object) -> float:
        """Pay everything that is open on a loan today; return how much that was."""
        rule = self.repaid[loan_id]
        amount = rule.open_minor / 100
        self._pay(loan_id, rule, amount, **fields)
        return amount

    def _pay(self, loan_id: str, rule: Repaid, amount: float, **fields: object) -> None:
        if amount <= 0:
            return
        rule.open_minor -= minor(round(amount, 2))
        rule.paid_minor += minor(round(amount, 2))
        self.pays(round(amount, 2), loan_id=loan_id, currency=rule.currency, **fields)
        if self.has_account and not fields:
            self.flow(-round(amount, 2), "DEBT_SERVICE_OWN", counterparty_id="this-bank")

    # Lines.

    def uses_line(
        self,
        limit: float,
        drawn: float | Callable[[int], float],
        *,
        line_id: str = "f-1",
        rate: float = 0.08,
    ) -> Self:
        """Report a line every day, drawn to an amount or by a rule of the day."""
        rule = drawn if callable(drawn) else lambda _: drawn
        self.lines[line_id] = (limit, rule, rate)
        return self

    # Days.

    def flow(
        self,
        amount: float,
        category: str = "CUSTOMER_RECEIPT",
        value: str | None = None,
        reverses: str | None = None,
        **fields: object,
    ) -> str:
        """Book a flow and follow the balance."""
        self.cash += -amount if reverses else amount
        return super().flow(round(amount, 2), category, value, reverses, **fields)

    def close(self) -> None:
        """Run the standing rules of today, close it, and note the state."""
        self._run_rules()
        super().close()
        risk = self.borrower.risk
        self.states.append((self.today - 1, STATE_NAMES[risk.state], risk.shown_score))

    def _run_rules(self) -> None:
        today = date.fromordinal(self.today)
        for flow in list(self.recurring.values()):
            if flow.day_of_month == today.day:
                varied = 1 + ((today.month * 7 + today.day) % 5 - 2) / 100
                amount = flow.amount * flow.season[today.month - 1] * varied
                self.flow(amount, flow.category, counterparty_id=flow.party)
        for loan_id, rule in self.repaid.items():
            self._run_instalments(loan_id, rule)
        for line_id, (limit, drawn, rate) in self.lines.items():
            used = drawn(self.today)
            interest = round(used * rate / 12, 2) if today.day == 28 else 0
            self.line(round(used, 2), limit, line_id, interest=interest)
        if self.has_account and self.recurring:
            self.balance(round(self.cash, 2))

    def _run_instalments(self, loan_id: str, rule: Repaid) -> None:
        for due_day, principal, interest in rule.dues:
            if due_day == self.today:
                rule.open_minor += minor(principal + interest)
            if rule.days_late is not None and due_day + rule.days_late == self.today:
                self._pay(loan_id, rule, (principal + interest) * rule.share)


def month_days(first: int, months: int) -> list[int]:
    """Return the same day of a number of months (the 28th at the latest), from a day on."""
    start = date.fromordinal(first)
    number = start.year * 12 + start.month - 1
    return [
        date((number + step) // 12, (number + step) % 12 + 1, min(start.day, 28)).toordinal()
        for step in range(months)
    ]


def dues(first: str, months: int, principal: float, interest: float = 0) -> list[DueRow]:
    """Return equal monthly instalments from a date on."""
    return [(due, principal, interest) for due in month_days(day(first), months)]


def schedule_columns(rows: list[DueRow]) -> dict[str, list[int]]:
    """Return the parallel lists of a schedule."""
    return {
        "due_days": [row[0] for row in rows],
        "due_principal_minor": [minor(row[1]) for row in rows],
        "due_interest_minor": [minor(row[2]) for row in rows],
        "due_fees_minor": [0 for _ in rows],
    }


def between(low: float, high: float, *, cycle: int = 30) -> Callable[[int], float]:
    """Return a use of a line that rises and falls between two amounts."""

    def drawn(today: int) -> float:
        step = today % cycle
        return low + (high - low) * min(step, cycle - step) / (cycle // 2)

    return drawn


def rising(start: str, days: int, low: float, high: float) -> Callable[[int], float]:
    """Return a use of a line that rises from one amount to another within some days."""
    first = day(start)

    def drawn(today: int) -> float:
        return low + (high - low) * max(0.0, min(1.0, (today - first) / days))

    return drawn


def firm_accounts(
    revenue: int,
    *,
    ebit: int,
    interest: int,
    depreciation: int,
    debt: int,
    equity: int,
    cash: int,
    short_term_debt: int = 0,
    capex: int | None = None,
) -> dict[str, int]:
    """Return the lines of a firm's annual accounts; the balance sheet balances."""
    profit, tax = ebit - interest, max(0, (ebit - interest) * 25 // 100)
    cogs = revenue * 60 // 100
    receivables, inventory, payables = revenue * 12 // 100, cogs // 10, revenue * 8 // 100
    liabilities = debt + payables
    total = liabilities + equity
    return {
        "revenue": revenue,
        "cogs": cogs,
        "gross_profit": revenue - cogs,
        "depreciation_amortisation": depreciation,
        "ebit": ebit,
        "interest_expense": interest,
        "profit_before_tax": profit,
        "tax_expense": tax,
        "net_income": profit - tax,
        "cash": cash,
        "receivables": receivables,
        "inventory": inventory,
        "other_current_assets": 0,
        "current_assets": cash + receivables + inventory,
        "ppe_net": total - cash - receivables - inventory,
        "total_assets": total,
        "payables": payables,
        "short_term_debt": short_term_debt,
        "current_liabilities": payables + short_term_debt,
        "long_term_debt": debt - short_term_debt,
        "total_liabilities": liabilities,
        "retained_earnings": equity // 2,
        "equity": equity,
        "cfo": profit - tax + depreciation,
        "capex": depreciation if capex is None else capex,
        "debt_raised": 0,
        "debt_repaid": 0,
        "equity_raised": 0,
        "cash_tax_paid": tax,
        "contingent_liabilities": 0,
        "guarantees_given": 0,
    }
