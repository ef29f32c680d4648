"""Migrates the database schemas to their newest revision.

`tocsin migrate` calls `migrate` with an administrator's connection. A service never migrates: it is
not ready until its schema is at head (`schemas.py`). Each schema has its own version table, so
services migrate independently.

The administrator owns schemas and tables. A service connects with a login that is a member of its
role (`tocsin_ingest`, `tocsin_scoring`, `tocsin_alerts`) and may read and write rows of its own
schema only; a migration revokes rights where a table is append-only.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.kit.schemas import SCHEMAS, SERVICE_ROLES, Schema, head

# Serialises migrations of one database. The number is arbitrary.
_LOCK_KEY = 7_206_001


def script_of(schema: Schema) -> ScriptDirectory:
    """Returns the migrations of a schema, in order."""
    return ScriptDirectory(str(schema.folder), version_locations=[str(schema.versions)])


async def migrate(database_url: str, *, which: Sequence[str] = tuple(SCHEMAS)) -> dict[str, str]:
    """Migrates schemas to their head, each in one transaction; returns the revision of each.

    Raises:
        KeyError: If a name is none of `SCHEMAS`.
    """
    reached: dict[str, str] = {}
    engine = create_async_engine(_sqlalchemy_url(database_url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            await connection.run_sync(_ensure_roles)
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


def migrate_now(database_url: str, *, which: Sequence[str] = tuple(SCHEMAS)) -> dict[str, str]:
    """Runs `migrate` in an event loop of its own."""
    return asyncio.run(migrate(database_url, which=which))


def execute(statements: str) -> None:
    """Executes statements one by one inside a migration; the driver prepares only single ones."""
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)


def _sqlalchemy_url(database_url: str) -> str:
    _, _, rest = database_url.partition("://")
    return f"postgresql+asyncpg://{rest}"


def _ensure_roles(connection: Connection) -> None:
    """Creates the services' roles.

    Roles belong to the whole server, so the migration of another database may create them at the
    same moment; the second one finds them.
    """
    for role in SERVICE_ROLES:
        connection.execute(
            text(
                f"""
                DO $$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                        CREATE ROLE {role} NOLOGIN;
                    END IF;
                    IF NOT pg_has_role(CURRENT_USER, '{role}', 'MEMBER') THEN
                        GRANT {role} TO CURRENT_USER;
                    END IF;
                EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                END $$
                """
            )
        )


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
