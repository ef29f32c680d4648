"""Statement indicators by hand-worked numbers; first statements have no trend, gaps stay gaps."""

from datetime import date
from typing import Any

import pytest

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.assess.evaluate import SignalChanges, judge
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import Signals
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import (
    MEASURED,
    NOT_APPLICABLE,
    UNMEASURABLE,
    Measurement,
    Reason,
)
from services.scoring.domain.rulebook.rulebook import Rules
from services.scoring.domain.views.statements import CannotFormError, StatementFigures
from tests.fakes.measured import note, note_level
from tests.fakes.statements import firm, statement

AS_OF = date(2024, 6, 30).toordinal()
RETAIL = 0
G, A, R = 0, 1, 2


@pytest.fixture(scope="module")
def reference() -> Rules:
    return load_rulebook("reference").rules_for("SME")


@pytest.fixture(scope="module")
def default() -> Rules:
    return load_rulebook("default").rules_for("CORPORATE")


@pytest.fixture(scope="module")
def private() -> Rules:
    return load_rulebook("default").rules_for("SME")


def measure(indicator_id: str, borrower: Borrower, rules: Rules) -> Measurement:
    return note(indicator_id, BY_ID[indicator_id].measure(borrower, AS_OF, rules))


def judged(indicator_id: str, borrower: Borrower, rules: Rules) -> tuple[int, float]:
    """Return the level and the intensity (contribution over weight)."""
    signals, indicator = Signals(), BY_ID[indicator_id]
    rule = rules.by_slot[indicator.slot]
    assert rule is not None
    judge(signals, rule, measure(indicator_id, borrower, rules), AS_OF, SignalChanges())
    weight = rule.weight or 1
    return note_level(indicator_id, signals.level[rule.slot]), round(
        signals.contribution[rule.slot] / weight, 3
    )


def two_years(before: dict[str, int], now: dict[str, int], **kwargs: Any) -> Borrower:
    return firm(statement("2022-12", **before), statement("2023-12", **now), **kwargs)


class TestTwelveMonths:
    def test_a_full_year_is_itself(self) -> None:
        figures = StatementFigures(firm(statement("2023-12", revenue=1200)))
        assert figures.flow("revenue") == 120_000

    def test_a_half_year_rolls_forward_on_last_year(self) -> None:
        # 500 of this half + 1,000 of last year - 400 of last year's half = 1,100.
        figures = StatementFigures(
            firm(
                statement("2023-06", 6, revenue=400),
                statement("2023-12", 12, revenue=1000),
                statement("2024-06", 6, revenue=500),
            )
        )
        assert figures.flow("revenue") == 110_000

    def test_four_quarters_add_up(self) -> None:
        quarters = [
            statement(month, 3, revenue=amount)
            for month, amount in (
                ("2023-03", 100),
                ("2023-06", 110),
                ("2023-09", 120),
                ("2023-12", 130),
            )
        ]
        assert StatementFigures(firm(*quarters)).flow("revenue") == 46_000

    def test_a_quarter_is_never_multiplied_by_four(self) -> None:
        figures = StatementFigures(firm(statement("2024-03", 3, revenue=100)))
        with pytest.raises(CannotFormError) as caught:
            figures.flow("revenue")
        assert caught.value.reason == Reason.SHORT_HISTORY

    def test_a_restated_year_replaces_the_first_one(self) -> None:
        figures = StatementFigures(
            firm(
                statement("2023-12", revenue=1000),
                statement("2023-12", revenue=900, received_after_days=200),
            )
        )
        assert figures.flow("revenue") == 90_000

    def test_statements_of_another_standard_are_not_compared(self, reference: Rules) -> None:
        borrower = firm(
            statement("2022-12", revenue=1000, standard="IFRS"),
            statement("2023-12", revenue=700),
        )
        assert measure("F-02", borrower, reference).reason == Reason.NO_PRIOR_STATEMENT

    def test_a_year_that_ends_on_the_first_sunday_of_january_is_december(self) -> None:
        late = statement("2023-12", revenue=1000)
        late.period_end_day += 6
        assert StatementFigures(firm(late)).month == 2023 * 12 + 11


