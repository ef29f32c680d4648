"""The read models of delivery: plain values, ready to be shown as JSON.

All moments are aware and in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.alerts.delivery.domain.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilters:
    """Filters of the delivery log; the interval is half-open."""

    endpoint_id: str | None = None
    alert_id: str | None = None
    status: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointWithSecret:
    """An endpoint and its new secret: the only time that the secret leaves the service."""

    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAttempt:
    """One attempt to deliver: its result, the answer and how long it took."""

    attempt: int
    at: datetime
    duration_ms: int
    result: str
    status_code: int | None
    error: str | None
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTestResult:
    """The result of a test message."""

    webhook_id: str
    result: str
    duration_ms: int
    status_code: int | None
    error: str | None
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    """The delivery of one message to one endpoint. `status`: PENDING, DELIVERED or EXHAUSTED.

    Attributes:
        recipient_id: The person to whose mailbox it goes, where the endpoint is the directory.
        alert_id: None for a digest and for a notice about an endpoint.
    """

    delivery_id: int
    webhook_id: str
    endpoint_id: str
    recipient_id: str | None
    alert_id: str | None
    borrower_id: str | None
    event_type: str
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None
    last_result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail:
    """A delivery with the log of its attempts."""

    delivery: DeliverySummary
    log: Sequence[LoggedAttempt]
