"""Indicators of earnings: revenue, margin, losses, cover (F-02 to F-06, F-13, F-23, F-26).

Formulas are domain.md 3.3's; thresholds are the rulebook's. Trends compare with the same period of
last year, so a first statement has levels and no trends. F-05 also reads the loans: what fell due
on them is part of the service (domain reading 24); a missing cash-flow line makes the cover
unmeasurable, because taking it as zero would flatter it.
"""

import math
from bisect import bisect_right
from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.from_statements import (
    any_component,
    attempt,
    expects_statements,
    growth,
    ratio,
    statement_indicator,
    statements_as_evidence,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import (
    FLAG_RED,
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_float,
    micro_of,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.money import decimals_of
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import STATEMENT, Component, Rules
from services.scoring.domain.views.statements import (
    YEAR_MONTHS,
    CannotFormError,
    StatementFigures,
    figures_of,
)

LONGEST_LOSS_RUN_YEARS: Final = 5
QUARTERS_LOOKED_AT: Final = 6
QUARTER_MONTHS: Final = 3
MICRO_MILLION: Final = 1_000_000


PERFORMANCE: Final = Theme(STATEMENT, "perf", "PROFIT_LEVERAGE")


@statement_indicator(
    "F-02",
    "Revenue is falling",
    PERFORMANCE.at(Classification("PERFORMANCE", "FINANCIAL", "MONITORING", "Revenue grows")),
    single(Unit.RATIO, "revenue against the year before"),
)
def revenue_change(figures: StatementFigures) -> Measurement:
    """F-02: revenue of the last twelve months against the twelve before."""
    return measured(micro_of(growth(*figures.flow_pair("revenue"))))


@statement_indicator(
    "F-03",
    "Operating margin is squeezed",
    PERFORMANCE.at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING", "The operating margin widens")
    ),
    (
        Component("points", Unit.POINTS, "EBITDA margin less last year's"),
        Component("relative", Unit.RATIO, "EBITDA margin against last year's"),
        Component("negative", Unit.FLAG, "EBITDA is zero or negative"),
    ),
)
def margin_squeeze(figures: StatementFigures) -> Measurement:
    """F-03: EBITDA margin less last year's, in points and relative; a loss-making EBITDA is red.

    The last needs no comparison, so it is known from the first statement on.
    """
    now = ratio(
        figures.own_or_flow("ebit") + figures.own_or_flow("depreciation_amortisation"),
        figures.own_or_flow("revenue"),
    )
    points, relative = _margin_change(figures)
    negative = FLAG_RED if now <= 0 else 0
    return measured_components([points, relative, negative], gap=Reason.NO_PRIOR_STATEMENT)


def _margin_change(figures: StatementFigures) -> tuple[int | None, int | None]:
    try:
        ebit = figures.flow_pair("ebit")
        depreciation = figures.flow_pair("depreciation_amortisation")
        revenue = figures.flow_pair("revenue")
        margin = ratio(ebit[0] + depreciation[0], revenue[0])
        before = ratio(ebit[1] + depreciation[1], revenue[1])
    except CannotFormError:
        return None, None
    return micro_of(margin - before), micro_of(margin / before - 1) if before > 0 else None


@statement_indicator(
    "F-04",
    "The firm makes losses",
    PERFORMANCE.at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING", "The firm makes a profit")
    ),
    (
        Component("margin", Unit.RATIO, "profit before tax over revenue"),
        Component("years", Unit.COUNT, "years of loss in a row"),
        Component("quarters", Unit.COUNT, "quarters of loss in the last six"),
    ),
)
def losses(figures: StatementFigures) -> Measurement:
    """F-04: profit before tax over revenue, years of loss in a row, quarters of loss in six.

    Where profit before tax is missing, what was left of it counts.
    """
    margin = attempt(lambda: ratio(_own_result(figures), figures.own_or_flow("revenue")))
    values = [margin, _loss_years(figures), _loss_quarters(figures)]
    return measured_components(any_component(values, otherwise=Reason.MISSING_LINE))


def _own_result(figures: StatementFigures) -> int:
    """Return profit before tax, or what was left of it, of the year or the statement's period.

    Raises:
        CannotFormError: If neither was filed.
    """
    try:
        return figures.own_or_flow("profit_before_tax")
    except CannotFormError:
        return figures.own_or_flow("net_income")


