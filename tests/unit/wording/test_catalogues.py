"""Every catalogue has every message, with the same placeholders."""

import string
from typing import get_args

import pytest

from services.contracts.assessment import PositiveV1, TaskCode
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.borrower.risk import FLAG_NAMES, STATE_NAMES
from services.scoring.domain.indicators.registry import ALL
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, Reason, Unit
from services.scoring.domain.rulebook.classification import FACTORS, STAGES, TRIGGERS
from services.scoring.domain.rulebook.policy import EXIT_CONDITIONS
from services.scoring.domain.rulebook.rulebook import FAMILY_NAMES
from services.wording.figures import Figures
from services.wording.messages import (
    DIRECTORY,
    Language,
    messages_in,
    read_catalogue,
)
from services.wording.profile import ProfileSentences

TRANSLATED = (Language.SPANISH, Language.CHINESE)
SYSTEM_FLAGS = (
    "DATA_LOW_CONFIDENCE",
    "FLIP_GUARD",
    "RELAXATION_PROPOSED",
    "FRAUD_RED_FLAG_PROPOSED",
)
WHOLE = "positive.whole"
BLOCKERS = (
    "score_not_calm",
    "dwell",
    "red_signal",
    "arrears_run",
    "instalments_late",
    "hard_rule_run",
    "cure_period",
    "statement_late",
    "recently_tightened",
    "low_completeness",
    "statement_stale",
    "flip_guard",
    "arrears_left",
    "not_assessed",
    "open_finding",
)


def texts(language: Language) -> dict[str, str]:
    """Return message ids and texts as they are written."""
    return {
        str(message.id): str(message.string) for message in read_catalogue(language) if message.id
    }


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_is_one_file_per_language() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.po")} == {each.value for each in Language}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_holds_the_messages_of_english_and_the_names_of_indicators(
    language: Language,
) -> None:
    names = {f"indicator.{indicator.id}.name" for indicator in ALL}
    assert texts(language).keys() == texts(Language.ENGLISH).keys() | names


@pytest.mark.parametrize("language", Language)
def test_a_message_has_the_same_placeholders_as_in_english(language: Language) -> None:
    english = texts(Language.ENGLISH)
    differing = {
        key: (text, english[key])
        for key, text in texts(language).items()
        if key in english and placeholders(text) != placeholders(english[key])
    }
    assert not differing


@pytest.mark.parametrize("language", Language)
def test_no_message_is_empty_or_fuzzy(language: Language) -> None:
    unfinished = [
        message.id for message in read_catalogue(language) if not message.string or message.fuzzy
    ]
    assert not unfinished


@pytest.mark.parametrize("language", Language)
def test_each_indicator_has_a_sentence_for_each_figure(language: Language) -> None:
    known = texts(language)
    wanted = {
        f"indicator.{indicator.id}.{component.name}"
        for indicator in ALL
        for component in indicator.components
    }
    assert wanted <= known.keys()


@pytest.mark.parametrize("language", Language)
def test_each_state_level_family_flag_gap_and_blocker_has_a_message(language: Language) -> None:
    wanted = {f"state.{name}" for name in STATE_NAMES}
    wanted |= {f"level.{name}" for name in LEVEL_NAMES}
    wanted |= {f"family.{name}" for name in FAMILY_NAMES}
    wanted |= {f"flag.{name}" for name in (*FLAG_NAMES, *SYSTEM_FLAGS)}
    wanted |= {f"gap.{reason.name.lower()}" for reason in Reason}
    wanted |= {f"better.{code}" for code in BLOCKERS}
    wanted |= {f"met.{each.code}" for each in EXIT_CONDITIONS if each.required_by}
    wanted |= {f"factor.{name}" for name in FACTORS}
    wanted |= {f"trigger.{name}" for name in TRIGGERS}
    wanted |= {f"stage.{name}" for name in STAGES}
    wanted |= {f"task.{name}" for name in get_args(TaskCode)}
    assert wanted <= texts(language).keys()


@pytest.mark.parametrize("language", Language)
def test_each_figure_that_can_be_good_has_a_sentence(language: Language) -> None:
    rules = load_rulebook("default").indicators.values()
    good = {
        f"positive.{rule.indicator.id}.{component.name}"
        for rule in rules
        for component in rule.components
        if component is not None and component.good is not None
    }
    assert good == {key for key in texts(language) if key.startswith("positive.")} - {WHOLE}
    declared = {indicator.id for indicator in ALL if indicator.classification.positive}
    assert {key.split(".")[1] for key in good} == declared


def test_what_is_good_is_written_with_its_figure_and_what_it_is_compared_with() -> None:
    values = {"factor": "CAPACITY", "trigger": "FINANCIAL", "stage": "MONITORING", "name": "x"}
    money = PositiveV1(
        indicator="A-01", component="drop", value="-0.14", unit="ratio", good="<= -0.1", **values
    )
    habit = PositiveV1(
        indicator="R-03", component="late", value="12", unit="count", good="<= 0", **values
    )
    written = {
        language: ProfileSentences(Figures(language), names_parties=False).positives([money, habit])
        for language in Language
    }
    assert written == {
        Language.ENGLISH: [
            "Incoming money is 14 % above the usual (good at 10 % or more).",
            "The last 12 instalments were paid on time.",
        ],
        Language.SPANISH: [
            "Los abonos están un 14 % por encima de lo habitual (positivo con 10 % o más).",
            "Las últimas 12 cuotas se pagaron a tiempo.",
        ],
        Language.CHINESE: [
            "流入资金比平常多14%（良好标准：达到或超过10%）。",
            "最近12期均按时还款。",
        ],
    }


def test_a_message_that_is_missing_is_an_error_that_names_it() -> None:
    with pytest.raises(LookupError, match=r"state\.BETTER"):
        messages_in(Language.SPANISH).text("state.BETTER")


@pytest.mark.parametrize("language", Language)
def test_a_figure_has_a_placeholder_and_a_yes_or_no_has_none(language: Language) -> None:
    known = texts(language)
    for indicator in ALL:
        for component in indicator.components:
            with_value = "value" in placeholders(
                known[f"indicator.{indicator.id}.{component.name}"]
            )
            assert with_value is (component.unit is not Unit.FLAG), (indicator.id, component.name)


def test_the_name_of_an_indicator_is_the_declared_one_in_english() -> None:
    names = [
        messages_in(language).indicator_name("R-01", "Days past due")
        for language in (Language.ENGLISH, Language.SPANISH)
    ]
    assert names == ["Days past due", "Días de atraso"]
