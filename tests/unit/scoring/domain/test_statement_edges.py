"""Statement indicators on both sides of each threshold of the catalogue, worked out by hand.

Each row: lines of the year before, lines now, the figures that follow, the level. F-23 and later
are judged as `default` has them, the others as `reference` does.
"""

import pytest

from services.scoring.domain.primitives.measurement import MICRO
from tests.fakes.edges import A, Edge, G, R, check, edges, level_of, measured
from tests.fakes.statements import firm, statement

# Last year's EBITDA is 200 of 1,000 (20 %), in the second block 100 (10 %).
MARGIN_20 = {"revenue": 1000, "ebit": 150, "depreciation_amortisation": 50}
MARGIN_10 = {"revenue": 1000, "ebit": 50, "depreciation_amortisation": 50}
SAME_SALES = {"revenue": 1000, "depreciation_amortisation": 50}
# Sales fell by 60 per cent, so that stock which halved still outgrew them.
FALLEN = {"revenue": 400, "cogs": 400}
STEADY = {"revenue": 1000, "cogs": 1000}
# 20 of interest and 80 of last year's short-term debt have to be served.
SERVED = {"interest_expense": 20, "depreciation_amortisation": 50, "cash_tax_paid": 30}
NO_CAPEX = {"capex": 0, "debt_raised": 0, "equity_raised": 0}
OWED = {"short_term_debt": 80}

EDGES = [
    *edges(
        "F-03",
        MARGIN_20,
        SAME_SALES,
        "ebit",
        (121, (-0.029, -0.145, 0), G),
        (120, (-0.030, -0.150, 0), A),
        (91, (-0.059, -0.295, 0), A),
        (90, (-0.060, -0.300, 0), R),
    ),
    *edges(
        "F-03",
        MARGIN_10,
        SAME_SALES,
        "ebit",
        (31, (-0.019, -0.19, 0), G),
        (30, (-0.020, -0.20, 0), A),
        (11, (-0.039, -0.39, 0), A),
        (10, (-0.040, -0.40, 0), R),
        (-50, (-0.100, -1.00, 2), R),
    ),
    *edges(
        "F-05",
        OWED,
        SERVED | NO_CAPEX,
        "ebit",
        (100, (1.20, None), G),
        (99, (1.19, None), A),
        (80, (1.00, None), A),
        (79, (0.99, None), R),
    ),
    *edges(
        "F-07",
        None,
        {"short_term_debt": 0, "cash": 0, "ebit": 60, "depreciation_amortisation": 40},
        "long_term_debt",
        (400, (4.00, 0), G),
        (401, (4.01, 0), A),
        (600, (6.00, 0), A),
        (601, (6.01, 0), R),
    ),
    *edges(
        "F-07",
        None,
        {"short_term_debt": 1, "cash": 0, "long_term_debt": 0, "depreciation_amortisation": 40},
        "ebit",
        (-40, (None, 2), R),
    ),
    *edges(
        "F-09",
        {"current_assets": 200, "current_liabilities": 100},
        {"current_liabilities": 100},
        "current_assets",
        (161, (1.61, -0.195), G),
        (160, (1.60, -0.200), A),
    ),
    *(
        edge
        for indicator, stock in (("F-10", "receivables"), ("F-11", "inventory"))
        for edge in (
            *edges(
                indicator,
                STEADY | {stock: 1000},
                STEADY,
                stock,
                (1199, (0.199, 0.199), G),
                (1200, (0.200, 0.200), A),
                (1399, (0.399, 0.399), A),
                (1400, (0.400, 0.400), R),
            ),
            *edges(
                indicator,
                STEADY | {stock: 1000},
                FALLEN,
                stock,
                (499, (0.2475, 0.099), G),
                (500, (0.2500, 0.100), A),
                (649, (0.6225, 0.249), A),
                (650, (0.6250, 0.250), R),
            ),
        )
    ),
    *edges(
        "F-12",
        {"cogs": 1000, "payables": 1000},
        {"cogs": 1000},
        "payables",
        (1249, (0.249,), G),
        (1250, (0.250,), A),
        (1499, (0.499,), A),
        (1500, (0.500,), R),
    ),
    *edges(
        "F-13",
        {"total_assets": 1000, "net_income": 100, "cfo": 100},
        {"total_assets": 1000, "net_income": 100},
        "cfo",
        (50, (0.050, 0), G),
        (49, (0.051, 0), A),
        (0, (0.100, 0), A),
        (-1, (0.101, 0), R),
    ),
    *edges(
        "F-13",
        {"total_assets": 1000, "net_income": 1, "cfo": -1},
        {"total_assets": 1000, "net_income": 1},
        "cfo",
        (-1, (0.002, 2), R),
    ),
]


