"""The second opinion of a rulebook: shown on every assessment, moving nothing, refused if unfit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.scoring.adapters.assessment_json import assessment_data, risk_event
from services.scoring.adapters.pd_model import model_from
from services.scoring.adapters.rulebook_edits import attached, with_models
from services.scoring.adapters.rulebook_reader import (
    RulebookError,
    compile_rulebook,
    load_rulebook,
    path_of,
    read_document,
    read_text,
)
from services.scoring.adapters.state_bytes import encode
from services.scoring.domain.rulebook.diff import differences
from tests.fakes.pd_models import a_model, rulebook_with
from tests.fakes.story import Story
from tests.fakes.wire_events import validated

SCHEMA = Path(__file__).resolve().parents[4] / "schemas" / "rulebook" / "v1.schema.json"


def forty_days_late(rulebook: str) -> Story:
    """A loan of which nothing is paid: R-01 is red on 11 March."""
    story = Story(rulebook=rulebook)
    story.loan(10_000)
    story.schedule(("2024-01-31", 1000), ("2024-06-30", 9000))
    return story.close_through("2024-03-10")


def test_an_assessment_shows_the_champions_pd_with_its_reasons(tmp_path: Path) -> None:
    rulebook = rulebook_with(tmp_path, champion=a_model())
    data = assessment_data(forty_days_late(rulebook).assessments[-1])
    # R-03 has no failed debit to speak of: -2.944439 + 2 - 0.1 = -1.044439, so 26.03 %.
    assert data["pd"] == {
        "value": "0.260294",
        "model": "firms",
        "version": "1",
        "horizon_days": 365,
        "reasons": [{"indicator": "R-01", "name": "Days past due", "points": "2.0000"}],
    }
    assert "pd_challenger" not in data


def test_a_challenger_stands_beside_the_champion_and_both_fit_the_contract(tmp_path: Path) -> None:
    tried = a_model(version="2", points=1.0)
    rulebook = rulebook_with(tmp_path, champion=a_model(), challenger=tried)
    story = forty_days_late(rulebook)
    data = assessment_data(story.assessments[-1])
    # -2.944439 + 1 - 0.1 = -2.044439, so 11.46 %.
    assert (data["pd_challenger"]["value"], data["pd_challenger"]["version"]) == ("0.114615", "2")
    for assessment in story.assessments:
        assert validated(risk_event(assessment)).event.type == "assessment.changed.v1"


def test_a_model_moves_no_state_no_score_and_no_occasion(tmp_path: Path) -> None:
    rulebook = rulebook_with(tmp_path, version="1.0", champion=a_model(points=9.0))
    quiet, informed = forty_days_late("reference"), forty_days_late(rulebook)
    assert encode(informed.borrower) == encode(quiet.borrower)
    assert [
        replace(assessment, opinions=[]) for assessment in informed.assessments
    ] == quiet.assessments
    assert "pd" not in assessment_data(quiet.assessments[-1])


def test_a_rulebook_with_models_fits_the_schema_and_keeps_its_comments(tmp_path: Path) -> None:
    tried = a_model(version="2")
    file = rulebook_with(tmp_path, champion=a_model(), challenger=tried)
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert list(validator.iter_errors(read_document(file))) == []
    before = path_of("reference").read_text(encoding="utf-8")
    comments = [line for line in before.splitlines() if line.startswith("#")]
    assert set(comments) <= set(Path(file).read_text(encoding="utf-8").splitlines())
    assert [model.version for model in load_rulebook(file).models] == ["1", "2"]


def test_attaching_again_replaces_and_detaching_leaves_the_rulebook_as_it_was() -> None:
    base = path_of("default").read_text(encoding="utf-8")
    model = a_model(rulebook="default")
    once = with_models(base, {"champion": model}, "2")
    twice = with_models(once, {"champion": {**model, "version": "5"}}, "3")
    assert [model.version for model in read_text(twice).models] == ["5"]
    assert with_models(twice, {}, "1.0") == base


def test_a_challenger_that_becomes_the_champion_is_no_longer_the_challenger() -> None:
    old, tried = a_model(), a_model(version="2")
    document = {"second_opinion": {"champion": old, "challenger": tried}}
    assert attached(document, tried, "champion") == {"champion": tried}
    third = a_model(version="3")
    assert attached(document, third, "challenger") == {"champion": old, "challenger": third}


def problems_of(second_opinion: dict[str, Any], **changes: Any) -> str:
    document = {**read_document("reference"), "second_opinion": second_opinion, **changes}
    with pytest.raises(RulebookError) as caught:
        compile_rulebook(document, origin="test")
    return "\n".join(caught.value.problems)


def test_a_model_is_refused_where_its_indicators_are_judged_otherwise() -> None:
    indicators = dict(read_document("reference")["indicators"])
    indicators["R-01"] = {**indicators["R-01"], "amber": ">= 10 d"}
    problems = problems_of({"champion": a_model()}, indicators=indicators)
    assert "second_opinion.champion: R-01" in problems
    assert "R-03" not in problems
    overlays = [{"name": "x", "segment": "SME", "indicators": {"R-03": {"enabled": False}}}]
    assert "champion: R-03" in problems_of({"champion": a_model()}, overlays=overlays)


def test_other_weights_cuts_and_a_single_borrowers_thresholds_do_not_disturb_a_model() -> None:
    document = read_document("reference")
    indicators = dict(document["indicators"])
    indicators["R-01"] = {**indicators["R-01"], "weight": "0.6"}
    overlay = {
        "name": "agreed",
        "borrower": "B-1",
        "indicators": {"R-03": {"weight": "0.1"}},
    }
    changed = {"indicators": indicators, "overlays": [overlay]}
    compile_rulebook(
        {**document, **changed, "second_opinion": {"champion": a_model()}}, origin="test"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": "tocsin-pd-1"}, "train again"),
        ({"intercept": "much"}, "$.intercept"),
        ({"colour": 1}, "colour"),
        ({"score_edges": [1.0]}, "score_expected"),
        ({"horizon_days": 0}, "horizon_days"),
    ],
)
def test_a_model_that_cannot_be_right_is_refused_with_its_field(
    change: dict[str, Any], problem: str
) -> None:
    assert problem in problems_of({"champion": {**a_model(), **change}})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"indicator": "Q-01"}, "unknown indicator"),
        ({"points": [0.5, 0.1]}, "must not fall"),
        ({"points": [0.5]}, "one point more"),
        ({"expected": [1.0]}, "one share a bin"),
    ],
)
def test_a_feature_that_cannot_be_right_is_refused(change: dict[str, Any], problem: str) -> None:
    model = a_model()
    model["features"][0] |= change
    assert problem in problems_of({"champion": model})


def test_a_challenger_needs_a_champion_that_is_another_model() -> None:
    assert "without a champion" in problems_of({"challenger": a_model()})
    both = {"champion": a_model(), "challenger": a_model()}
    assert "the same model" in problems_of(both)


def test_a_difference_of_models_is_a_sentence(tmp_path: Path) -> None:
    none = load_rulebook("reference")
    first = load_rulebook(rulebook_with(tmp_path, version="2", champion=a_model()))
    other = a_model(version="2", points=1.5)
    second = load_rulebook(rulebook_with(tmp_path, version="3", champion=other))
    (added,) = differences(none, first)
    assert added.sentence.startswith("PD champion is added (model firms 1, horizon 365 days, ")
    assert [difference.sentence for difference in differences(first, second)] == [
        "PD champion: model changes from firms 1 to firms 2",
        "PD champion: R-01 points change from 0: -0.1, 0.2: 2 to 0: -0.1, 0.2: 1.5",
    ]


def test_what_was_trained_comes_back_from_yaml_as_it_was() -> None:
    text = with_models(
        path_of("reference").read_text(encoding="utf-8"), {"champion": a_model()}, "2"
    )
    assert read_text(text).models == (model_from(a_model()),)
