"""The vectors of domain.md 3.5, firm A and firm B."""

from fractions import Fraction

import pytest

from services.scoring.domain.indicators import composite_models as models

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


def near(micro: int, expected: str) -> bool:
    return abs(micro - int(Fraction(expected) * 1_000_000)) <= 5


def zmijewski(firm: models.ModelFigures, net_income: int) -> int:
    return models.zmijewski_micro(
        net_income=net_income,
        total_assets=firm.total_assets,
        total_liabilities=firm.total_liabilities,
        current_assets=firm.current_assets,
        current_liabilities=firm.current_liabilities,
    )


@pytest.mark.parametrize(
    ("firm", "sales", "private", "general"),
    [(FIRM_A, 1100, "1.583618", "1.622519"), (FIRM_B, 700, "0.573272", "-1.190112")],
    ids=["firm A", "firm B"],
)
def test_altman(firm: models.ModelFigures, sales: int, private: str, general: str) -> None:
    assert near(models.altman_private_micro(firm, sales), private)
    assert near(models.altman_general_micro(firm), general)


@pytest.mark.parametrize(
    ("firm", "net_income", "x", "probability"),
    [(FIRM_A, 22, "-0.22809", "0.40979"), (FIRM_B, -55, "1.17995", "0.88099")],
    ids=["firm A", "firm B"],
)
def test_zmijewski(firm: models.ModelFigures, net_income: int, x: str, probability: str) -> None:
    measurement = zmijewski(firm, net_income)
    assert near(measurement, x)
    assert near(models.normal_probability_micro(measurement), probability)


def test_ohlson() -> None:
    score = models.ohlson_micro(
        models.OhlsonFigures(
            assets_index=1000.0,
            total_assets=1000,
            total_liabilities=740,
            current_assets=450,
            current_liabilities=380,
            net_income=22,
            net_income_before=40,
            funds_from_operations=58,
        )
    )
    assert near(score, "0.25025")
    assert near(models.logistic_probability_micro(score), "0.56224")


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        (("1", "1", "1", "1", "1", "1", "0", "1"), "-2.48"),
        (("1.465", "1.193", "1.254", "1.607", "1.077", "1.041", "0.031", "1.111"), "-1.19568"),
    ],
    ids=["nothing changed", "all worse"],
)
def test_beneish(indices: tuple[str, ...], expected: str) -> None:
    assert near(models.beneish_micro(tuple(Fraction(index) for index in indices)), expected)
