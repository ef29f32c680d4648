"""Published models: Altman, Zmijewski, Ohlson, Beneish, Piotroski (F-14 to F-16, F-21).

Which component counts is the rulebook's choice: the reference rulebook reads the zones of Z' or
Z'', the default one the fall of Z''. None of the models is meant for banks and insurers. Beneish
and Piotroski need two years of every line: a missing one makes the model unmeasurable, as an index
of 1 "by default" would call doubtful figures clean. Piotroski's test 4 is cash flow above return on
assets (one glossary prints it backwards).
"""

from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators import composite_models as models
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.from_statements import (
    expects_statements,
    measuring,
    ratio,
    statement_indicator,
    statements_as_evidence,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import STATEMENT, Component, Rules
from services.scoring.domain.views.statements import (
    YEAR_MONTHS,
    CannotFormError,
    StatementFigures,
    figures_of,
)

MANUFACTURING_DIVISIONS: Final = range(10, 34)
FINANCIAL_DIVISIONS: Final = range(64, 67)


SOLVENCY: Final = Theme(STATEMENT, "solv", "PROFIT_LEVERAGE")


def industry_division(industry_code: str) -> tuple[str, int]:
    """Return the section letter (or "") and the two-digit division (or -1) of a NACE/ISIC code."""
    code = industry_code.strip().upper()
    letter = code[:1] if code[:1].isalpha() else ""
    digits = code[len(letter) : len(letter) + 2]
    return letter, int(digits) if digits.isdigit() and len(digits) == 2 else -1


def is_manufacturer(industry_code: str) -> bool:
    """Return whether the code is NACE/ISIC section C, divisions 10 to 33."""
    letter, division = industry_division(industry_code)
    return letter == "C" or (not letter and division in MANUFACTURING_DIVISIONS)


def is_financial(industry_code: str) -> bool:
    """Return whether the code is NACE/ISIC section K, divisions 64 to 66."""
    letter, division = industry_division(industry_code)
    return letter == "K" or (not letter and division in FINANCIAL_DIVISIONS)


def firm_at(figures: StatementFigures, years_back: int) -> models.ModelFigures:
    """Return the figures of the distress models now or some years before."""
    firm = models.ModelFigures(
        total_assets=figures.balance("total_assets", years_back=years_back),
        total_liabilities=figures.balance("total_liabilities", years_back=years_back),
        current_assets=figures.balance("current_assets", years_back=years_back),
        current_liabilities=figures.balance("current_liabilities", years_back=years_back),
        retained_earnings=figures.balance("retained_earnings", years_back=years_back),
        equity=figures.balance("equity", years_back=years_back),
        ebit=figures.flow("ebit", years_back=years_back),
    )
    if firm.total_assets <= 0 or firm.total_liabilities <= 0:
        raise CannotFormError(Reason.ZERO_BASE)
    return firm


@indicator(
    "F-14",
    "Altman score points to distress",
    SOLVENCY.at(Classification("FINANCE", "FINANCIAL", "APPROVAL")),
    (
        Component("private", Unit.NUMBER, "Z' (private manufacturer)"),
        Component("private_falling", Unit.NUMBER, "Z' while it falls"),
        Component("general", Unit.NUMBER, "Z'' (other firms)"),
        Component("general_falling", Unit.NUMBER, "Z'' while it falls"),
        Component("fall", Unit.NUMBER, "fall of Z'' over a year"),
        Component("fallen_to", Unit.NUMBER, "Z'' where the year before is known"),
    ),
    reads=touched.STATEMENTS | touched.PROFILE,
    evidence=statements_as_evidence,
)
def altman(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-14: Z' of a private manufacturer, Z'' of others; and whether Z'' fell over a year."""
    industry = borrower.profile.industry_code
    if not expects_statements(borrower) or is_financial(industry):
        return not_applicable()
    try:
        figures = figures_of(borrower)
        firm = firm_at(figures, 0)
        general = models.altman_general_micro(firm)
        private = models.altman_private_micro(firm, figures.flow("revenue"))
    except CannotFormError as gap:
        return unmeasurable(gap.reason)
    before_private, before_general = _altman_before(figures)
    fall = None if before_general is None else before_general - general
    if is_manufacturer(industry):
        falling = before_private is not None and private < before_private
        zone = [private, private if falling else None, None, None]
    else:
        falling = before_general is not None and general < before_general
        zone = [None, None, general, general if falling else None]
    fallen_to = None if fall is None else general
    return measured_components([*zone, fall, fallen_to], gap=Reason.NO_PRIOR_STATEMENT)


def _altman_before(figures: StatementFigures) -> tuple[int | None, int | None]:
    try:
        firm = firm_at(figures, 1)
        sales = figures.flow("revenue", years_back=1)
    except CannotFormError:
        return None, None
    return models.altman_private_micro(firm, sales), models.altman_general_micro(firm)


def distress_probability(figures: StatementFigures) -> Measurement:
    """Form F-15: Zmijewski's probability and X; Ohlson's where cash flow can be formed."""
    assets, liabilities = figures.balance("total_assets"), figures.balance("total_liabilities")
    current = figures.balance("current_liabilities")
    if assets <= 0 or current <= 0:
        raise CannotFormError(Reason.ZERO_BASE)
    x = models.zmijewski_micro(
        net_income=figures.flow("net_income"),
        total_assets=assets,
        total_liabilities=liabilities,
        current_assets=figures.balance("current_assets"),
        current_liabilities=current,
    )
    return measured_components([models.normal_probability_micro(x), x, _ohlson(figures)])


@indicator(
    "F-15",
    "Distress model sees failure coming",
    SOLVENCY.at(Classification("FINANCE", "FINANCIAL", "APPROVAL")),
    (
        Component("zmijewski", Unit.RATIO, "Zmijewski's probability"),
        Component("zmijewski_x", Unit.NUMBER, "Zmijewski's X"),
        Component("ohlson", Unit.RATIO, "Ohlson's probability"),
    ),
    reads=touched.STATEMENTS | touched.PROFILE,
    evidence=statements_as_evidence,
)
def distress(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-15: how likely failure is by Zmijewski's and Ohlson's models.

    Neither had a financial firm in its sample: who lives on debt would fail by leverage alone.
    """
    if is_financial(borrower.profile.industry_code):
        return not_applicable()
    return _distress(borrower, as_of, rules)


_distress: Final = measuring(distress_probability)


def _ohlson(figures: StatementFigures) -> int | None:
    income = figures.flow_or_none("net_income")
    before = figures.flow_or_none("net_income", months_back=YEAR_MONTHS)
    depreciation = figures.flow_or_none("depreciation_amortisation")
    if income is None or before is None or depreciation is None:
        return None
    assets = figures.balance("total_assets")
    liabilities = figures.balance("total_liabilities")
    current = figures.balance("current_assets")
    if liabilities <= 0 or current <= 0:
        return None
    score = models.ohlson_micro(
        models.OhlsonFigures(
            # Total assets in thousands of the reporting currency replace price-index units.
            assets_index=max(1.0, assets / 100_000),
            total_assets=assets,
            total_liabilities=liabilities,
            current_assets=current,
            current_liabilities=figures.balance("current_liabilities"),
            net_income=income,
            net_income_before=before,
            funds_from_operations=income + depreciation,
        )
    )
    return models.logistic_probability_micro(score)


@indicator(
    "F-16",
    "Figures look managed",
    Theme(STATEMENT, "qual", "QUALITY_OF_FIGURES").at(
        Classification("WILLINGNESS", "CONDUCT", "APPLICATION")
    ),
    single(Unit.NUMBER, "Beneish M"),
    reads=touched.STATEMENTS | touched.PROFILE,
    evidence=statements_as_evidence,
)
def beneish(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-16: do the figures resemble those of firms that managed their earnings?"""
    if not expects_statements(borrower) or is_financial(borrower.profile.industry_code):
        return not_applicable()
    try:
        return measured(models.beneish_micro(beneish_indices(figures_of(borrower))))
    except CannotFormError as gap:
        return unmeasurable(gap.reason)


@statement_indicator(
    "F-21",
    "Few signs of financial strength",
    Theme(STATEMENT, "perf", "PROFIT_LEVERAGE").at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING", "Many signs of financial strength")
    ),
    single(Unit.COUNT, "Piotroski tests passed"),
)
def piotroski_score(figures: StatementFigures) -> Measurement:
    """F-21: how many of Piotroski's nine tests are passed."""
    return measured(models.piotroski(passed_tests(figures)) * MICRO)


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
