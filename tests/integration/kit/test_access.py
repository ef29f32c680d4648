"""Keys and migrations on a real PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.kit import migrations, schemas
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.http.auth import KeyAuthenticator
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.integration
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GRANT = store.Grant(
    name="Olga Officer",
    roles=frozenset({Role.OFFICER, Role.SENIOR}),
    officer_id="officer-7",
    expires_at=NOW + timedelta(days=30),
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


async def test_a_key_that_was_issued_lets_its_holder_in_until_it_is_revoked(
    connection: Any,
) -> None:
    stored, text = await store.issue(connection, GRANT, at=NOW)
    authenticator = KeyAuthenticator(connection, clock=ManualClock(NOW))
    principal = await authenticator.authenticate(text)
    assert principal is not None
    assert principal.roles == {Role.OFFICER, Role.SENIOR}
    assert principal.officer_id == "officer-7"
    assert await store.revoke(connection, stored.id, at=NOW)
    assert not await store.revoke(connection, stored.id, at=NOW)
    fresh = KeyAuthenticator(connection, clock=ManualClock(NOW))
    assert await fresh.authenticate(text) is None


async def test_the_secret_is_nowhere_in_the_table(connection: Any) -> None:
    stored, text = await store.issue(connection, GRANT, at=NOW)
    secret = text.removeprefix(f"tsk_{stored.id}_")
    rows = await connection.fetch("SELECT k::text AS all_of_it FROM access.api_key k")
    assert rows
    assert all(secret not in row["all_of_it"] for row in rows)


async def test_keys_are_listed_the_newest_first(connection: Any) -> None:
    old, _ = await store.issue(connection, GRANT, at=NOW)
    new, _ = await store.issue(connection, GRANT, at=NOW + timedelta(hours=1))
    assert [key.id for key in await store.list_all(connection)] == [new.id, old.id]


@pytest.mark.parametrize("role", schemas.SERVICE_ROLES)
async def test_a_service_reads_keys_and_cannot_write_them(connection: Any, role: str) -> None:
    await store.issue(connection, GRANT, at=NOW)
    await connection.execute(f"SET ROLE {role}")
    assert len(await store.list_all(connection)) == 1
    for statement in (
        "DELETE FROM access.api_key",
        "UPDATE access.api_key SET roles = '{RISK}'",
        "TRUNCATE access.api_key",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


@pytest.mark.parametrize("role", schemas.SERVICE_ROLES)
async def test_a_service_cannot_look_into_anothers_schema(connection: Any, role: str) -> None:
    own = role.removeprefix("tocsin_")
    foreign = await connection.fetch(
        """SELECT schemaname, tablename FROM pg_tables
           WHERE schemaname IN ('ingest', 'scoring', 'alerts') AND schemaname <> $1""",
        own,
    )
    await connection.execute(f"SET ROLE {role}")
    for row in foreign:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(f"SELECT 1 FROM {row['schemaname']}.{row['tablename']}")


async def test_a_second_run_of_the_migrations_changes_nothing(
    connection: Any, database_url: str
) -> None:
    before = await connection.fetch(_TABLES)
    await migrations.migrate(database_url)
    assert await connection.fetch(_TABLES) == before


async def test_every_schema_with_migrations_is_at_its_head(connection: Any) -> None:
    for name in schemas.SCHEMAS:
        if schemas.head(name) is not None:
            assert await schemas.at_head(connection, name), name


async def test_a_schema_of_another_version_is_not_at_head(connection: Any) -> None:
    await connection.execute("UPDATE access.alembic_version SET version_num = 'a9999'")
    assert not await schemas.at_head(connection, "access")
    await connection.execute("DROP TABLE access.alembic_version")
    assert not await schemas.at_head(connection, "access")


_TABLES = """SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
             WHERE table_schema IN ('access', 'ingest', 'scoring', 'alerts') ORDER BY 1, 2, 3"""
