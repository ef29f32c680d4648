"""The events of scoring on the risk topic are valid by the schemas."""

import json
from datetime import UTC, datetime

import pytest

from services.scoring.adapters.assessment_json import risk_event
from services.scoring.adapters.codec import isolation_event
from tests.contract.catalogue import validator_of
from tests.fakes.story import Story


@pytest.mark.parametrize("since", [datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC), None])
def test_an_isolation_and_its_end_pass_the_schema(since: datetime | None) -> None:
    document = json.loads(isolation_event("B-1", since, datetime(2026, 3, 2, tzinfo=UTC)))
    validator_of(document["type"]).validate(document)


def test_every_assessment_of_a_borrower_in_trouble_passes_the_schema() -> None:
    story = Story(accounts="a-1")
    story.loan(10_000)
    story.schedule(("2024-01-31", 1000), ("2024-06-30", 9000))
    story.line(9_000, 10_000)
    story.fails()
    story.close_through("2024-05-05")
    assert len(story.assessments) > 5
    for assessment in story.assessments:
        document = json.loads(risk_event(assessment))
        validator_of(document["type"]).validate(document)
