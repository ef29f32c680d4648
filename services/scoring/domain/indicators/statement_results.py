"""Indicators of what a firm earns: revenue, margin, losses and what they cover (F-02 to F-06,
F-13, F-23, F-26).

Formulas are domain.md 3.3's; thresholds are the rulebook's. Trends compare with the same period of
last year, so a first statement has levels and no trends.
"""

import math
from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators.composite_models import micro_of
from services.scoring.domain.indicators.from_statements import (
    FLAG_RED,
    any_arm,
    attempt,
    declare,
    expects_statements,
    growth,
    micro,
    ratio,
    statements_as_evidence,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_arms,
    micro_float,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.money import decimals_of
from services.scoring.domain.rulebook.rulebook import STATEMENT, Arm, Indicator, Rules, one_arm
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


def revenue_change(figures: StatementFigures) -> Measurement:
    """F-02: revenue of the last twelve months against the twelve before."""
    return measured(micro(growth(*figures.flow_pair("revenue"))))


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
    return measured_arms([points, relative, negative], gap=Reason.NO_PRIOR_STATEMENT)


def _margin_change(figures: StatementFigures) -> tuple[int | None, int | None]:
    try:
        ebit = figures.flow_pair("ebit")
        depreciation = figures.flow_pair("depreciation_amortisation")
        revenue = figures.flow_pair("revenue")
        margin = ratio(ebit[0] + depreciation[0], revenue[0])
        before = ratio(ebit[1] + depreciation[1], revenue[1])
    except CannotFormError:
        return None, None
    return micro(margin - before), micro(margin / before - 1) if before > 0 else None


def losses(figures: StatementFigures) -> Measurement:
    """F-04: profit before tax over revenue, years of loss in a row, quarters of loss in six."""
    margin = attempt(
        lambda: ratio(figures.own_or_flow("profit_before_tax"), figures.own_or_flow("revenue"))
    )
    values = [margin, _loss_years(figures), _loss_quarters(figures)]
    return measured_arms(any_arm(values, otherwise=Reason.MISSING_LINE))


def _loss_years(figures: StatementFigures) -> int | None:
    """Return how many years up to now ended in a loss; the run ends where nothing was filed."""
    years = 0
    for back in range(LONGEST_LOSS_RUN_YEARS):
        result = _year_result(figures, back * YEAR_MONTHS)
        if result is None and back == 0:
            return None
        if result is None or result >= 0:
            break
        years += 1
    return years * MICRO


def _year_result(figures: StatementFigures, months_back: int) -> int | None:
    """Return profit before tax of twelve months; where none is reported, what was left of it."""
    before_tax = figures.flow_or_none("profit_before_tax", months_back=months_back)
    if before_tax is not None:
        return before_tax
    return figures.flow_or_none("net_income", months_back=months_back)


def _loss_quarters(figures: StatementFigures) -> int | None:
    """Return the loss-making quarters among the last six, if all six can be told apart."""
    lost = 0
    for back in range(QUARTERS_LOOKED_AT):
        result = figures.period_flow_or_none(
            "profit_before_tax", months_back=back * QUARTER_MONTHS, months=QUARTER_MONTHS
        )
        if result is None:
            return None
        lost += result < 0
    return lost * MICRO


def interest_cover(figures: StatementFigures) -> Measurement:
    """F-06: EBIT over interest of twelve months; without interest there is nothing to cover."""
    interest = figures.flow("interest_expense")
    if interest <= 0:
        return not_applicable()
    return measured(micro(ratio(figures.flow("ebit"), interest)))


def operating_margin(figures: StatementFigures) -> Measurement:
    """F-26: EBIT over revenue; without revenue there is no margin."""
    revenue = figures.own_or_flow("revenue")
    if revenue < 0:
        raise CannotFormError(Reason.NEGATIVE_BASE)
    return measured(micro(ratio(figures.own_or_flow("ebit"), revenue)))


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
    return measured_arms([micro(share), twice])


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
    return measured_arms([micro_of(profitability), micro_float(math.log10(millions))])


INDICATORS: Final[tuple[Indicator, ...]] = (
    declare(
        "F-02",
        "Revenue is falling",
        "perf",
        "PROFIT_LEVERAGE",
        one_arm(Unit.RATIO, "revenue against the year before"),
        revenue_change,
    ),
    declare(
        "F-03",
        "Operating margin is squeezed",
        "perf",
        "PROFIT_LEVERAGE",
        (
            Arm("points", Unit.POINTS, "EBITDA margin less last year's"),
            Arm("relative", Unit.RATIO, "EBITDA margin against last year's"),
            Arm("negative", Unit.FLAG, "EBITDA is zero or negative"),
        ),
        margin_squeeze,
    ),
    declare(
        "F-04",
        "The firm makes losses",
        "perf",
        "PROFIT_LEVERAGE",
        (
            Arm("margin", Unit.RATIO, "profit before tax over revenue"),
            Arm("years", Unit.COUNT, "years of loss in a row"),
            Arm("quarters", Unit.COUNT, "quarters of loss in the last six"),
        ),
        losses,
    ),
    declare(
        "F-06",
        "Profit hardly covers interest",
        "cover",
        "PROFIT_LEVERAGE",
        one_arm(Unit.NUMBER, "EBIT over interest"),
        interest_cover,
    ),
    declare(
        "F-13",
        "Profit does not become cash",
        "qual",
        "QUALITY_OF_FIGURES",
        (
            Arm("accruals", Unit.RATIO, "profit less operating cash flow, over average assets"),
            Arm("twice", Unit.FLAG, "profit with negative cash flow twice running"),
        ),
        accruals,
    ),
    declare(
        "F-26",
        "Sales leave little profit",
        "loss",
        "PROFIT_LEVERAGE",
        one_arm(Unit.RATIO, "EBIT over revenue"),
        operating_margin,
    ),
    Indicator(
        id="F-23",
        name="Loss in a firm of size",
        family=STATEMENT,
        group="size",
        risk_type="PROFIT_LEVERAGE",
        arms=(
            Arm("return", Unit.RATIO, "net income over total assets"),
            Arm("size", Unit.NUMBER, "total assets in millions, power of ten"),
        ),
        inputs=touched.STATEMENTS | touched.PROFILE,
        measure=loss_of_size,
        evidence=statements_as_evidence,
    ),
)
