"""Assessments for alert tests: as domain values and as records of the risk topic."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.alerts.decisions.adapters.assessment_words import ContractWords
from services.alerts.decisions.domain.assessment import AssessmentSummary, ContributorSummary
from services.alerts.primitives.vocabulary import Level, RiskState
from services.contracts.assessment import AssessmentChangedV1
from services.scoring.adapters.codec import isolation_event
from services.scoring.domain.rulebook.classification import FACTORS

# A Monday, mid-morning in Berlin, with no holiday near.
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def contributor(
    indicator: str = "R-01", level: Level = Level.AMBER, share: float = 12.5, **changes: Any
) -> ContributorSummary:
    values: dict[str, Any] = {
        "indicator": indicator,
        "name": f"name of {indicator}",
        "risk_type": "PAYMENT_DELAY",
        "factor": "RECORD",
        "trigger": "PAYMENT",
        "stage": "COLLECTION",
        "level": level,
        "share": share,
        "evidence_event_ids": ("core-bank/e-1",),
    }
    return ContributorSummary(**{**values, **changes})


def assessment(
    state: RiskState = RiskState.WATCH,
    *contributors: ContributorSummary,
    sequence: int = 1,
    borrower_id: str = "b-1",
    days_later: float = 0,
    score: float = 45.0,
    **changes: Any,
) -> AssessmentSummary:
    at = MONDAY + timedelta(days=days_later)
    values: dict[str, Any] = {
        "borrower_id": borrower_id,
        "sequence": sequence,
        "at": at,
        "as_of": at.date(),
        "state": state,
        "from_state": None,
        "state_since": at.date(),
        "score": score,
        "contributors": contributors,
        "segment": "SME",
        "officer_id": "o-7",
        "branch_id": "br-1",
        "is_corrected": False,
        # As `document` states them.
        "has_line": False,
        "is_undrawn": False,
        "days_late": 34,
        "words": None,
    }
    summary = AssessmentSummary(**{**values, **changes})
    data = msgspec.convert(document(summary), AssessmentChangedV1)
    return replace(summary, words=ContractWords(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeRecord:
    """What the consumer sees of a Kafka record."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def document(summary: AssessmentSummary) -> dict[str, Any]:
    """The `data` of an `assessment.changed.v1`, whole, as scoring sends it."""
    return {
        "borrower_id": summary.borrower_id,
        "sequence": summary.sequence,
        "at": summary.at.isoformat(),
        "as_of": summary.as_of.isoformat(),
        "state": summary.state.value,
        "from_state": summary.from_state and summary.from_state.value,
        "state_since": summary.state_since.isoformat(),
        "trigger_rule_ids": [],
        "state_tests": [],
        "reason": ["STATE"],
        "score": summary.score,
        "family_scores": {},
        "completeness": 0.9,
        "low_confidence": False,
        "contributors": [
            {
                "indicator": cause.indicator,
                "name": cause.name,
                "component": "value",
                "family": "REPAYMENT",
                "risk_type": cause.risk_type,
                "factor": cause.factor,
                "trigger": cause.trigger,
                "stage": cause.stage,
                "level": cause.level.value,
                "value": str(summary.days_late),
                "unit": "days",
                "amber": ">= 5",
                "red": "> 30",
                "baseline": None,
                "share": cause.share,
                "intensity": 0.5,
                "since": "2026-02-20",
                "evidence_event_ids": list(cause.evidence_event_ids),
            }
            for cause in summary.contributors
        ],
        "unmeasurable": [],
        "measured_green": sorted(summary.measured_green),
        "factors": [
            {
                "factor": factor,
                "level": None,
                "share": 0,
                "indicator": None,
                "name": None,
                "measured": None,
            }
            for factor in FACTORS
        ],
        "positives": [],
        "tasks": [{"code": code, "subjects": []} for code in summary.tasks],
        "dpd_operational": summary.days_late,
        "dpd_regulatory": 0,
        "past_due": "1200.00",
        "exposure": "50000.00",
        "currency": "EUR",
        "next_due": None,
        "undrawn": None,
        "flags": [],
        "money_at_risk": ["EXPOSURE"] if summary.is_money_at_risk else [],
        "changes": [],
        "distance_to_next": None,
        "regimes": {},
        "segment": summary.segment,
        "officer_id": summary.officer_id,
        "branch_id": summary.branch_id,
        "rulebook": {"name": "default", "version": "1"},
        "cause": {"source": "core-bank", "id": "e-1", "type": "repayment.failed.v1"},
        "corrected": summary.is_corrected,
    }


def record(
    summary: AssessmentSummary, *, offset: int, partition: int = 0, topic: str = "risk"
) -> FakeRecord:
    event = {
        "specversion": "1.0",
        "id": f"{summary.borrower_id}:{summary.sequence}",
        "source": "tocsin/scoring",
        "type": "assessment.changed.v1",
        "subject": summary.borrower_id,
        "time": summary.at.isoformat(),
        "sequence": summary.sequence,
        "data": document(summary),
    }
    return FakeRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=int(summary.at.timestamp() * 1000),
        key=summary.borrower_id.encode(),
        value=json.dumps(event).encode(),
    )


def isolation_record(borrower_id: str, since: datetime | None, *, offset: int) -> FakeRecord:
    """A record of the risk topic: the borrower's state stands since a moment, or moves again."""
    return FakeRecord(
        topic="risk",
        partition=0,
        offset=offset,
        timestamp=int(MONDAY.timestamp() * 1000),
        key=borrower_id.encode(),
        value=isolation_event(borrower_id, since, MONDAY),
    )
