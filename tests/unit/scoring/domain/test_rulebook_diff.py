"""The difference of two rulebooks is written in the terms of the file."""

from typing import Any

from services.scoring.adapters.rulebook_reader import compile_rulebook, read_document
from services.scoring.domain.rulebook.diff import differences


def sentences(**changed: Any) -> list[str]:
    """Return what changes when these fields of a small rulebook are written otherwise."""
    return [
        difference.sentence
        for difference in differences(
            compile_rulebook(small(), origin="old"),
            compile_rulebook(small(**changed), origin="new"),
        )
    ]


def small(**changed: Any) -> dict[str, Any]:
    reference = read_document("reference")
    return {
        "rulebook": "small",
        "version": "1",
        "cuts": {"*": dict(reference["cuts"]["*"])},
        "states": {
            "entry": [
                {"id": "late", "to": "WATCH", "any_of": ["R-01 > 30 d"]},
                {"id": "scored", "to": "ATTENTION", "score": True},
            ]
        },
        "indicators": {
            "R-01": {"weight": "0.55", "amber": ">= 5 d", "red": "> 30 d"},
            "F-08": {"weight": "0.4", "amber": "< 10 %", "red": "< 5 %"},
        },
        "overlays": [
            {"name": "people", "segment": "RETAIL", "indicators": {"F-08": {"weight": 0}}}
        ],
        **changed,
    }


def indicators(**changed: dict[str, str]) -> dict[str, Any]:
    indicators = small()["indicators"]
    return {
        name: {**indicators.get(name, {}), **changed.get(name.replace("-", ""), {})}
        for name in indicators
    }


def test_the_same_rulebook_has_no_difference() -> None:
    assert sentences() == []


def test_another_name_or_way_of_writing_is_no_difference() -> None:
    assert sentences(version="2", indicators=indicators(F08={"amber": "< 0.10"})) == []


def test_weight_amber_and_red_are_listed_with_their_units() -> None:
    lines = sentences(
        indicators=indicators(R01={"weight": "0.7", "amber": ">= 10 d"}, F08={"red": "<= 4.5 %"})
    )
    assert "R-01 Days past due: weight changes from 0.55 to 0.7" in lines
    assert "R-01 Days past due: amber changes from >= 5 d to >= 10 d" in lines
    assert "F-08 Little own money in the firm: red changes from < 5 % to <= 4.5 %" in lines
    assert not [line for line in lines if "R-01 Days past due: red" in line]


def test_a_removed_threshold_and_indicator_are_listed() -> None:
    without = {"F-08": {"weight": "0.4", "amber": "< 10 %"}}
    lines = sentences(indicators=without, states={"entry": []}, overlays=[])
    assert "F-08 Little own money in the firm: red is removed (< 5 %)" in lines
    removed = [line for line in lines if line.startswith("R-01 Days past due is removed (")]
    assert len(removed) == 1
    assert "amber >= 5 d, red > 30 d" in removed[0]


def test_cuts_are_listed_in_score_points() -> None:
    cuts = {"*": {**small()["cuts"]["*"], "watch": 45}}
    assert sentences(cuts=cuts) == ["Cuts of every other segment: watch changes from 40 to 45"]


def test_cuts_of_a_data_profile_are_listed_by_it() -> None:
    common = small()["cuts"]["*"]
    lines = sentences(cuts={"*": common, "SME statements_only": common})
    assert [line.split(" (")[0] for line in lines] == ["Cuts of SME statements_only are added"]


def test_overlays_for_the_same_borrowers_are_compared_together() -> None:
    both = [
        {"name": "people", "segment": "RETAIL", "indicators": {"F-08": {"weight": 0}}},
        {"name": "more", "segment": "RETAIL", "indicators": {"R-01": {"weight": 0.1}}},
    ]
    assert sentences(overlays=both) == [
        "Overlay 'people, more' for segment RETAIL: R-01 weight is added (0.1)"
    ]


def test_added_removed_and_changed_overlays_are_listed() -> None:
    changed = [{"name": "people", "segment": "RETAIL", "indicators": {"F-08": {"weight": 0.2}}}]
    assert sentences(overlays=changed) == [
        "Overlay 'people' for segment RETAIL: F-08 weight changes from 0 to 0.2"
    ]
    other = [{"name": "holdings", "industry": "64.2", "indicators": {"F-08": {"enabled": False}}}]
    assert sentences(overlays=other) == [
        "Overlay 'people' for segment RETAIL is removed (F-08 weight 0)",
        "Overlay 'holdings' for industry 64.2 is added (F-08 enabled off)",
    ]


def test_state_rules_are_listed_by_their_id() -> None:
    entry = [
        {"id": "late", "to": "HIGH_RISK", "any_of": ["R-01 > 60 d"]},
        {"id": "scored", "to": "ATTENTION", "score": True},
    ]
    assert sentences(states={"entry": entry}) == [
        "Entry rule late: target changes from WATCH to HIGH_RISK",
        "Entry rule late: tests change from 1 of R-01 > 30 d to 1 of R-01 > 60 d",
    ]
