"""Whatever a message or page can name has a text in each language, and none is left in English."""

import re
from collections.abc import Iterable
from typing import Final, get_args

import pytest

from services.alerts.decisions.domain.playbooks import (
    PLAYBOOKS,
    STATE_ROUTINES,
    UNKNOWN,
    UNKNOWN_RISK_TYPE,
)
from services.alerts.delivery.application.endpoint_trial import EVENT_TYPE
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    Level,
    OutcomeCode,
    RiskState,
    Severity,
)
from services.contracts.borrower import Segment
from services.scoring.domain.primitives.vocabulary import UTP_TRIGGERS
from services.scoring.domain.regimes import china, eu_default, ifrs9, npe, rbi
from services.wording.messages import Language, read_catalogue

# Words of English that neither Spanish nor a code, a name or a unit has.
ENGLISH: Final = re.compile(
    r"\b(the|of|and|is|are|was|were|with|for|from|by|not|no longer|days?|months?|since|least|most|"
    r"more than|its|has|have|been|this|that|which|loan|borrower|unpaid|paid|over|below|above)\b",
    re.IGNORECASE,
)
# The same word in both languages.
SHARED: Final = frozenset({"normal", "Factor", "India, RBI", "{number} min"})


def texts(language: Language) -> dict[str, str]:
    """Return message ids and texts as they are written."""
    return {
        str(message.id): str(message.string) for message in read_catalogue(language) if message.id
    }


@pytest.mark.parametrize("language", Language)
def test_each_step_role_outcome_and_event_has_a_text(language: Language) -> None:
    playbooks = {
        **PLAYBOOKS,
        **{state.value: steps for state, steps in STATE_ROUTINES.items()},
        UNKNOWN: UNKNOWN_RISK_TYPE,
    }
    steps = [(name, step) for name, rows in playbooks.items() for step in rows]
    wanted = {f"step.{name}.{step.code}" for name, step in steps}
    wanted |= {f"role.{step.role}" for _, step in steps}
    wanted |= {f"outcome.{code}" for code in OutcomeCode}
    kinds = [*(kind.value for kind in AlertEventKind), EVENT_TYPE]
    wanted |= {f"alert_step.{kind.removeprefix('alert.').removesuffix('.v1')}" for kind in kinds}
    assert wanted <= texts(language).keys()
    assert {key for key in texts(language) if key.startswith("step.")} <= wanted


@pytest.mark.parametrize("language", Language)
def test_each_code_that_a_page_shows_has_a_label(language: Language) -> None:
    groups: dict[str, Iterable[str]] = {
        "severity": Severity,
        "status": AlertStatus,
        "alert_type": AlertType,
        "state": RiskState,
        "level": Level,
        "segment": get_args(Segment),
        # Every label of a regime; SMA-0 and its like are official names.
        "label": {
            *ifrs9.STAGES,
            *(label for label in rbi.CLASSES if "-" not in label),
            *china.TIERS,
            *(word for _, word in eu_default.WORDS),
            *UTP_TRIGGERS,
            eu_default.CURE,
            npe.FORBORNE_RELAPSE,
            npe.OTHER,
        },
    }
    wanted = {f"{group}.{code}" for group, codes in groups.items() for code in codes}
    assert wanted <= texts(language).keys()


@pytest.mark.parametrize("language", [Language.SPANISH, Language.CHINESE])
def test_no_translation_is_left_in_english(language: Language) -> None:
    english = texts(Language.ENGLISH)
    left = {}
    for key, text in texts(language).items():
        words = re.sub(r"\{\w+\}", "", text)
        is_same = text == english.get(key) and re.search(r"[a-z]{3}", words)
        if ENGLISH.search(words) or (is_same and text not in SHARED):
            left[key] = text
    assert not left


def test_every_chinese_message_with_words_is_written_in_chinese() -> None:
    without = {
        key: text
        for key, text in texts(Language.CHINESE).items()
        if re.search(r"[A-Za-z]{4}", re.sub(r"\{\w+\}", "", text))
        and not re.search(r"[\u4e00-\u9fff]", text)
    }
    assert not without
