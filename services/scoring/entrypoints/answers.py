"""The bodies of scoring's answers, and their description for OpenAPI."""

from datetime import date
from typing import Any

import msgspec
from pydantic import BaseModel

from services.scoring.adapters.assessment_json import assessment_data
from services.scoring.adapters.score_json import score_line
from services.scoring.application.reading import Looked


class Explanation(BaseModel):
    """An assessment with every indicator; decimals are strings."""

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


def explanation_answer(looked: Looked) -> bytes:
    """Return the assessment with every indicator."""
    return score_line(looked.assessment, looked.borrower, looked.rules)
