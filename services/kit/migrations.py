"""Migrates the database schemas to their newest revision.

`tocsin migrate` calls `migrate` with an administrator's connection. A service never migrates: it is
not ready until its schema is at head (`schemas.py`). Each schema has its own version table, so
services migrate independently.

The administrator owns schemas and tables. A service connects with a login (`logins.py`) that is a
member of its role (`tocsin_ingest`, `tocsin_scoring`, `tocsin_alerts`) and may read and write rows
of its own schema only; a migration revokes rights where a table is append-only.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from services.kit.logins import Login, login_of, wrong_login
from services.kit.schemas import SCHEMAS, SERVICE_ROLES, Schema, head

# Serialises migrations of one database. The number is arbitrary.
_LOCK_KEY = 7_206_001
_ATTEMPTS = 5
_AT_ONCE = ("concurrently updated", "already exists", "pg_authid", "pg_auth_members")


def script_of(schema: Schema) -> ScriptDirectory:
    """Returns the migrations of a schema, in order."""
    return ScriptDirectory(str(schema.folder), version_locations=[str(schema.versions)])


async def migrate(
    database_url: str,
    *,
    which: Sequence[str] = tuple(SCHEMAS),
    service_urls: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Migrates schemas to their head, each in one transaction; returns the revision of each.

    The users of the services' URLs become logins with the rights of their service.

    Raises:
        KeyError: If a name is none of `SCHEMAS`.
        WrongLogin: If a URL's user cannot be the login of a service.
    """
    reached: dict[str, str] = {}
    engine = create_async_engine(_sqlalchemy_url(database_url), poolclass=NullPool)
    try:
        await _ensure_roles_and_logins(engine, service_urls)
        for name in which:
            async with engine.begin() as connection:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY}
                )
                await connection.run_sync(_upgrade, SCHEMAS[name])
            reached[name] = head(name) or ""
    finally:
        await engine.dispose()
    return reached


def migrate_now(
    database_url: str,
    *,
    which: Sequence[str] = tuple(SCHEMAS),
    service_urls: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Runs `migrate` in an event loop of its own."""
    return asyncio.run(migrate(database_url, which=which, service_urls=service_urls))


def execute(statements: str) -> None:
    """Executes statements one by one inside a migration; the driver prepares only single ones.

    A semicolon at the end of a line ends a statement, except in a function's body.
    """
    statement = ""
    for part in statements.split(";\n"):
        statement += part
        if statement.count("$$") % 2:
            statement += ";\n"
            continue
        if statement.strip():
            op.execute(statement)
        statement = ""


def _sqlalchemy_url(database_url: str) -> str:
    _, _, rest = database_url.partition("://")
    return f"postgresql+asyncpg://{rest}"


async def _ensure_roles_and_logins(engine: AsyncEngine, service_urls: Mapping[str, str]) -> None:
    """Creates what belongs to the whole server.

    The migration of another database may do so at the same moment, which no lock of ours prevents:
    then it is done again.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_ensure_roles)
                await connection.run_sync(_ensure_logins, service_urls)
                return
        except DBAPIError as error:
            if attempt == _ATTEMPTS or not any(word in str(error) for word in _AT_ONCE):
                raise


def _ensure_roles(connection: Connection) -> None:
    """Creates the services' roles."""
    for role in SERVICE_ROLES:
        connection.execute(
            text(
                f"""
                DO $$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                        CREATE ROLE {role} NOLOGIN;
                    END IF;
                END $$
                """
            )
        )


def _ensure_logins(connection: Connection, urls: Mapping[str, str]) -> None:
    """Makes the user of each service's URL a login with its password and the service's role.

    Raises:
        WrongLogin: If a URL names no user, the administrator, a superuser or another service's.
    """
    users: dict[str, str] = {}
    for service, url in urls.items():
        role, login = SCHEMAS[service].role, login_of(url)
        assert role is not None, service
        if not login.user:
            raise wrong_login(role, "the URL names no user")
        if users.setdefault(login.user, service) != service:
            raise wrong_login(role, f"{login.user} is the login of {users[login.user]}")
        _ensure_login(connection, login, role)


def _ensure_login(connection: Connection, login: Login, role: str) -> None:
    named = {"user": login.user}
    known = connection.execute(
        text("SELECT rolsuper, rolname = current_user FROM pg_roles WHERE rolname = :user"), named
    ).one_or_none()
    if known is not None and any(known):
        raise wrong_login(role, f"{login.user} is an administrator")
    values = {**named, "role": role, "password": login.password}
    verb = "CREATE" if known is None else "ALTER"
    password = " PASSWORD %L" if login.password is not None else ""
    statements = (
        f"format('{verb} ROLE %I LOGIN{password}', :user ::text, :password ::text)",
        "format('GRANT %I TO %I', :role ::text, :user ::text)",
    )
    for statement in statements:
        if role == login.user and "GRANT" in statement:
            continue
        # The server quotes: neither a name nor a password can end the statement.
        quoted = connection.execute(text(f"SELECT {statement}"), values).scalar_one()
        connection.exec_driver_sql(quoted)


def _upgrade(connection: Connection, schema: Schema) -> None:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema.name}"))
    _grant(connection, schema)
    if head(schema.name) is None:
        return
    script = script_of(schema)

    def to_head(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("heads", revision)

    environment = EnvironmentContext(Config(), script, fn=to_head)
    with environment:
        environment.configure(connection=connection, version_table_schema=schema.name)
        environment.run_migrations()


def _grant(connection: Connection, schema: Schema) -> None:
    """Grants rights before the tables exist, so that a migration can revoke some again."""
    if schema.role is None:
        readers = ", ".join(SERVICE_ROLES)
        rights = f"GRANT SELECT ON TABLES TO {readers}"
    else:
        readers = schema.role
        rights = f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {readers}"
        sequences = f"GRANT USAGE, SELECT ON SEQUENCES TO {readers}"
        connection.execute(text(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema.name} {sequences}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA {schema.name} TO {readers}"))
    connection.execute(text(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema.name} {rights}"))
