"""The port of stored directories; versions and activations are only added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.alerts.directory.domain.organisation import Organisation
from services.kit.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryDraft:
    """A directory that was checked: its plain values, their canonical bytes, its organisation."""

    document: Mapping[str, Any]
    content: bytes
    organisation: Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryVersion:
    """A stored version of the directory; `follows` is the version that it was made from.

    Attributes:
        digest: SHA-256 of the canonical document, in hexadecimal digits.
        activated_at: When it came into effect; None if it never did.
    """

    version: int
    follows: int | None
    digest: str
    reason: str
    created_by: str
    created_at: datetime
    activated_by: str | None
    activated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDirectory:
    """A version with its document."""

    info: DirectoryVersion
    document: Mapping[str, Any]


class DirectoryRepository(Protocol):
    """Stored directories."""

    async def take_turn(self, connection: Connection) -> None:
        """Waits until no other transaction submits or activates a version."""
        ...

    async def active(self, connection: Connection) -> StoredDirectory | None:
        """Returns the version in effect."""
        ...

    async def find(self, connection: Connection, version: int) -> StoredDirectory | None: ...

    async def listed(
        self, connection: Connection, *, before: int | None, limit: int
    ) -> Sequence[DirectoryVersion]:
        """Returns versions, the newest first, or those before a version."""
        ...

    async def add(
        self,
        connection: Connection,
        draft: DirectoryDraft,
        *,
        follows: int | None,
        by: str,
        reason: str,
    ) -> StoredDirectory:
        """Stores a version."""
        ...

    async def activate(
        self,
        connection: Connection,
        directory: StoredDirectory,
        *,
        by: str,
        reason: str,
        approval_id: int | None = None,
    ) -> None:
        """Brings a version into effect, after the one that it was made from.

        With an approval of two people it also says who may decide about whose proposals.
        """
        ...

    async def unknown_persons(self, connection: Connection, names: Sequence[str]) -> list[str]:
        """Returns the ids that no person of the schema `access` has."""
        ...
