"""Persons: who stands behind keys and logins of an identity provider, so that two are not one.

Four eyes compare person ids, never names. An id is in lower case by construction, so "Alice" is
"alice". A key, and an (issuer, subject) of an identity provider, belongs to one person or to a
machine from the moment it is created; triggers keep it there. Only the administrator's connection,
which `tocsin persons` uses, writes these tables.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.kit.access.queries import Queries

MAX_NAME_CHARACTERS = 100
_PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class NoSuchPerson(ValueError):
    """No person has the id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPerson:
    """A person, with what belongs to them.

    Attributes:
        keys: The ids of their keys, revoked ones included.
        identities: (issuer, subject) of their logins at identity providers.
        removed_at: When their keys and logins ended; None while they count.
    """

    person_id: str
    display_name: str
    created_at: datetime
    keys: tuple[str, ...] = ()
    identities: tuple[tuple[str, str], ...] = ()
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A login at an identity provider, of a person or of the machine that it names."""

    issuer: str
    subject: str
    person_id: str | None = None
    machine: str | None = None

    def __post_init__(self) -> None:
        if not self.issuer.startswith("https://"):
            raise ValueError(f"issuer {self.issuer!r} must be an https URL, as in the token's iss")
        if not self.subject:
            raise ValueError("subject is empty; give the token's sub")
        if (self.person_id is None) == (self.machine is None):
            raise ValueError("a login belongs to a person or to a machine; name one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundLogin:
    """Whose a login at an identity provider is: a person's or a machine's."""

    person_id: str | None
    machine: str | None


def person_id(text: str) -> str:
    """Returns the id that a text names: in lower case, without surrounding space.

    Raises:
        ValueError: If it cannot be an id.
    """
    normalised = text.strip().lower()
    if _PERSON_ID.fullmatch(normalised) is None:
        raise ValueError(
            f"person id {text!r} must have 1 to 64 of a-z, 0-9, '.', '_' and '-', "
            "and begin with a letter or a digit"
        )
    return normalised


async def create(queries: Queries, person: StoredPerson) -> bool:
    """Creates a person; returns False if the id exists."""
    status = await queries.execute(
        """INSERT INTO access.person (person_id, display_name, created_at)
           VALUES ($1, $2, $3) ON CONFLICT DO NOTHING""",
        person.person_id,
        person.display_name,
        person.created_at,
    )
    return status == "INSERT 0 1"


async def bind(queries: Queries, identity: Identity, *, at: datetime) -> bool:
    """Binds a login for good; returns False if it was bound before.

    Raises:
        NoSuchPerson: If there is no such person.
    """
    try:
        status = await queries.execute(
            """INSERT INTO access.identity (issuer, subject, person_id, machine, created_at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING""",
            identity.issuer,
            identity.subject,
            identity.person_id,
            identity.machine,
            at,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchPerson(f"there is no person {identity.person_id}") from error
    return status == "INSERT 0 1"


async def remove(queries: Queries, person: str, *, at: datetime) -> bool:
    """Ends all keys and logins of a person for good; returns False if they had ended before.

    Raises:
        NoSuchPerson: If there is no such person.
    """
    try:
        status = await queries.execute(
            """INSERT INTO access.person_removal (person_id, removed_at)
               VALUES ($1, $2) ON CONFLICT DO NOTHING""",
            person,
            at,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchPerson(f"there is no person {person}") from error
    return status == "INSERT 0 1"


async def bound_login(queries: Queries, issuer: str, subject: str) -> BoundLogin | None:
    """Returns whose a login is; None if it is bound to nobody, or to a person who was removed."""
    row = await queries.fetchrow(
        """SELECT person_id, machine
             FROM access.identity LEFT JOIN access.person_removal USING (person_id)
            WHERE issuer = $1 AND subject = $2 AND removed_at IS NULL""",
        issuer,
        subject,
    )
    return BoundLogin(person_id=row["person_id"], machine=row["machine"]) if row else None


async def list_all(queries: Queries) -> list[StoredPerson]:
    """Returns all persons with their keys and logins, by id."""
    rows = await queries.fetch(
        """SELECT person_id, display_name, created_at, removed_at,
                  ARRAY(SELECT id FROM access.api_key AS key
                         WHERE key.person_id = person.person_id ORDER BY created_at, id) AS keys,
                  ARRAY(SELECT ARRAY[issuer, subject] FROM access.identity AS login
                         WHERE login.person_id = person.person_id
                         ORDER BY issuer, subject) AS identities
             FROM access.person LEFT JOIN access.person_removal USING (person_id)
            ORDER BY person_id"""
    )
    return [_stored(row) for row in rows]


def _stored(row: Any) -> StoredPerson:
    return StoredPerson(
        person_id=row["person_id"],
        display_name=row["display_name"],
        created_at=row["created_at"],
        keys=tuple(row["keys"]),
        removed_at=row["removed_at"],
        identities=tuple((issuer, subject) for issuer, subject in row["identities"]),
    )
