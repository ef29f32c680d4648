"""Loans that are written off or sold: what they do to the obligor, for how long, and afterwards."""

import pytest

from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.regimes.labels import Labels, labels
from tests.fakes.story import Story


def lent(segment: str = "RETAIL") -> Story:
    """Two loans, everything paid or not due yet."""
    story = Story(segment, start="2024-01-05")
    for name in ("l-1", "l-2"):
        story.loan(10_000, loan_id=name)
        story.schedule(("2026-01-15", 10_000), loan_id=name)
    return story


def shown(story: Story) -> Labels:
    return labels(story.borrower, story.rules, story.borrower.counters.closed_day)


def sold(story: Story, claim: float | None, price: float | None) -> None:
    story.ends(
        "SOLD",
        loan_id="l-2",
        claim_micro=None if claim is None else round(claim * MICRO),
        price_micro=None if price is None else round(price * MICRO),
    )


@pytest.mark.parametrize(
    ("claim", "price", "state"),
    [
        (10_000, 9_500, "NORMAL"),  # a loss of 5 %
        (10_000, 9_499, "DEFAULT"),
        (10_000, 12_000, "NORMAL"),
        (10_000, 0, "DEFAULT"),
        (10_000, None, "NORMAL"),  # unknown, and nothing is wrong with the borrower
        (0, 0, "NORMAL"),
    ],
)
def test_a_sale_at_a_loss_above_five_percent_defaults_the_rest(
    claim: float, price: float | None, state: str
) -> None:
    story = lent()
    sold(story, claim, price)
    assert story.state == state


def test_an_unknown_price_in_watch_counts_as_a_loss() -> None:
    story = lent()
    story.decide("TIGHTEN", state="WATCH", until="2024-12-01")
    sold(story, None, None)
    story.close()
    assert (shown(story)["eu_default"], shown(story)["ifrs9"]) == (True, "STAGE_3")
    assert "default-sold-at-loss" in [
        rule for each in story.assessments if each.transition for rule in each.transition.rule_ids
    ]


def test_the_sale_of_the_only_loan_at_a_loss_defaults_nothing_and_ends_with_a_loss() -> None:
    story = lent()
    story.ends("REPAID", loan_id="l-1")
    sold(story, 10_000, 5_000)
    assert story.state == "NORMAL"
    story.close()
    assert (story.state, story.borrower.risk.rule_ids) == ("CLOSED", ["closed-with-loss"])


def test_a_written_off_loan_is_a_default_until_its_claim_is_closed() -> None:
    story = lent()
    story.ends("WRITTEN_OFF", loan_id="l-2")
    story.close_through("2025-03-31")
    assert (story.state, shown(story)["eu_reason"]) == ("DEFAULT", "CREDIT_RISK_ADJUSTMENT")
    assert (shown(story)["china"], shown(story)["rbi"]) == ("LOSS", "NPA")
    story.ends("SOLD", loan_id="l-2")
    story.close()
    assert (story.state, shown(story)["china"], shown(story)["npe"]) == (
        "PROBATION",
        "SUBSTANDARD",
        True,
    )


def test_the_end_of_the_last_claim_closes_the_borrower_with_a_loss() -> None:
    story = lent()
    story.ends("REPAID", loan_id="l-1")
    story.ends("WRITTEN_OFF", loan_id="l-2")
    story.close()
    assert story.state == "DEFAULT"
    story.ends("CANCELLED", loan_id="l-2")
    story.close()
    assert (story.state, story.borrower.risk.rule_ids) == ("CLOSED", ["closed-with-loss"])
    assert (shown(story)["eu_default"], shown(story)["npe"]) == (False, False)
    story.loan(500, loan_id="l-3")
    assert (story.state, story.borrower.risk.rule_ids) == ("PROBATION", ["reopened-after-loss"])
    story.close()
    assert (shown(story)["npe"], shown(story)["ifrs9"]) == (True, "STAGE_3")


def test_a_write_off_without_a_claim_closes_it_at_once() -> None:
    story = lent()
    story.ends("REPAID", loan_id="l-1")
    story.ends("WRITTEN_OFF", loan_id="l-2", claim_micro=0)
    story.close()
    assert (story.state, story.borrower.risk.rule_ids) == ("CLOSED", ["closed-with-loss"])


def test_a_write_off_that_is_taken_back_never_was_one() -> None:
    story = lent()
    story.ends("WRITTEN_OFF", loan_id="l-2")
    story.close_through("2024-01-31")
    assert story.state == "DEFAULT"
    story.ends("WRITTEN_OFF", loan_id="l-2", kind="reversal")
    assert (story.state, story.flags) == ("NORMAL", set())
    assert (shown(story)["eu_default"], shown(story)["npe"]) == (False, False)


def test_a_sale_in_default_makes_the_next_loan_begin_in_probation() -> None:
    story = lent()
    story.decide("UTP")
    story.ends("REPAID", loan_id="l-1")
    sold(story, 10_000, 10_000)
    story.close()
    assert story.state == "CLOSED"
    story.loan(500, loan_id="l-3")
    assert story.state in ("PROBATION", "DEFAULT")
    assert story.borrower.decisions.default.since
