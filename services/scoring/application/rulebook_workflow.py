"""The workflow of a rulebook: draft, proposed, approved by a second person, activated.

Called by the REST routes. A step and its effects are one transaction. Activation writes an event to
every partition of the events topic, through the outbox. Its id is made of name and version, and of
the number of the activation from the second on, so a repetition is a duplicate to every reader.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.contracts.control import RulebookActivatedV1
from services.kit.clock import Clock
from services.kit.database import Connection, Database
from services.kit.stream.outbox import SHARED, Message, Outbox
from services.scoring.application.control_events import EventsTopic, control_messages
from services.scoring.domain.rulebook.approval import (
    ACTIVATED,
    APPROVED,
    PROPOSED,
    Signatory,
    check_step,
)
from services.scoring.domain.rulebook.rulebook import Rulebook

SOURCE = "tocsin/scoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulebookDraft:
    """A document with its author."""

    name: str
    version: str
    document: bytes
    author: Signatory
    drafted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRulebook:
    """A rulebook with its status and who took which step."""

    name: str
    version: str
    document: bytes
    sha256: str
    status: str
    author: Signatory
    drafted_at: datetime
    proposed_at: datetime | None
    approver: str | None
    approver_key: str | None
    approved_at: datetime | None
    activator: str | None
    activated_at: datetime | None
    activations: int


class NoSuchRulebook(Exception):
    """There is no rulebook of this name and version."""


class VersionTaken(Exception):
    """The name and version belong to another document; a version is written once."""


class RulebookRepository(Protocol):
    """The stored rulebooks; rows are added and never changed."""

    async def add(self, connection: Connection, draft: RulebookDraft) -> bool:
        """Stores a draft; returns False if its name and version are taken."""
        ...

    async def find(self, connection: Connection, name: str, version: str) -> StoredRulebook | None:
        """Returns a rulebook, locked until the transaction ends so that steps take turns."""
        ...

    async def listed(self, connection: Connection, *, limit: int) -> list[StoredRulebook]:
        """Returns the rulebooks drafted last, the newest first."""
        ...

    async def add_step(
        self,
        connection: Connection,
        rulebook: StoredRulebook,
        step: str,
        *,
        actor: Signatory,
        at: datetime,
    ) -> None:
        """Adds a step to the history."""
        ...


class RulebookWorkflow:
    """The use cases. `read` compiles a document and refuses one that cannot be used."""

    def __init__(
        self,
        *,
        database: Database,
        rulebooks: RulebookRepository,
        outbox: Outbox,
        read: Callable[[str], Rulebook],
        clock: Clock,
        topic: EventsTopic,
    ) -> None:
        self._database = database
        self._rulebooks = rulebooks
        self._outbox = outbox
        self._read = read
        self._clock = clock
        self._topic = topic

    async def draft(self, document: str, *, author: Signatory) -> StoredRulebook:
        """Stores a draft under the name and version in the document.

        Raises:
            VersionTaken: If there is one already.
        """
        compiled = await asyncio.to_thread(self._read, document)
        draft = RulebookDraft(
            name=compiled.name,
            version=compiled.version,
            document=document.encode(),
            author=author,
            drafted_at=self._clock.now(),
        )

        async def add(connection: Connection) -> StoredRulebook:
            if not await self._rulebooks.add(connection, draft):
                raise VersionTaken(
                    f"{draft.name} {draft.version} is there already; write another version."
                )
            return await self._find(connection, draft.name, draft.version)

        return await self._database.in_transaction(add)

    async def propose(self, name: str, version: str, *, actor: Signatory) -> StoredRulebook:
        """Proposes one's own draft for approval."""
        return await self._step(PROPOSED, name, version, actor)

    async def approve(self, name: str, version: str, *, actor: Signatory) -> StoredRulebook:
        """Approves somebody else's proposal."""
        return await self._step(APPROVED, name, version, actor)

    async def activate(self, name: str, version: str, *, actor: Signatory) -> StoredRulebook:
        """Writes an activation of an approved rulebook, the first or a later one."""
        return await self._step(ACTIVATED, name, version, actor)

    async def show(self, name: str, version: str) -> StoredRulebook:
        """Returns a rulebook with its document.

        Raises:
            NoSuchRulebook: If there is none.
        """
        return await self._database.in_transaction(
            lambda connection: self._find(connection, name, version)
        )

    async def listed(self, *, limit: int) -> list[StoredRulebook]:
        """Returns the rulebooks drafted last, the newest first."""
        return await self._database.in_transaction(
            lambda connection: self._rulebooks.listed(connection, limit=limit)
        )

    async def _step(self, step: str, name: str, version: str, actor: Signatory) -> StoredRulebook:
        async def take(connection: Connection) -> StoredRulebook:
            rulebook = await self._find(connection, name, version)
            check_step(step, status=rulebook.status, author=rulebook.author, actor=actor)
            at = self._clock.now()
            await self._rulebooks.add_step(connection, rulebook, step, actor=actor, at=at)
            if step == ACTIVATED:
                activated = await self._find(connection, name, version)
                messages = activation_messages(activated, at=at, topic=self._topic)
                await self._outbox.append(connection, messages, partition=SHARED)
            return await self._find(connection, name, version)

        return await self._database.in_transaction(take)

    async def _find(self, connection: Connection, name: str, version: str) -> StoredRulebook:
        rulebook = await self._rulebooks.find(connection, name, version)
        if rulebook is None:
            raise NoSuchRulebook(f"There is no rulebook {name} {version}.")
        return rulebook


def activation_messages(
    rulebook: StoredRulebook, *, at: datetime, topic: EventsTopic
) -> Sequence[Message]:
    """Returns the newest activation of a rulebook, once for every partition."""
    again = f":{rulebook.activations}" if rulebook.activations > 1 else ""
    return control_messages(
        topic,
        source=SOURCE,
        event_id=f"rulebook-activated:{rulebook.name}:{rulebook.version}{again}",
        at=at,
        data=RulebookActivatedV1(
            name=rulebook.name,
            version=rulebook.version,
            digest=f"sha256:{rulebook.sha256}",
            effective_date=at.astimezone(topic.zone).date(),
            author=rulebook.author.key_id,
            approved_by=[rulebook.approver_key] if rulebook.approver_key else [],
        ),
    )
