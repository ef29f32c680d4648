"""Indicators of what a firm owns and owes: leverage, liquidity, working capital (F-07 to F-12,
F-17, F-20, F-24, F-25, F-27).

Drifts need both the days and the gap to sales: receivables that grow with sales are no warning.
"""

from fractions import Fraction
from typing import Final

from services.scoring.domain.indicators.from_statements import (
    FLAG_RED,
    any_arm,
    attempt,
    declare,
    growth,
    micro,
    ratio,
)
from services.scoring.domain.primitives.measurement import (
    Measurement,
    Reason,
    Unit,
    measured,
    measured_arms,
)
from services.scoring.domain.rulebook.rulebook import Arm, Indicator, one_arm
from services.scoring.domain.views.statements import StatementFigures


def net_leverage(figures: StatementFigures) -> Measurement:
    """F-07: net debt over EBITDA; net debt without any EBITDA is red."""
    debt = figures.balance("short_term_debt") + figures.balance("long_term_debt")
    net = debt - figures.balance("cash")
    earned = figures.flow("ebit") + figures.flow("depreciation_amortisation")
    if earned <= 0:
        return measured_arms([None, FLAG_RED if net > 0 else 0], gap=Reason.NEGATIVE_BASE)
    return measured_arms([micro(ratio(net, earned)), 0])


def equity_ratio(figures: StatementFigures) -> Measurement:
    """F-08: equity over total assets."""
    return measured(micro(ratio(figures.balance("equity"), figures.balance("total_assets"))))


def current_ratio(figures: StatementFigures) -> Measurement:
    """F-09: current assets over current liabilities, and its change over a year."""
    now = ratio(figures.balance("current_assets"), figures.balance("current_liabilities"))

    def change() -> Fraction:
        before = ratio(
            figures.balance("current_assets", years_back=1),
            figures.balance("current_liabilities", years_back=1),
        )
        return ratio(now.numerator, now.denominator) / before - 1 if before > 0 else Fraction(0)

    return measured_arms([micro(now), attempt(change)])


def quick_ratio(figures: StatementFigures) -> Measurement:
    """F-24: current assets without the stock, over current liabilities."""
    quick = figures.balance("current_assets") - figures.balance("inventory")
    return measured(micro(ratio(quick, figures.balance("current_liabilities"))))


def cash_flow_to_debts(figures: StatementFigures) -> Measurement:
    """F-25: net income and depreciation over all liabilities: how fast the firm could pay."""
    earned = figures.own_or_flow("net_income") + figures.own_or_flow("depreciation_amortisation")
    return measured(micro(ratio(earned, figures.balance("total_liabilities"))))


def retained_earnings_ratio(figures: StatementFigures) -> Measurement:
    """F-27: retained earnings over total assets: what the firm has kept of all its years."""
    kept = figures.balance("retained_earnings")
    return measured(micro(ratio(kept, figures.balance("total_assets"))))


def _days_drift(figures: StatementFigures, stock: str, flow: str) -> Fraction:
    """Return the growth of stock / flow x 365 over a year."""
    now = ratio(figures.balance(stock), figures.flow(flow))
    before = ratio(figures.balance(stock, years_back=1), figures.flow(flow, years_back=1))
    if before <= 0:
        return growth(0, 0)
    return now / before - 1


def _gap_to_sales(figures: StatementFigures, stock: str) -> Fraction:
    sales = growth(figures.flow("revenue"), figures.flow("revenue", years_back=1))
    return growth(figures.balance(stock), figures.balance(stock, years_back=1)) - sales


def receivable_drift(figures: StatementFigures) -> Measurement:
    """F-10: receivable days and the growth of receivables beyond that of revenue."""
    days = _days_drift(figures, "receivables", "revenue")
    return measured_arms([micro(days), micro(_gap_to_sales(figures, "receivables"))])


def inventory_drift(figures: StatementFigures) -> Measurement:
    """F-11: inventory days and the growth of inventory beyond that of revenue."""
    days = _days_drift(figures, "inventory", "cogs")
    return measured_arms([micro(days), micro(_gap_to_sales(figures, "inventory"))])


def payable_stretch(figures: StatementFigures) -> Measurement:
    """F-12: payable days against last year."""
    return measured(micro(_days_drift(figures, "payables", "cogs")))


