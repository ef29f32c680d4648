"""The response bodies of scoring: their models for OpenAPI, and how they are built."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from services.contracts.assessment import AssessmentV1
from services.contracts.currencies import decimals_of
from services.contracts.fields import Identifier, Timestamp
from services.scoring.adapters.assessment_json import assessment_data, shown_money
from services.scoring.adapters.narrative.narrative import narrate, narrative_json
from services.scoring.adapters.score_json import score_row
from services.scoring.application.borrower_queries import AssessmentView
from services.scoring.application.portfolio_queries import BorrowerMaturity, NearTriggers
from services.scoring.application.rulebook_workflow import StoredRulebook
from services.scoring.application.sector_stress import SectorStress
from services.scoring.domain.arrears.days_past_due import arrears_of
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.assess.effects import amount
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.assess.outlook import NearTrigger
from services.scoring.domain.borrower.reasons import PARTY
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.portfolio.exit_candidates import ExitCandidate
from services.scoring.domain.portfolio.risk_points import RiskPoint
from services.scoring.domain.primitives.measurement import LEVEL_NAMES
from services.wording.messages import Language
from services.wording.parties import without_parties

Isolated = Mapping[str, datetime]
"""By borrower, since when it is isolated."""


class BorrowerAssessment(AssessmentV1, frozen=True, kw_only=True):
    """The whole assessment of a borrower, and whether it is isolated."""

    isolated_since: Timestamp | None  #: Since when it is isolated; null: it is not.


class SignalText(BaseModel):
    """One signal in words: value, level, thresholds, own baseline, since when, share."""

    indicator: str
    name: str
    level: str
    text: str


class ConditionText(BaseModel):
    """One condition for the state to ease, and whether it is met."""

    text: str
    met: bool


class WhyText(BaseModel):
    """What the state became and when, and what was true then, as it was recorded."""

    text: str
    tests: list[str]


class ChangesText(BaseModel):
    """What changed since the state did, or since the first event of a borrower that never moved."""

    text: str
    as_of: date
    changes: list[str]


class BetterText(BaseModel):
    """The conditions for a better state; `to` is null where no better state can follow."""

    text: str
    to: str | None
    conditions: list[ConditionText]
    signals: list[str]


class StoryText(BaseModel):
    """The assessment in whole sentences of one language."""

    language: Language
    summary: list[str]
    why: WhyText
    signals: list[SignalText]
    unmeasurable: list[str]
    changes: ChangesText
    better: BetterText
    worse: list[str]
    factors: list[str]
    positives: list[str]
    tasks: list[str]


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
    isolated_since: datetime | None
    story: StoryText | None = None


class LoanArrears(BaseModel):
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


class BorrowerArrears(BaseModel):
    """Arrears of a borrower as of a business date: the worst figures, then loan by loan."""

    borrower_id: str
    as_of: date
    days_late: int
    days_in_arrears: int
    dpd_regulatory: int
    past_due: str
    currency: str
    isolated_since: datetime | None
    loans: list[LoanArrears]


class LedgerItem(BaseModel):
    """One applied event: its position in the log, its business date, the CloudEvent."""

    partition: int
    generation: int
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


class NearTriggerItem(BaseModel):
    """One figure before its next threshold; `days` is null where the trend does not lead there."""

    indicator: str
    name: str
    subject: str
    level: str
    value: str
    threshold: str
    distance: str
    relative: str | None
    days: int | None


class BorrowerNearTriggers(BaseModel):
    """A borrower with the figures near a trigger, the soonest first.

    `next_state` is the state whose score cut is within five points, `points_to_next` the points to
    it; both are null where none is that near.
    """

    borrower_id: str
    state: str
    as_of: date
    triggers: list[NearTriggerItem]
    next_state: str | None
    points_to_next: str | None
    isolated_since: datetime | None


class NearTriggersPage(BaseModel):
    """Borrowers with anything near; `next_cursor` is null at the end."""

    items: list[BorrowerNearTriggers]
    next_cursor: str | None


class ExitCandidateItem(BaseModel):
    """A candidate for an exit, why, and the yearly rate less expected loss where known."""

    borrower_id: str
    state: str
    score: str
    exposure: str
    currency: str
    reasons: list[str]
    margin: str | None
    isolated_since: datetime | None


class ExitCandidatesPage(BaseModel):
    """Candidates among the borrowers of the page, the most pressing first."""

    items: list[ExitCandidateItem]
    next_cursor: str | None


class MaturityItem(BaseModel):
    """A loan or line that ends in the month, and the expected difficulty of collecting it."""

    borrower_id: str
    loan_id: str
    maturity_date: date
    outstanding: str
    currency: str
    difficulty: str
    state: str
    officer_id: str | None
    branch_id: str | None
    isolated_since: datetime | None


class MaturitiesPage(BaseModel):
    """Loans and lines that end in the month among the borrowers of the page."""

    items: list[MaturityItem]
    next_cursor: str | None


class RiskPointItem(BaseModel):
    """One kind of risk: how often it occurs, what it costs, and the product of both."""

    risk_type: str
    months_hit: int
    months_exposed: int
    borrowers_hit: int
    exposure_hit: str
    loss: str
    occurrence_rate: str
    loss_rate: str | None
    index: str | None


class RiskPointQueue(BaseModel):
    """The risk-point queue of a period, the largest index first."""

    currency: str
    items: list[RiskPointItem]


class SectorItem(BaseModel):
    """One sector; `z` is null where the past is too short or too few borrowers owe."""

    industry_code: str
    borrowers: int
    exposure: str
    stressed: str
    share: str
    z: str | None


class SectorList(BaseModel):
    """The sectors of a month's end, the most stressed first, and all of them together."""

    currency: str
    all: SectorItem
    items: list[SectorItem]


