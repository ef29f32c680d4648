"""Bounds what the open and parked inputs of one sender or raw topic occupy.

A sender that sends nothing but faults fills a disk that all others need. What does not fit is not
taken: the request is refused or the raw topic stops, and nothing is dropped. The bytes are counted
in the database every few seconds, and what this process stores in between is added.
"""

from collections import Counter
from collections.abc import Sequence

from services.ingest.adapters.quarantine_rows import ROW_BYTES, occupied_bytes
from services.ingest.adapters.quarantine_table import QuarantineInserts
from services.ingest.adapters.translating import database_errors
from services.ingest.application.errors import QuarantineFull
from services.ingest.application.inputs import Input, QuarantinedInput
from services.kit.clock import Clock
from services.kit.database import PostgresDatabase

RECOUNT_SECONDS = 10.0

# As `occupied_bytes` counts them.
_USED = """
SELECT coalesce(sum($2 + octet_length(raw) + octet_length(headers::text)), 0)::bigint
  FROM ingest.quarantine
 WHERE coalesce(topic, sender) = $1 AND status IN ('open', 'parked')
"""


class QuarantineRoom:
    """The room of each sender and raw topic."""

    def __init__(self, database: PostgresDatabase, *, max_bytes: int, clock: Clock) -> None:
        self._pool = database.pool
        self._max_bytes = max_bytes
        self._clock = clock
        self._used: dict[str, int] = {}
        self._counted_at: dict[str, float] = {}

    async def take(self, inputs: Sequence[Input]) -> None:
        """Takes the room of inputs that are about to be stored.

        Raises:
            QuarantineFull: If one of their senders or topics has not enough of it.
        """
        wanted: Counter[str] = Counter()
        for given in inputs:
            wanted[_owner_of(given)] += occupied_bytes(given)
        for owner, size in wanted.items():
            used = await self._used_by(owner)
            if used + size > self._max_bytes:
                raise QuarantineFull(
                    f"{owner} has {used} bytes in quarantine and may have {self._max_bytes}; "
                    "retry or discard some of its inputs"
                )
        for owner, size in wanted.items():
            self._used[owner] += size

    async def _used_by(self, owner: str) -> int:
        now = self._clock.monotonic_seconds()
        if now - self._counted_at.get(owner, float("-inf")) > RECOUNT_SECONDS:
            with database_errors():
                self._used[owner] = await self._pool.fetchval(_USED, owner, ROW_BYTES)
            self._counted_at[owner] = now
        return self._used[owner]


class BoundedQuarantine:
    """Stores inputs where their senders and topics have room."""

    def __init__(self, inserts: QuarantineInserts, room: QuarantineRoom) -> None:
        self._inserts = inserts
        self._room = room

    async def take_room(self, inputs: Sequence[Input]) -> None:
        """Takes the room of inputs that are about to be stored."""
        await self._room.take(inputs)

    async def add(self, inputs: Sequence[QuarantinedInput]) -> Sequence[int]:
        """Stores inputs, all or none; the same input again counts up under its number."""
        return await self._inserts.add(inputs)


def _owner_of(given: Input) -> str:
    return given.position.topic if given.position else given.sender or ""