@pytest.mark.parametrize(
    ("now", "level", "intensity"),
    [(851, G, 0.396), (850, A, 0.4), (775, A, 0.7), (701, A, 0.996), (700, R, 1.0), (500, R, 1.0)],
    ids=["-14.9 %", "-15 %", "-22.5 %", "-29.9 %", "-30 %", "-50 %"],
)
def test_f02_revenue_change(reference: Rules, now: int, level: int, intensity: float) -> None:
    borrower = two_years({"revenue": 1000}, {"revenue": now})
    assert judged("F-02", borrower, reference) == (level, intensity)


def test_f02_compares_a_half_year_with_last_years_half(reference: Rules) -> None:
    borrower = firm(statement("2023-06", 6, revenue=400), statement("2024-06", 6, revenue=300))
    assert measure("F-02", borrower, reference).values == [-250_000]


def test_f02_has_no_trend_in_the_first_statement(reference: Rules) -> None:
    measurement = measure("F-02", firm(statement("2023-12", revenue=1000)), reference)
    assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NO_PRIOR_STATEMENT)


def test_f03_margin_squeeze(reference: Rules) -> None:
    # 150 / 1,000 = 15 % last year, 100 / 1,000 = 10 % now: -5 points, -33.3 %.
    before = {"revenue": 1000, "ebit": 100, "depreciation_amortisation": 50}
    now = {"revenue": 1000, "ebit": 50, "depreciation_amortisation": 50}
    borrower = two_years(before, now)
    assert measure("F-03", borrower, reference).values == [-50_000, -333_333, 0]
    assert judged("F-03", borrower, reference) == (A, 0.8)


def test_f03_a_negative_ebitda_is_red_from_the_first_statement(reference: Rules) -> None:
    lines = {"revenue": 1000, "ebit": -60, "depreciation_amortisation": 50}
    borrower = firm(statement("2023-12", **lines))
    assert measure("F-03", borrower, reference).values == [None, None, 2_000_000]
    assert judged("F-03", borrower, reference) == (R, 1.0)


@pytest.mark.parametrize(
    ("profits", "level", "intensity"),
    [
        ([50], G, 0.0),
        ([-10], G, 0.0),
        ([-11], A, 0.4),
        ([50, -100], A, 0.4),
        ([-1, -1], R, 1.0),
        ([-100, 50], G, 0.0),
    ],
    ids=["profit", "-1.0 %", "-1.1 %", "first loss", "two years of loss", "loss is over"],
)
def test_f04_losses(reference: Rules, profits: list[int], level: int, intensity: float) -> None:
    years = ("2022-12", "2023-12")[-len(profits) :]
    filed = [
        statement(year, revenue=1000, profit_before_tax=profit)
        for year, profit in zip(years, profits, strict=True)
    ]
    assert judged("F-04", firm(*filed), reference) == (level, intensity)


def test_f04_counts_quarters_of_loss(reference: Rules) -> None:
    months = ("2022-09", "2022-12", "2023-03", "2023-06", "2023-09", "2023-12")
    profits = (-1, 40, -1, 40, -1, -1)
    filed = [
        statement(month, 3, revenue=1000, profit_before_tax=profit)
        for month, profit in zip(months, profits, strict=True)
    ]
    assert measure("F-04", firm(*filed), reference).values == [9_250, 0, 4_000_000]
    assert judged("F-04", firm(*filed), reference) == (R, 1.0)


@pytest.mark.parametrize(
    ("ebit", "level", "intensity"),
    [(200, G, 0.4), (199, A, 0.407), (160, A, 0.7), (120, A, 1.0), (119, R, 1.0), (-50, R, 1.0)],
)
def test_f06_interest_cover(reference: Rules, ebit: int, level: int, intensity: float) -> None:
    borrower = firm(statement("2023-12", ebit=ebit, interest_expense=100))
    assert judged("F-06", borrower, reference) == (level, intensity)


