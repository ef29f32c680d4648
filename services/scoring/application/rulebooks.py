"""The life of a rulebook: draft, proposed, approved by a second person, activated.

Called by the REST doors. Every step and what it causes is one transaction. Activation says so to
every partition of the events topic, through the outbox, under an id that is made of name and
version, and of the number where it is activated again: a repetition is a duplicate to every reader.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from services.kit.clock import Clock
from services.kit.database import Connection, Database
from services.kit.stream.outbox import SHARED, Message, Outbox
from services.scoring.application.closing import CONTENT_TYPE
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
class Draft:
    """A document with its author."""

    name: str
    version: str
    document: bytes
    author: Signatory
    drafted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRulebook:
    """A rulebook and how far it has come."""

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
    """The name and version stand for another document; a version is never written again."""


class Rulebooks(Protocol):
    """The stored rulebooks; they only grow."""

    async def add(self, connection: Connection, draft: Draft) -> bool:
        """Store a draft; return False if its name and version are taken."""
        ...

    async def find(
        self, connection: Connection, name: str, version: str
    ) -> StandingRulebook | None:
        """Return a rulebook, held until the transaction ends so that steps take turns."""
        ...

    async def listed(self, connection: Connection, *, limit: int) -> list[StandingRulebook]:
        """Return the rulebooks drafted last, the newest first."""
        ...

    async def add_step(
        self,
        connection: Connection,
        rulebook: StandingRulebook,
        step: str,
        *,
        actor: Signatory,
        at: datetime,
    ) -> None:
        """Add a step to the history."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Everywhere:
    """Where an activation is told: every partition of the events topic."""

    events_topic: str
    partitions: int
    zone: ZoneInfo


class RulebookDesk:
    """The use cases. `read` compiles a document and refuses one that cannot be used."""

    def __init__(
        self,
        *,
        database: Database,
        rulebooks: Rulebooks,
        outbox: Outbox,
        read: Callable[[str], Rulebook],
        clock: Clock,
        everywhere: Everywhere,
    ) -> None:
        self._database = database
        self._rulebooks = rulebooks
        self._outbox = outbox
        self._read = read
        self._clock = clock
        self._everywhere = everywhere

    async def draft(self, document: str, *, author: Signatory) -> StandingRulebook:
        """Store a draft under the name and version that the document states.

        Raises:
            VersionTaken: If there is one already.
        """
        compiled = await asyncio.to_thread(self._read, document)
        draft = Draft(
            name=compiled.name,
            version=compiled.version,
            document=document.encode(),
            author=author,
            drafted_at=self._clock.now(),
        )

        async def add(connection: Connection) -> StandingRulebook:
            if not await self._rulebooks.add(connection, draft):
                raise VersionTaken(
                    f"{draft.name} {draft.version} is there already; write another version."
                )
            return await self._found(connection, draft.name, draft.version)

        return await self._database.in_transaction(add)

    async def propose(self, name: str, version: str, *, actor: Signatory) -> StandingRulebook:
        """Ask for approval of one's own draft."""
        return await self._step(PROPOSED, name, version, actor)

    async def approve(self, name: str, version: str, *, actor: Signatory) -> StandingRulebook:
        """Approve somebody else's proposal."""
        return await self._step(APPROVED, name, version, actor)

    async def activate(self, name: str, version: str, *, actor: Signatory) -> StandingRulebook:
        """Tell every partition that the approved rulebook is activated, or once more is."""
        return await self._step(ACTIVATED, name, version, actor)

    async def show(self, name: str, version: str) -> StandingRulebook:
        """Return a rulebook with its document.

        Raises:
            NoSuchRulebook: If there is none.
        """
        return await self._database.in_transaction(
            lambda connection: self._found(connection, name, version)
        )

    async def listed(self, *, limit: int) -> list[StandingRulebook]:
        """Return the rulebooks drafted last, the newest first."""
        return await self._database.in_transaction(
            lambda connection: self._rulebooks.listed(connection, limit=limit)
        )

    async def _step(self, step: str, name: str, version: str, actor: Signatory) -> StandingRulebook:
        async def take(connection: Connection) -> StandingRulebook:
            standing = await self._found(connection, name, version)
            check_step(step, status=standing.status, author=standing.author, actor=actor)
            at = self._clock.now()
            await self._rulebooks.add_step(connection, standing, step, actor=actor, at=at)
            if step == ACTIVATED:
                standing = await self._found(connection, name, version)
                messages = activation_messages(standing, at=at, everywhere=self._everywhere)
                await self._outbox.append(connection, messages, partition=SHARED)
            return await self._found(connection, name, version)

        return await self._database.in_transaction(take)

    async def _found(self, connection: Connection, name: str, version: str) -> StandingRulebook:
        found = await self._rulebooks.find(connection, name, version)
        if found is None:
            raise NoSuchRulebook(f"There is no rulebook {name} {version}.")
        return found


def activation_messages(
    rulebook: StandingRulebook, *, at: datetime, everywhere: Everywhere
) -> Sequence[Message]:
    """Return the newest activation of a rulebook, once for every partition."""
    again = f":{rulebook.activations}" if rulebook.activations > 1 else ""
    event = {
        "specversion": "1.0",
        "id": f"rulebook-activated:{rulebook.name}:{rulebook.version}{again}",
        "source": SOURCE,
        "type": "rulebook.activated.v1",
        "subject": "*",
        "time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "name": rulebook.name,
            "version": rulebook.version,
            "digest": f"sha256:{rulebook.sha256}",
            "effective_date": at.astimezone(everywhere.zone).date().isoformat(),
            "author": rulebook.author.key_id,
            "approved_by": [rulebook.approver_key] if rulebook.approver_key else [],
        },
    }
    raw = msgspec.json.encode(event, order="sorted")
    return [
        Message(
            topic=everywhere.events_topic,
            key=None,
            value=raw,
            headers=CONTENT_TYPE,
            to_partition=partition,
        )
        for partition in range(everywhere.partitions)
    ]
