"""Services' logins on a real PostgreSQL: what the migration creates, and which of them may run."""

import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from lab.stack.logins import service_url
from services.kit.database import create_pool
from services.kit.logins import WrongLogin, login_of
from services.kit.migrations import migrate
from services.kit.settings import SERVICES

pytestmark = pytest.mark.integration
PASSWORD = "pass'\"%word"


@pytest.fixture
async def admin(database_url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def stranger(admin: Any, database_url: str) -> AsyncIterator[str]:
    """The URL of a login without any right; its name needs quoting, and so does its password."""
    name = f'odd "{secrets.token_hex(4)}'
    quoted = '"' + name.replace('"', '""') + '"'
    await admin.execute(f"CREATE ROLE {quoted} LOGIN PASSWORD 'pass''\"%word'")
    address = urlsplit(database_url).netloc.rpartition("@")[2]
    login = f"{quote(name, safe='')}:{quote(PASSWORD, safe='')}"
    yield urlsplit(database_url)._replace(netloc=f"{login}@{address}").geturl()
    await admin.execute(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}")


async def started(url: str, service: str) -> None:
    pool = await create_pool(url, role=f"tocsin_{service}", application_name="test")
    await pool.close()


def quoted_user(url: str) -> str:
    return '"' + login_of(url).user.replace('"', '""') + '"'


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_runs_with_its_own_login_only(database_url: str, service: str) -> None:
    await started(service_url(database_url, service), service)
    with pytest.raises(WrongLogin, match="is a superuser"):
        await started(database_url, service)
    for other in set(SERVICES) - {service}:
        with pytest.raises(WrongLogin, match="has other roles than"):
            await started(service_url(database_url, other), service)


async def test_a_login_that_could_change_the_tables_does_not_run(admin: Any, stranger: str) -> None:
    with pytest.raises(WrongLogin, match="has not the role tocsin_scoring"):
        await started(stranger, "scoring")
    await admin.execute(f"GRANT tocsin_scoring TO {quoted_user(stranger)}")
    await started(stranger, "scoring")
    await admin.execute(f"GRANT pg_write_all_data TO {quoted_user(stranger)}")
    with pytest.raises(WrongLogin, match="pg_write_all_data"):
        await started(stranger, "scoring")
    await admin.execute(f"REVOKE pg_write_all_data FROM {quoted_user(stranger)}")
    await admin.execute(f"ALTER ROLE {quoted_user(stranger)} CREATEROLE")
    with pytest.raises(WrongLogin, match="may create roles"):
        await started(stranger, "scoring")
    await admin.execute(f"ALTER ROLE {quoted_user(stranger)} NOCREATEROLE")
    await admin.execute(f"ALTER TABLE scoring.ledger OWNER TO {quoted_user(stranger)}")
    with pytest.raises(WrongLogin, match=r"owns schemas or tables \(scoring\)"):
        await started(stranger, "scoring")


async def test_a_login_that_does_not_exist_names_the_remedy(database_url: str) -> None:
    url = service_url(database_url, "ingest").replace("_login:", "_nobody:")
    with pytest.raises(WrongLogin, match=r"TOCSIN_INGEST_DATABASE_URL .*`tocsin migrate`"):
        await started(url, "ingest")


async def test_the_migration_makes_a_login_of_any_name_and_password(
    database_url: str, stranger: str
) -> None:
    await migrate(database_url, which=(), service_urls={"alerts": stranger})
    await started(stranger, "alerts")


async def test_the_migration_gives_no_right_to_an_administrator_or_to_two_services(
    database_url: str, stranger: str
) -> None:
    with pytest.raises(WrongLogin, match="is an administrator"):
        await migrate(database_url, which=(), service_urls={"ingest": database_url})
    with pytest.raises(WrongLogin, match="is the login of ingest"):
        await migrate(database_url, which=(), service_urls={"ingest": stranger, "alerts": stranger})
