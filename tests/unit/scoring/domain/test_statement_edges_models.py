"""Statement models and strength on both sides of each threshold, worked out by hand.

Rows as in test_statement_edges.py.
"""

import pytest

from tests.fakes.edges import A, Edge, G, R, check, edges

# A firm of 1,000 with equal current assets and liabilities and as much own as borrowed money:
# Z' is 0.42 + 0.998 S/TA, Z'' is 1.05 + 6.72 EBIT/TA.
HALF = {
    "total_assets": 1000,
    "total_liabilities": 500,
    "current_assets": 300,
    "current_liabilities": 300,
    "retained_earnings": 0,
    "equity": 500,
}
# All indices of Beneish are 1, so M is -2.48 + 4.679 x (net income - CFO) / 1,000.
UNCHANGED = {
    "revenue": 1000,
    "cogs": 600,
    "sga": 100,
    "depreciation_amortisation": 50,
    "receivables": 100,
    "current_assets": 300,
    "ppe_net": 400,
    "total_assets": 1000,
    "current_liabilities": 200,
    "long_term_debt": 300,
    "net_income": 50,
    "cfo": 0,
}
# Each better line passes one of Piotroski's tests beyond the firm that passes none.
WEAK_BEFORE = {
    "net_income": 10,
    "cfo": 10,
    "total_assets": 1000,
    "long_term_debt": 300,
    "current_assets": 200,
    "current_liabilities": 200,
    "revenue": 1000,
    "cogs": 800,
    "shares_outstanding": 100,
}
PASSES_ONE = {
    "net_income": -10,
    "cfo": -20,
    "total_assets": 1000,
    "long_term_debt": 400,
    "current_assets": 180,
    "current_liabilities": 200,
    "revenue": 900,
    "cogs": 850,
    "shares_outstanding": 100,
}
PASSES_TWO = PASSES_ONE | {"long_term_debt": 200}
PASSES_THREE = PASSES_TWO | {"current_assets": 220}
PASSES_FOUR = PASSES_THREE | {"cogs": 500}
MILLION = 1_000_000

EDGES = [
    *edges(
        "F-14",
        HALF | {"ebit": 0, "revenue": 3000},
        HALF | {"ebit": 0},
        "revenue",
        (2485, (2.900030, 2.900030, None, None, 0, 1.05), G),
        (2484, (2.899032, 2.899032, None, None, 0, 1.05), A),
        (812, (1.230376, 1.230376, None, None, 0, 1.05), A),
        (811, (1.229378, 1.229378, None, None, 0, 1.05), R),
        industry="25.1",
    ),
    *edges(
        "F-14",
        HALF | {"ebit": 300, "revenue": 1000},
        HALF | {"revenue": 1000},
        "ebit",
        (231, (None, None, 2.602320, 2.602320, 0.463680, 2.602320), G),
        (230, (None, None, 2.595600, 2.595600, 0.470400, 2.595600), A),
        (8, (None, None, 1.103760, 1.103760, 1.962240, 1.103760), A),
        (7, (None, None, 1.097040, 1.097040, 1.968960, 1.097040), R),
    ),
    *edges(
        "F-15",
        None,
        {"net_income": 0, "total_assets": 1000, "current_assets": 1, "current_liabilities": 1},
        "total_liabilities",
        # X = -4.332 + 5.679 x TL/TA; p is the normal distribution's.
        (670, (0.299072, -0.527070, None), G),
        (671, (0.301046, -0.521391, None), A),
        (762, (0.498164, -0.004602, None), A),
        (763, (0.500430, 0.001077, None), R),
    ),
    *edges(
        "F-16",
        UNCHANGED,
        UNCHANGED,
        "net_income",
        (55, (-2.222655,), G),
        (56, (-2.217976,), A),
        (149, (-1.782829,), A),
        (150, (-1.778150,), R),
    ),
    *edges(
        "F-17",
        {"revenue": 1000, "short_term_debt": 1000},
        {"revenue": 1000},
        "short_term_debt",
        (1149, (0.149, None), G),
        (1150, (0.150, None), A),
        (1299, (0.299, None), A),
        (1300, (0.300, None), R),
    ),
    *edges(
        "F-17",
        {"long_term_debt": 100},
        {"long_term_debt": 100, "equity_raised": 0, "cfo": 0, "total_assets": 1000},
        "capex",
        (50, (None, 0.050), G),
        (51, (None, 0.051), A),
        (100, (None, 0.100), A),
        (101, (None, 0.101), R),
    ),
    *edges(
        "F-20",
        None,
        {"contingent_liabilities": 0, "equity": 1000},
        "guarantees_given",
        (499, (0.499, 0), G),
        (500, (0.500, 0), A),
        (999, (0.999, 0), A),
        (1000, (1.000, 0), R),
    ),
    *edges(
        "F-20",
        None,
        {"contingent_liabilities": 0, "equity": 0},
        "guarantees_given",
        (1, (None, 2), R),
    ),
    Edge("F-21", WEAK_BEFORE, PASSES_ONE, (1,), R),
    Edge("F-21", WEAK_BEFORE, PASSES_TWO, (2,), A),
    Edge("F-21", WEAK_BEFORE, PASSES_THREE, (3,), A),
    Edge("F-21", WEAK_BEFORE, PASSES_FOUR, (4,), G),
    *edges(
        "F-23",
        None,
        {"total_assets": 600 * MILLION},
        "net_income",
        (-7_100_000, (-0.011833, 2.778151), G),
        (-7_200_000, (-0.012000, 2.778151), A),
        (-35_900_000, (-0.059833, 2.778151), A),
        (-36_000_000, (-0.060000, 2.778151), R),
    ),
    # A tenth of the assets is lost; the powers of ten of 47, 48, 499 and 501 million.
    Edge(
        "F-23", None, {"total_assets": 47 * MILLION, "net_income": -4_700_000}, (-0.1, 1.672098), G
    ),
    Edge(
        "F-23", None, {"total_assets": 48 * MILLION, "net_income": -4_800_000}, (-0.1, 1.681241), A
    ),
    Edge(
        "F-23",
        None,
        {"total_assets": 499 * MILLION, "net_income": -49_900_000},
        (-0.1, 2.698101),
        A,
    ),
    Edge(
        "F-23",
        None,
        {"total_assets": 501 * MILLION, "net_income": -50_100_000},
        (-0.1, 2.699838),
        R,
    ),
    *edges(
        "F-24",
        None,
        {"inventory": 10, "current_liabilities": 100},
        "current_assets",
        (83, (0.73,), G),
        (82, (0.72,), A),
        (41, (0.31,), A),
        (40, (0.30,), R),
    ),
    *edges(
        "F-25",
        None,
        {"depreciation_amortisation": 20, "total_liabilities": 1000},
        "net_income",
        (51, (0.071,), G),
        (50, (0.070,), A),
        (-69, (-0.049,), A),
        (-70, (-0.050,), R),
    ),
    *edges(
        "F-26",
        None,
        {"revenue": 1000},
        "ebit",
        (-9, (-0.009,), G),
        (-10, (-0.010,), A),
        (-99, (-0.099,), A),
        (-100, (-0.100,), R),
    ),
    *edges(
        "F-27",
        None,
        {"total_assets": 1000},
        "retained_earnings",
        (21, (0.021,), G),
        (20, (0.020,), A),
        (-199, (-0.199,), A),
        (-200, (-0.200,), R),
    ),
]


@pytest.mark.parametrize("edge", EDGES, ids=[f"{edge.indicator} {edge.figures}" for edge in EDGES])
def test_figure_and_level(edge: Edge) -> None:
    check(edge)