def test_f06_without_interest_there_is_nothing_to_cover(reference: Rules) -> None:
    borrower = firm(statement("2023-12", ebit=10, interest_expense=0))
    assert measure("F-06", borrower, reference).status == NOT_APPLICABLE


def test_f06_a_missing_line_is_never_zero(reference: Rules) -> None:
    measurement = measure("F-06", firm(statement("2023-12", ebit=10)), reference)
    assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.MISSING_LINE)


@pytest.mark.parametrize(
    ("ebit", "level", "intensity"), [(150, G, 0.4), (149, A, 0.412), (100, A, 1.0), (99, R, 1.0)]
)
def test_f06_of_default(private: Rules, ebit: int, level: int, intensity: float) -> None:
    borrower = firm(statement("2023-12", ebit=ebit, interest_expense=100))
    assert judged("F-06", borrower, private) == (level, intensity)


def test_f04_a_loss_of_part_of_a_year_without_sales_is_not_green(private: Rules) -> None:
    measurement = measure("F-04", firm(statement("2023-06", 6, net_income=-1)), private)
    assert measurement.status == UNMEASURABLE
    measurement = measure("F-04", firm(statement("2023-12", net_income=-1)), private)
    assert measurement.values[1] == 1_000_000


def test_f04_goes_by_what_was_left_where_profit_before_tax_is_missing(private: Rules) -> None:
    lost = firm(statement("2023-12", net_income=-2, revenue=100))
    assert measure("F-04", lost, private).values[:2] == [-20_000, 1_000_000]


def test_f07_net_debt_over_ebitda(reference: Rules) -> None:
    # (300 + 400 - 100) / (80 + 40) = 5.0
    lines = {"short_term_debt": 300, "long_term_debt": 400, "cash": 100}
    lines |= {"ebit": 80, "depreciation_amortisation": 40}
    assert measure("F-07", firm(statement("2023-12", **lines)), reference).values[0] == 5_000_000
    lines["ebit"] = -40
    assert judged("F-07", firm(statement("2023-12", **lines)), reference) == (R, 1.0)


@pytest.mark.parametrize(
    ("equity", "level", "intensity"),
    [(134, G, 0.0), (100, G, 0.4), (99, A, 0.412), (50, A, 1.0), (49, R, 1.0), (-10, R, 1.0)],
)
def test_f08_equity_ratio(reference: Rules, equity: int, level: int, intensity: float) -> None:
    borrower = firm(statement("2023-12", equity=equity, total_assets=1000))
    assert judged("F-08", borrower, reference) == (level, intensity)


@pytest.mark.parametrize(
    ("equity", "level", "intensity"),
    [(400, G, 0.0), (300, G, 0.25), (240, A, 0.4), (100, A, 0.75), (0, R, 1.0)],
)
def test_f08_calibrated_matters_far_above_ten_per_cent(
    default: Rules, equity: int, level: int, intensity: float
) -> None:
    borrower = firm(statement("2023-12", equity=equity, total_assets=1000))
    assert judged("F-08", borrower, default) == (level, intensity)


@pytest.mark.parametrize(
    ("assets", "level", "intensity"),
    [(134, G, 0.0), (120, G, 0.4), (119, A, 0.43), (110, A, 0.7), (100, A, 1.0), (99, R, 1.0)],
)
def test_f09_current_ratio(reference: Rules, assets: int, level: int, intensity: float) -> None:
    borrower = firm(statement("2023-12", current_assets=assets, current_liabilities=100))
    assert judged("F-09", borrower, reference) == (level, intensity)


def test_f09_a_fall_of_a_fifth_is_amber(reference: Rules) -> None:
    before = {"current_assets": 300, "current_liabilities": 100}
    borrower = two_years(before, {"current_assets": 240, "current_liabilities": 100})
    assert measure("F-09", borrower, reference).values == [2_400_000, -200_000]
    assert judged("F-09", borrower, reference) == (A, 0.4)


