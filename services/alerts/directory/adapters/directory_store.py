"""Stored directories in PostgreSQL, and the active organisation, cached by its version."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.alerts.directory.adapters import directory_reader, directory_rights
from services.alerts.directory.adapters.directory_document import DirectoryDocument
from services.alerts.directory.application.directory_repository import (
    DirectoryDraft,
    DirectoryVersion,
    StoredDirectory,
)
from services.alerts.directory.domain.organisation import Organisation, without_directory
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.kit.access import relations, row_rights
from services.kit.access.relations import DecisionRights, PersonLimit, PersonRelation
from services.kit.clock import Clock
from services.kit.database import Connection, translate_outages

TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('alerts.directory', 0))"
INFO = """
SELECT version, stored.follows, encode(digest, 'hex') AS digest, stored.reason, created_by,
       created_at, activated_by, activated_at
"""
TABLES = """
  FROM alerts.directory_version AS stored
  LEFT JOIN alerts.directory_activation AS activation USING (version)
"""
ACTIVE_VERSION = "SELECT max(version) FROM alerts.directory_activation"
FIND = f"{INFO}, document {TABLES} WHERE version = $1"
LISTED = f"{INFO} {TABLES} WHERE $1::bigint IS NULL OR version < $1 ORDER BY version DESC LIMIT $2"
ADD = """
INSERT INTO alerts.directory_version (follows, document, digest, reason, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING version
"""
ACTIVATE = """
INSERT INTO alerts.directory_activation (version, follows, reason, activated_by, activated_at)
VALUES ($1, $2, $3, $4, $5)
"""
UNKNOWN_PERSONS = """
SELECT name FROM unnest($1::text[]) AS name
 WHERE name NOT IN (SELECT person_id FROM access.person) ORDER BY name
"""


class PostgresDirectories:
    """Implements `DirectoryRepository`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def take_turn(self, connection: Connection) -> None:
        await connection.execute(TAKE_TURN)

    async def active(self, connection: Connection) -> StoredDirectory | None:
        version = await connection.fetchval(ACTIVE_VERSION)
        return None if version is None else await self.find(connection, version)

    async def find(self, connection: Connection, version: int) -> StoredDirectory | None:
        row = await connection.fetchrow(FIND, version)
        return _stored(row) if row else None

    async def listed(
        self, connection: Connection, *, before: int | None, limit: int
    ) -> Sequence[DirectoryVersion]:
        rows = await connection.fetch(LISTED, before, limit)
        return [DirectoryVersion(**row) for row in rows]

    async def add(
        self,
        connection: Connection,
        draft: DirectoryDraft,
        *,
        follows: int | None,
        by: str,
        reason: str,
    ) -> StoredDirectory:
        digest = hashlib.sha256(draft.content)
        version = await connection.fetchval(
            ADD, follows, draft.content.decode(), digest.digest(), reason, by, self._clock.now()
        )
        stored = await self.find(connection, version)
        assert stored is not None
        return stored

    async def activate(
        self,
        connection: Connection,
        directory: StoredDirectory,
        *,
        by: str,
        reason: str,
        approval_id: int | None = None,
    ) -> None:
        info = directory.info
        await connection.execute(
            ACTIVATE, info.version, info.follows, reason, by, self._clock.now()
        )
        document = DirectoryDocument.model_validate(directory.document)
        organisation = directory_reader.organisation_of(document, version=info.version)
        await row_rights.replace_all(connection, directory_rights.rights_of(organisation))
        if approval_id is not None:
            decision_rights = decision_rights_of(organisation)
            await relations.replace(connection, decision_rights, approval_id=approval_id)

    async def unknown_persons(self, connection: Connection, names: Sequence[str]) -> list[str]:
        return [row["name"] for row in await connection.fetch(UNKNOWN_PERSONS, list(names))]


class PostgresOrganisations:
    """Implements `Organisations`."""

    def __init__(self, pool: asyncpg.Pool, *, bank_calendar: WorkingCalendar) -> None:
        self._pool = pool
        self._empty = without_directory(bank_calendar)
        self._latest = self._empty

    async def current(self, connection: Connection | None = None) -> Organisation:
        if connection is not None:
            return await self._read(connection)
        with translate_outages():
            async with self._pool.acquire() as own:
                return await self._read(own)

    async def _read(self, connection: Connection) -> Organisation:
        version = await connection.fetchval(ACTIVE_VERSION)
        if version is None:
            return self._empty
        if version == self._latest.version:
            return self._latest
        row = await connection.fetchrow(FIND, version)
        document = DirectoryDocument.model_validate(json.loads(row["document"]))
        organisation = directory_reader.organisation_of(document, version=version)
        # An older transaction that ends later does not bring its version back.
        if version > self._latest.version:
            self._latest = organisation
        return organisation


def decision_rights_of(organisation: Organisation) -> DecisionRights:
    """Returns who may decide about whose proposals, and up to which amount."""
    return DecisionRights(
        relations=[
            PersonRelation(person_id=each.person_id, related_id=each.related_id, why=each.why)
            for each in organisation.relations()
        ],
        limits=[
            PersonLimit(
                person_id=member.person_id,
                amount=member.approval_limit.amount,
                currency=member.approval_limit.currency,
            )
            for member in organisation.members.values()
            if member.approval_limit is not None
        ],
        committee=organisation.committee,
        on_call=organisation.on_call,
    )


def _stored(row: Mapping[str, Any]) -> StoredDirectory:
    columns = dict(row)
    document = json.loads(columns.pop("document"))
    return StoredDirectory(info=DirectoryVersion(**columns), document=document)
