"""PostgreSQL for the hot path: pools of asyncpg connections, and transactions that retry.

Everything that talks to asyncpg directly imports its types from here. A connection takes the
role of its service at connect time, so a service cannot read another's schema even by
mistake.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import uniform
from typing import Any, Protocol, TypeVar

import asyncpg

Result = TypeVar("Result")

# A deadlock or a serialization failure is somebody's bad luck; eight in a row are a defect.
MOST_ATTEMPTS = 8
CONNECT_TIMEOUT_SECONDS = 10.0
COMMAND_TIMEOUT_SECONDS = 30.0
CLOSE_TIMEOUT_SECONDS = 5.0
# A process that was paused inside a transaction holds its partition's row; whoever takes over
# waits for it at most this long.
IDLE_IN_TRANSACTION_SECONDS = 10.0


class Connection(Protocol):
    """What code inside a transaction may do; the simulated database offers the same."""

    async def execute(self, query: str, *args: Any) -> str: ...
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...


Work = Callable[[Connection], Awaitable[Result]]


class Database(Protocol):
    """A place where transactions run."""

    async def in_transaction(self, work: Work[Result]) -> Result:
        """Run the work in one transaction and commit it; retry what may be retried."""
        ...


class DatabaseUnavailable(Exception):
    """The database cannot be reached, restarts, or is full; the same work may succeed later."""


class RolledBack(Exception):
    """The transaction was rolled back for a reason that will not go away by trying again."""


class PostgresDatabase:
    """The database behind a pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def in_transaction(self, work: Work[Result]) -> Result:
        """Run the work in one transaction and commit it.

        Deadlocks (40P01) and serialization failures (40001) run the same work again from its
        start.

        Raises:
            DatabaseUnavailable: If the connection is lost or cannot be had. The commit may
                have happened.
        """
        return await in_transaction(self.pool, work)


async def create_pool(
    dsn: str,
    *,
    role: str | None,
    application_name: str,
    min_connections: int = 1,
    max_connections: int = 10,
    idle_in_transaction_seconds: float = IDLE_IN_TRANSACTION_SECONDS,
) -> asyncpg.Pool:
    """Return an open pool whose connections act as `role`.

    JIT is off: it costs milliseconds on statements that run for less. An idle transaction
    ends by itself, so a paused process cannot hold a row for ever.
    """
    milliseconds = str(int(COMMAND_TIMEOUT_SECONDS * 1000))
    settings = {
        "application_name": application_name,
        "jit": "off",
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": str(int(idle_in_transaction_seconds * 1000)),
    }
    if role is not None:
        settings["role"] = role
    pool = asyncpg.create_pool(
        dsn,
        min_size=min_connections,
        max_size=max_connections,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings=settings,
        reset=_nothing_to_reset,
    )
    return await pool


async def close_pool(pool: asyncpg.Pool) -> None:
    """Close the pool; connections that hang are cut."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


@contextmanager
def translate_outages() -> Iterator[None]:
    """Ask the database inside; what an outage makes the driver raise comes out as ours.

    Raises:
        DatabaseUnavailable: If so. What was asked may have been done.
    """
    try:
        yield
    except UNAVAILABLE as error:
        raise DatabaseUnavailable(repr(error)) from error


async def in_transaction(
    pool: asyncpg.Pool, work: Work[Result], *, attempts: int = MOST_ATTEMPTS
) -> Result:
    """Run the work in one transaction of the pool, again after a deadlock.

    Raises:
        DatabaseUnavailable: If the connection is lost or cannot be had. The commit may have
            happened.
    """
    for attempt in range(1, attempts + 1):
        try:
            with translate_outages():
                async with (
                    pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS) as connection,
                    connection.transaction(),
                ):
                    return await work(connection)
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as error:
            if attempt == attempts:
                raise DatabaseUnavailable(f"{attempts} conflicts in a row") from error
            await asyncio.sleep(uniform(0.0, 0.01 * 2**attempt))
    raise AssertionError("the last attempt returns or raises")


# Raised where the driver, the network or the server's state is to blame, never the statement.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectInUseError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
    OSError,
    TimeoutError,
)


async def _nothing_to_reset(_connection: object) -> None:
    """Leave a returned connection as it is: nothing here changes a session's settings.

    asyncpg would ask the server to reset everything, one more round trip per transaction.
    """