def test_f10_needs_longer_days_and_a_gap_to_sales(reference: Rules) -> None:
    before = {"receivables": 100, "revenue": 1000}
    # 130 / 1,000: days +30 %, receivables +30 %, revenue 0 %: gap 30 points.
    slow = two_years(before, {"receivables": 130, "revenue": 1000})
    assert measure("F-10", slow, reference).values == [300_000, 300_000]
    assert judged("F-10", slow, reference) == (A, 0.7)
    # 200 / 1,800: receivables grew by 100 %, but so did sales nearly: days +11 %.
    grown = two_years(before, {"receivables": 200, "revenue": 1800})
    assert judged("F-10", grown, reference)[0] == G


def test_f13_profit_that_is_no_cash(reference: Rules) -> None:
    # (100 - 20) / ((900 + 1,100) / 2) = 8 %
    before = {"total_assets": 900}
    now = {"total_assets": 1100, "net_income": 100, "cfo": 20}
    borrower = two_years(before, now)
    assert measure("F-13", borrower, reference).values == [80_000, None]
    assert judged("F-13", borrower, reference) == (A, 0.76)


FIRM_A = {
    "current_assets": 450,
    "current_liabilities": 380,
    "total_assets": 1000,
    "retained_earnings": 120,
    "ebit": 60,
    "equity": 260,
    "total_liabilities": 740,
    "revenue": 1100,
    "net_income": 22,
    "depreciation_amortisation": 36,
}


def test_f14_a_trader_is_read_by_z_double_prime(reference: Rules) -> None:
    measurement = measure("F-14", firm(statement("2023-12", **FIRM_A)), reference)
    assert measurement.values == [None, None, 1_622_519, None, None, None]


def test_f14_a_manufacturer_is_read_by_z_prime(reference: Rules) -> None:
    borrower = firm(statement("2023-12", **FIRM_A), industry="C25.1")
    assert measure("F-14", borrower, reference).values[0] == 1_583_618
    assert judged("F-14", borrower, reference) == (G, 0.0)


def test_f14_the_grey_zone_counts_only_while_falling(reference: Rules) -> None:
    better = FIRM_A | {"ebit": 80}
    falling = two_years(better, FIRM_A)
    # 20 less EBIT: 6.72 x 0.02 = 0.1344 lower. g on the line from 2.60 (.4) to 1.10 (1).
    assert measure("F-14", falling, reference).values[4] == 134_400
    assert judged("F-14", falling, reference) == (A, 0.791)
    assert judged("F-14", two_years(FIRM_A, better), reference) == (G, 0.0)


def test_f14_distress_is_red_without_any_trend(reference: Rules) -> None:
    stressed = FIRM_A | {"retained_earnings": -60, "ebit": -25, "equity": 70}
    assert judged("F-14", firm(statement("2023-12", **stressed)), reference) == (R, 1.0)


def test_f14_calibrated_scores_only_the_fall_below_the_safe_zone(default: Rules) -> None:
    # EBIT 60 instead of 283: Z'' fell by 6.72 x 0.223 = 1.49856 to 1.6225.
    fallen = two_years(FIRM_A | {"ebit": 283}, FIRM_A)
    assert judged("F-14", fallen, default) == (A, 0.666)
    assert judged("F-14", firm(statement("2023-12", **FIRM_A)), default) == (G, 0.0)


def test_f14_calibrated_is_unmeasurable_in_the_first_statement(default: Rules) -> None:
    signals, indicator = Signals(), BY_ID["F-14"]
    rule = default.by_slot[indicator.slot]
    assert rule is not None
    measurement = measure("F-14", firm(statement("2023-12", **FIRM_A)), default)
    judge(signals, rule, measurement, AS_OF, SignalChanges())
    assert signals.status[rule.slot] == UNMEASURABLE
    assert signals.detail[rule.slot] == Reason.NO_PRIOR_STATEMENT


def test_f14_is_not_meant_for_banks(reference: Rules) -> None:
    borrower = firm(statement("2023-12", **FIRM_A), industry="64.19")
    assert measure("F-14", borrower, reference).status == NOT_APPLICABLE


