"""The eight indices of Beneish's M, in the order of the published formula.

Called by `statement_models`. Two years of every line are needed; a missing one makes the whole
model unmeasurable, as an index of 1 "by default" would call doubtful figures clean.
"""

from fractions import Fraction

from services.scoring.domain.indicators.from_statements import ratio
from services.scoring.domain.views.statements import StatementFigures


def beneish_indices(figures: StatementFigures) -> tuple[Fraction, ...]:
    """Return (DSRI, GMI, AQI, SGI, DEPI, SGAI, TATA, LVGI).

    Raises:
        CannotFormError: If a line of this or last year is missing or a base is zero.
    """
    now, before = _Year(figures, 0), _Year(figures, 1)
    income, cash = figures.flow("net_income"), figures.flow("cfo")
    return (
        _over(now.per_sales("receivables"), before.per_sales("receivables")),
        _over(before.gross_margin(), now.gross_margin()),
        _over(now.soft_assets(), before.soft_assets()),
        ratio(now.sales, before.sales),
        _over(before.depreciation_rate(), now.depreciation_rate()),
        _over(now.overhead(), before.overhead()),
        ratio(income - cash, now.assets),
        _over(now.leverage(), before.leverage()),
    )


def _over(numerator: Fraction, denominator: Fraction) -> Fraction:
    return ratio(
        numerator.numerator * denominator.denominator,
        numerator.denominator * denominator.numerator,
    )


class _Year:
    """One year's figures for the indices."""

    __slots__ = ("assets", "back", "figures", "sales")

    def __init__(self, figures: StatementFigures, back: int) -> None:
        self.figures = figures
        self.back = back
        self.sales = figures.flow("revenue", years_back=back)
        self.assets = figures.balance("total_assets", years_back=back)

    def _balance(self, line: str) -> int:
        return self.figures.balance(line, years_back=self.back)

    def _flow(self, line: str) -> int:
        return self.figures.flow(line, years_back=self.back)

    def per_sales(self, line: str) -> Fraction:
        return ratio(self._balance(line), self.sales)

    def gross_margin(self) -> Fraction:
        return ratio(self.sales - self._flow("cogs"), self.sales)

    def soft_assets(self) -> Fraction:
        hard = self._balance("current_assets") + self._balance("ppe_net")
        return ratio(self.assets - hard, self.assets)

    def depreciation_rate(self) -> Fraction:
        depreciation = self._flow("depreciation_amortisation")
        return ratio(depreciation, depreciation + self._balance("ppe_net"))

    def overhead(self) -> Fraction:
        return ratio(self._flow("sga"), self.sales)

    def leverage(self) -> Fraction:
        debt = self._balance("current_liabilities") + self._balance("long_term_debt")
        return ratio(debt, self.assets)
