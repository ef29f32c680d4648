"""Runs single statements on the pool of the service."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from services.kit.database import translate_outages

Row = Mapping[str, Any]


class PoolStatements:
    """Single statements, each in its own transaction; an outage raises `DatabaseUnavailable`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def fetch(self, statement: str, *values: Any) -> list[Row]:
        """Returns the rows of a statement."""
        with translate_outages():
            rows: list[Row] = await self._pool.fetch(statement, *values)
        return rows

    async def execute(self, statement: str, *values: Any) -> int:
        """Executes a statement and returns how many rows it changed."""
        with translate_outages():
            status: str = await self._pool.execute(statement, *values)
        return int(status.rpartition(" ")[2])