@pytest.mark.parametrize("edge", EDGES, ids=[f"{edge.indicator} {edge.figures}" for edge in EDGES])
def test_figure_and_level(edge: Edge) -> None:
    check(edge)


@pytest.mark.parametrize(
    ("due", "days", "level"),
    [
        pytest.param("2023-06-15", 15, G, id="15 days are green"),
        pytest.param("2023-06-14", 16, A, id="16 days are amber"),
        pytest.param("2023-04-01", 90, A, id="90 days are amber"),
        pytest.param("2023-03-31", 91, R, id="91 days are red"),
    ],
)
def test_f01_days_after_the_day_a_year_after_the_last_due_date(
    due: str, days: int, level: int
) -> None:
    borrower = firm(statement("2022-12", due=due))
    measurement = measured("F-01", borrower)
    assert measurement.values == [days * MICRO]
    assert level_of(measurement, "F-01") == level


@pytest.mark.parametrize(
    ("profits", "lost", "level"),
    [
        pytest.param((-1, 40, -1, 40, -1, 40), 3, G, id="three of six quarters"),
        pytest.param((-1, 40, -1, 40, -1, -1), 4, R, id="four of six quarters are red"),
    ],
)
def test_f04_quarters_of_loss(profits: tuple[int, ...], lost: int, level: int) -> None:
    months = ("2022-09", "2022-12", "2023-03", "2023-06", "2023-09", "2023-12")
    filed = [
        statement(month, 3, revenue=1000, profit_before_tax=profit)
        for month, profit in zip(months, profits, strict=True)
    ]
    measurement = measured("F-04", firm(*filed))
    assert measurement.values[2] == lost * MICRO
    assert level_of(measurement, "F-04") == level


@pytest.mark.parametrize(
    ("second_half", "fall", "level"),
    [
        pytest.param(76, 0.24, G, id="a fall of 0.24 is green"),
        pytest.param(75, 0.25, A, id="a fall of 0.25 is amber"),
    ],
)
def test_f05_fall_of_the_cover_in_two_quarters(second_half: int, fall: float, level: int) -> None:
    # 100 have to be served at either end; 150 was earned until June, 50 in the half-year after and
    # so much less than the 100 of the second half of last year.
    same = {"depreciation_amortisation": 0, "cash_tax_paid": 0, "short_term_debt": 80, **NO_CAPEX}
    filed = [
        statement("2022-06", 6, ebit=50, interest_expense=10, **same),
        statement("2022-12", 12, ebit=150, interest_expense=20, **same),
        statement("2023-06", 6, ebit=50, interest_expense=10, **same),
        statement("2023-12", 12, ebit=50 + second_half, interest_expense=20, **same),
    ]
    before = statement("2021-12", 12, short_term_debt=80)
    measurement = measured("F-05", firm(before, *filed))
    assert measurement.values == [(50 + second_half) * MICRO // 100, round(fall * MICRO)]
    assert level_of(measurement, "F-05") == level


@pytest.mark.parametrize(
    ("opinion", "is_changed", "figures", "level"),
    [
        pytest.param(1, False, (0, 0), G, id="unqualified"),
        pytest.param(3, False, (1, 0), A, id="qualified is amber"),
        pytest.param(1, True, (0, 1), A, id="a new auditor is amber"),
        pytest.param(5, False, (2, 0), R, id="a disclaimer is red"),
    ],
)
def test_f19_auditor(opinion: int, is_changed: bool, figures: tuple[int, int], level: int) -> None:
    filed = statement("2023-12", opinion=opinion)
    filed.auditor_changed = is_changed
    measurement = measured("F-19", firm(filed))
    assert measurement.values == [figure * MICRO for figure in figures]
    assert level_of(measurement, "F-19") == level


def test_f19_an_opinion_counts_until_the_next_one() -> None:
    adverse = statement("2023-12", opinion=4)
    interim = statement("2024-03", 3, opinion=0)
    assert measured("F-19", firm(adverse, interim)).values == [2 * MICRO, 0]
    clean = statement("2024-12", opinion=1)
    assert measured("F-19", firm(adverse, interim, clean)).values == [0, 0]


def test_f19_a_change_of_auditor_since_the_last_opinion_counts() -> None:
    interim = statement("2024-03", 3, opinion=0)
    interim.auditor_changed = True
    assert measured("F-19", firm(statement("2023-12", opinion=1), interim)).values == [0, MICRO]
