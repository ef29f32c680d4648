"""The ports of ingest's use cases; the adapters implement them.

Every method raises `Unavailable` while the broker or the database does not answer.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData
from services.contracts.validation import ValidEvent
from services.ingest.application.inputs import Input, QuarantinedInput, RecordPosition, Status
from services.ingest.domain.account_log import AccountAssignment
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.exchange_rates import KnownRates
from services.ingest.domain.reasons import REMEDIES, Refusal, RefusalReason
from services.ingest.domain.sources import may_speak_for


class EventPublisher(Protocol):
    """The topic of canonical events."""

    async def publish(self, events: Sequence[ValidEvent]) -> None:
        """Returns once the broker has acknowledged all events, in order per borrower."""
        ...


class RawMapping(Protocol):
    """Reads the records of one raw topic."""

    source: str

    def candidate(self, record: object, *, fallback_id: str) -> Candidate | Refusal:
        """Returns a decoded record in our words."""
        ...


@dataclass(frozen=True, slots=True)
class AccountLookup:
    """The directory's answer about some accounts.

    Attributes:
        borrowers: The borrower of each account that is known.
        queued: The accounts for which inputs are parked, known or not.
    """

    borrowers: Mapping[str, str]
    queued: frozenset[str]


class AccountDirectory(Protocol):
    """Maps accounts to borrowers."""

    async def look_up(self, account_ids: Sequence[str]) -> AccountLookup: ...

    async def claim(self, sources: Mapping[str, str]) -> Mapping[str, str]:
        """Returns the source that owns each account; one without an owner gets the given source."""
        ...

    async def assign(self, assignments: Sequence[AccountAssignment]) -> None:
        """Stores the borrower of each account where the assignment is its owner's newest.

        Each account comes once.
        """
        ...

    async def ready_to_release(self, *, limit: int) -> Sequence[str]:
        """Returns known accounts that still have parked inputs, longest wait first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEntry:
    """A quarantined input without its bytes."""

    id: int
    status: Status
    reason: RefusalReason
    pointer: str
    detail: str
    channel: str
    position: RecordPosition | None
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
    retry_at: datetime | None = None

    @property
    def remedy(self) -> str:
        """The remedy for the reason."""
        return REMEDIES[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class FullEntry:
    """A quarantined input with its original bytes."""

    entry: QuarantineEntry
    input: Input


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderScope:
    """What a sender may see: its own inputs, and those of its sources."""

    sender: str
    sources: tuple[str, ...]

    def covers(self, entry: QuarantineEntry) -> bool:
        """Returns whether the sender may see an input."""
        is_own_source = entry.source is not None and may_speak_for(entry.source, self.sources)
        return entry.sender == self.sender or is_own_source


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilters:
    """A choice of quarantined inputs; None means any."""

    status: Status | None = None
    reason: RefusalReason | None = None
    topic: str | None = None
    source: str | None = None
    account_id: str | None = None
    scope: SenderScope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCount:
    """The rows of one status and reason, and how often their inputs were offered in all."""

    status: Status
    reason: RefusalReason
    entries: int
    offered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySettlement:
    """The person or task that settled a quarantined input, and when."""

    by: str
    at: datetime
    note: str | None = None


class LockedEntry(Protocol):
    """A quarantined input inside an open transaction, locked against all others."""

    full: FullEntry

    async def settle(self, status: Status, settlement: EntrySettlement) -> None:
        """Marks it as released or discarded."""
        ...

    async def record_refusal(self, refusal: Refusal, *, account_id: str | None = None) -> None:
        """Stores the current reason; with an account the input is parked."""
        ...


class ControlLog(Protocol):
    """The day closes and exchange rates that were taken."""

    async def last_close(self, *, today: date) -> date | None:
        """Returns the latest date up to today that was closed, or None before the first."""
        ...

    async def known_rates(
        self, base_currency: str, currencies: Sequence[str], *, day: date
    ) -> KnownRates:
        """Returns the rates of the nearest dates, those up to ``day`` before later ones."""
        ...

    async def record(self, event: CloudEvent[EventData], *, at: datetime) -> None:
        """Stores a day close or the rates of a day; a repetition changes nothing."""
        ...


class QuarantineWriter(Protocol):
    """Puts inputs into quarantine."""

    async def take_room(self, inputs: Sequence[Input]) -> None:
        """Takes the room of inputs that are about to be stored.

        Raises:
            QuarantineFull: If one of their senders or topics has not enough of it.
        """
        ...

    async def add(self, inputs: Sequence[QuarantinedInput]) -> Sequence[int]:
        """Stores inputs, all or none; the same input again counts up and gives the same number."""
        ...


class QuarantineRepository(Protocol):
    """Reads and settles quarantined inputs."""

    async def entries(
        self, filters: EntryFilters, *, after_id: int, limit: int
    ) -> Sequence[QuarantineEntry]: ...

    async def entry(self, entry_id: int) -> FullEntry | None: ...

    async def counts(self) -> Sequence[EntryCount]: ...

    async def due(self, *, at: datetime, limit: int) -> Sequence[int]:
        """Returns the numbers of open inputs whose time has come, the earliest first."""
        ...

    def lock(self, entry_id: int) -> AbstractAsyncContextManager[LockedEntry | None]:
        """Locks an entry; commits when the block ends without an error."""
        ...

    def lock_account(
        self, account_id: str, *, limit: int
    ) -> AbstractAsyncContextManager[Sequence[LockedEntry]]:
        """Locks an account's parked entries, in the order in which they came."""
        ...