def test_f15_zmijewski(reference: Rules) -> None:
    measurement = measure("F-15", firm(statement("2023-12", **FIRM_A)), reference)
    assert measurement.values[:2] == [409_789, -228_089]
    # p = .41 lies between .30 (.4) and .50 (1).
    assert judged("F-15", firm(statement("2023-12", **FIRM_A)), reference) == (A, 0.729)


def test_f15_is_not_meant_for_banks(reference: Rules) -> None:
    borrower = firm(statement("2023-12", **FIRM_A), industry="64.19")
    assert measure("F-15", borrower, reference).status == NOT_APPLICABLE


def test_f15_calibrated_reads_x(default: Rules) -> None:
    # (-0.228089 + 2) / 3.6 = 0.492
    assert judged("F-15", firm(statement("2023-12", **FIRM_A)), default) == (A, 0.492)


def test_f23_needs_a_loss_and_size(default: Rules) -> None:
    # Return -6 % on 100 million; the scale runs from 10 to 500 million: (2 - 1) / 1.699 = 0.589.
    lossy = {"net_income": -6_000_000, "total_assets": 100_000_000}
    assert judged("F-23", firm(statement("2023-12", **lossy)), default) == (A, 0.589)
    large = {"net_income": -36_000_000, "total_assets": 600_000_000}
    assert judged("F-23", firm(statement("2023-12", **large)), default) == (R, 1.0)
    sound = {"net_income": 900_000, "total_assets": 30_000_000}
    assert judged("F-23", firm(statement("2023-12", **sound)), default) == (G, 0.0)


@pytest.mark.parametrize(
    ("as_of", "days"),
    [("2024-04-30", 0), ("2024-05-01", 1), ("2024-05-16", 16)],
)
def test_f01_counts_from_the_next_contractual_date(reference: Rules, as_of: str, days: int) -> None:
    # Yearly statements, the one for 2022 due on 30 April 2023: the next is due on 30 April 2024.
    borrower = firm(statement("2022-12", due="2023-04-30", revenue=1))
    measurement = BY_ID["F-01"].measure(borrower, date.fromisoformat(as_of).toordinal(), reference)
    assert measurement.values == [days * 1_000_000]


def test_f01_follows_the_rhythm_of_the_filings(reference: Rules) -> None:
    borrower = firm(
        statement("2023-09", 3, due="2023-11-15", revenue=1),
        statement("2023-12", 3, due="2024-02-15", revenue=1),
    )
    measurement = BY_ID["F-01"].measure(borrower, date(2024, 5, 20).toordinal(), reference)
    assert measurement.values == [5_000_000]


# These read other facts than the figures of statements.
OTHER_FACTS = ("F-01", "F-18", "F-22")


@pytest.mark.parametrize(
    "indicator_id",
    [name for name in BY_ID if name[0] == "F" and name not in OTHER_FACTS],
)
class TestEveryStatementIndicator:
    def test_does_not_apply_to_a_person_without_statements(
        self, indicator_id: str, reference: Rules
    ) -> None:
        assert measure(indicator_id, firm(segment=RETAIL), reference).status == NOT_APPLICABLE

    def test_is_unmeasurable_for_a_firm_that_never_filed(
        self, indicator_id: str, reference: Rules
    ) -> None:
        measurement = measure(indicator_id, firm(), reference)
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NO_STATEMENT)

    def test_is_unmeasurable_from_a_statement_without_lines(
        self, indicator_id: str, reference: Rules
    ) -> None:
        measurement = measure(indicator_id, firm(statement("2023-12", opinion=0)), reference)
        assert measurement.status == UNMEASURABLE


