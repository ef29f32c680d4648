"""Profit and loss and balance sheet of a firm, rolled forward from what it earned and spent.

Every balance sheet follows from the one before: receivables from sales, payables from purchases,
equity from profit, and cash or short-term debt as what is left over. Invariants: assets equal
liabilities plus equity to the cent; the parts of a total add up to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from lab.simulator.plan import Earned
from lab.simulator.profile import SimulatedProfile

TAX_RATE = 0.26
DEBT_RATE = 0.05
PAYOUT_RATIO = 0.45
COST_OF_SALES_STAFF_RATIO = 0.4
LEAST_CASH_RATIO = 0.015
MOST_CASH_RATIO = 0.2


@dataclass(frozen=True, slots=True)
class Habits:
    """How a firm carries working capital and assets; drawn once."""

    receivable_days: float
    inventory_days: float
    payable_days: float
    plant_months: float
    """Plant in months of planned revenue."""
    plant_life_years: float
    equity_ratio: float


@dataclass(frozen=True, slots=True)
class Result:
    """Profit and loss of one period, in minor units."""

    months: int
    revenue: int
    cogs: int
    sga: int
    depreciation: int
    interest: int
    tax: int

    @property
    def ebit(self) -> int:
        """Return earnings before interest and taxes."""
        return self.revenue - self.cogs - self.sga - self.depreciation

    @property
    def profit_before_tax(self) -> int:
        """Return the result before taxes."""
        return self.ebit - self.interest

    @property
    def net_income(self) -> int:
        """Return the result after taxes."""
        return self.profit_before_tax - self.tax

    def plus(self, other: "Result") -> "Result":
        """Return both periods as one."""
        return Result(
            self.months + other.months,
            self.revenue + other.revenue,
            self.cogs + other.cogs,
            self.sga + other.sga,
            self.depreciation + other.depreciation,
            self.interest + other.interest,
            self.tax + other.tax,
        )


@dataclass(frozen=True, slots=True)
class Position:
    """Balance sheet at one date, in minor units."""

    cash: int
    receivables: int
    inventory: int
    other_current: int
    plant: int
    intangibles: int
    payables: int
    short_term_debt: int
    other_short: int
    long_term_debt: int
    paid_in: int
    retained: int

    @property
    def current_assets(self) -> int:
        """Return the assets that turn into cash within a year."""
        return self.cash + self.receivables + self.inventory + self.other_current

    @property
    def total_assets(self) -> int:
        """Return all assets."""
        return self.current_assets + self.plant + self.intangibles

    @property
    def current_liabilities(self) -> int:
        """Return the liabilities that are due within a year."""
        return self.payables + self.short_term_debt + self.other_short

    @property
    def total_liabilities(self) -> int:
        """Return all liabilities."""
        return self.current_liabilities + self.long_term_debt

    @property
    def equity(self) -> int:
        """Return paid-in capital and retained earnings."""
        return self.paid_in + self.retained


def draw_habits(rng: Random, *, is_fragile: bool) -> Habits:
    """Draw how a firm works; those that fail were thinner in equity, though not always."""
    return Habits(
        receivable_days=rng.uniform(25, 60),
        inventory_days=rng.uniform(10, 60),
        payable_days=rng.uniform(25, 55),
        plant_months=rng.uniform(1.5, 6.0),
        plant_life_years=rng.uniform(7, 12),
        equity_ratio=rng.uniform(0.18, 0.38) if is_fragile else rng.triangular(0.2, 0.6, 0.36),
    )


def planned_month(profile: SimulatedProfile, month_index: int) -> Earned:
    """Return a month before the run as it was planned."""
    sales = profile.income_minor * profile.season[month_index % 12]
    costs = profile.costs
    return Earned(
        revenue=sales,
        purchases=sales * costs.supplier_ratio,
        fixed_costs=profile.income_minor * (costs.fixed_ratio + costs.tax_ratio),
    )


def opening(profile: SimulatedProfile, habits: Habits) -> Position:
    """Return a balance sheet that fits the firm's size and habits."""
    year = profile.income_minor * 12
    purchases = year * profile.costs.supplier_ratio
    cash = int(profile.income_minor * (profile.buffer_days / 30 + profile.reserve_months))
    receivables = int(year * habits.receivable_days / 365)
    inventory = int(purchases * habits.inventory_days / 365)
    plant = int(profile.income_minor * habits.plant_months)
    other, intangibles = int(year * 0.012), int(year * 0.015)
    total = cash + receivables + inventory + other + plant + intangibles
    payables = int(purchases * habits.payable_days / 365)
    other_short = int(year * 0.03)
    equity = int(total * habits.equity_ratio)
    debt = total - equity - payables - other_short
    if debt < 0:
        equity, debt = equity + debt, 0
    short_debt = int(debt * 0.22)
    paid_in = min(equity, int(equity * 0.3))
    return Position(
        cash,
        receivables,
        inventory,
        other,
        plant,
        intangibles,
        payables,
        short_debt,
        other_short,
        debt - short_debt,
        paid_in,
        equity - paid_in,
    )


