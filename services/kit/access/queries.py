"""The queries that the schema `access` needs, of a connection, a pool or a test's table."""

from collections.abc import Sequence
from typing import Any, Protocol


class Queries(Protocol):
    """The queries of an asyncpg connection or pool."""

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]:
        """Returns all rows."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """Returns the first row, or None."""
        ...

    async def execute(self, query: str, *args: Any) -> str:
        """Executes a statement."""
        ...
