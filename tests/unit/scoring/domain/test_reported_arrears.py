"""Cards whose system counts months past due: by hand, month end by month end."""

import pytest

from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.events import accounts
from services.scoring.domain.primitives.measurement import NOT_APPLICABLE, UNMEASURABLE, Reason
from services.scoring.domain.primitives.vocabulary import CARD
from tests.fakes.story import Story
from tests.fakes.units import day, minor

ENDS = ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]


def card(late: list[int], paid: list[float], drawn: float = 500, limit: float = 1_000) -> Story:
    """Return a card holder after a number of month ends: months late and payments in turn."""
    story = Story(segment="RETAIL", start="2024-01-01", rulebook="default")
    story.loan(0, loan_type=CARD)
    for end, months, amount in zip(ENDS, late, paid, strict=False):
        story.on(end)
        if amount:
            story.pays(amount)
        story.apply(
            accounts.FacilityBalanceClosed(
                *story.head(),
                facility_id="l-1",
                loan_id="l-1",
                account_id=None,
                balance_day=day(end),
                limit_minor=minor(limit),
                drawn_minor=minor(drawn),
                drawing_power_minor=None,
                undrawn_usable_minor=None,
                interest_debited_minor=0,
                currency="EUR",
                months_past_due=months,
            )
        )
        story.close()
    return story


def test_a_month_late_counts_as_thirty_days_and_does_not_grow_by_itself() -> None:
    story = card([0, 1], [0, 0]).close_through("2024-03-20")
    assert story.figure("R-01") == 30


def test_paid_up_is_no_days_but_the_scar_stays() -> None:
    story = card([0, 2, 0], [0, 0, 50])
    assert story.figure("R-01") == 0
    assert story.figure("R-04") == 60


def test_months_late_are_added_up_over_month_ends() -> None:
    story = card([0, 1, 2, 0], [0, 0, 0, 0])
    assert story.figure("R-13", 0) == 2
    assert story.figure("R-13", 1) == 3


def test_a_bill_above_the_limit_is_an_excess_and_no_arrears() -> None:
    story = card([0, 0], [10, 10], drawn=1_200).close_through("2024-03-20")
    assert story.figure("R-01") == 0
    assert story.borrower.counters.past_due_minor == 0
    assert story.figure("A-05") > 0


def test_materiality_needs_an_amount_and_is_unmeasurable_without() -> None:
    measurement = card([1], [0]).measure("R-02")
    assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.NO_SCHEDULE)


def test_payments_are_held_against_the_limit() -> None:
    # 20, 0, 40 and 0 of 1,000 a month: 1.5 %.
    story = card([0, 0, 0, 0], [20, 0, 40, 0])
    assert story.figure("R-16") == pytest.approx(0.015)


def test_a_card_that_nobody_uses_pays_nothing_back_and_is_not_late() -> None:
    story = card([0, 0, 0, 0], [0, 0, 0, 0], drawn=0)
    assert story.figure("R-16") == 0
    assert story.measure("R-17").status == NOT_APPLICABLE


def test_months_without_payment_are_counted_of_the_last_three() -> None:
    assert card([0, 0, 0, 0], [0, 0, 40, 0]).figure("R-17") == 2


def test_two_months_are_too_few_to_compare_payments_with_the_limit() -> None:
    measurement = card([0, 0], [20, 20]).measure("R-16")
    assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.FEW_OBSERVATIONS)


def test_a_borrower_without_such_a_line_has_neither_indicator() -> None:
    assert Story().measure("R-16").status == NOT_APPLICABLE
    assert Story().measure("R-17").status == NOT_APPLICABLE


def test_the_stated_months_survive_storage() -> None:
    borrower = card([0, 2], [0, 0]).borrower
    assert decode(encode(borrower)).facilities[0].late_months == [0, 2]
