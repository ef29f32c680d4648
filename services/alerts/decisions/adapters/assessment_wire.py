"""Reads `assessment.changed.v1` from the risk topic into the domain's `AssessmentSummary`.

Only what alerting decides on is typed here; the whole `data` goes on as its own bytes to be
stored for the card. Unknown fields are ignored, a missing or wrong one is `Unreadable`.
"""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from services.alerts.decisions.domain.assessment import AssessmentSummary, ContributorSummary
from services.alerts.primitives.vocabulary import Level, RiskState

ASSESSMENT_CHANGED = "assessment.changed.v1"


class Unreadable(Exception):
    """The record is not an assessment that can be applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An assessment and its whole document, as JSON text."""

    assessment: AssessmentSummary
    document: str


class _Contributor(msgspec.Struct):
    indicator: str
    name: str
    risk_type: str
    level: Level
    value: str
    unit: str
    share: float
    amber: str | None = None
    red: str | None = None
    baseline: str | None = None
    since: date | None = None
    evidence_event_ids: tuple[str, ...] = ()


class _Data(msgspec.Struct):
    borrower_id: str
    sequence: int
    at: datetime
    as_of: date
    state: RiskState
    state_since: date
    score: float
    contributors: list[_Contributor]
    from_state: RiskState | None = None
    segment: str | None = None
    officer_id: str | None = None
    branch_id: str | None = None
    corrected: bool = False


class _Envelope(msgspec.Struct):
    type: str
    subject: str
    data: msgspec.Raw


_envelope = msgspec.json.Decoder(_Envelope)
_data = msgspec.json.Decoder(_Data)


def read(value: bytes | None) -> Incoming | None:
    """Returns the assessment in a record; None for an event of another type.

    Raises:
        Unreadable: If it is not JSON, or lacks what alerting needs.
    """
    if value is None:
        raise Unreadable("the record has no value")
    try:
        envelope = _envelope.decode(value)
        if envelope.type != ASSESSMENT_CHANGED:
            return None
        data = _data.decode(envelope.data)
        document = bytes(envelope.data).decode("utf-8")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    if data.borrower_id != envelope.subject:
        raise Unreadable(f"subject and borrower_id differ: {envelope.subject!r}")
    if data.at.tzinfo is None:
        raise Unreadable("at has no offset")
    if "\\u0000" in document:
        raise Unreadable("the document holds NUL, which the database cannot")
    return Incoming(assessment=_assessment(data), document=document)


def _assessment(data: _Data) -> AssessmentSummary:
    return AssessmentSummary(
        borrower_id=data.borrower_id,
        sequence=data.sequence,
        at=data.at,
        as_of=data.as_of,
        state=data.state,
        from_state=data.from_state,
        state_since=data.state_since,
        score=data.score,
        contributors=tuple(_contributor(one) for one in data.contributors if _speaks(one)),
        segment=data.segment,
        officer_id=data.officer_id,
        branch_id=data.branch_id,
        is_corrected=data.corrected,
    )


def _speaks(one: _Contributor) -> bool:
    return one.level is not Level.GREEN


def _contributor(one: _Contributor) -> ContributorSummary:
    return ContributorSummary(
        indicator=one.indicator,
        name=one.name,
        risk_type=one.risk_type,
        level=one.level,
        value=one.value,
        unit=one.unit,
        amber=one.amber or "none",
        red=one.red or "none",
        baseline=one.baseline,
        share=one.share,
        since=one.since,
        evidence_event_ids=one.evidence_event_ids,
    )
