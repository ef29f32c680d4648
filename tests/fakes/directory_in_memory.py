"""Stored directories in memory: the same answers as the tables, without their constraints."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from services.alerts.directory.application.directory_repository import (
    DirectoryDraft,
    DirectoryVersion,
    StoredDirectory,
)
from services.alerts.directory.domain.organisation import EMPTY, Organisation
from services.kit.clock import Clock
from services.kit.database import Connection


class InMemoryDirectories:
    """Implements `DirectoryRepository` and `Organisations`."""

    def __init__(self, clock: Clock, *, persons: Sequence[str] | None = None) -> None:
        self._clock = clock
        self._persons = persons
        self.stored: list[StoredDirectory] = []
        self.organisations: list[Organisation] = []

    async def take_turn(self, _connection: Connection) -> None:
        """Do nothing: a test takes one step at a time."""

    async def active(self, _connection: Connection) -> StoredDirectory | None:
        """Return the newest version that was activated."""
        activated = [each for each in self.stored if each.info.activated_at is not None]
        return activated[-1] if activated else None

    async def find(self, _connection: Connection, version: int) -> StoredDirectory | None:
        """Return a version."""
        return self.stored[version - 1] if 0 < version <= len(self.stored) else None

    async def listed(
        self, _connection: Connection, *, before: int | None, limit: int
    ) -> Sequence[DirectoryVersion]:
        """Return the newest first."""
        infos = [each.info for each in self.stored[::-1]]
        return [info for info in infos if before is None or info.version < before][:limit]

    async def add(
        self,
        _connection: Connection,
        draft: DirectoryDraft,
        *,
        follows: int | None,
        by: str,
        reason: str,
    ) -> StoredDirectory:
        """Store a version."""
        version = len(self.stored) + 1
        info = DirectoryVersion(
            version=version,
            follows=follows,
            digest=hashlib.sha256(draft.content).hexdigest(),
            reason=reason,
            created_by=by,
            created_at=self._clock.now(),
            activated_by=None,
            activated_at=None,
        )
        self.stored.append(StoredDirectory(info=info, document=draft.document))
        self.organisations.append(replace(draft.organisation, version=version))
        return self.stored[-1]

    async def activate(
        self,
        _connection: Connection,
        directory: StoredDirectory,
        *,
        by: str,
        reason: str,
        approval_id: int | None = None,
    ) -> None:
        """Bring a version into effect."""
        assert reason
        info = replace(directory.info, activated_by=by, activated_at=self._clock.now())
        self.stored[info.version - 1] = replace(directory, info=info)

    async def unknown_persons(self, _connection: Connection, names: Sequence[str]) -> list[str]:
        """Return the ids that are not among the known persons; without a list all are known."""
        return [] if self._persons is None else sorted(set(names) - set(self._persons))

    async def current(self, connection: Connection | None = None) -> Organisation:
        """Return the active organisation."""
        active = await self.active(connection)  # type: ignore[arg-type]  # it is not used
        return EMPTY if active is None else self.organisations[active.info.version - 1]
