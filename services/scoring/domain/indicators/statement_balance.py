"""Indicators of leverage, liquidity, working capital (F-07 to F-12, F-17, F-20, F-24, F-25, F-27).

Drifts need both the days and the gap to sales: receivables that grow with sales are no warning.
"""

from fractions import Fraction
from typing import Final

from services.scoring.domain.indicators.declaration import Theme, single
from services.scoring.domain.indicators.from_statements import (
    any_component,
    attempt,
    growth,
    ratio,
    statement_indicator,
)
from services.scoring.domain.primitives.measurement import (
    FLAG_RED,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_of,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import STATEMENT, Component
from services.scoring.domain.views.statements import StatementFigures

LEVERAGE: Final = Theme(STATEMENT, "lev", "PROFIT_LEVERAGE")
WORKING_CAPITAL: Final = Theme(STATEMENT, "wc", "QUALITY_OF_FIGURES")


@statement_indicator(
    "F-07",
    "Debt is high for the earnings",
    LEVERAGE.at(Classification("FINANCE", "FINANCIAL", "APPROVAL", "Debt is low for the earnings")),
    (
        Component("multiple", Unit.NUMBER, "net debt over EBITDA"),
        Component("no_earnings", Unit.FLAG, "net debt without EBITDA"),
    ),
)
def net_leverage(figures: StatementFigures) -> Measurement:
    """F-07: net debt over EBITDA; net debt without any EBITDA is red."""
    debt = figures.balance("short_term_debt") + figures.balance("long_term_debt")
    net = debt - figures.balance("cash")
    earned = figures.flow("ebit") + figures.flow("depreciation_amortisation")
    if earned <= 0:
        return measured_components([None, FLAG_RED if net > 0 else 0], gap=Reason.NEGATIVE_BASE)
    return measured_components([micro_of(ratio(net, earned)), 0])


@statement_indicator(
    "F-08",
    "Little own money in the firm",
    LEVERAGE.at(Classification("FINANCE", "FINANCIAL", "APPROVAL", "Much own money in the firm")),
    single(Unit.RATIO, "equity over total assets"),
)
def equity_ratio(figures: StatementFigures) -> Measurement:
    """F-08: equity over total assets."""
    return measured(micro_of(ratio(figures.balance("equity"), figures.balance("total_assets"))))


@statement_indicator(
    "F-09",
    "Short-term debts outgrow short-term assets",
    Theme(STATEMENT, "liq", "LIQUIDITY").at(Classification("FINANCE", "FINANCIAL", "MONITORING")),
    (
        Component("ratio", Unit.NUMBER, "current assets over current liabilities"),
        Component("change", Unit.RATIO, "current ratio against the year before"),
    ),
)
def current_ratio(figures: StatementFigures) -> Measurement:
    """F-09: current assets over current liabilities, and its change over a year."""
    now = ratio(figures.balance("current_assets"), figures.balance("current_liabilities"))

    def change() -> Fraction:
        before = ratio(
            figures.balance("current_assets", years_back=1),
            figures.balance("current_liabilities", years_back=1),
        )
        return ratio(now.numerator, now.denominator) / before - 1 if before > 0 else Fraction(0)

    return measured_components([micro_of(now), attempt(change)])


@statement_indicator(
    "F-24",
    "Little to pay short-term debts with",
    Theme(STATEMENT, "quick", "LIQUIDITY").at(Classification("FINANCE", "FINANCIAL", "MONITORING")),
    single(Unit.NUMBER, "current assets without stock over current liabilities"),
)
def quick_ratio(figures: StatementFigures) -> Measurement:
    """F-24: current assets without the stock, over current liabilities."""
    quick = figures.balance("current_assets") - figures.balance("inventory")
    return measured(micro_of(ratio(quick, figures.balance("current_liabilities"))))


@statement_indicator(
    "F-25",
    "Earnings are small for the debts",
    Theme(STATEMENT, "payback", "PROFIT_LEVERAGE").at(
        Classification("CAPACITY", "FINANCIAL", "APPROVAL")
    ),
    single(Unit.RATIO, "net income and depreciation over all liabilities"),
)
def cash_flow_to_debts(figures: StatementFigures) -> Measurement:
    """F-25: net income and depreciation over all liabilities: how fast the firm could pay."""
    earned = figures.own_or_flow("net_income") + figures.own_or_flow("depreciation_amortisation")
    return measured(micro_of(ratio(earned, figures.balance("total_liabilities"))))


@statement_indicator(
    "F-27",
    "Little kept of past profits",
    Theme(STATEMENT, "kept", "PROFIT_LEVERAGE").at(
        Classification("FINANCE", "FINANCIAL", "APPROVAL")
    ),
    single(Unit.RATIO, "retained earnings over total assets"),
)
def retained_earnings_ratio(figures: StatementFigures) -> Measurement:
    """F-27: retained earnings over total assets: what the firm has kept of all its years."""
    retained = figures.balance("retained_earnings")
    return measured(micro_of(ratio(retained, figures.balance("total_assets"))))


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


@statement_indicator(
    "F-10",
    "Customers pay later",
    WORKING_CAPITAL.at(Classification("PERFORMANCE", "FINANCIAL", "MONITORING")),
    (
        Component("days", Unit.RATIO, "receivable days against the year before"),
        Component("gap", Unit.POINTS, "growth of receivables beyond revenue"),
    ),
)
def receivable_drift(figures: StatementFigures) -> Measurement:
    """F-10: receivable days and the growth of receivables beyond that of revenue."""
    days = _days_drift(figures, "receivables", "revenue")
    return measured_components([micro_of(days), micro_of(_gap_to_sales(figures, "receivables"))])


@statement_indicator(
    "F-11",
    "Stock piles up",
    WORKING_CAPITAL.at(Classification("PERFORMANCE", "FINANCIAL", "MONITORING")),
    (
        Component("days", Unit.RATIO, "inventory days against the year before"),
        Component("gap", Unit.POINTS, "growth of inventory beyond revenue"),
    ),
)
def inventory_drift(figures: StatementFigures) -> Measurement:
    """F-11: inventory days and the growth of inventory beyond that of revenue."""
    days = _days_drift(figures, "inventory", "cogs")
    return measured_components([micro_of(days), micro_of(_gap_to_sales(figures, "inventory"))])


@statement_indicator(
    "F-12",
    "Suppliers are paid later",
    Theme(STATEMENT, "wc", "OBLIGATIONS").at(Classification("CAPACITY", "FINANCIAL", "MONITORING")),
    single(Unit.RATIO, "payable days against the year before"),
)
def payable_stretch(figures: StatementFigures) -> Measurement:
    """F-12: payable days against last year."""
    return measured(micro_of(_days_drift(figures, "payables", "cogs")))


@statement_indicator(
    "F-17",
    "Long-term use, short-term money",
    LEVERAGE.at(Classification("FINANCE", "FINANCIAL", "DISBURSEMENT")),
    (
        Component("outgrowing", Unit.POINTS, "growth of short-term debt beyond revenue"),
        Component("unfunded", Unit.RATIO, "capex without long money, over assets"),
    ),
)
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
    return measured_components(any_component(values, otherwise=Reason.MISSING_LINE))


@statement_indicator(
    "F-20",
    "Guarantees given to others",
    Theme(STATEMENT, "lev", "GUARANTOR_GROUP").at(
        Classification("FINANCE", "FINANCIAL", "APPLICATION")
    ),
    (
        Component("share", Unit.RATIO, "guarantees and contingent liabilities over equity"),
        Component("no_equity", Unit.FLAG, "guarantees given without equity"),
    ),
)
def guarantees_given(figures: StatementFigures) -> Measurement:
    """F-20: guarantees given and contingent liabilities over equity; without equity it is red."""
    given = figures.balance("guarantees_given") + figures.balance("contingent_liabilities")
    equity = figures.balance("equity")
    if equity <= 0:
        return measured_components([None, FLAG_RED if given > 0 else 0])
    return measured_components([micro_of(ratio(given, equity)), 0])
