"""A database whose only transaction is open already, for code that runs inside a caller's one."""

from services.kit.database import Connection, Result, Work


class OpenTransaction:
    """Runs work inside an open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def in_transaction(self, work: Work[Result]) -> Result:
        """Runs the work inside the open transaction."""
        return await work(self._connection)
