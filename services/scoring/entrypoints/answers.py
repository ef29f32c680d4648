"""The bodies of scoring's answers, and their description for OpenAPI."""

from datetime import date
from typing import Any

import msgspec
from pydantic import BaseModel

from services.scoring.adapters.assessment_json import assessment_data
from services.scoring.adapters.narrative.catalogues import Language
from services.scoring.adapters.narrative.forms import story_json
from services.scoring.adapters.narrative.story import story
from services.scoring.adapters.score_json import score_line
from services.scoring.application.reading import Looked


class SignalText(BaseModel):
    """One signal in words: value, level, thresholds, own usual figure, since when, share."""

    indicator: str
    name: str
    level: str
    text: str


class ConditionText(BaseModel):
    """One condition for the state to ease, and whether it is met."""

    text: str
    met: bool


class ChangesText(BaseModel):
    """What the newest assessment sent out said had changed, and what moved since."""

    text: str
    as_of: date | None
    changes: list[str]


class BetterText(BaseModel):
    """What would have to happen to get better; `to` is null where nothing better can follow."""

    text: str
    to: str | None
    conditions: list[ConditionText]
    signals: list[str]


class StoryText(BaseModel):
    """The judgement in whole sentences of one language."""

    language: Language
    summary: list[str]
    why: list[str]
    signals: list[SignalText]
    unmeasurable: list[str]
    changes: ChangesText
    better: BetterText
    worse: str | None


class Explanation(BaseModel):
    """An assessment with every indicator; decimals are strings. `story` comes with `language`."""

    borrower_id: str
    as_of: date
    state: str
    state_since: date
    trigger_rule_ids: list[str]
    score: str
    family_scores: dict[str, str | None]
    dpd_operational: int
    dpd_regulatory: int
    completeness: str
    low_confidence: bool
    flags: list[str]
    regimes: dict[str, str | bool]
    indicators: dict[str, dict[str, Any]]
    top_contributors: list[dict[str, Any]]
    rulebook: str
    rulebook_version: str
    segment: str
    story: StoryText | None = None


class LedgerItem(BaseModel):
    """One applied event: where it stood in the log, its business date, the CloudEvent."""

    partition: int
    offset: int
    day: date
    event: dict[str, Any]


class LedgerPage(BaseModel):
    """Some of the ledger; `next_cursor` is null at the end."""

    items: list[LedgerItem]
    next_cursor: int | None


class HistoryItem(BaseModel):
    """One assessment that was emitted: the CloudEvent as it was sent."""

    sequence: int
    event: dict[str, Any]


class HistoryPage(BaseModel):
    """Some of the history; `next_cursor` is null at the end."""

    items: list[HistoryItem]
    next_cursor: int | None


def assessment_answer(looked: Looked) -> bytes:
    """Return the assessment as the contract's JSON object."""
    return msgspec.json.encode(assessment_data(looked.assessment))


def explanation_answer(looked: Looked, language: Language | None = None) -> bytes:
    """Return the assessment with every indicator, and in sentences if a language is asked for."""
    answer = score_line(looked.assessment, looked.borrower, looked.rules)
    if language is None:
        return answer
    told = story(
        looked.assessment, looked.borrower, looked.rules, language=language, told=looked.told
    )
    return msgspec.json.encode({**msgspec.json.decode(answer), "story": story_json(told)})
