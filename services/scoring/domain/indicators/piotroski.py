"""Piotroski's nine tests, in the published order.

Called by `statement_models`. Test 4 is cash flow above return on assets (one glossary prints it
backwards). All nine need two years; a missing line makes the count unmeasurable.
"""

from fractions import Fraction

from services.scoring.domain.indicators.from_statements import ratio
from services.scoring.domain.views.statements import StatementFigures


def passed_tests(figures: StatementFigures) -> list[bool]:
    """Return the nine verdicts.

    Raises:
        CannotFormError: If a line of this or last year is missing.
    """
    income, cash = figures.flow("net_income"), figures.flow("cfo")
    assets = figures.balance("total_assets")
    return [
        income > 0,
        cash > 0,
        _return(figures, 0) > _return(figures, 1),
        ratio(cash, assets) > ratio(income, assets),
        _gearing(figures, 0) < _gearing(figures, 1),
        _liquidity(figures, 0) > _liquidity(figures, 1),
        figures.balance("shares_outstanding")
        <= figures.balance("shares_outstanding", years_back=1),
        _gross_margin(figures, 0) > _gross_margin(figures, 1),
        _turnover(figures, 0) > _turnover(figures, 1),
    ]


def _return(figures: StatementFigures, back: int) -> Fraction:
    return ratio(
        figures.flow("net_income", years_back=back),
        figures.balance("total_assets", years_back=back),
    )


def _gearing(figures: StatementFigures, back: int) -> Fraction:
    return ratio(
        figures.balance("long_term_debt", years_back=back),
        figures.balance("total_assets", years_back=back),
    )


def _liquidity(figures: StatementFigures, back: int) -> Fraction:
    return ratio(
        figures.balance("current_assets", years_back=back),
        figures.balance("current_liabilities", years_back=back),
    )


def _gross_margin(figures: StatementFigures, back: int) -> Fraction:
    sales = figures.flow("revenue", years_back=back)
    return ratio(sales - figures.flow("cogs", years_back=back), sales)


def _turnover(figures: StatementFigures, back: int) -> Fraction:
    return ratio(
        figures.flow("revenue", years_back=back),
        figures.balance("total_assets", years_back=back),
    )