def result(
    profile: SimulatedProfile, months: Iterable[Earned], *, before: Position, life: float
) -> Result:
    """Return the profit and loss of a period of consecutive months."""
    listed = list(months)
    costs = profile.costs
    staff_share = costs.payroll_ratio / (costs.fixed_ratio + costs.tax_ratio)
    fixed = sum(month.fixed_costs for month in listed)
    production = fixed * staff_share * COST_OF_SALES_STAFF_RATIO
    revenue = int(sum(month.revenue for month in listed))
    cogs = int(sum(month.purchases for month in listed) + production)
    sga = int(fixed - production)
    depreciation = int(before.plant / life * len(listed) / 12)
    debt = before.short_term_debt + before.long_term_debt
    interest = int(debt * DEBT_RATE * len(listed) / 12)
    before_tax = revenue - cogs - sga - depreciation - interest
    tax = int(max(0, before_tax) * TAX_RATE)
    return Result(len(listed), revenue, cogs, sga, depreciation, interest, tax)


def roll(
    rng: Random, *, before: Position, period: Result, months: Iterable[Earned], habits: Habits
) -> tuple[Position, int]:
    """Return the balance sheet at the end of a period, and the dividends paid in it."""
    listed = list(months)
    annual = 12 / period.months
    payout = int(max(0, period.net_income) * PAYOUT_RATIO)
    drained = int(sum(month.drained for month in listed))
    borrowed = int(sum(month.new_debt for month in listed))
    capex = int(period.depreciation * rng.uniform(0.85, 1.15)) + borrowed
    plant = before.plant + capex - period.depreciation
    receivables = int(period.revenue * annual * habits.receivable_days / 365 * _wobble(rng))
    inventory = int(period.cogs * annual * habits.inventory_days / 365 * _wobble(rng))
    payables = int(period.cogs * annual * habits.payable_days / 365 * _wobble(rng))
    retained = before.retained + period.net_income - payout - drained
    long_debt = int(before.long_term_debt * (1.0 - 0.02 * period.months / 12)) + borrowed
    short_debt = before.short_term_debt
    funds = payables + short_debt + before.other_short + long_debt + before.paid_in + retained
    cash = funds - receivables - inventory - before.other_current - plant - before.intangibles
    least = int(period.revenue * annual * LEAST_CASH_RATIO)
    most = int(period.revenue * annual * MOST_CASH_RATIO)
    if cash < least:
        short_debt, cash = short_debt + least - cash, least
    elif cash > most:
        repaid = min(long_debt, cash - most)
        long_debt, cash = long_debt - repaid, cash - repaid
    after = Position(
        cash,
        receivables,
        inventory,
        before.other_current,
        plant,
        before.intangibles,
        payables,
        short_debt,
        before.other_short,
        long_debt,
        before.paid_in,
        retained,
    )
    return after, payout


def _wobble(rng: Random) -> float:
    return max(0.8, min(1.2, rng.gauss(1.0, 0.06)))
