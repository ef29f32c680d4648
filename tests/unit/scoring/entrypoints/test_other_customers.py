"""Another customer's state and name are for readers with rights on that customer."""

import json
from collections.abc import Callable

import pytest

from services.scoring.application.borrower_queries import AssessmentView, Viewer
from services.scoring.entrypoints.borrowers_api import _shown_row
from services.scoring.entrypoints.response_models import assessment_body, explanation_body
from services.wording.messages import Language
from tests.fakes.story import Story

OFFICER = Viewer(sees_everything=False, officer_ids=frozenset({"o-1"}))
RISK = Viewer(sees_everything=True)


def guaranteed(*, names_parties: bool) -> AssessmentView:
    story = Story(start="2024-01-01")
    story.loan(10_000)
    story.guarantor("guarantor-77", 5_000)
    story.related_state("guarantor-77", "HIGH_RISK")
    assert story.state == "WATCH"
    return AssessmentView(
        assessment=story.latest,
        borrower=story.borrower,
        rules=story.rules,
        names_parties=names_parties,
    )


def spanish(view: AssessmentView) -> bytes:
    return explanation_body(view, Language.SPANISH)


@pytest.mark.parametrize("body", [assessment_body, explanation_body, spanish])
def test_an_officer_reads_of_a_connected_party(body: Callable[[AssessmentView], bytes]) -> None:
    shown = body(guaranteed(names_parties=False)).decode()
    assert "guarantor-77" not in shown
    assert "HIGH_RISK" not in json.dumps(json.loads(shown).get("state_tests", []))


def test_the_sentence_names_no_party_and_no_state() -> None:
    story = json.loads(spanish(guaranteed(names_parties=False)))["story"]
    [sentence] = [text for text in story["why"]["tests"] if "avalista" in text]
    assert "una parte vinculada" in sentence
    assert "riesgo alto" not in sentence


def test_who_sees_everything_reads_who_it_is_and_in_which_state() -> None:
    story = json.loads(spanish(guaranteed(names_parties=True)))["story"]
    [sentence] = [text for text in story["why"]["tests"] if "avalista" in text]
    assert "guarantor-77, que avala 5.000,00 EUR, en el estado «riesgo alto»" in sentence


def test_the_ledger_shows_an_officer_no_state_of_another_customer() -> None:
    event = json.dumps(
        {
            "type": "related-state.changed.v1",
            "data": {"related_borrower_id": "g-1", "state": "DEFAULT", "from_state": "WATCH"},
        }
    ).encode()
    assert json.loads(bytes(_shown_row(event, RISK)))["data"]["state"] == "DEFAULT"
    assert json.loads(bytes(_shown_row(event, OFFICER)))["data"] == {"related_borrower_id": "g-1"}