def funding_mismatch(figures: StatementFigures) -> Measurement:
    """F-17: short-term debt outgrowing sales, or capex without long money behind it."""

    def outgrowing() -> Fraction:
        sales = growth(figures.flow("revenue"), figures.flow("revenue", years_back=1))
        debt = figures.balance("short_term_debt")
        return growth(debt, figures.balance("short_term_debt", years_back=1)) - sales

    def unfunded() -> Fraction:
        debt = figures.balance("long_term_debt")
        new_debt = debt - figures.balance("long_term_debt", years_back=1)
        long_money = new_debt + figures.flow("equity_raised") + figures.flow("cfo")
        return ratio(figures.flow("capex") - long_money, figures.balance("total_assets"))

    values = [attempt(outgrowing), attempt(unfunded)]
    return measured_arms(any_arm(values, otherwise=Reason.MISSING_LINE))


def guarantees_given(figures: StatementFigures) -> Measurement:
    """F-20: guarantees given and contingent liabilities over equity; without equity it is red."""
    given = figures.balance("guarantees_given") + figures.balance("contingent_liabilities")
    equity = figures.balance("equity")
    if equity <= 0:
        return measured_arms([None, FLAG_RED if given > 0 else 0])
    return measured_arms([micro(ratio(given, equity)), 0])


INDICATORS: Final[tuple[Indicator, ...]] = (
    declare(
        "F-07",
        "Debt is high for the earnings",
        "lev",
        "PROFIT_LEVERAGE",
        (
            Arm("multiple", Unit.NUMBER, "net debt over EBITDA"),
            Arm("no_earnings", Unit.FLAG, "net debt without EBITDA"),
        ),
        net_leverage,
    ),
    declare(
        "F-08",
        "Little own money in the firm",
        "lev",
        "PROFIT_LEVERAGE",
        one_arm(Unit.RATIO, "equity over total assets"),
        equity_ratio,
    ),
    declare(
        "F-09",
        "Short-term debts outgrow short-term assets",
        "liq",
        "LIQUIDITY",
        (
            Arm("ratio", Unit.NUMBER, "current assets over current liabilities"),
            Arm("change", Unit.RATIO, "current ratio against the year before"),
        ),
        current_ratio,
    ),
    declare(
        "F-10",
        "Customers pay later",
        "wc",
        "QUALITY_OF_FIGURES",
        (
            Arm("days", Unit.RATIO, "receivable days against the year before"),
            Arm("gap", Unit.POINTS, "growth of receivables beyond revenue"),
        ),
        receivable_drift,
    ),
    declare(
        "F-11",
        "Stock piles up",
        "wc",
        "QUALITY_OF_FIGURES",
        (
            Arm("days", Unit.RATIO, "inventory days against the year before"),
            Arm("gap", Unit.POINTS, "growth of inventory beyond revenue"),
        ),
        inventory_drift,
    ),
    declare(
        "F-12",
        "Suppliers are paid later",
        "wc",
        "OBLIGATIONS",
        one_arm(Unit.RATIO, "payable days against the year before"),
        payable_stretch,
    ),
    declare(
        "F-17",
        "Long-term use, short-term money",
        "lev",
        "PROFIT_LEVERAGE",
        (
            Arm("outgrowing", Unit.POINTS, "growth of short-term debt beyond revenue"),
            Arm("unfunded", Unit.RATIO, "capex without long money, over assets"),
        ),
        funding_mismatch,
    ),
    declare(
        "F-24",
        "Little to pay short-term debts with",
        "quick",
        "LIQUIDITY",
        one_arm(Unit.NUMBER, "current assets without stock over current liabilities"),
        quick_ratio,
    ),
    declare(
        "F-25",
        "Earnings are small for the debts",
        "payback",
        "PROFIT_LEVERAGE",
        one_arm(Unit.RATIO, "net income and depreciation over all liabilities"),
        cash_flow_to_debts,
    ),
    declare(
        "F-27",
        "Little kept of past profits",
        "kept",
        "PROFIT_LEVERAGE",
        one_arm(Unit.RATIO, "retained earnings over total assets"),
        retained_earnings_ratio,
    ),
    declare(
        "F-20",
        "Guarantees given to others",
        "lev",
        "GUARANTOR_GROUP",
        (
            Arm("share", Unit.RATIO, "guarantees and contingent liabilities over equity"),
            Arm("no_equity", Unit.FLAG, "guarantees given without equity"),
        ),
        guarantees_given,
    ),
)
