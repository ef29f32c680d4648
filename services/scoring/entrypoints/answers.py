"""The bodies of scoring's answers, and their description for OpenAPI."""

from datetime import date
from typing import Any

import msgspec
from pydantic import BaseModel

from services.contracts.currencies import decimals_of
from services.scoring.adapters.assessment_json import assessment_data, shown_money
from services.scoring.adapters.narrative.catalogues import Language
from services.scoring.adapters.narrative.forms import story_json
from services.scoring.adapters.narrative.story import story
from services.scoring.adapters.score_json import score_line
from services.scoring.application.reading import Looked
from services.scoring.domain.arrears.days_past_due import arrears_of


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
    days_late: int
    days_in_arrears: int
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


class OneArrears(BaseModel):
    """A loan or line: days late excuse nothing, days in arrears begin after grace."""

    id: str
    kind: str
    currency: str
    days_late: int
    days_in_arrears: int
    past_due: str
    disputed: str
    technical: bool
    grace_days: int


class Arrears(BaseModel):
    """Arrears of a borrower as of a business date: the worst figures, then loan by loan."""

    borrower_id: str
    as_of: date
    days_late: int
    days_in_arrears: int
    dpd_regulatory: int
    past_due: str
    currency: str
    loans: list[OneArrears]


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


def arrears_answer(looked: Looked) -> bytes:
    """Return both day counts of the borrower and of each loan and line."""
    one, borrower = looked.assessment, looked.borrower
    rows = arrears_of(borrower, looked.rules.tolerance, one.as_of)
    money = one.position
    return msgspec.json.encode(
        {
            "borrower_id": one.borrower_id,
            "as_of": date.fromordinal(one.as_of),
            "days_late": one.days_late,
            "days_in_arrears": one.dpd_operational,
            "dpd_regulatory": one.dpd_regulatory,
            "past_due": shown_money(money.past_due, decimals_of(money.currency)),
            "currency": money.currency,
            "loans": [
                {
                    "id": row.name,
                    "kind": "LINE" if row.is_line else "LOAN",
                    "currency": row.currency,
                    "days_late": row.days_late,
                    "days_in_arrears": row.days_in_arrears,
                    "past_due": shown_money(row.past_due_minor, decimals_of(row.currency)),
                    "disputed": shown_money(row.disputed_minor, decimals_of(row.currency)),
                    "technical": row.is_technical,
                    "grace_days": row.grace_days,
                }
                for row in rows
            ],
        }
    )


def explanation_answer(looked: Looked, language: Language | None = None) -> bytes:
    """Return the assessment with every indicator, and in sentences if a language is asked for."""
    answer = score_line(looked.assessment, looked.borrower, looked.rules)
    if language is None:
        return answer
    told = story(
        looked.assessment, looked.borrower, looked.rules, language=language, told=looked.told
    )
    return msgspec.json.encode({**msgspec.json.decode(answer), "story": story_json(told)})
