"""Stored rulebooks in memory: the same answers as the tables, without their constraints."""

import hashlib
from datetime import datetime

from services.kit.approvals.proposals import DecisionOutcome
from services.kit.database import Connection
from services.kit.stream.outbox import SHARED, Message
from services.scoring.application.rulebook_workflow import (
    ACTIVATED,
    APPROVED,
    DRAFT,
    RulebookApproval,
    RulebookDraft,
    StoredRulebook,
)
from tests.fakes.approvals_in_memory import InMemoryApprovals


class KeptOutbox:
    """Keeps what was appended."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def append(
        self, _connection: Connection, messages: list[Message], *, partition: int = SHARED
    ) -> None:
        """Keep messages."""
        assert partition == SHARED
        self.messages += messages


class InMemoryRulebooks:
    """Implements `RulebookRepository`; the approvals are kept where `approvals` keeps them."""

    def __init__(self, approvals: InMemoryApprovals) -> None:
        self._approvals = approvals
        self._drafts: dict[tuple[str, str], RulebookDraft] = {}
        self._activations: dict[tuple[str, str], list[tuple[str, datetime]]] = {}

    async def add(self, _connection: Connection, draft: RulebookDraft) -> bool:
        """Store a draft."""
        key = (draft.name, draft.version)
        if key in self._drafts:
            return False
        self._drafts[key] = draft
        return True

    async def find(self, connection: Connection, name: str, version: str) -> StoredRulebook | None:
        """Return a rulebook."""
        draft = self._drafts.get((name, version))
        return await self._stored(connection, draft) if draft else None

    async def listed(self, connection: Connection, *, limit: int) -> list[StoredRulebook]:
        """Return the newest first."""
        newest = list(reversed(self._drafts.values()))[:limit]
        return [await self._stored(connection, draft) for draft in newest]

    async def add_activation(
        self, _connection: Connection, rulebook: StoredRulebook, *, actor: str, at: datetime
    ) -> None:
        """Add an activation."""
        key = (rulebook.name, rulebook.version)
        self._activations.setdefault(key, []).append((actor, at))

    async def _stored(self, connection: Connection, draft: RulebookDraft) -> StoredRulebook:
        subject = RulebookApproval.subject(draft.name, draft.version)
        proposal = await self._approvals.latest(connection, RulebookApproval.name, subject)
        is_approved = proposal is not None and proposal.outcome is DecisionOutcome.APPROVED
        is_proposed = proposal is not None and proposal.outcome is None
        activations = self._activations.get((draft.name, draft.version), [])
        statuses = {ACTIVATED: activations, APPROVED: is_approved, "PROPOSED": is_proposed}
        return StoredRulebook(
            name=draft.name,
            version=draft.version,
            document=draft.document,
            sha256=hashlib.sha256(draft.document).hexdigest(),
            status=next((status for status, holds in statuses.items() if holds), DRAFT),
            author=draft.author,
            drafted_at=draft.drafted_at,
            proposal_id=proposal.id if proposal else None,
            proposed_at=proposal.proposed_at if proposal else None,
            approver=proposal.decided_by if proposal and is_approved else None,
            approved_at=proposal.decided_at if proposal and is_approved else None,
            activator=activations[-1][0] if activations else None,
            activated_at=activations[-1][1] if activations else None,
            activations=len(activations),
        )
