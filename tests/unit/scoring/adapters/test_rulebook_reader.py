"""Rulebooks: what ships is usable, what is wrong is explained with its place and its remedy."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.scoring.adapters.rulebook_reader import (
    RulebookError,
    compile_rulebook,
    load_rulebook,
    read_document,
    read_text,
    shipped_names,
)
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.indicators.registry import BY_ID

SCHEMA = Path(__file__).resolve().parents[4] / "schemas" / "rulebook" / "v1.schema.json"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def document() -> dict[str, Any]:
    return deepcopy(read_document("reference"))


def problems_of(document: dict[str, Any]) -> str:
    with pytest.raises(RulebookError) as caught:
        compile_rulebook(document, origin="test")
    return "\n".join(caught.value.problems)


def test_two_rulebooks_ship() -> None:
    assert shipped_names() == ["default", "reference"]


@pytest.mark.parametrize("name", ["default", "reference"])
def test_a_shipped_rulebook_is_usable_and_fits_the_schema(
    name: str, validator: Draft202012Validator
) -> None:
    assert load_rulebook(name).name == name
    assert list(validator.iter_errors(read_document(name))) == []


@pytest.mark.parametrize("name", ["default", "reference"])
def test_every_enabled_indicator_can_be_measured(name: str) -> None:
    for rule in load_rulebook(name).indicators.values():
        assert BY_ID[rule.indicator.id] is rule.indicator
        assert any(component is not None for component in rule.components)


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    (
        "an indicator that does not exist",
        {"R-99": {"weight": 0.1, "amber": ">= 1", "red": ">= 2"}},
        "indicators.R-99: unknown indicator; known ones: R-01",
    ),
    (
        "amber beyond red",
        {"F-08": {"weight": 0.4, "amber": "< 5 %", "red": "< 10 %"}},
        "indicators.F-08.red: amber lies beyond red",
    ),
    (
        "opposite directions",
        {"F-08": {"weight": 0.4, "amber": "> 10 %", "red": "< 5 %"}},
        "amber and red point in different directions",
    ),
    (
        "days without their unit",
        {"R-01": {"weight": 0.5, "amber": ">= 5", "red": "> 30 d"}},
        "indicators.R-01.amber: '5' is in the wrong unit: this figure counts days; write \"30 d\"",
    ),
    (
        "per cent where a count is meant",
        {"R-08": {"weight": 0.5, "amber": ">= 1 %", "red": ">= 3"}},
        "this figure counts count",
    ),
    (
        "a share that was meant in per cent",
        {"F-02": {"weight": 0.3, "amber": "<= -15", "red": "<= -30 %"}},
        "did you mean '-15 %'?",
    ),
    (
        "a threshold without sign",
        {"R-01": {"weight": 0.5, "amber": "5 d", "red": "> 30 d"}},
        "'5 d' is not a threshold",
    ),
    ("no weight", {"R-01": {"amber": ">= 5 d", "red": "> 30 d"}}, "weight is missing"),
    (
        "a weight beyond 1",
        {"R-01": {"weight": 55, "amber": ">= 5 d", "red": "> 30 d"}},
        "55 must be a number from 0 to 1",
    ),
    (
        "a figure that the indicator does not have",
        {"F-04": {"weight": 0.3, "components": {"decades": {"red": ">= 2"}}}},
        "indicators.F-04.components.decades: unknown component; known ones: margin, years",
    ),
    (
        "thresholds outside of components",
        {"F-04": {"weight": 0.3, "amber": ">= 1", "red": ">= 2"}},
        "has several components; put the thresholds under components: margin, years, quarters",
    ),
    (
        "an intensity that falls while it gets worse",
        {"R-01": {"weight": 0.5, "amber": ">= 5 d", "knots": {"0 d": 1, "30 d": 0}}},
        "intensity must not fall while the figure gets worse",
    ),
    (
        "a misspelt field",
        {"R-01": {"wieght": 0.5, "weight": 0.5, "amber": ">= 5 d", "red": "> 30 d"}},
        "unknown field 'wieght'",
    ),
]


@pytest.mark.parametrize(
    ("entry", "explanation"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_a_mistake_in_an_indicator_is_explained(
    document: dict[str, Any], entry: dict[str, Any], explanation: str
) -> None:
    document["indicators"] |= entry
    assert explanation in problems_of(document)


@pytest.mark.parametrize(("watch", "is_refused"), [("29.9", True), ("30", False)])
def test_cuts_closer_than_ten_points_are_refused(watch: str, is_refused: bool) -> None:
    document = read_document("reference")
    document["cuts"]["*"] |= {"attention": "20", "watch": watch, "watch_exit": "10"}
    if not is_refused:
        assert compile_rulebook(document, origin="test").cuts["*"].watch == 300_000
        return
    with pytest.raises(RulebookError, match="must rise by 10 points or more each"):
        compile_rulebook(document, origin="test")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("SMALL full", "cuts.SMALL full: unknown segment 'SMALL'; known ones: RETAIL, MICRO"),
        ("SME everything", "unknown data profile 'everything'; known ones: full, no_accounts"),
        ("* full", "cuts.* full: unknown segment '*'; known ones: RETAIL, MICRO"),
    ],
)
def test_cuts_for_nobody_are_refused(document: dict[str, Any], key: str, problem: str) -> None:
    document["cuts"][key] = dict(document["cuts"]["*"])
    assert problem in problems_of(document)


def test_every_mistake_is_reported_at_once(document: dict[str, Any]) -> None:
    document["indicators"]["R-01"] = {"wieght": 0.7, "amber": ">= 5", "red": "> 30 d"}
    document["cuts"]["*"]["attention_exit"] = 90
    document["states"]["entry"][0] |= {"to": "DOOMED", "flag": ["UTP"]}
    document["states"]["entry"][2]["id"] = document["states"]["entry"][1]["id"]
    document["overlays"] = list(two_for_small_firms("F-02", "F-02"))
    problems = problems_of(document)
    for explanation in (
        "R-01.wieght: unknown field",
        "R-01.amber: '5' is in the wrong unit",
        "attention_exit must not lie above attention",
        "unknown state 'DOOMED'",
        "unknown field 'flag'",
        "is used twice",
        "are for the same borrowers",
    ):
        assert explanation in problems


@pytest.mark.parametrize(
    ("rule", "explanation"),
    [
        ({"id": "x", "to": "WATCH"}, "states no condition"),
        ({"id": "x", "to": "WATCH", "any_of": ["R-77 > 3 d"]}, "unknown indicator"),
        ({"id": "x", "to": "WATCH", "any_of": ["F-09 > 3"]}, "has several components"),
        ({"id": "x", "to": "WATCH", "any_of": ["F-08 < 5 %"]}, "true for a figure of 0"),
        ({"id": "x", "to": "WATCH", "flags": ["SAD"]}, "unknown flag 'SAD'"),
        ({"id": "attention-red", "to": "WATCH", "reds": 2}, "'attention-red' is used twice"),
    ],
)
def test_a_mistake_in_a_state_rule_is_explained(
    document: dict[str, Any], rule: dict[str, Any], explanation: str
) -> None:
    document["states"]["entry"].append(rule)
    assert explanation in problems_of(document)


def test_an_alias_is_refused_before_it_is_followed() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(97 + number)}: &{chr(97 + number)} [{', '.join([f'*{chr(96 + number)}'] * 9)}]\n"
        for number in range(1, 20)
    )
    with pytest.raises(RulebookError, match="alias"):
        read_text(bomb)


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    file.write_text("rulebook: a\nrulebook: b\n", encoding="utf-8")
    with pytest.raises(RulebookError, match="written twice"):
        load_rulebook(str(file))


def test_a_name_that_is_neither_shipped_nor_a_file_is_explained() -> None:
    with pytest.raises(RulebookError, match="no shipped rulebook has this name"):
        load_rulebook("refrence")


def overlay(**fields: Any) -> dict[str, Any]:
    return {"name": "test"} | fields


def two_for_small_firms(*indicators: str) -> tuple[dict[str, Any], ...]:
    """Return two overlays for the same borrowers, each of which changes one indicator."""
    return tuple(
        {"name": name, "segment": "SME", "indicators": {indicator: {"weight": 0.01}}}
        for name, indicator in zip(("first", "second"), indicators, strict=True)
    )


class TestOverlays:
    def weight(self, document: dict[str, Any], *key: str) -> int:
        rulebook = compile_rulebook(document, origin="test")
        rule = rulebook.rules_for(*key).by_slot[slot_of("F-02")]
        return -1 if rule is None else rule.weight

    def test_the_most_specific_wins(self, document: dict[str, Any]) -> None:
        document["overlays"] = [
            overlay(borrower="B-9", indicators={"F-02": {"weight": 0.5}}),
            overlay(industry="47", indicators={"F-02": {"weight": 0.4}}),
            overlay(segment="SME", indicators={"F-02": {"weight": 0.2}}),
            overlay(industry="47.1", indicators={"F-02": {"enabled": False}}),
        ]
        assert self.weight(document, "LARGE", "25.1", "B-1") == 300_000
        assert self.weight(document, "SME", "25.1", "B-1") == 200_000
        assert self.weight(document, "SME", "47.9", "B-1") == 400_000
        assert self.weight(document, "SME", "47.11", "B-1") == -1
        assert self.weight(document, "SME", "47.9", "B-9") == 500_000

    def test_what_an_overlay_leaves_out_is_unchanged(self, document: dict[str, Any]) -> None:
        document["overlays"] = [overlay(segment="SME", indicators={"F-02": {"weight": 0.2}})]
        rules = compile_rulebook(document, origin="test").rules_for("SME")
        rule = rules.by_slot[slot_of("F-02")]
        assert rule is not None
        assert rule.components[0] is not None
        assert rule.components[0].red is not None
        assert rule.components[0].red.value == -300_000

    def test_two_that_change_one_indicator_of_the_same_borrowers_are_refused(
        self, document: dict[str, Any]
    ) -> None:
        first, second = two_for_small_firms("F-02", "F-02")
        document["overlays"] = [first, second]
        problem = "'first' and 'second' are for the same borrowers, and both change F-02"
        assert problem in problems_of(document)

    def test_two_for_the_same_borrowers_that_change_others_both_count(
        self, document: dict[str, Any]
    ) -> None:
        document["overlays"] = list(two_for_small_firms("F-02", "F-08"))
        rules = compile_rulebook(document, origin="test").rules_for("SME")
        for name in ("F-02", "F-08"):
            rule = rules.by_slot[slot_of(name)]
            assert rule is not None
            assert rule.weight == 10_000

    def test_one_for_nobody_is_refused(self, document: dict[str, Any]) -> None:
        document["overlays"] = [overlay()]
        assert "overlays.test: applies to no borrower; give one of" in problems_of(document)

    def test_a_threshold_that_would_be_lost_is_refused(self, document: dict[str, Any]) -> None:
        document["overlays"] = [overlay(segment="SME", indicators={"F-02": {"amber": "<= -15 %"}})]
        problems = problems_of(document)
        assert "without red, which would be lost" in problems
        assert 'write red: "<= -30 %" as it was' in problems

    def test_an_unknown_segment_is_refused(self, document: dict[str, Any]) -> None:
        document["overlays"] = [overlay(segment="SMALL")]
        document["cuts"]["SMALL"] = dict(document["cuts"]["*"])
        problems = problems_of(document)
        assert "unknown segment 'SMALL'; known ones: RETAIL" in problems
        assert "cuts.SMALL: unknown segment" in problems


@pytest.mark.parametrize("name", ["default", "reference"])
def test_no_entry_rule_reads_an_indicator_that_is_switched_off(name: str) -> None:
    rulebook = load_rulebook(name)
    read = {test.slot for rule in rulebook.policy.entries for test in rule.tests}
    assert {slot for slot in read if not rulebook.indicators[slot].enabled} == set()
