"""Occurrence and loss rate of each kind of risk, by hand."""

import pytest

from services.scoring.domain.portfolio.risk_points import BorrowerMonth, RiskPointTally, written_off
from tests.fakes.story import Story
from tests.fakes.units import day

LIQUIDITY, PAYMENT = "LIQUIDITY", "PAYMENT_DELAY"


def tallied() -> RiskPointTally:
    """Three borrowers over two months; one is hit twice and cost 300, one is hit once."""
    tally = RiskPointTally()
    for name, month, exposure, types in (
        ("a", 1, 1_000, {LIQUIDITY}),
        ("a", 2, 800, {LIQUIDITY, PAYMENT}),
        ("b", 1, 500, set()),
        ("b", 2, 500, {LIQUIDITY}),
        ("c", 1, 100, set()),
        ("c", 2, 0, {PAYMENT}),
    ):
        tally.take(BorrowerMonth(name, month, exposure, frozenset(types)))
    tally.lose("a", 300)
    return tally


def test_occurrence_is_months_hit_over_months_with_exposure() -> None:
    by_type = {point.risk_type: point for point in tallied().queue()}
    # Five borrower-months with exposure: three with a liquidity signal, one with a delay.
    assert by_type[LIQUIDITY].occurrence == 600_000
    assert by_type[PAYMENT].occurrence == 200_000
    assert by_type[LIQUIDITY].months_exposed == 5


def test_loss_rate_is_what_was_lost_over_the_exposure_of_those_hit() -> None:
    by_type = {point.risk_type: point for point in tallied().queue()}
    assert by_type[LIQUIDITY].loss_rate == 200_000  # 300 of 1,000 + 500
    assert by_type[PAYMENT].loss_rate == 375_000  # 300 of the 800 that a owed then


def test_the_queue_begins_with_the_largest_product() -> None:
    # Liquidity 0.6 x 0.2 = 0.12, delay 0.2 x 0.375 = 0.075.
    assert [(point.risk_type, point.index) for point in tallied().queue()] == [
        (LIQUIDITY, 120_000),
        (PAYMENT, 75_000),
    ]


def test_a_month_counts_once() -> None:
    tally = tallied()
    tally.take(BorrowerMonth("a", 1, 9_999, frozenset({PAYMENT})))
    assert tally.months_exposed == 5


def test_nothing_seen_gives_an_empty_queue() -> None:
    assert RiskPointTally().queue() == []


@pytest.mark.parametrize(
    ("reason", "first", "last", "loss"),
    [
        ("WRITTEN_OFF", "2024-03-01", "2024-03-31", 60_000),
        ("WRITTEN_OFF", "2024-04-01", "2024-04-30", 0),
        ("REPAID", "2024-03-01", "2024-03-31", 0),
    ],
)
def test_a_loss_is_the_principal_owed_when_it_was_written_off(
    reason: str, first: str, last: str, loss: int
) -> None:
    story = Story(start="2024-03-01")
    story.loan(1_000)
    story.schedule(("2024-03-05", 400), ("2024-06-05", 600))
    story.on("2024-03-05").pays(400)
    loan = story.borrower.loans[0]
    loan.closed_day, loan.closed_reason = day("2024-03-20"), reason
    assert written_off(story.borrower, day(first), day(last)) == loss


def test_what_comes_in_on_a_written_off_loan_is_no_loss() -> None:
    story = Story(start="2024-03-01")
    story.loan(1_000)
    story.schedule(("2024-03-05", 1_000))
    loan = story.borrower.loans[0]
    loan.closed_day, loan.closed_reason = day("2024-03-20"), "WRITTEN_OFF"
    story.on("2024-03-25").pays(250)
    assert written_off(story.borrower, day("2024-03-01"), day("2024-03-31")) == 75_000
    assert written_off(story.borrower, day("2024-03-01"), day("2024-03-24")) == 100_000
