"""An emitted assessment fits the contract and is the same, byte for byte, each time."""

from services.contracts import currencies
from services.contracts.assessment import AssessmentChangedV1
from services.scoring.adapters.assessment_json import (
    risk_event,
    shown_moment,
    shown_money,
)
from services.scoring.domain.primitives.money import decimals_of
from tests.fakes.story import Story
from tests.fakes.wire_events import validated


def troubled() -> Story:
    story = Story(accounts="a-1")
    story.loan(10_000)
    story.schedule(("2024-01-31", 1000), ("2024-06-30", 9000))
    story.line(9_000, 10_000)
    story.fails()
    return story.close_through("2024-03-05")


def test_every_emitted_assessment_fits_the_contract() -> None:
    story = troubled()
    assert len(story.assessments) > 5
    for assessment in story.assessments:
        event = validated(risk_event(assessment)).event
        assert event.id == f"b-1:{assessment.sequence}"
        assert event.sequence == assessment.sequence
        assert isinstance(event.data, AssessmentChangedV1)
        assert event.data.borrower_id == "b-1"


def test_the_same_story_gives_the_same_bytes() -> None:
    first = [risk_event(assessment) for assessment in troubled().assessments]
    assert first == [risk_event(assessment) for assessment in troubled().assessments]


def test_money_keeps_all_decimals_of_its_currency() -> None:
    assert shown_money(1050, 2) == "10.50"
    assert shown_money(-5, 2) == "-0.05"
    assert shown_money(1050, 0) == "1050"
    assert shown_money(1050, 3) == "1.050"


def test_moments_are_utc_and_keep_microseconds() -> None:
    assert shown_moment(0) == "1970-01-01T00:00:00Z"
    assert shown_moment(1_704_110_400_000_001) == "2024-01-01T12:00:00.000001Z"


def test_the_core_counts_decimals_as_the_contracts_do() -> None:
    for currency in (*currencies.OTHER_DECIMALS, "EUR", "USD", "INR"):
        assert decimals_of(currency) == currencies.decimals_of(currency)
