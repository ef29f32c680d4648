"""The borrower's statements: their due dates and figures.

Small firms hand in a yearly tax balance, medium ones yearly accounts, large ones quarterly figures
and audited years. Two years of history come with the first day. Invariant: a statement is made
from the months it covers and nothing after them.
"""

from dataclasses import dataclass
from datetime import date
from random import Random

from lab.simulator.balance_sheet import (
    Position,
    Result,
    draw_habits,
    opening,
    planned_month,
    result,
    roll,
)
from lab.simulator.days import Calendar, Day, month_start
from lab.simulator.event_log import EventLog
from lab.simulator.events import STATEMENTS, Fields, money
from lab.simulator.plan import Earned, Plan
from lab.simulator.profile import FRAGILE, SimulatedProfile
from lab.simulator.scenarios.conditions import Story

FISCAL_YEAR_END_MONTHS = (12, 12, 12, 12, 12, 12, 3, 6, 6, 9)
HISTORY_MONTHS = 24
BASIS = {"MICRO": "TAX", "SME": "REVIEWED", "CORPORATE": "AUDITED", "LARGE": "AUDITED"}


@dataclass(frozen=True, slots=True)
class Filing:
    """A statement that the contract requires."""

    booked: int
    """When it is booked: history comes with the first day of the run."""
    received: int
    due: int
    last_month: int
    """Month index of the last month covered."""
    months: int
    basis: str