def _loss_years(figures: StatementFigures) -> int | None:
    """Return how many years up to now ended in a loss; the run ends where nothing was filed."""
    years = 0
    for back in range(LONGEST_LOSS_RUN_YEARS):
        result = year_result(figures, back * YEAR_MONTHS)
        if result is None and back == 0:
            return None
        if result is None or result >= 0:
            break
        years += 1
    return years * MICRO


def year_result(figures: StatementFigures, months_back: int) -> int | None:
    """Return profit before tax of twelve months; where none is reported, what was left of it."""
    before_tax = figures.flow_or_none("profit_before_tax", months_back=months_back)
    if before_tax is not None:
        return before_tax
    return figures.flow_or_none("net_income", months_back=months_back)


def _loss_quarters(figures: StatementFigures) -> int | None:
    """Return the loss-making quarters among the last six, if each of the six can be formed."""
    lost = 0
    for back in range(QUARTERS_LOOKED_AT):
        result = figures.period_flow_or_none(
            "profit_before_tax", months_back=back * QUARTER_MONTHS, months=QUARTER_MONTHS
        )
        if result is None:
            return None
        lost += result < 0
    return lost * MICRO


@statement_indicator(
    "F-06",
    "Profit hardly covers interest",
    Theme(STATEMENT, "cover", "PROFIT_LEVERAGE").at(
        Classification("CAPACITY", "FINANCIAL", "APPROVAL", "Profit covers interest well")
    ),
    single(Unit.NUMBER, "EBIT over interest"),
)
def interest_cover(figures: StatementFigures) -> Measurement:
    """F-06: EBIT over interest of twelve months; without interest there is nothing to cover."""
    interest = figures.flow("interest_expense")
    if interest <= 0:
        return not_applicable()
    return measured(micro_of(ratio(figures.flow("ebit"), interest)))


@statement_indicator(
    "F-26",
    "Sales leave little profit",
    Theme(STATEMENT, "loss", "PROFIT_LEVERAGE").at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING")
    ),
    single(Unit.RATIO, "EBIT over revenue"),
)
def operating_margin(figures: StatementFigures) -> Measurement:
    """F-26: EBIT over revenue; without revenue there is no margin."""
    revenue = figures.own_or_flow("revenue")
    if revenue < 0:
        raise CannotFormError(Reason.NEGATIVE_BASE)
    return measured(micro_of(ratio(figures.own_or_flow("ebit"), revenue)))


@statement_indicator(
    "F-13",
    "Profit does not become cash",
    Theme(STATEMENT, "qual", "QUALITY_OF_FIGURES").at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING", "Profit becomes cash")
    ),
    (
        Component("accruals", Unit.RATIO, "profit less operating cash flow, over average assets"),
        Component("twice", Unit.FLAG, "profit with negative cash flow twice running"),
    ),
)
def accruals(figures: StatementFigures) -> Measurement:
    """F-13: profit that did not become cash, over average assets; twice running is red."""
    income, cash_flow = figures.flow("net_income"), figures.flow("cfo")
    assets = figures.balance("total_assets")
    before = figures.balance("total_assets", years_back=1)
    share = ratio(2 * (income - cash_flow), assets + before)
    income_before = figures.flow_or_none("net_income", months_back=YEAR_MONTHS)
    cash_before = figures.flow_or_none("cfo", months_back=YEAR_MONTHS)
    twice: int | None = None
    if income_before is not None and cash_before is not None:
        paper_profit = income > 0 > cash_flow and income_before > 0 > cash_before
        twice = FLAG_RED if paper_profit else 0
    return measured_components([micro_of(share), twice])


