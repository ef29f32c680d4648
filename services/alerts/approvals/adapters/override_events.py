"""Approved overrides as events: `override.approved` on the events topic, through the outbox."""

from datetime import date

import msgspec

from services.alerts.approvals.application.overrides import ApprovedOverride
from services.alerts.approvals.domain.override import (
    EXPIRES,
    LOAN,
    POINTS,
    STATE,
    TRIGGER,
)
from services.contracts.envelope import CONTENT_TYPE, CloudEvent, encode_event
from services.contracts.officer import OverrideApprovedV1
from services.kit.database import Connection
from services.kit.stream.outbox import Message, Outbox

SOURCE = "tocsin/alerts"
TYPE = "override.approved.v1"
_HEADERS = (("content-type", CONTENT_TYPE.encode("ascii")),)
_TERMS = (STATE, EXPIRES, LOAN, POINTS, TRIGGER)


class OverrideOutbox:
    """Implements `OverrideEvents`; the owner of the borrower's partition relays."""

    def __init__(self, outbox: Outbox, *, topic: str) -> None:
        self._outbox = outbox
        self._topic = topic

    async def send(self, connection: Connection, approved: ApprovedOverride) -> None:
        message = override_message(approved, topic=self._topic)
        await self._outbox.append(connection, [message], partition=approved.borrower.partition)


def override_message(approved: ApprovedOverride, *, topic: str) -> Message:
    """Returns the message of an approved override; its id is made of the proposal's number."""
    spec, proposal, borrower_id = approved.spec, approved.proposal, approved.borrower.borrower_id
    name = f"approval:{proposal.id}"
    values = {
        "override_id": name,
        "kind": spec.kind,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
        "approved_by": [vote.person_id for vote in proposal.votes if vote.approves],
        "effective_date": approved.effective,
        **{term: approved.terms[term] for term in _TERMS if term in approved.terms},
    }
    if spec.flag is not None:
        values["flag"] = spec.flag
    if EXPIRES in approved.terms:
        values[EXPIRES] = date.fromisoformat(approved.terms[EXPIRES])
    event = CloudEvent(
        id=name,
        source=SOURCE,
        type=TYPE,
        subject=borrower_id,
        time=approved.at,
        datacontenttype="application/json",
        data=msgspec.convert(values, OverrideApprovedV1),
    )
    return Message(
        topic=topic, key=borrower_id.encode(), value=encode_event(event), headers=_HEADERS
    )
