"""Stored rulebooks in memory: the same answers as the tables, without their constraints."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.kit.database import Connection, Work
from services.kit.stream.outbox import SHARED, Message
from services.scoring.application.rulebook_workflow import RulebookDraft, StoredRulebook
from services.scoring.domain.rulebook.approval import APPROVED, DRAFT, PROPOSED, Signatory


class NoDatabase:
    """Runs the work at once."""

    async def in_transaction(self, work: Work[Any]) -> Any:
        """Run the work without a connection."""
        return await work(None)  # type: ignore[arg-type]  # nothing here asks the connection


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
    """Implements `RulebookRepository`."""

    def __init__(self) -> None:
        self._books: dict[tuple[str, str], StoredRulebook] = {}

    async def add(self, _connection: Connection, draft: RulebookDraft) -> bool:
        """Store a draft."""
        key = (draft.name, draft.version)
        if key in self._books:
            return False
        self._books[key] = StoredRulebook(
            name=draft.name,
            version=draft.version,
            document=draft.document,
            sha256=hashlib.sha256(draft.document).hexdigest(),
            status=DRAFT,
            author=draft.author,
            drafted_at=draft.drafted_at,
            proposed_at=None,
            approver=None,
            approver_key=None,
            approved_at=None,
            activator=None,
            activated_at=None,
            activations=0,
        )
        return True

    async def find(self, _connection: Connection, name: str, version: str) -> StoredRulebook | None:
        """Return a rulebook."""
        return self._books.get((name, version))

    async def listed(self, _connection: Connection, *, limit: int) -> list[StoredRulebook]:
        """Return the newest first."""
        return list(reversed(self._books.values()))[:limit]

    async def add_step(
        self,
        _connection: Connection,
        rulebook: StoredRulebook,
        step: str,
        *,
        actor: Signatory,
        at: datetime,
    ) -> None:
        """Take a step."""
        if step == PROPOSED:
            moved = replace(rulebook, status=step, proposed_at=at)
        elif step == APPROVED:
            moved = replace(
                rulebook,
                status=step,
                approver=actor.name,
                approver_key=actor.key_id,
                approved_at=at,
            )
        else:
            moved = replace(
                rulebook,
                status=step,
                activator=actor.name,
                activated_at=at,
                activations=rulebook.activations + 1,
            )
        self._books[rulebook.name, rulebook.version] = moved