class RulebookSummary(BaseModel):
    """A rulebook with its status and who took which step; people are ids of persons."""

    name: Identifier
    version: Identifier
    sha256: str
    status: str
    author: str
    drafted_at: datetime
    proposal_id: int | None
    proposed_at: datetime | None
    approver: str | None
    approved_at: datetime | None
    activator: str | None
    activated_at: datetime | None
    activations: int


class RulebookDetail(RulebookSummary):
    """A rulebook with its text."""

    document: str


class RulebookList(BaseModel):
    """The rulebooks drafted last, the newest first."""

    items: list[RulebookSummary]


def assessment_body(view: AssessmentView) -> bytes:
    """Returns the assessment as the contract's JSON object."""
    data = assessment_data(view.assessment)
    if not view.names_parties:
        data = without_parties(data)
    return msgspec.json.encode({**data, "isolated_since": view.isolated_since})


def arrears_body(view: AssessmentView) -> bytes:
    """Returns both day counts of the borrower and of each loan and line."""
    assessment = view.assessment
    rows = arrears_of(view.borrower, view.rules.tolerance, assessment.as_of)
    money = assessment.position
    return msgspec.json.encode(
        {
            "borrower_id": assessment.borrower_id,
            "as_of": date.fromordinal(assessment.as_of),
            "days_late": assessment.days_late,
            "days_in_arrears": assessment.dpd_operational,
            "dpd_regulatory": assessment.dpd_regulatory,
            "past_due": shown_money(money.past_due, decimals_of(money.currency)),
            "currency": money.currency,
            "isolated_since": view.isolated_since,
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


def explanation_body(view: AssessmentView, language: Language | None = None) -> bytes:
    """Returns the assessment with every indicator, and in sentences of a language if given."""
    if not view.names_parties:
        view = replace(view, assessment=_without_party_evidence(view.assessment))
    row = score_row(view.assessment, view.borrower, view.rules)
    row["isolated_since"] = view.isolated_since
    if language is None:
        return msgspec.json.encode(row)
    narrative = narrate(
        view.assessment,
        view.borrower,
        view.rules,
        language=language,
        last_emitted=view.last_emitted,
        names_parties=view.names_parties,
    )
    return msgspec.json.encode({**row, "story": narrative_json(narrative)})


def _without_party_evidence(assessment: Assessment) -> Assessment:
    """Returns the assessment without the events by which other customers stated their state."""
    shown = [
        replace(cause, evidence=[]) if any(each.kind == PARTY for each in cause.subjects) else cause
        for cause in assessment.contributors
    ]
    return replace(assessment, contributors=shown)


def near_triggers_item(near: NearTriggers, isolated: Isolated) -> BorrowerNearTriggers:
    """Returns a borrower with the figures near a trigger."""
    following = near.next_state
    return BorrowerNearTriggers(
        borrower_id=near.borrower_id,
        state=near.state,
        as_of=date.fromordinal(near.as_of),
        triggers=[_trigger(each) for each in near.triggers],
        next_state=None if following is None else STATE_NAMES[following[0]],
        points_to_next=None if following is None else shown_micro(following[1] * 100),
        isolated_since=isolated.get(near.borrower_id),
    )


def _trigger(trigger: NearTrigger) -> NearTriggerItem:
    return NearTriggerItem(
        indicator=trigger.indicator,
        name=BY_ID[trigger.indicator].name,
        subject=trigger.subject,
        level=LEVEL_NAMES[trigger.level],
        value=shown_micro(trigger.value),
        threshold=shown_micro(trigger.threshold),
        distance=shown_micro(trigger.distance),
        relative=None if trigger.relative < 0 else shown_micro(trigger.relative),
        days=None if trigger.days < 0 else trigger.days,
    )


def exit_candidate_item(candidate: ExitCandidate, isolated: Isolated) -> ExitCandidateItem:
    """Returns a candidate for an exit."""
    margin = candidate.margin_micro
    return ExitCandidateItem(
        borrower_id=candidate.borrower_id,
        state=candidate.state,
        score=shown_micro(candidate.score * 100),
        exposure=amount(candidate.exposure_minor, candidate.currency),
        currency=candidate.currency,
        reasons=candidate.reasons,
        margin=None if margin is None else shown_micro(margin),
        isolated_since=isolated.get(candidate.borrower_id),
    )


def maturity_item(ending: BorrowerMaturity, isolated: Isolated) -> MaturityItem:
    """Returns a loan or line that ends."""
    maturity = ending.maturity
    return MaturityItem(
        borrower_id=ending.borrower_id,
        loan_id=maturity.loan_id,
        maturity_date=date.fromordinal(maturity.day),
        outstanding=amount(maturity.owed_minor, maturity.currency),
        currency=maturity.currency,
        difficulty=ending.difficulty,
        state=ending.state,
        officer_id=ending.officer_id,
        branch_id=ending.branch_id,
        isolated_since=isolated.get(ending.borrower_id),
    )


def risk_point_item(point: RiskPoint, currency: str) -> RiskPointItem:
    """Returns one kind of risk of the queue."""
    return RiskPointItem(
        risk_type=point.risk_type,
        months_hit=point.months_hit,
        months_exposed=point.months_exposed,
        borrowers_hit=point.borrowers_hit,
        exposure_hit=amount(point.exposure_hit_minor, currency),
        loss=amount(point.loss_minor, currency),
        occurrence_rate=shown_micro(point.occurrence),
        loss_rate=None if point.loss_rate is None else shown_micro(point.loss_rate),
        index=None if point.index is None else shown_micro(point.index),
    )


def sector_item(stress: SectorStress, currency: str) -> SectorItem:
    """Returns one sector at a month's end."""
    return SectorItem(
        industry_code=stress.sector,
        borrowers=stress.figures.borrowers,
        exposure=amount(stress.figures.exposure_minor, currency),
        stressed=amount(stress.figures.stressed_minor, currency),
        share=shown_micro(stress.figures.share),
        z=None if stress.z_micro is None else shown_micro(stress.z_micro),
    )


def rulebook_summary(rulebook: StoredRulebook) -> RulebookSummary:
    """Returns a rulebook without its text."""
    return RulebookSummary(**_rulebook_fields(rulebook))


def rulebook_detail(rulebook: StoredRulebook) -> RulebookDetail:
    """Returns a rulebook with its text."""
    return RulebookDetail(**_rulebook_fields(rulebook), document=rulebook.document.decode())


def _rulebook_fields(rulebook: StoredRulebook) -> dict[str, Any]:
    return {name: getattr(rulebook, name) for name in RulebookSummary.model_fields}
