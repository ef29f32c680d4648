"""Reads the risk topic: assessments, isolations, and maturities and inspections that are due.

An assessment becomes the domain's `AssessmentSummary`. The whole `data` is passed on as its own
bytes, to be stored for the card. Unknown fields are ignored, a missing or wrong one is
`Unreadable`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from services.alerts.decisions.adapters.assessment_words import (
    ContractWords,
    inspection_texts,
    maturity_texts,
)
from services.alerts.decisions.domain.assessment import AssessmentSummary, ContributorSummary
from services.alerts.decisions.domain.due_notice import DueNotice
from services.alerts.primitives.vocabulary import AlertType, Level, RiskState
from services.contracts import assessment as contract
from services.contracts.decoding import data_decoder, envelope_decoder
from services.contracts.envelope import CloudEvent

ASSESSMENT_CHANGED: Final = "assessment.changed.v1"
ISOLATION_CHANGED: Final = "isolation.changed.v1"
MATURITY_APPROACHING: Final = "maturity.approaching.v1"
INSPECTION_FELL_DUE: Final = "inspection.fell-due.v1"
UNDRAWN: Final = "COMMITMENT"
LINES: Final = frozenset({UNDRAWN, "UNKNOWN"})
DEBTS: Final = frozenset({"EXPOSURE", "COMMITMENT", "GUARANTEE", "JOINT_OBLIGATION", "UNKNOWN"})
OFFICER_SIGNAL: Final = "OFFICER_SIGNAL"
_decode_envelope = envelope_decoder()
_decode_data = data_decoder(contract.AssessmentChangedV1)
_decode_isolation = data_decoder(contract.IsolationChangedV1)
_decode_maturity = data_decoder(contract.MaturityApproachingV1)
_decode_inspection = data_decoder(contract.InspectionFellDueV1)


class Unreadable(Exception):
    """The record is not an assessment that can be applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingAssessment:
    """An assessment and its whole document, as JSON text."""

    assessment: AssessmentSummary
    document: str
    is_relaxation_proposed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingIsolation:
    """Since when a borrower's risk state stands; None if it moves again."""

    borrower_id: str
    since: datetime | None
    at: datetime


Incoming = IncomingAssessment | IncomingIsolation | DueNotice


def read(value: bytes | None) -> Incoming | None:
    """Returns what a record is about; None for an event of another type.

    Raises:
        Unreadable: If it is not JSON, or lacks what alerting needs.
    """
    if value is None:
        raise Unreadable("the record has no value")
    try:
        envelope = _decode_envelope(value)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    reader = _READERS.get(envelope.type)
    return None if reader is None else reader(envelope)


def _due(envelope: CloudEvent[msgspec.Raw]) -> DueNotice:
    try:
        notice = (
            _maturity(_decode_maturity(envelope.data), envelope.time)
            if envelope.type == MATURITY_APPROACHING
            else _inspection(_decode_inspection(envelope.data), envelope.time)
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    if notice.borrower_id != envelope.subject:
        raise Unreadable(f"subject and borrower_id differ: {envelope.subject!r}")
    return notice


def _maturity(data: contract.MaturityApproachingV1, at: datetime) -> DueNotice:
    return DueNotice(
        borrower_id=data.borrower_id,
        kind=AlertType.MATURITY_DUE,
        reference=data.loan_id,
        due_on=data.maturity_date,
        as_of=data.as_of,
        at=at,
        texts=maturity_texts(data),
    )


def _inspection(data: contract.InspectionFellDueV1, at: datetime) -> DueNotice:
    return DueNotice(
        borrower_id=data.borrower_id,
        kind=AlertType.INSPECTION_DUE,
        reference=data.kind,
        due_on=data.due_date,
        as_of=data.as_of,
        at=at,
        texts=inspection_texts(data),
    )


def _isolation(envelope: CloudEvent[msgspec.Raw]) -> IncomingIsolation:
    try:
        data = _decode_isolation(envelope.data)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    if data.borrower_id != envelope.subject:
        raise Unreadable(f"subject and borrower_id differ: {envelope.subject!r}")
    return IncomingIsolation(
        borrower_id=data.borrower_id, since=data.isolated_since, at=envelope.time
    )


def _assessment(envelope: CloudEvent[msgspec.Raw]) -> IncomingAssessment:
    try:
        data = _decode_data(envelope.data)
        document = bytes(envelope.data).decode("utf-8")
        summary = summary_of(data)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    if data.borrower_id != envelope.subject:
        raise Unreadable(f"subject and borrower_id differ: {envelope.subject!r}")
    if data.at.tzinfo is None:
        raise Unreadable("at has no offset")
    if "\\u0000" in document:
        raise Unreadable("the document contains NUL, which the database cannot store")
    return IncomingAssessment(
        assessment=summary,
        document=document,
        is_relaxation_proposed="RELAXATION_PROPOSED" in data.flags,
    )


_READERS: Final[Mapping[str, Callable[[CloudEvent[msgspec.Raw]], Incoming]]] = {
    ASSESSMENT_CHANGED: _assessment,
    ISOLATION_CHANGED: _isolation,
    MATURITY_APPROACHING: _due,
    INSPECTION_FELL_DUE: _due,
}


def decode_stored(document: str) -> contract.AssessmentV1:
    """Returns an assessment whose document was stored."""
    return _decode_data(msgspec.Raw(document.encode()))


def summary_of(data: contract.AssessmentV1) -> AssessmentSummary:
    """Returns what alerting decides on."""
    at_risk, undrawn = data.money_at_risk, data.undrawn or None
    return AssessmentSummary(
        borrower_id=data.borrower_id,
        sequence=data.sequence,
        at=data.at,
        as_of=data.as_of,
        state=RiskState(data.state),
        from_state=RiskState(data.from_state) if data.from_state else None,
        state_since=data.state_since,
        score=data.score,
        contributors=tuple(
            _contributor_summary(contributor)
            for contributor in data.contributors
            if contributor.level != Level.GREEN
        ),
        segment=data.segment,
        officer_id=data.officer_id or None,
        branch_id=data.branch_id or None,
        is_corrected=data.corrected,
        # What is unknown is at risk.
        is_money_at_risk=at_risk is msgspec.UNSET or bool(at_risk),
        is_officer_signal=OFFICER_SIGNAL in data.flags,
        has_debt=at_risk is msgspec.UNSET or bool(DEBTS.intersection(at_risk)),
        has_line=undrawn is not None
        or at_risk is msgspec.UNSET
        or bool(LINES.intersection(at_risk)),
        is_undrawn=Decimal(undrawn or 0) > 0 or at_risk is msgspec.UNSET or UNDRAWN in at_risk,
        days_late=data.dpd_operational,
        measured_green=frozenset(data.measured_green or ()),
        tasks=tuple(task.code for task in data.tasks),
        words=ContractWords(data),
        also=tuple(
            (other.indicator, other.name or other.indicator, Level(other.level))
            for contributor in data.contributors
            for other in contributor.also or []
            if other.level and other.level != Level.GREEN
        ),
    )


def _contributor_summary(contributor: contract.ContributorV1) -> ContributorSummary:
    return ContributorSummary(
        indicator=contributor.indicator,
        name=contributor.name,
        risk_type=contributor.risk_type,
        factor=contributor.factor,
        trigger=contributor.trigger,
        stage=contributor.stage,
        level=Level(contributor.level),
        share=contributor.share,
        evidence_event_ids=tuple(contributor.evidence_event_ids),
    )
