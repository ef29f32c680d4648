"""The result of one attempt to deliver, the same for every channel."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class ResultCode(StrEnum):
    """How an attempt ended; stored in the delivery log and used as the label of the metric."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    GONE = "gone"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    ADDRESS_DENIED = "address_denied"
    NOT_ADDRESSED = "not_addressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReport:
    """What the delivery log stores of an attempt; `response` is an excerpt of the answer."""

    code: ResultCode
    status_code: int | None = None
    error: str | None = None
    response: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The receiver accepted the message."""

    report: AttemptReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The attempt failed and another one may succeed.

    Attributes:
        after: How long the receiver wants to be left alone; None if it did not answer that.
        is_overloaded: Whether the whole endpoint pauses, not this message only.
    """

    report: AttemptReport
    after: timedelta | None = None
    is_overloaded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The receiver will never accept this message; others may pass."""

    report: AttemptReport
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The receiver no longer exists: the endpoint is disabled."""

    report: AttemptReport
    reason: str


AttemptResult = Delivered | Retry | Rejected | Gone
