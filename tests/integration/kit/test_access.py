"""Keys and migrations on a real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from lab.stack.logins import service_url
from services.kit import migrations, schemas
from services.kit.access import persons, row_rights, store
from services.kit.access.keys import Role
from services.kit.access.persons import BoundLogin, Identity, NoSuchPerson, StoredPerson
from services.kit.access.row_rights import RightKind, RowRight
from services.kit.audit import check_chains
from services.kit.http.auth import KeyAuthenticator
from services.kit.settings import SERVICES
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.integration
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OLGA = StoredPerson(person_id="olga", display_name="Olga Officer", created_at=NOW)
GRANT = store.Grant(
    name="Olga Officer",
    roles=frozenset({Role.OFFICER, Role.SENIOR}),
    person_id="olga",
    officer_id="officer-7",
    expires_at=NOW + timedelta(days=30),
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(database_url)
    await persons.create(opened, OLGA)
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


async def test_alice_is_alice_with_any_key_and_in_any_letters(connection: Any) -> None:
    alice = StoredPerson(person_id="alice", display_name="Alice", created_at=NOW)
    assert await persons.create(connection, alice)
    with pytest.raises(asyncpg.CheckViolationError):
        await persons.create(connection, replace(alice, person_id="Alice"))
    authenticator = KeyAuthenticator(connection, clock=ManualClock(NOW))
    callers = []
    for name, roles in (("Alice", {Role.RISK}), ("alice", {Role.APPROVER})):
        grant = store.Grant(
            name=name, roles=frozenset(roles), person_id=persons.person_id(f" {name} ")
        )
        _, text = await store.issue(connection, grant, at=NOW)
        callers.append(await authenticator.authenticate(text))
    assert [caller.person_id for caller in callers if caller] == ["alice", "alice"]


async def test_a_key_that_decides_belongs_to_a_person_who_exists(connection: Any) -> None:
    with pytest.raises(NoSuchPerson):
        await store.issue(connection, replace(GRANT, person_id="nobody"), at=NOW)
    await store.issue(connection, GRANT, at=NOW)
    with pytest.raises(asyncpg.CheckViolationError, match="people_decide"):
        await connection.execute(
            "INSERT INTO access.api_key (id, secret_sha256, name, roles, created_at)"
            " VALUES ('aaaaaaaaaaaa', sha256('x'), 'a machine', '{APPROVER}', now())"
        )


async def test_a_login_belongs_to_one_person_or_machine_for_good(connection: Any) -> None:
    login = Identity(issuer="https://id.bank.example", subject="00u1", person_id="olga")
    machine = Identity(issuer="https://id.bank.example", subject="svc", machine="core banking")
    assert await persons.bind(connection, login, at=NOW)
    assert await persons.bind(connection, machine, at=NOW)
    assert not await persons.bind(connection, replace(machine, subject="00u1"), at=NOW)
    with pytest.raises(NoSuchPerson):
        await persons.bind(connection, replace(login, subject="00u2", person_id="nobody"), at=NOW)
    key, _ = await store.issue(connection, GRANT, at=NOW)
    (olga,) = await persons.list_all(connection)
    assert (olga.keys, olga.identities) == ((key.id,), ((login.issuer, "00u1"),))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access.api_key SET person_id = 'alice'",
        "UPDATE access.api_key SET roles = '{RISK,APPROVER}'",
        "UPDATE access.api_key SET expires_at = NULL",
        "DELETE FROM access.api_key",
        "DELETE FROM access.key_revocation",
        "UPDATE access.person SET person_id = 'alice'",
        "UPDATE access.identity SET person_id = 'alice'",
        "DELETE FROM access.identity",
    ],
)
async def test_nobody_moves_a_key_or_a_login_to_another_person(
    connection: Any, statement: str
) -> None:
    await store.issue(connection, GRANT, at=NOW)
    alice = StoredPerson(person_id="alice", display_name="Alice", created_at=NOW)
    await persons.create(connection, alice)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is append-only"):
        await connection.execute(statement)


async def test_keys_and_their_revocations_are_in_the_hash_chain(connection: Any) -> None:
    async def chains() -> dict[str, tuple[int, str]]:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SET LOCAL timezone = 'UTC'")
            found = await check_chains(connection, "access")
        return {each.table: (each.rows, (each.broken or "whole")[:17]) for each in found}

    key, _ = await store.issue(connection, GRANT, at=NOW)
    await store.revoke(connection, key.id, at=NOW)
    assert (await chains())["access.api_key"] == (1, "whole")
    assert (await chains())["access.key_revocation"] == (1, "whole")
    await connection.execute(
        "SET session_replication_role = replica;"
        "UPDATE access.api_key SET roles = '{APPROVER}'; DELETE FROM access.key_revocation;"
        "RESET session_replication_role"
    )
    assert (await chains())["access.api_key"] == (1, "row 1 was changed")
    assert (await chains())["access.key_revocation"] == (1, "row 1 is missing")


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


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Any]:
    """A connection with the login of a service, and the service's name."""
    opened = await asyncpg.connect(service_url(database_url, request.param))
    yield opened, request.param
    await opened.close()


