"""The protocols that scoring's adapters implement, and the rows that they exchange.

Everything that takes a connection runs in the caller's transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.kit.database import Connection
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.assess.effects import Effect
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.event import Event
from services.scoring.domain.portfolio.drift import BinCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How bytes become events and states, and assessments become bytes.

    `decode` raises `refusal` for what it cannot read, `decode_state` raises `unreadable` for
    bytes of another version. `source_of` returns the source that even an unreadable event names.
    """

    decode: Callable[[bytes], Event]
    source_of: Callable[[bytes], str]
    refusal: type[Exception]
    encode_state: Callable[[Borrower], bytes]
    decode_state: Callable[[bytes], Borrower]
    unreadable: type[Exception]
    encode_assessment: Callable[[Assessment], bytes]
    encode_effect: Callable[[Effect], bytes]
    encode_isolation: Callable[[str, datetime | None, datetime], bytes]


@dataclass(slots=True)
class LoggedEvent:
    """An event with its place in the log and its bytes.

    Here and wherever scoring stores or compares one, an offset is a position of the kit: the offset
    in the topic, above it the generation of the log.
    """

    offset: int
    event: Event
    raw: bytes


@dataclass(slots=True)
class CachedBorrower:
    """A borrower in memory, and the offset of the last day close that is folded in.

    `last_event` has source and id of the last own event that was folded in since it was loaded.
    """

    borrower: Borrower
    closed_offset: int
    last_event: tuple[str, str] | None = None


@dataclass(slots=True)
class SavedBorrower:
    """A borrower to store, with the bytes of its state."""

    cached: CachedBorrower
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """A borrower whose data break the fold.

    Its own events after `folded_to` wait in the ledger, and so do the day closes after the stored
    `closed_offset`.
    """

    borrower_id: str
    folded_to: int
    reason: str
    is_resume_requested: bool = False


@dataclass(slots=True)
class StoredState:
    """A borrower's row; `state` is None where the query left it out."""

    borrower_id: str
    partition: int
    closed_offset: int
    state: bytes | None


@dataclass(slots=True)
class EmittedAssessment:
    """An assessment to emit, with the offset of the event that led to it."""

    offset: int
    assessment: Assessment
    encoded: bytes


@dataclass(frozen=True, slots=True)
class Sweep:
    """The progress of day closes through a partition's borrowers.

    Every borrower has the closes up to `done_offset`. While a pass runs, `target_offset` is the
    close that it brings, and borrowers up to `after_borrower` have it.
    """

    done_offset: int = -1
    target_offset: int | None = None
    after_borrower: str = ""


class Ledger(Protocol):
    """The append-only log of applied events."""

    async def add(
        self, connection: Connection, partition: int, events: Sequence[LoggedEvent]
    ) -> set[int]:
        """Appends events and returns the offsets of those that were there already."""
        ...

    async def add_control(
        self, connection: Connection, partition: int, events: Sequence[LoggedEvent]
    ) -> set[int]:
        """Appends control events and returns the offsets of those that were there already."""
        ...

    async def differing(
        self, connection: Connection, partition: int, events: Sequence[LoggedEvent]
    ) -> list[tuple[int, bytes]]:
        """Returns the offsets of events that are stored in other bytes, with those bytes."""
        ...

    async def waiting(
        self, connection: Connection, borrower_id: str, *, after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """Returns the first events of a borrower after an offset."""
        ...

    async def control(self, connection: Connection, partition: int) -> list[tuple[int, bytes]]:
        """Returns the control events of a partition with their offsets, in order."""
        ...

    async def events_of(self, connection: Connection, borrower_id: str) -> list[tuple[int, bytes]]:
        """Returns a borrower's events and its partition's control events, in order."""
        ...


class Census(Protocol):
    """The distribution of borrowers over the bins of PD models at month closes."""

    async def add(self, connection: Connection, partition: int, counts: Sequence[BinCount]) -> None:
        """Adds counts of a partition."""
        ...

    async def latest(self, connection: Connection) -> list[BinCount]:
        """Returns the counts of the latest month close over all partitions."""
        ...


class States(Protocol):
    """The borrowers' stored states."""

    async def load(self, connection: Connection, borrower_ids: Sequence[str]) -> list[StoredState]:
        """Returns the rows of these borrowers; an unknown borrower has none."""
        ...

    async def save(
        self, connection: Connection, partition: int, borrowers: Sequence[SavedBorrower]
    ) -> None:
        """Writes borrowers; who is isolated stays so.

        Raises:
            LookupError: If one belongs to another partition.
        """
        ...

    async def page(
        self, connection: Connection, partition: int, sweep: Sweep, *, size: int
    ) -> list[StoredState]:
        """Returns the next borrowers of a sweep, with the state of those that lack its close."""
        ...

    async def isolated(self, connection: Connection, partition: int) -> list[Isolation]:
        """Returns the borrowers of a partition that are isolated."""
        ...

    async def isolate(
        self, connection: Connection, isolations: Sequence[Isolation]
    ) -> dict[str, datetime]:
        """Marks stored borrowers as isolated, or moves their marks; returns since when they are."""
        ...

    async def end_isolation(self, connection: Connection, borrower_id: str) -> datetime:
        """Removes the mark of a borrower; returns the moment."""
        ...

    async def count(self, connection: Connection, partition: int) -> int:
        """Returns the number of borrowers of a partition."""
        ...

    async def sweep(self, connection: Connection, partition: int) -> Sweep:
        """Returns the partition's progress."""
        ...

    async def save_sweep(self, connection: Connection, partition: int, sweep: Sweep) -> None:
        """Writes the partition's progress."""
        ...

    async def add_assessments(
        self, connection: Connection, emitted: Sequence[EmittedAssessment]
    ) -> None:
        """Appends to the history of assessments."""
        ...
