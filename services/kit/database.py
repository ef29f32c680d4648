"""PostgreSQL for the hot path: pools of asyncpg connections, and transactions that are retried.

Code that uses asyncpg directly imports its types from here. Each service has a login of its own,
which every new connection is checked for (`logins.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import uniform
from typing import Any, Protocol, TypeVar

import asyncpg
import structlog

from services.kit import logins

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

# One deadlock or serialization failure is chance; eight in a row are a defect.
MAX_ATTEMPTS = 8
CONNECT_TIMEOUT_SECONDS = 10.0
COMMAND_TIMEOUT_SECONDS = 30.0
CLOSE_TIMEOUT_SECONDS = 5.0
# A process that was paused inside a transaction leaves its partition's row locked; the next owner
# waits for it at most this long.
IDLE_IN_TRANSACTION_SECONDS = 10.0


class Connection(Protocol):
    """The statements of a transaction; the simulated database offers the same."""

    async def execute(self, query: str, *args: Any) -> str: ...
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...


Work = Callable[[Connection], Awaitable[Result]]


class Database(Protocol):
    """Runs transactions."""

    async def in_transaction(self, work: Work[Result]) -> Result:
        """Runs the work in one transaction and commits it; runs it again after a conflict."""
        ...


class DatabaseUnavailable(Exception):
    """The database cannot be reached, restarts, or is full: the same work may succeed later."""


class RolledBack(Exception):
    """The transaction was rolled back for a reason that no retry removes."""


class PostgresDatabase:
    """Runs transactions on a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def in_transaction(self, work: Work[Result]) -> Result:
        """Runs the work in one transaction and commits it.

        After a deadlock (40P01) or a serialization failure (40001) the same work runs again from
        its start.

        Raises:
            DatabaseUnavailable: If there is no connection, or it is lost. The commit may have
                happened.
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
    """Returns an open pool whose login has the role and can do no more; None checks nothing.

    The login is checked at once if the database answers, and on every new connection. JIT is off:
    it costs milliseconds on statements that run for less. PostgreSQL ends an idle transaction, so
    a paused process cannot lock a row for ever.

    Raises:
        WrongLogin: If the login does not exist, or could do more than the role.
    """
    milliseconds = str(int(COMMAND_TIMEOUT_SECONDS * 1000))
    settings = {
        "application_name": application_name,
        "jit": "off",
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": str(int(idle_in_transaction_seconds * 1000)),
    }
    pool = asyncpg.create_pool(
        dsn,
        min_size=min_connections,
        max_size=max_connections,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings=settings,
        reset=_nothing_to_reset,
        init=logins.only_as(role) if role is not None else None,
    )
    try:
        await pool
        if role is not None:
            await _connect_once(pool)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        pool.terminate()
        raise logins.wrong_login(role or "", str(error)) from error
    except BaseException:
        pool.terminate()
        raise
    return pool


async def _connect_once(pool: asyncpg.Pool) -> None:
    """Checks the login now; where the database does not answer, the first connection does."""
    try:
        async with pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS):
            return
    except UNAVAILABLE as error:
        log.info("database.login_not_checked", error=type(error).__name__)


async def close_pool(pool: asyncpg.Pool) -> None:
    """Closes the pool, and terminates connections that hang."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


@contextmanager
def translate_outages() -> Iterator[None]:
    """Translates the driver's errors during an outage into `DatabaseUnavailable`.

    Raises:
        DatabaseUnavailable: If one occurs. The statement may have been executed.
    """
    try:
        yield
    except UNAVAILABLE as error:
        raise DatabaseUnavailable(repr(error)) from error


async def in_transaction(
    pool: asyncpg.Pool, work: Work[Result], *, attempts: int = MAX_ATTEMPTS
) -> Result:
    """Runs the work in one transaction of the pool, and again after a conflict.

    Raises:
        DatabaseUnavailable: If there is no connection, or it is lost. The commit may have
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


# Errors of the driver, the network or the server's state; never of the statement.
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
    """Leaves a returned connection as it is: no code here changes a session's settings.

    asyncpg would reset the session on the server, one more round trip per transaction.
    """