async def test_a_service_reads_keys_and_cannot_write_them(connection: Any, service: Any) -> None:
    await store.issue(connection, GRANT, at=NOW)
    login, _ = service
    assert len(await store.list_all(login)) == 1
    for statement in (
        "DELETE FROM access.api_key",
        "UPDATE access.api_key SET roles = '{RISK}'",
        "TRUNCATE access.api_key",
        "UPDATE access.api_key SET person_id = 'alice'",
        "UPDATE access.person SET display_name = 'Alice'",
        "INSERT INTO access.identity VALUES ('https://x', 'y', 'olga', NULL, now())",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await login.execute(statement)


async def test_the_keys_and_logins_of_a_person_who_is_removed_end(connection: Any) -> None:
    _, text = await store.issue(connection, GRANT, at=NOW)
    identity = Identity(issuer="https://id.bank.example", subject="00u1", person_id="olga")
    machine = Identity(issuer="https://id.bank.example", subject="batch", machine="reports")
    for each in (identity, machine):
        assert await persons.bind(connection, each, at=NOW)
    assert await persons.bound_login(connection, identity.issuer, "00u1") == BoundLogin(
        person_id="olga", machine=None
    )
    assert await persons.bound_login(connection, "https://id.other.example", "00u1") is None
    assert await persons.remove(connection, "olga", at=NOW)
    assert not await persons.remove(connection, "olga", at=NOW)
    assert await persons.bound_login(connection, identity.issuer, "00u1") is None
    assert await persons.bound_login(connection, identity.issuer, "batch") == BoundLogin(
        person_id=None, machine="reports"
    )
    assert await KeyAuthenticator(connection, clock=ManualClock(NOW)).authenticate(text) is None
    [listed] = await persons.list_all(connection)
    assert listed.removed_at == NOW
    with pytest.raises(NoSuchPerson):
        await persons.remove(connection, "nobody", at=NOW)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is append-only"):
        await connection.execute("DELETE FROM access.person_removal")


async def test_the_directory_of_alerts_grants_rows_and_no_other_service_does(
    connection: Any, service: Any
) -> None:
    login, name = service
    stands_in = RowRight(
        person_id="olga",
        kind=RightKind.OFFICER,
        granted_id="officer-8",
        reason="delegate of officer-8",
        ends_at=NOW + timedelta(hours=1),
    )
    if name != "alerts":
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await row_rights.replace_all(login, [stands_in])
        return
    branch = replace(stands_in, kind=RightKind.BRANCH, granted_id="north", ends_at=None)
    await row_rights.replace_all(login, [replace(stands_in, granted_id="officer-1")])
    await row_rights.replace_all(login, [stands_in, branch])
    _, text = await store.issue(connection, GRANT, at=NOW)
    principal = await KeyAuthenticator(login, clock=ManualClock(NOW)).authenticate(text)
    assert principal is not None
    assert principal.officer_ids == {"officer-7", "officer-8"}
    assert principal.branch_ids == {"north"}
    assert not principal.sees_everything


async def test_a_service_cannot_look_into_anothers_schema(connection: Any, service: Any) -> None:
    login, own = service
    foreign = await connection.fetch(
        """SELECT schemaname, tablename FROM pg_tables
           WHERE schemaname IN ('ingest', 'scoring', 'alerts') AND schemaname <> $1""",
        own,
    )
    assert foreign
    # Giving a role up gives no other.
    await login.execute("RESET ROLE")
    for row in foreign:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.fetch(f"SELECT 1 FROM {row['schemaname']}.{row['tablename']}")
    for role in set(schemas.SERVICE_ROLES) - {f"tocsin_{own}"}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.execute(f"SET ROLE {role}")


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
