"""The published statement models: Altman Z' and Z'', Zmijewski, Ohlson, Beneish, Piotroski.

Called by the F indicators; each function takes plain figures of one unit (any unit: they are all
ratios). Coefficients and zones are domain.md 3.5's, test vectors too. Sums are exact fractions,
rounded once; only a logarithm or an exponential goes through floating point and is rounded to six
decimals.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final

from services.scoring.domain.primitives.measurement import MICRO, micro_float, rounded_quotient

LARGEST_SCORE: Final = 50.0
BENEISH_WEIGHTS: Final = (
    "0.920",
    "0.528",
    "0.404",
    "0.892",
    "0.115",
    "-0.172",
    "4.679",
    "-0.327",
)


@cache
def _weight(text: str) -> Fraction:
    return Fraction(text)


def _sum_micro(*terms: tuple[str, Fraction]) -> int:
    """Return the weighted sum, rounded once; without common factors taken out on the way."""
    numerator, denominator = 0, 1
    for text, ratio in terms:
        weight = _weight(text)
        below = weight.denominator * ratio.denominator
        numerator = numerator * below + weight.numerator * ratio.numerator * denominator
        denominator *= below
    return rounded_quotient(numerator * MICRO, denominator)


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What the distress models read; total assets and total liabilities are above zero."""

    total_assets: int
    total_liabilities: int
    current_assets: int
    current_liabilities: int
    retained_earnings: int
    equity: int
    ebit: int

    def of_assets(self, figure: int) -> Fraction:
        """Return the figure over total assets."""
        return Fraction(figure, self.total_assets)

    @property
    def working_capital(self) -> int:
        """Return current assets less current liabilities."""
        return self.current_assets - self.current_liabilities


def altman_private_micro(firm: ModelFigures, sales: int) -> int:
    """Return Z' for private manufacturers: distress below 1.23, safe above 2.90."""
    return _sum_micro(
        ("0.717", firm.of_assets(firm.working_capital)),
        ("0.847", firm.of_assets(firm.retained_earnings)),
        ("3.107", firm.of_assets(firm.ebit)),
        ("0.420", Fraction(firm.equity, firm.total_liabilities)),
        ("0.998", firm.of_assets(sales)),
    )


def altman_general_micro(firm: ModelFigures) -> int:
    """Return Z'' for all others: distress below 1.10, safe above 2.60."""
    return _sum_micro(
        ("6.56", firm.of_assets(firm.working_capital)),
        ("3.26", firm.of_assets(firm.retained_earnings)),
        ("6.72", firm.of_assets(firm.ebit)),
        ("1.05", Fraction(firm.equity, firm.total_liabilities)),
    )


def zmijewski_micro(
    *,
    net_income: int,
    total_assets: int,
    total_liabilities: int,
    current_assets: int,
    current_liabilities: int,
) -> int:
    """Return Zmijewski's X, with +0.004 on the current ratio (texts differ; it hardly matters)."""
    return _sum_micro(
        ("-4.336", Fraction(1)),
        ("-4.513", Fraction(net_income, total_assets)),
        ("5.679", Fraction(total_liabilities, total_assets)),
        ("0.004", Fraction(current_assets, current_liabilities)),
    )


def normal_probability_micro(x_micro: int) -> int:
    """Return Phi(x): Zmijewski's probability."""
    return micro_float(0.5 * math.erfc(-x_micro / MICRO / math.sqrt(2.0)))


@dataclass(frozen=True, slots=True)
class OhlsonFigures:
    """What Ohlson's O reads. ``assets_index`` is total assets over the price index, above zero."""

    assets_index: float
    total_assets: int
    total_liabilities: int
    current_assets: int
    current_liabilities: int
    net_income: int
    net_income_before: int
    funds_from_operations: int


def ohlson_micro(figures: OhlsonFigures) -> int:
    """Return Ohlson's O. The size term makes its probability a rank, not a probability."""
    assets, liabilities = figures.total_assets, figures.total_liabilities
    both_lost = figures.net_income < 0 and figures.net_income_before < 0
    swing = abs(figures.net_income) + abs(figures.net_income_before)
    change = Fraction(figures.net_income - figures.net_income_before, swing) if swing else 0
    exact = _sum_micro(
        ("-1.32", Fraction(1)),
        ("6.03", Fraction(liabilities, assets)),
        ("-1.43", Fraction(figures.current_assets - figures.current_liabilities, assets)),
        ("0.0757", Fraction(figures.current_liabilities, figures.current_assets)),
        ("-1.72", Fraction(int(liabilities > assets))),
        ("-2.37", Fraction(figures.net_income, assets)),
        ("-1.83", Fraction(figures.funds_from_operations, liabilities)),
        ("0.285", Fraction(int(both_lost))),
        ("-0.521", Fraction(change)),
    )
    return exact + micro_float(-0.407 * math.log(figures.assets_index))


def logistic_probability_micro(score_micro: int) -> int:
    """Return 1 / (1 + exp(-O)): the 0.5 cut of the literature refers to this, not to O.

    A firm with hardly any assets has an O of thousands; beyond 50 the answer is 0 or 1 to the last
    digit kept.
    """
    score = max(-LARGEST_SCORE, min(LARGEST_SCORE, score_micro / MICRO))
    return micro_float(1.0 / (1.0 + math.exp(-score)))


def beneish_micro(indices: tuple[Fraction, ...]) -> int:
    """Return M of (DSRI, GMI, AQI, SGI, DEPI, SGAI, TATA, LVGI)."""
    terms = zip(BENEISH_WEIGHTS, indices, strict=True)
    return _sum_micro(("-4.84", Fraction(1)), *terms)


def piotroski(tests: list[bool]) -> int:
    """Return how many of the nine binary tests are passed."""
    return sum(tests)
