"""The access log in memory, for applications without a database."""

from services.kit.http.access_log import AccessEntry


class MemoryAccessLog:
    """Implements `AccessLog`."""

    def __init__(self) -> None:
        self.entries: list[AccessEntry] = []

    async def add(self, entry: AccessEntry) -> None:
        self.entries.append(entry)