def test_piotroski_counts_nine_tests(reference: Rules) -> None:
    before = {
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
    better = before | {
        "net_income": 30,
        "cfo": 50,
        "long_term_debt": 200,
        "current_assets": 300,
        "revenue": 1200,
        "cogs": 900,
    }
    assert measure("F-21", two_years(before, better), reference).values == [9_000_000]
    issued = better | {"shares_outstanding": 120}
    assert measure("F-21", two_years(before, issued), reference).values == [8_000_000]


def test_beneish_of_an_unchanged_firm(reference: Rules) -> None:
    lines = {
        "revenue": 1000,
        "receivables": 100,
        "cogs": 600,
        "total_assets": 1000,
        "current_assets": 400,
        "ppe_net": 400,
        "depreciation_amortisation": 50,
        "sga": 100,
        "current_liabilities": 200,
        "long_term_debt": 200,
        "net_income": 40,
        "cfo": 40,
    }
    measurement = measure("F-16", two_years(lines, lines), reference)
    assert (measurement.status, measurement.values) == (MEASURED, [-2_480_000])


def test_f24_leaves_the_stock_out(private: Rules) -> None:
    # (900 - 400) / 1,000 = 0.5, the knot at 0.65.
    lines = {"current_assets": 900, "inventory": 400, "current_liabilities": 1_000}
    assert judged("F-24", firm(statement("2023-12", **lines)), private) == (A, 0.65)


def test_f24_without_the_stock_is_unknown(private: Rules) -> None:
    lines = {"current_assets": 900, "current_liabilities": 1_000}
    measurement = measure("F-24", firm(statement("2023-12", **lines)), private)
    assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.MISSING_LINE)


def test_f25_compares_income_and_depreciation_with_the_debts(private: Rules) -> None:
    # (10 + 30) / 1,000 = 4 %, the knot at 0.8.
    lines = {"net_income": 10, "depreciation_amortisation": 30, "total_liabilities": 1_000}
    assert judged("F-25", firm(statement("2023-12", **lines)), private) == (A, 0.8)


def test_f26_compares_ebit_with_sales(private: Rules) -> None:
    # -50 on 1,000 is -5 %, the knot at 0.8.
    lines = {"ebit": -50, "revenue": 1_000}
    assert judged("F-26", firm(statement("2023-12", **lines)), private) == (A, 0.8)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        pytest.param({"revenue": 1_000}, Reason.MISSING_LINE, id="no EBIT"),
        pytest.param({"ebit": 50}, Reason.MISSING_LINE, id="no revenue"),
        pytest.param({"ebit": 50, "revenue": 0}, Reason.ZERO_BASE, id="nothing sold"),
        pytest.param({"ebit": 50, "revenue": -1}, Reason.NEGATIVE_BASE, id="returns only"),
    ],
)
def test_f26_without_sales_or_ebit_is_unknown(
    lines: dict[str, int], reason: Reason, private: Rules
) -> None:
    measurement = measure("F-26", firm(statement("2023-12", **lines)), private)
    assert (measurement.status, measurement.reason) == (UNMEASURABLE, reason)


def test_f27_compares_retained_earnings_with_total_assets(private: Rules) -> None:
    # 110 of 1,000 is 11 %, half-way from 20 to 2.
    lines = {"retained_earnings": 110, "total_assets": 1_000}
    assert judged("F-27", firm(statement("2023-12", **lines)), private) == (G, 0.5)


def test_f27_without_retained_earnings_is_unknown(private: Rules) -> None:
    measurement = measure("F-27", firm(statement("2023-12", total_assets=1_000)), private)
    assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.MISSING_LINE)


def test_f26_and_f27_are_on_for_private_firms_only(private: Rules, default: Rules) -> None:
    assert {"F-26", "F-27"} <= {rule.indicator.id for rule in private.indicators}
    assert not {"F-26", "F-27"} & {rule.indicator.id for rule in default.indicators}


def test_f04_reads_the_margin_of_private_firms(private: Rules) -> None:
    # -40 on 1,000 is -4 %, the knot at 0.6.
    lines = {"profit_before_tax": -40, "revenue": 1_000}
    assert judged("F-04", firm(statement("2023-12", **lines)), private) == (A, 0.6)


def test_f04_counts_years_by_net_income_where_no_profit_before_tax_is_reported(
    default: Rules,
) -> None:
    lost = {"net_income": -10}
    assert measure("F-04", two_years(lost, lost), default).values[1] == 2_000_000
