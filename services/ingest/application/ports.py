"""What the use cases of ingest need from the outside; the adapters make it real.

Every method raises `Unavailable` when the broker or the database cannot be asked now.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.contracts.validation import ValidEvent
from services.ingest.application.inputs import Input, Position, QuarantinedInput, Status
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.reasons import Reason, Refusal


class EventPublisher(Protocol):
    """The topic of canonical events."""

    async def publish(self, events: Sequence[ValidEvent]) -> None:
        """Return once the broker has acknowledged all of them, in order per borrower."""
        ...


class RawMapping(Protocol):
    """Reads the records of one raw topic."""

    source: str

    def candidate(self, record: object, *, fallback_id: str) -> Candidate | Refusal:
        """Return what a decoded record says, in our words."""
        ...


@dataclass(frozen=True, slots=True)
class AccountLookup:
    """What is known about some accounts.

    Attributes:
        borrowers: The borrower of each account that is known.
        queued: The accounts for which inputs are parked, known or not.
    """

    borrowers: Mapping[str, str]
    queued: frozenset[str]


class AccountDirectory(Protocol):
    """Which borrower an account belongs to."""

    async def look_up(self, account_ids: Sequence[str]) -> AccountLookup: ...

    async def learn(self, borrowers: Mapping[str, str], *, source: str, at: datetime) -> None:
        """Keep the borrower of each account; a later one replaces the earlier one."""
        ...

    async def ready_to_release(self, *, limit: int) -> Sequence[str]:
        """Return accounts that are known now and still have parked inputs, longest wait first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A kept input, as it is listed."""

    id: int
    status: Status
    reason: Reason
    pointer: str
    detail: str
    channel: str
    position: Position | None
    source: str | None
    event_id: str | None
    event_type: str | None
    account_id: str | None
    sender: str | None
    times_seen: int
    attempts: int
    received_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FullEntry:
    """A kept input with its original bytes."""

    entry: Entry
    input: Input


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilters:
    """Which kept inputs are meant; None means any."""

    status: Status | None = None
    reason: Reason | None = None
    topic: str | None = None
    source: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many inputs stand where: rows, and how often they were offered in all."""

    status: Status
    reason: Reason
    entries: int
    offered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a kept input ended."""

    by: str
    at: datetime
    note: str | None = None


class LockedEntry(Protocol):
    """A kept input inside an open transaction, locked against everybody else."""

    full: FullEntry

    async def settle(self, status: Status, settlement: Settlement) -> None:
        """Say that it is done with."""
        ...

    async def record_refusal(self, refusal: Refusal, *, account_id: str | None = None) -> None:
        """Keep it with the reason that holds now; with an account it is parked."""
        ...


class QuarantineWriter(Protocol):
    """Puts inputs into quarantine."""

    async def add(self, inputs: Sequence[QuarantinedInput]) -> Sequence[int]:
        """Keep inputs, all or none; the same input again counts up and gives the same number."""
        ...


class QuarantineRepository(Protocol):
    """The inputs that are kept, to look at and to settle."""

    async def entries(
        self, filters: EntryFilters, *, after_id: int, limit: int
    ) -> Sequence[Entry]: ...

    async def entry(self, entry_id: int) -> FullEntry | None: ...

    async def counts(self) -> Sequence[Count]: ...

    def lock(self, entry_id: int) -> AbstractAsyncContextManager[LockedEntry | None]:
        """Lock an entry; commit when the block ends without an error."""
        ...

    def lock_account(
        self, account_id: str, *, limit: int
    ) -> AbstractAsyncContextManager[Sequence[LockedEntry]]:
        """Lock an account's parked entries, in the order in which they came."""
        ...
