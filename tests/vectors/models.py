"""The statement models of section 3.5: firm A, firm B and two sets of Beneish indices."""

from fractions import Fraction
from functools import partial

from services.scoring.domain.indicators import composite_models as models
from tests.vectors.table import Vector

SECTION = "3.5 Composite models"
FIRM_A = models.ModelFigures(
    total_assets=1000,
    total_liabilities=740,
    current_assets=450,
    current_liabilities=380,
    retained_earnings=120,
    equity=260,
    ebit=60,
)
FIRM_B = models.ModelFigures(
    total_assets=900,
    total_liabilities=830,
    current_assets=300,
    current_liabilities=420,
    retained_earnings=-60,
    equity=70,
    ebit=-25,
)
OHLSON_A = models.OhlsonFigures(
    assets_index=1000.0,
    total_assets=1000,
    total_liabilities=740,
    current_assets=450,
    current_liabilities=380,
    net_income=22,
    net_income_before=40,
    funds_from_operations=58,
)
UNCHANGED = ("1", "1", "1", "1", "1", "1", "0", "1")
MANIPULATED = ("1.465", "1.193", "1.254", "1.607", "1.077", "1.041", "0.031", "1.111")


def zmijewski(firm: models.ModelFigures, net_income: int, liquidity: int = 1) -> int:
    """Return X; with ``liquidity`` -1 the sign of the liquidity term is the other one."""
    return models.zmijewski_micro(
        net_income=net_income,
        total_assets=firm.total_assets,
        total_liabilities=firm.total_liabilities,
        current_assets=firm.current_assets * liquidity,
        current_liabilities=firm.current_liabilities,
    )


def zmijewski_probability(firm: models.ModelFigures, net_income: int, liquidity: int = 1) -> int:
    """Return Phi(X)."""
    return models.normal_probability_micro(zmijewski(firm, net_income, liquidity))


def ohlson_probability() -> int:
    """Return firm A's p."""
    return models.logistic_probability_micro(models.ohlson_micro(OHLSON_A))


def beneish(*indices: str) -> int:
    """Return M."""
    return models.beneish_micro(tuple(Fraction(index) for index in indices))


_ROWS = (
    ("Altman Z', firm A", "1.5836", partial(models.altman_private_micro, FIRM_A, 1100)),
    ("Altman Z'', firm A", "1.6225", partial(models.altman_general_micro, FIRM_A)),
    ("Zmijewski X, firm A", "-0.22809", partial(zmijewski, FIRM_A, 22)),
    ("Zmijewski p, firm A", "0.40979", partial(zmijewski_probability, FIRM_A, 22)),
    ("Zmijewski X, firm A, with -0.004", "-0.23756", partial(zmijewski, FIRM_A, 22, -1)),
    ("Zmijewski p, firm A, with -0.004", "0.40611", partial(zmijewski_probability, FIRM_A, 22, -1)),
    ("Ohlson O, firm A, TA/index 1000", "0.25025", partial(models.ohlson_micro, OHLSON_A)),
    ("Ohlson p, firm A", "0.56224", ohlson_probability),
    ("Altman Z', firm B", "0.57327", partial(models.altman_private_micro, FIRM_B, 700)),
    ("Altman Z'', firm B", "-1.19011", partial(models.altman_general_micro, FIRM_B)),
    ("Zmijewski X, firm B", "1.17995", partial(zmijewski, FIRM_B, -55)),
    ("Zmijewski p, firm B", "0.88099", partial(zmijewski_probability, FIRM_B, -55)),
    ("Beneish M, all indices 1, TATA 0", "-2.4800", partial(beneish, *UNCHANGED)),
    (f"Beneish M, {', '.join(MANIPULATED)}", "-1.19568", partial(beneish, *MANIPULATED)),
)
VECTORS = tuple(Vector(SECTION, *row) for row in _ROWS)
