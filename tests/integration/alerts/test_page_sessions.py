"""Page sessions on a real PostgreSQL, with the service's own login."""

from datetime import timedelta

import asyncpg
import pytest

from services.alerts.directory.adapters.page_sessions import PostgresSessions

pytestmark = pytest.mark.integration


async def test_a_session_opens_until_it_is_ended_in_any_process(pool: asyncpg.Pool) -> None:
    here, elsewhere = PostgresSessions(pool), PostgresSessions(pool)
    token, other = await here.begin("key-1"), await here.begin("key-1")
    assert token != other
    assert await elsewhere.key_of(token) == "key-1"
    await elsewhere.end(token)
    assert await here.key_of(token) is None
    assert await here.key_of(other) == "key-1"
    await here.end(token)


async def test_what_is_stored_opens_nothing(pool: asyncpg.Pool) -> None:
    sessions = PostgresSessions(pool)
    token = await sessions.begin("key-1")
    row = await pool.fetchrow("SELECT * FROM alerts.page_session")
    assert token not in str(dict(row))
    assert await sessions.key_of(row["token_sha256"].hex()) is None


async def test_a_session_ends_with_its_time_and_is_removed_at_the_next_login(
    pool: asyncpg.Pool,
) -> None:
    sessions = PostgresSessions(pool)
    token = await sessions.begin("key-1")
    await pool.execute(
        "UPDATE alerts.page_session SET ends_at = now() - $1::interval", timedelta(seconds=1)
    )
    assert await sessions.key_of(token) is None
    await sessions.begin("key-2")
    assert await pool.fetchval("SELECT count(*) FROM alerts.page_session") == 1
