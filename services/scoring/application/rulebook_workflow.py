"""The workflow of a rulebook: draft, proposed, approved by a second person, activated.

Called by the REST routes. Proposal and approval are the kit's approvals, of the kind here.
Activation writes an event to every partition of the events topic, through the outbox, in one
transaction. Its id is made of name and version, and of the number of the activation from the second
on, so a repetition is a duplicate to every reader.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from services.contracts.control import RulebookActivatedV1
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    NoSuchProposal,
    OtherPersonNeeded,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
)
from services.kit.clock import Clock
from services.kit.database import Connection, Database
from services.kit.stream.outbox import SHARED, Message, Outbox
from services.scoring.application.control_events import EventsTopic, control_messages
from services.scoring.domain.rulebook.rulebook import Rulebook

SOURCE = "tocsin/scoring"
DRAFT: Final = "DRAFT"
APPROVED: Final = "APPROVED"
ACTIVATED: Final = "ACTIVATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulebookDraft:
    """A document with its author, a person."""

    name: str
    version: str
    document: bytes
    author: str
    drafted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRulebook:
    """A rulebook with its status and who took which step; people are ids of persons."""

    name: str
    version: str
    document: bytes
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


class NoSuchRulebook(Exception):
    """There is no rulebook of this name and version."""


class VersionTaken(Exception):
    """The name and version belong to another document; a version is written once."""


class NotApproved(Exception):
    """The rulebook was not approved, so it cannot be activated."""


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

    async def add_activation(
        self, connection: Connection, rulebook: StoredRulebook, *, actor: str, at: datetime
    ) -> None:
        """Adds an activation to the history."""
        ...


class RulebookApproval:
    """The approval of a rulebook: its author proposes it, another person approves it."""

    name = "rulebook"
    proposers = frozenset({Role.RISK})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=90)

    def __init__(self, rulebooks: RulebookRepository) -> None:
        self._rulebooks = rulebooks

    @staticmethod
    def subject(name: str, version: str) -> str:
        """Returns the subject of proposals about a rulebook."""
        return f"{name} {version}"

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns the rulebook, with its document bound by the digest.

        Only its author may propose it, and only until it is approved.
        """
        name, _, version = request.subject.partition(" ")
        rulebook = await self._rulebooks.find(connection, name, version)
        if rulebook is None:
            raise NoSuchProposal(f"There is no rulebook {name} {version}.")
        if rulebook.status in (APPROVED, ACTIVATED):
            raise ProposalConflict(f"The rulebook is {rulebook.status} already.")
        if rulebook.author != request.proposer:
            raise OtherPersonNeeded(f"Only {rulebook.author}, who wrote the draft, may propose it.")
        return ProposedChange(
            before={"status": DRAFT},
            after={"status": APPROVED, "document_sha256": rulebook.sha256},
            effect=f"Rulebook {request.subject} may be activated.",
            attachment=rulebook.document,
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Does nothing: the decision alone makes the rulebook an approved one."""


class RulebookWorkflow:
    """Drafts, activations and reading. `read` compiles a document and refuses an unusable one."""

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

    async def draft(self, document: str, *, author: str) -> StoredRulebook:
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

    async def activate(self, name: str, version: str, *, actor: str) -> StoredRulebook:
        """Writes an activation of an approved rulebook, the first or a later one.

        Raises:
            NoSuchRulebook: If there is none.
            NotApproved: If it was not approved.
        """

        async def write(connection: Connection) -> StoredRulebook:
            rulebook = await self._find(connection, name, version)
            if rulebook.status not in (APPROVED, ACTIVATED):
                raise NotApproved(
                    f"The rulebook is {rulebook.status}; a second person approves it."
                )
            at = self._clock.now()
            await self._rulebooks.add_activation(connection, rulebook, actor=actor, at=at)
            activated = await self._find(connection, name, version)
            messages = activation_messages(activated, at=at, topic=self._topic)
            await self._outbox.append(connection, messages, partition=SHARED)
            return activated

        return await self._database.in_transaction(write)

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
            author=rulebook.author,
            approved_by=[rulebook.approver] if rulebook.approver else [],
        ),
    )