@indicator(
    "F-23",
    "Loss in a firm of size",
    Theme(STATEMENT, "size", "PROFIT_LEVERAGE").at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING")
    ),
    (
        Component("return", Unit.RATIO, "net income over total assets"),
        Component("size", Unit.NUMBER, "total assets in millions, power of ten"),
    ),
    reads=touched.STATEMENTS | touched.PROFILE,
    evidence=statements_as_evidence,
)
def loss_of_size(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-23: return on assets, and how large the firm is: both must speak.

    Years of losses in a tiny debt-free firm do not kill it; the same losses in a large one do.
    """
    if not expects_statements(borrower):
        return not_applicable()
    try:
        figures = figures_of(borrower)
        assets = figures.balance("total_assets")
        if assets <= 0:
            return unmeasurable(Reason.ZERO_BASE)
        profitability = ratio(figures.own_or_flow("net_income"), assets)
    except CannotFormError as gap:
        return unmeasurable(gap.reason)
    decimals = decimals_of(borrower.profile.reporting_currency)
    millions = Fraction(assets, MICRO_MILLION * 10**decimals)
    return measured_components([micro_of(profitability), micro_float(math.log10(millions))])


@indicator(
    "F-05",
    "Cash does not cover debt service",
    Theme(STATEMENT, "cover", "PROFIT_LEVERAGE").at(
        Classification("CAPACITY", "FINANCIAL", "APPROVAL", "Cash covers debt service well")
    ),
    (
        Component("cover", Unit.NUMBER, "debt service cover"),
        Component("fall", Unit.NUMBER, "fall of the cover in two quarters"),
    ),
    reads=touched.STATEMENTS | touched.PROFILE | touched.LOANS,
    evidence=statements_as_evidence,
)
def debt_service_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-05: cash earned over interest and principal that fell due in the same twelve months."""
    if not expects_statements(borrower):
        return not_applicable()
    try:
        figures = figures_of(borrower)
        service = figures.flow("interest_expense") + _principal_due(borrower, figures, 0)
        if service <= 0:
            return not_applicable()
        cover = ratio(cash_for_service(figures, 0), service)
    except CannotFormError as gap:
        return unmeasurable(gap.reason)
    return measured_components([micro_of(cover), _fall_in_two_quarters(borrower, figures, cover)])


def cash_for_service(figures: StatementFigures, back: int) -> int:
    """Return EBITDA less cash tax and capex that nobody else paid for."""
    unfunded = max(
        0,
        _needed(figures, "capex", back)
        - _needed(figures, "debt_raised", back)
        - _needed(figures, "equity_raised", back),
    )
    tax = figures.flow_or_none("cash_tax_paid", months_back=back)
    if tax is None:
        tax = _needed(figures, "tax_expense", back)
    earned = _needed(figures, "ebit", back) + _needed(figures, "depreciation_amortisation", back)
    return earned - tax - unfunded


def _needed(figures: StatementFigures, line: str, back: int) -> int:
    flow = figures.flow_or_none(line, months_back=back)
    if flow is None:
        raise CannotFormError(Reason.MISSING_LINE if back == 0 else Reason.NO_PRIOR_STATEMENT)
    return flow


def _principal_due(borrower: Borrower, figures: StatementFigures, back: int) -> int:
    """Return what fell due on our loans in the twelve months and at other lenders.

    The firm's short-term debt of a year before is what had to be repaid since then; it includes our
    instalments, so the larger of the two is the whole (domain reading 24).
    """
    before = figures.balance_or_none("short_term_debt", months_back=back + YEAR_MONTHS)
    if before is None:
        raise CannotFormError(Reason.NO_PRIOR_STATEMENT)
    end = plus_months(figures.latest.period_end_day, -back)
    start = plus_months(end, -YEAR_MONTHS)
    return max(before, sum(principal_due(loan, start, end) for loan in borrower.loans))


def principal_due(loan: Loan, after: int, until: int) -> int:
    """Return the principal of the instalments due after one day and until another."""
    first, last = bisect_right(loan.due_days, after), bisect_right(loan.due_days, until)
    if last == 0:
        return 0
    whole = _part(loan.due_cum, first, last)
    return whole - _part(loan.interest_cum, first, last) - _part(loan.fees_cum, first, last)


def _part(cumulated: list[int], first: int, last: int) -> int:
    return cumulated[last - 1] - (cumulated[first - 1] if first else 0)


def _fall_in_two_quarters(
    borrower: Borrower, figures: StatementFigures, cover: Fraction
) -> int | None:
    back = 2 * QUARTER_MONTHS
    try:
        service = _needed(figures, "interest_expense", back) + _principal_due(
            borrower, figures, back
        )
        before = ratio(cash_for_service(figures, back), service)
    except CannotFormError:
        return None
    return micro_of(before - cover)
