"""Opens and closes loads of history: while one is open, its own closes are its sources' clock.

Called by REST. Whether an event is history is the operator's decision, never the sender's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.ingest.application.errors import NotFound
from services.kit.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLoad:
    """A load of history: the sources that belong to it, who opened it and why."""

    id: int
    sources: tuple[str, ...]
    reason: str
    opened_by: str
    opened_at: datetime
    closed_by: str | None = None
    closed_at: datetime | None = None


class HistoryLoadRepository(Protocol):
    """The stored loads. Each method raises `Unavailable` while the database does not answer."""

    async def loads(self) -> Sequence[HistoryLoad]: ...

    async def open(
        self, sources: Sequence[str], *, reason: str, by: str, at: datetime
    ) -> HistoryLoad: ...

    async def close(self, load_id: int, *, by: str, at: datetime) -> HistoryLoad | None:
        """Closes a load; None if no open one has the number."""
        ...


class HistoryLoads:
    """The loads of history, for operators."""

    def __init__(self, *, repository: HistoryLoadRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def loads(self) -> Sequence[HistoryLoad]:
        """Returns the newest loads, open and closed."""
        return await self._repository.loads()

    async def open(self, sources: Sequence[str], *, reason: str, by: str) -> HistoryLoad:
        """Opens a load for some sources; one that ends with `*` is a prefix."""
        return await self._repository.open(sources, reason=reason, by=by, at=self._clock.now())

    async def close(self, load_id: int, *, by: str) -> HistoryLoad:
        """Closes a load.

        Raises:
            NotFound: If no open load has the number.
        """
        load = await self._repository.close(load_id, by=by, at=self._clock.now())
        if load is None:
            raise NotFound(f"no open history load has the number {load_id}")
        return load
