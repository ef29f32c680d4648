"""Indicators from published models: Altman, Zmijewski and Ohlson, Beneish, Piotroski (F-14, F-15,
F-16, F-21).

Which arm counts is the rulebook's choice: the reference rulebook reads the zones of Z' or Z'', the
default one the fall of Z''. None of the models is meant for banks and insurers.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators import composite_models as models
from services.scoring.domain.indicators.beneish import beneish_indices
from services.scoring.domain.indicators.from_statements import (
    declare,
    expects_statements,
    measuring,
    statements_as_evidence,
)
from services.scoring.domain.indicators.piotroski import passed_tests
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_arms,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import STATEMENT, Arm, Indicator, Rules, one_arm
from services.scoring.domain.views.statements import (
    YEAR_MONTHS,
    CannotFormError,
    StatementFigures,
    figures_of,
)

MANUFACTURING_DIVISIONS: Final = range(10, 34)
FINANCIAL_DIVISIONS: Final = range(64, 67)


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


def firm_at(figures: StatementFigures, years_back: int) -> models.Firm:
    """Return the figures of the distress models now or so many years before."""
    firm = models.Firm(
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
    return measured_arms([*zone, fall, fallen_to], gap=Reason.NO_PRIOR_STATEMENT)


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
    return measured_arms([models.normal_probability_micro(x), x, _ohlson(figures)])


def distress(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-15: how likely failure looks to Zmijewski's and Ohlson's models.

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
            # Total assets in thousands of the reporting currency stand for price-index units.
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


def beneish(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-16: do the figures look like those of firms that managed their earnings?"""
    if not expects_statements(borrower) or is_financial(borrower.profile.industry_code):
        return not_applicable()
    try:
        return measured(models.beneish_micro(beneish_indices(figures_of(borrower))))
    except CannotFormError as gap:
        return unmeasurable(gap.reason)


def piotroski_score(figures: StatementFigures) -> Measurement:
    """F-21: how many of Piotroski's nine tests are passed."""
    return measured(models.piotroski(passed_tests(figures)) * MICRO)


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="F-14",
        name="Altman score points to distress",
        family=STATEMENT,
        group="solv",
        risk_type="PROFIT_LEVERAGE",
        arms=(
            Arm("private", Unit.NUMBER, "Z' (private manufacturer)"),
            Arm("private_falling", Unit.NUMBER, "Z' while it falls"),
            Arm("general", Unit.NUMBER, "Z'' (other firms)"),
            Arm("general_falling", Unit.NUMBER, "Z'' while it falls"),
            Arm("fall", Unit.NUMBER, "fall of Z'' over a year"),
            Arm("fallen_to", Unit.NUMBER, "Z'' where the year before is known"),
        ),
        inputs=touched.STATEMENTS | touched.PROFILE,
        measure=altman,
        evidence=statements_as_evidence,
    ),
    Indicator(
        id="F-15",
        name="Distress model sees failure coming",
        family=STATEMENT,
        group="solv",
        risk_type="PROFIT_LEVERAGE",
        arms=(
            Arm("zmijewski", Unit.RATIO, "Zmijewski's probability"),
            Arm("zmijewski_x", Unit.NUMBER, "Zmijewski's X"),
            Arm("ohlson", Unit.RATIO, "Ohlson's probability"),
        ),
        inputs=touched.STATEMENTS | touched.PROFILE,
        measure=distress,
        evidence=statements_as_evidence,
    ),
    Indicator(
        id="F-16",
        name="Figures look managed",
        family=STATEMENT,
        group="qual",
        risk_type="QUALITY_OF_FIGURES",
        arms=one_arm(Unit.NUMBER, "Beneish M"),
        inputs=touched.STATEMENTS | touched.PROFILE,
        measure=beneish,
        evidence=statements_as_evidence,
    ),
    declare(
        "F-21",
        "Few signs of financial strength",
        "perf",
        "PROFIT_LEVERAGE",
        one_arm(Unit.COUNT, "Piotroski tests passed"),
        piotroski_score,
    ),
)
