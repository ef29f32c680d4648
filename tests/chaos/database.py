"""What goes wrong with the database while it is up: cut, held up, and full."""

import asyncio
import time
from contextlib import suppress

import asyncpg

SLOW_SECONDS = 3.0
FULL_SECONDS = 5.0
CROWD = 20
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> ALL($1::int[])
"""
OWN = "SELECT pg_backend_pid()"
# Another fault got there first.
DOWN = (OSError, asyncpg.PostgresError, TimeoutError, asyncpg.InterfaceError)


async def ask(dsn: str, statement: str, *values: object) -> object:
    """Run a statement and return its first value; None while the database is down."""
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
    """End every connection but this one."""
    await ask(dsn, CUT, [])


async def hold_up(dsn: str) -> None:
    """Lock the tables that every batch writes."""
    await ask(
        dsn,
        "BEGIN; LOCK TABLE scoring.borrower, alerts.borrower IN ACCESS EXCLUSIVE MODE; "
        f"SELECT pg_sleep({SLOW_SECONDS}); COMMIT",
    )


async def fill(dsn: str) -> None:
    """Take every connection that the server has, cut those of the services, and keep them out."""
    held: list[asyncpg.Connection] = []
    try:
        while await _crowd(dsn, held):
            pass
        await _cut_others(held)
        until = time.monotonic() + FULL_SECONDS
        while time.monotonic() < until:
            if not await _crowd(dsn, held):
                await asyncio.sleep(0.1)
    finally:
        for connection in held:
            connection.terminate()


async def _crowd(dsn: str, held: list[asyncpg.Connection]) -> bool:
    """Open some more connections; return whether every one was let in."""
    opening = (asyncpg.connect(dsn, timeout=5) for _ in range(CROWD))
    opened = await asyncio.gather(*opening, return_exceptions=True)
    let_in = [one for one in opened if isinstance(one, asyncpg.Connection)]
    held.extend(let_in)
    return len(let_in) == CROWD


async def _cut_others(held: list[asyncpg.Connection]) -> None:
    with suppress(*DOWN):
        own = [await one.fetchval(OWN) for one in held if not one.is_closed()]
        await held[0].execute("SELECT 1")
        await held[0].fetch(CUT, own)