class Statements:
    """The statements of one firm."""

    def __init__(
        self,
        *,
        profile: SimulatedProfile,
        plan: Plan,
        event_log: EventLog,
        story: Story,
        calendar: Calendar,
    ) -> None:
        self._profile = profile
        self._plan = plan
        self._event_log = event_log
        self._story = story
        self._rng = Random(f"books:{profile.borrower_id}:{plan.rng.random()}")
        self._habits = draw_habits(self._rng, is_fragile=story.name in FRAGILE)
        self._step = 3 if profile.segment in ("CORPORATE", "LARGE") else 12
        self._year_end = self._rng.choice(FISCAL_YEAR_END_MONTHS)
        self._first_month = calendar.day(calendar.first).month_index
        self._rolled: dict[int, tuple[Position, Result, int]] = {}
        self._filings = self._list_filings(calendar)

    @property
    def next_filing(self) -> int:
        """Return the ordinal of the day when the next statement comes in."""
        return self._filings[-1].booked if self._filings else 10**9

    @property
    def first_after_history(self) -> Filing | None:
        """Return the first filing of a year that is not received yet, before any was made."""
        yearly = [
            filing
            for filing in self._filings
            if filing.months == 12 and filing.received == filing.booked
        ]
        return min(yearly, key=lambda filing: filing.due) if yearly else None

    def file(self, day: Day) -> None:
        """Hand in the statements that are ready, unless the borrower withholds them."""
        while self.next_filing <= day.ordinal:
            filing = self._filings.pop()
            if not self._story.script(day.ordinal).withholds_statements:
                self._hand_in(filing, day)

    def _list_filings(self, calendar: Calendar) -> list[Filing]:
        """Return the filings of the run, the last one first."""
        first = calendar.first
        last_month = calendar.day(first + calendar.days).month_index
        listed = []
        for month in range(self._first_month - HISTORY_MONTHS - 12, last_month + 1):
            ends_year = month % 12 + 1 == self._year_end
            if self._step == 3 and (month % 12 + 1 - self._year_end) % 3 == 0:
                listed.append(self._filing(calendar, month, 3))
            if ends_year:
                listed.append(self._filing(calendar, month, 12))
        wanted = [
            filing
            for filing in listed
            if filing.last_month >= self._first_month - HISTORY_MONTHS or filing.months == 12
        ]

        # History is loaded with the newest first, as in any migration: in the other order every
        # borrower would seem late with its statements until the last one is in.
        def backwards(item: Filing) -> tuple[int, int, int]:
            is_history = item.received < first
            return -item.booked, item.last_month if is_history else -item.last_month, -item.months

        return sorted(wanted, key=backwards)

    def _filing(self, calendar: Calendar, month: int, months: int) -> Filing:
        period_end = month_start(month + 1).toordinal() - 1
        takes, allowed = (38, 60) if months == 3 else (115, 180)
        received = calendar.business_day(period_end + int(self._rng.gauss(takes, 9)))
        return Filing(
            booked=max(received, calendar.first),
            received=received,
            due=period_end + allowed,
            last_month=month,
            months=months,
            basis="MANAGEMENT" if months == 3 else BASIS[self._profile.segment],
        )

    def _earned(self, months: range) -> list[Earned]:
        earned = self._plan.earned
        return [
            earned[month]
            if month in earned and month > self._first_month
            else planned_month(self._profile, month)
            for month in months
        ]

    def _at(self, last_month: int) -> tuple[Position, Result, int]:
        """Return balance sheet, result and dividends of the step that ends with a month."""
        rolled = self._rolled.get(last_month)
        if rolled is not None:
            return rolled
        before = last_month - self._step
        if before < self._first_month - HISTORY_MONTHS - 12:
            position = opening(self._profile, self._habits)
        else:
            position = self._at(before)[0]
        months = self._earned(range(before + 1, last_month + 1))
        life = self._habits.plant_life_years
        period = result(self._profile, months, before=position, life=life)
        after, dividends = roll(
            self._rng, before=position, period=period, months=months, habits=self._habits
        )
        self._rolled[last_month] = after, period, dividends
        return self._rolled[last_month]

    def _hand_in(self, filing: Filing, day: Day) -> None:
        position, period, dividends = self._at(filing.last_month)
        if filing.months > self._step:
            for earlier in range(1, filing.months // self._step):
                _, before, paid = self._at(filing.last_month - earlier * self._step)
                period, dividends = before.plus(period), dividends + paid
        opened = self._at(filing.last_month - filing.months)[0]
        period_end = month_start(filing.last_month + 1).toordinal() - 1
        data = _head(self._profile, filing, period_end=period_end)
        data |= _lines(position, period)
        data |= _cash_flow(opened, position, period, dividends)
        self._event_log.book(
            "statement.received.v1", data, day=day, second=11 * 3600, source=STATEMENTS
        )


def _head(profile: SimulatedProfile, filing: Filing, *, period_end: int) -> Fields:
    ends = date.fromordinal(period_end).isoformat()
    data: Fields = {
        "statement_id": f"{profile.borrower_id}-FS-{ends}-{filing.months}",
        "period_end": ends,
        "period_months": filing.months,
        "received_date": date.fromordinal(filing.received).isoformat(),
        "contractual_due_date": date.fromordinal(filing.due).isoformat(),
        "basis": filing.basis,
        "consolidated": profile.segment == "LARGE",
        "accounting_standard": "IFRS" if profile.segment == "LARGE" else "LOCAL",
        "currency": profile.currency,
        "unit_multiplier": 1,
    }
    if filing.basis == "AUDITED":
        data["opinion"] = "UNQUALIFIED"
    return data


def _lines(position: Position, period: Result) -> Fields:
    lines = {
        "revenue": period.revenue,
        "cogs": period.cogs,
        "gross_profit": period.revenue - period.cogs,
        "sga": period.sga,
        "depreciation_amortisation": period.depreciation,
        "ebit": period.ebit,
        "interest_expense": period.interest,
        "profit_before_tax": period.profit_before_tax,
        "tax_expense": period.tax,
        "net_income": period.net_income,
        "cash": position.cash,
        "receivables": position.receivables,
        "inventory": position.inventory,
        "other_current_assets": position.other_current,
        "current_assets": position.current_assets,
        "ppe_net": position.plant,
        "intangibles": position.intangibles,
        "total_assets": position.total_assets,
        "payables": position.payables,
        "short_term_debt": position.short_term_debt,
        "current_liabilities": position.current_liabilities,
        "long_term_debt": position.long_term_debt,
        "total_liabilities": position.total_liabilities,
        "retained_earnings": position.retained,
        "equity": position.equity,
    }
    return {name: money(minor) for name, minor in lines.items()}


def _cash_flow(opened: Position, closed: Position, period: Result, dividends: int) -> Fields:
    working = (closed.receivables + closed.inventory - closed.payables) - (
        opened.receivables + opened.inventory - opened.payables
    )
    debt = (closed.short_term_debt + closed.long_term_debt) - (
        opened.short_term_debt + opened.long_term_debt
    )
    lines = {
        "cfo": period.net_income + period.depreciation - working,
        "capex": closed.plant - opened.plant + period.depreciation,
        "dividends": dividends,
        "debt_raised": max(0, debt),
        "debt_repaid": max(0, -debt),
        "cash_tax_paid": period.tax,
    }
    return {name: money(minor) for name, minor in lines.items()}
