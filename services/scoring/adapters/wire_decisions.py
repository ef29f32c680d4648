"""Readers of decisions of people and of the end of loans; see `wire`."""

from collections.abc import Callable
from datetime import date
from typing import Final

import msgspec

from services.scoring.adapters.wire_data import Data
from services.scoring.adapters.wire_values import (
    Head,
    Undecodable,
    codes_of,
    micro_units,
    minor_units,
    word_code,
)
from services.scoring.domain.borrower import risk
from services.scoring.domain.borrower.decisions import NO_STATE
from services.scoring.domain.events import credit_file, loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

KINDS: Final = codes_of(vocabulary.OVERRIDE_KINDS)
STATES: Final = codes_of(risk.STATE_NAMES)
TRIGGERS: Final = codes_of(vocabulary.UTP_TRIGGERS)
REASONS: Final = codes_of(vocabulary.CLOSING_REASONS)
STATUSES: Final = codes_of(vocabulary.DISPUTE_STATUSES)
FLAGS: Final = {name: 1 << bit for bit, name in enumerate(risk.FLAG_NAMES)}


class OverrideApprovedData(Data):
    """`override.approved`."""

    override_id: str
    kind: str
    reason: str
    proposed_by: str
    approved_by: list[str]
    effective_date: date
    state: str | None = None
    expires_date: date | None = None
    loan_id: str | None = None
    score_points: str | None = None
    flag: str | None = None
    trigger: str | None = None


class LoanClosedData(Data):
    """`loan.closed`."""

    loan_id: str
    closed_date: date
    reason: str


class ClaimDisputedData(Data):
    """`claim.disputed`."""

    dispute_id: str
    loan_id: str
    disputed_amount: str
    currency: str
    raised_date: date
    status: str
    due_date: date | None = None
    settled_date: date | None = None


_disputed: Final = msgspec.json.Decoder(ClaimDisputedData)
_override: Final = msgspec.json.Decoder(OverrideApprovedData)
_closed: Final = msgspec.json.Decoder(LoanClosedData)


def override_approved(head: Head, raw: msgspec.Raw) -> credit_file.OverrideApproved:
    """Return the event; a point of the score is a hundredth of it."""
    data = _override.decode(raw)
    points = micro_units(data.score_points, "score_points") or 0
    if points % 100:
        raise Undecodable("score_points: finer than a ten-thousandth of a point; round it first")
    if data.trigger is not None:
        word_code(TRIGGERS, data.trigger, "trigger")
    return credit_file.OverrideApproved(
        *head,
        override_id=data.override_id,
        kind=word_code(KINDS, data.kind, "kind"),
        state=NO_STATE if data.state is None else word_code(STATES, data.state, "state"),
        reason=data.reason,
        proposed_by=data.proposed_by,
        approved_by=data.approved_by,
        effective_day=data.effective_date.toordinal(),
        expires_day=None if data.expires_date is None else data.expires_date.toordinal(),
        loan_id=data.loan_id or "",
        points_micro=points // 100,
        flags=0 if data.flag is None else word_code(FLAGS, data.flag, "flag"),
        trigger=data.trigger or "",
    )


def loan_closed(head: Head, raw: msgspec.Raw) -> loans.LoanClosed:
    """Return the event."""
    data = _closed.decode(raw)
    word_code(REASONS, data.reason, "reason")
    return loans.LoanClosed(
        *head, loan_id=data.loan_id, closed_day=data.closed_date.toordinal(), reason=data.reason
    )


def claim_disputed(head: Head, raw: msgspec.Raw) -> loans.ClaimDisputed:
    """Return the event; one that is settled and does not say when was settled when booked."""
    data = _disputed.decode(raw)
    status = word_code(STATUSES, data.status, "status")
    settled = head.day if data.settled_date is None else data.settled_date.toordinal()
    return loans.ClaimDisputed(
        *head,
        dispute_id=data.dispute_id,
        loan_id=data.loan_id,
        disputed_minor=minor_units(data.disputed_amount, data.currency, "disputed_amount"),
        currency=data.currency,
        due_day=0 if data.due_date is None else data.due_date.toordinal(),
        raised_day=data.raised_date.toordinal(),
        status=status,
        settled_day=settled if status else 0,
    )


READERS: Final[dict[str, Callable[[Head, msgspec.Raw], Event]]] = {
    "override.approved.v1": override_approved,
    "loan.closed.v1": loan_closed,
    "claim.disputed.v1": claim_disputed,
}
