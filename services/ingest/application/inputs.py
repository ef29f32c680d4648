"""An input as it was received, and its result."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from services.contracts.validation import ValidEvent
from services.ingest.domain.reasons import Refusal

Headers = tuple[tuple[str, str], ...]


class InputChannel(StrEnum):
    """The way in which an input came."""

    KAFKA = "kafka"
    HTTP = "http"


class Status(StrEnum):
    """The status of a quarantined input."""

    OPEN = "open"
    PARKED = "parked"
    RELEASED = "released"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPosition:
    """The position of a record in a raw topic; above its offset is the generation of the log.

    An event without an id of its own gets one from here, so a log that uses offsets again gives
    other ids.
    """

    topic: str
    partition: int
    offset: int


class Input(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One input with its original bytes.

    Attributes:
        position: For a record of a raw topic.
        sender: The id of the API key, for an input by HTTP.
        sources: The sources that the sender may speak for, for an input by HTTP.
        may_send: The event types that the sender may send, for an input by HTTP.
    """

    channel: InputChannel
    raw: bytes
    headers: Headers = ()
    content_type: str = ""
    position: RecordPosition | None = None
    sender: str | None = None
    sources: tuple[str, ...] = ()
    may_send: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """An event whose borrower is not known yet, only the account."""

    account_id: str


class InputVerdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of one input, after it was published or stored.

    Attributes:
        event_id: The event's id, as far as the input had one.
        quarantine_id: Its number in the quarantine, unless it was accepted.
    """

    event_id: str | None
    outcome: ValidEvent | Parked | Refusal
    quarantine_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedInput:
    """An input to be stored in quarantine, with the reason."""

    input: Input
    refusal: Refusal
    received_at: datetime
    event_id: str | None
    source: str | None
    event_type: str | None
    account_id: str | None
    is_parked: bool
