"""Faults of a database that is up: connections cut, tables locked, no connection left."""

import asyncio
import time
from contextlib import suppress

import asyncpg

SLOW_SECONDS = 3.0
FULL_SECONDS = 5.0
AT_A_TIME = 20
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> ALL($1::int[])
"""
OWN = "SELECT pg_backend_pid()"
# Raised when another fault has stopped the database already.
DOWN = (OSError, asyncpg.PostgresError, TimeoutError, asyncpg.InterfaceError)


async def execute(dsn: str, statement: str, *values: object) -> object:
    """Executes a statement and returns its first value; None while the database is down."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            if values:
                return await connection.fetchval(statement, *values)
            await connection.execute(statement)
        finally:
            await connection.close(timeout=5)
    except DOWN:
        return None
    return None


async def cut(dsn: str) -> None:
    """Terminates every other connection."""
    await execute(dsn, CUT, [])


async def lock_tables(dsn: str) -> None:
    """Locks the tables that every batch writes, for a while."""
    await execute(
        dsn,
        "BEGIN; LOCK TABLE scoring.borrower, alerts.borrower IN ACCESS EXCLUSIVE MODE; "
        f"SELECT pg_sleep({SLOW_SECONDS}); COMMIT",
    )


async def fill(dsn: str) -> None:
    """Occupies every connection of the server, those of the services included."""
    opened: list[asyncpg.Connection] = []
    try:
        while await _open_more(dsn, opened):
            pass
        await _cut_others(opened)
        until = time.monotonic() + FULL_SECONDS
        while time.monotonic() < until:
            if not await _open_more(dsn, opened):
                await asyncio.sleep(0.1)
    finally:
        for connection in opened:
            connection.terminate()


async def _open_more(dsn: str, opened: list[asyncpg.Connection]) -> bool:
    """Opens some more connections; returns whether the server accepted every one."""
    attempts = (asyncpg.connect(dsn, timeout=5) for _ in range(AT_A_TIME))
    results = await asyncio.gather(*attempts, return_exceptions=True)
    accepted = [result for result in results if isinstance(result, asyncpg.Connection)]
    opened.extend(accepted)
    return len(accepted) == AT_A_TIME


async def _cut_others(opened: list[asyncpg.Connection]) -> None:
    with suppress(*DOWN):
        own = [await each.fetchval(OWN) for each in opened if not each.is_closed()]
        await opened[0].execute("SELECT 1")
        await opened[0].fetch(CUT, own)
