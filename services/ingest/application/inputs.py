"""An input as it came, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from services.contracts.envelope import SealedEvent
from services.ingest.domain.reasons import Refusal

Headers = tuple[tuple[str, str], ...]


class Channel(StrEnum):
    """How an input came in."""

    KAFKA = "kafka"
    HTTP = "http"


class Status(StrEnum):
    """Where a kept input stands."""

    OPEN = "open"
    PARKED = "parked"
    RELEASED = "released"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a record stands in a raw topic."""

    topic: str
    partition: int
    offset: int


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input with its original bytes.

    Attributes:
        position: For a record of a raw topic.
        sender: The id of the API key, for an input by HTTP.
        sources: The sources that the sender may speak for, for an input by HTTP.
    """

    channel: Channel
    raw: bytes
    headers: Headers = ()
    content_type: str = ""
    position: Position | None = None
    sender: str | None = None
    sources: tuple[str, ...] = ()


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """An event of ours, checked, with its borrower.

    Attributes:
        accounts: Those that the event says to be its borrower's.
    """

    event: SealedEvent
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event of ours whose borrower is not known yet, only the account."""

    account_id: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one input, after it has landed.

    Attributes:
        event_id: The event's id, as far as the input had one.
        quarantine_id: Under which number it is kept, unless it was accepted.
    """

    event_id: str | None
    outcome: Ready | Waiting | Refusal
    quarantine_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An input to be kept in quarantine, with the reason."""

    input: Input
    refusal: Refusal
    received_at: datetime
    event_id: str | None
    source: str | None
    event_type: str | None
    account_id: str | None
    is_parked: bool
