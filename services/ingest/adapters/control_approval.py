"""The approval of a control event that waits in quarantine: two people release it.

The decision, the quarantine's row and the record of the event are one transaction; the event is
published inside it. After a crash in between it waits again, and its second release is a duplicate.
"""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from services.contracts.validation import ValidEvent
from services.ingest.adapters.open_transaction import OpenTransaction
from services.ingest.adapters.quarantine_rows import fingerprint
from services.ingest.adapters.quarantine_table import lock_entry
from services.ingest.application.control_gate import ControlGate
from services.ingest.application.input_validation import InputValidator
from services.ingest.application.inputs import Status
from services.ingest.application.ports import EntrySettlement, LockedEntry
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.reasons import RefusalReason
from services.ingest.metrics import RELEASED
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    NoSuchProposal,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
)
from services.kit.clock import Clock
from services.kit.database import Connection, Database
from services.kit.metrics import Recorder


class ControlEventApproval:
    """Releases a day close or rates; the subject is the number in the quarantine."""

    name = "control-event"
    proposers = frozenset({Role.OPERATOR, Role.RISK})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=7)

    def __init__(
        self,
        *,
        gate: Callable[[Database], ControlGate],
        validator: InputValidator,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._gate = gate
        self._validator = validator
        self._clock = clock
        self._recorder = recorder

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns the event that would be published; the fingerprint of the input is bound."""
        entry = await self._waiting(connection, request.subject)
        event = self._event(entry).event
        content = {
            "source": event.source,
            "id": event.id,
            "type": event.type,
            "data": msgspec.to_builtins(event.data),
        }
        return ProposedChange(
            before={"status": "QUARANTINED", "event": content},
            after={"status": "PUBLISHED", "event": content},
            effect=f"{event.type} of {event.source} reaches every borrower.",
            attachment=fingerprint(entry.full.input),
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Publishes the event, and settles its entry."""
        entry = await self._waiting(connection, proposal.subject)
        event = self._event(entry)
        await self._gate(OpenTransaction(connection)).publish_approved(event)
        at, note = self._clock.now(), f"approval {proposal.id}"
        settlement = EntrySettlement(by=proposal.proposed_by, at=at, note=note)
        await entry.settle(Status.RELEASED, settlement)
        self._recorder.add(RELEASED, how="approval")

    async def _waiting(self, connection: Connection, subject: str) -> LockedEntry:
        number = int(subject) if subject.isdecimal() and len(subject) < 19 else 0
        entry = await lock_entry(connection, number)
        if entry is None:
            raise NoSuchProposal(f"No quarantined input has the number {subject}.")
        row = entry.full.entry
        if row.status is not Status.OPEN or row.reason is not RefusalReason.AWAITS_APPROVAL:
            raise ProposalConflict(
                f"Input {subject} is {row.status.value} ({row.reason.value}) and waits for nobody."
            )
        return entry

    def _event(self, entry: LockedEntry) -> ValidEvent:
        given = entry.full.input
        candidate = self._validator.read(given)
        if isinstance(candidate, Candidate):
            outcome = self._validator.validate(candidate, given=given)
            if isinstance(outcome, ValidEvent):
                return outcome
            raise ProposalConflict(f"The input is no event any more: {outcome.detail}.")
        raise ProposalConflict(f"The input is no event any more: {candidate.detail}.")
