"""API keys in PostgreSQL: issue, list and revoke.

Services read the table with their own roles; only the administrator's connection, which
`tocsin keys` uses, may write it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.kit.access import keys
from services.kit.access.keys import PEOPLE, Role, StoredKey
from services.kit.access.persons import NoSuchPerson
from services.kit.access.queries import Queries

_COLUMNS = """id, secret_sha256, name, roles, sources, may_send, person_id, officer_id,
              branch_ids, created_at, expires_at"""
# The keys of a person end when the person is removed.
_KEYS = f"""SELECT {_COLUMNS}, least(revoked_at, removed_at) AS revoked_at
  FROM access.api_key LEFT JOIN access.key_revocation ON key_id = id
       LEFT JOIN access.person_removal USING (person_id)"""
MAX_NAME_CHARACTERS = 100


async def find(queries: Queries, key_id: str) -> StoredKey | None:
    """Returns the key with an id."""
    row = await queries.fetchrow(f"{_KEYS} WHERE id = $1", key_id)
    return _stored(row) if row else None


async def list_all(queries: Queries) -> list[StoredKey]:
    """Returns all keys, the newest first."""
    rows = await queries.fetch(f"{_KEYS} ORDER BY created_at DESC, id")
    return [_stored(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The holder and the rights of a new key: a person's, or a machine's without `person_id`."""

    name: str
    roles: frozenset[Role]
    sources: tuple[str, ...] = ()
    may_send: tuple[str, ...] = ("*",)
    person_id: str | None = None
    officer_id: str | None = None
    branch_ids: tuple[str, ...] = ()
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > MAX_NAME_CHARACTERS:
            raise ValueError(f"name must have 1 to {MAX_NAME_CHARACTERS} characters")
        if not self.roles:
            raise ValueError("roles is empty; give at least one, e.g. --role OFFICER")
        if self.person_id is None and not self.roles.isdisjoint(PEOPLE):
            needed = ", ".join(sorted(self.roles & PEOPLE))
            raise ValueError(f"a key with {needed} needs --person; a machine cannot decide")
        if Role.OFFICER in self.roles and not self.officer_id:
            raise ValueError("an OFFICER key needs --officer, the id that borrowers name")
        if Role.SOURCE in self.roles and not self.sources:
            raise ValueError("a SOURCE key needs --source, the event source that it may send for")
        if self.branch_ids and Role.SENIOR not in self.roles:
            raise ValueError("--branch narrows what a SENIOR reads; the key has not that role")


async def issue(queries: Queries, grant: Grant, *, at: datetime) -> tuple[StoredKey, str]:
    """Creates a key; returns it with its text, which is never shown again.

    Raises:
        NoSuchPerson: If it is for a person who does not exist.
    """
    secret = keys.new_secret()
    stored = StoredKey(
        id=keys.new_key_id(),
        secret_sha256=keys.secret_sha256(secret),
        name=grant.name,
        roles=grant.roles,
        sources=grant.sources,
        may_send=grant.may_send,
        person_id=grant.person_id,
        officer_id=grant.officer_id,
        branch_ids=grant.branch_ids,
        created_at=at,
        expires_at=grant.expires_at,
        revoked_at=None,
    )
    try:
        await queries.execute(
            f"""INSERT INTO access.api_key ({_COLUMNS})
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
            stored.id,
            stored.secret_sha256,
            stored.name,
            sorted(stored.roles),
            list(stored.sources),
            list(stored.may_send),
            stored.person_id,
            stored.officer_id,
            list(stored.branch_ids),
            stored.created_at,
            stored.expires_at,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchPerson(f"there is no person {grant.person_id}") from error
    return stored, keys.key_text(key_id=stored.id, secret=secret)


async def revoke(queries: Queries, key_id: str, *, at: datetime) -> bool:
    """Revokes a key; returns False if there is none or it was revoked before."""
    status = await queries.execute(
        """INSERT INTO access.key_revocation (key_id, revoked_at)
           SELECT id, $2 FROM access.api_key WHERE id = $1 ON CONFLICT DO NOTHING""",
        key_id,
        at,
    )
    return status == "INSERT 0 1"


def _stored(row: Any) -> StoredKey:
    return StoredKey(
        id=row["id"],
        secret_sha256=bytes(row["secret_sha256"]),
        name=row["name"],
        roles=frozenset(Role(role) for role in row["roles"]),
        sources=tuple(row["sources"]),
        may_send=tuple(row["may_send"]),
        person_id=row["person_id"],
        officer_id=row["officer_id"],
        branch_ids=tuple(row["branch_ids"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
