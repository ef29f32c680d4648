"""Runs work on one connection to the database, with the administrator's URL of the settings.

Services may not do what these commands do: they cannot write keys or the audit of decisions.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from services.cli.errors import CommandError
from services.kit.settings import PlatformSettings

CONNECT_SECONDS = 10
Result = TypeVar("Result")


def with_connection(work: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    """Connect, do the work and disconnect; return its result.

    Raises:
        CommandError: If the schemas have not been migrated.
    """

    async def run() -> Result:
        connection = await asyncpg.connect(PlatformSettings().dsn, timeout=CONNECT_SECONDS)
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(run())
    except asyncpg.UndefinedTableError as error:
        raise CommandError(
            "The schemas are not at this version.", remedy="Run `tocsin migrate` first."
        ) from error
