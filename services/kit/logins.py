"""Database logins: each service has its own, which can do no more than the service needs.

`TOCSIN_DATABASE_URL` is the administrator's: it owns schemas and tables. `tocsin migrate` makes the
user of each `TOCSIN_<SERVICE>_DATABASE_URL` a login with the password of that URL and a member of
the service's role. A service checks every new connection, and refuses a login that could pass what
tables forbid its role: a superuser, whoever may create roles, an owner of tables, or a member of
another service's role or of a predefined one, such as pg_write_all_data.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from services.kit.access.queries import Queries
from services.kit.schemas import SCHEMAS, SERVICE_ROLES
from services.kit.settings import StartRefused, service_variable

REMEDY = "Set {variable} to a login of its own and run `tocsin migrate`, which creates it."
_RIGHTS = """
SELECT current_user::text AS login,
       role.rolsuper AS is_superuser,
       role.rolcreaterole AS may_create_roles,
       ARRAY(SELECT DISTINCT schema.nspname::text
               FROM pg_namespace AS schema LEFT JOIN pg_class AS "table"
                 ON "table".relnamespace = schema.oid
              WHERE schema.nspname = ANY($1::text[])
                AND (pg_has_role(schema.nspowner, 'MEMBER')
                     OR pg_has_role("table".relowner, 'MEMBER'))) AS owned,
       ARRAY(SELECT other.rolname::text FROM pg_roles AS other
              WHERE (other.rolname = ANY($2::text[]) OR other.rolname LIKE 'pg\\_%')
                AND pg_has_role(other.oid, 'MEMBER')) AS roles
  FROM pg_roles AS role WHERE role.rolname = current_user
"""


class WrongLogin(StartRefused):
    """A service has a login with more rights, or with others, than it needs."""


@dataclass(frozen=True, slots=True)
class Login:
    """The user and the password of a database URL."""

    user: str
    password: str | None = field(repr=False)


def login_of(database_url: str) -> Login:
    """Returns the login of a URL."""
    parts = urlsplit(database_url)
    password = unquote(parts.password) if parts.password is not None else None
    return Login(unquote(parts.username or ""), password)


def only_as(role: str) -> Callable[[Queries], Awaitable[None]]:
    """Returns the check of a connection that a service with this role makes."""

    async def check(connection: Queries) -> None:
        rights = await connection.fetchrow(_RIGHTS, list(SCHEMAS), list(SERVICE_ROLES))
        if problem := problem_of(rights, role=role):
            raise wrong_login(role, problem)

    return check


def problem_of(rights: Mapping[str, Any], *, role: str) -> str | None:
    """Returns what is wrong with a login for a service; None if nothing is."""
    login = rights["login"]
    if rights["is_superuser"]:
        return f"{login} is a superuser"
    if rights["may_create_roles"]:
        return f"{login} may create roles"
    if owned := sorted(rights["owned"]):
        return f"{login} owns schemas or tables ({', '.join(owned)})"
    if others := sorted(set(rights["roles"]) - {role}):
        return f"{login} has other roles than {role} ({', '.join(others)})"
    if role not in rights["roles"]:
        return f"{login} has not the role {role}"
    return None


def wrong_login(role: str, problem: str) -> WrongLogin:
    """Returns the error of a service that does not start, with its remedy."""
    service = role.removeprefix("tocsin_")
    remedy = REMEDY.format(variable=service_variable(service))
    return WrongLogin(f"{service} does not run with this database login: {problem}. {remedy}")
